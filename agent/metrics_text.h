/* metrics_text.h — the Prometheus text format, version 0.0.4: families, samples, labels,
 * histograms.
 *
 * All samples of a family stand together behind its HELP and TYPE. Values of labels are escaped: a
 * pattern or a route's name may hold anything. */
#pragma once

#include <stdio.h>

#include "agent/stats.h"

struct metrics_label {
    const char *name; /* NULL: no label */
    const char *value;
};

enum { METRICS_LABELS = 2 };

/* A family whose samples follow; `name` without the prefix that all of ours share. */
struct metrics_family {
    FILE *to;
    const char *name;
};

/* Writes HELP and TYPE; `type` is counter, gauge or histogram. */
struct metrics_family metrics_family(FILE *to, const char *name, const char *type,
                                     const char *help);

void metrics_sample(struct metrics_family family, struct metrics_label first,
                    struct metrics_label second, uint64_t value);

/* A histogram of seconds with the buckets of stats_bounds. */
void metrics_histogram(struct metrics_family family, struct metrics_label label,
                       const struct stats_histogram *histogram);

static inline struct metrics_label metrics_label(const char *name, const char *value)
{
    return (struct metrics_label){name, value};
}

static inline struct metrics_label metrics_no_label(void)
{
    return (struct metrics_label){0};
}
