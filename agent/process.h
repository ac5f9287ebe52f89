/* process.h — what the system knows of this process: the usual process_* metrics. Linux. Any
 * thread. */
#pragma once

#include <stdint.h>
#include <stdio.h>

/* Writes them in the Prometheus text format; what cannot be read is left out. `started`: wall
 * clock, seconds. */
void process_render(uint64_t started, FILE *to);
