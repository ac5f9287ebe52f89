/* report.h — what a load has shown, as text, as JSON, as files; and whether it was good. */
#pragma once

#include <stdio.h>

#include "bench/load_options.h"
#include "bench/load_users.h"

/* All threads added up. */
struct load_report {
    const struct load_options *options;
    struct tally measured, warmup;
    struct load_users users;
    uint64_t ns;   /* from the start of the measurement to the last answer */
    uint64_t cpu;  /* ns of all threads */
    uint64_t lost; /* connections that ended by themselves */
};

/* Does every request have its answer, and did nothing happen but what is allowed? */
bool report_is_good(const struct load_report *report);
void report_print(const struct load_report *report, FILE *to);
/* --histogram and --plot. Returns 0, or a negative errno with the file that failed in `failed`. */
int report_files(const struct load_report *report, const char **failed);
