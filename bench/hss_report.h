/* hss_report.h — what antipode-hss did, as one JSON object. */
#pragma once

#include "bench/hss_station.h"

/* Sums the stations, whose threads have ended, and prints. */
void hss_report(FILE *to, const struct hss *hss, const struct station *stations, uint32_t count);
