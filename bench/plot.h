/* plot.h — latency by percentile as one SVG: the tail to the right, both axes logarithmic. */
#pragma once

#include <stdio.h>

#include "bench/histogram.h"

struct plot_line {
    const char *name;
    const struct histogram *histogram; /* nanoseconds */
};

/* At most 6 lines. Returns 0 or a negative errno. */
int plot_write(FILE *to, const char *title, const struct plot_line *lines, size_t count);
