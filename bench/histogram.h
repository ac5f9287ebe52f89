/* histogram.h — counts of values by size, log-linear: 128 steps in every power of two.
 *
 * A value below 128 has a bucket of its own; above, a bucket is 1/128 of its power of two wide, so
 * its midpoint is at most 0.391 % off. Values end at 2^40 (18 minutes in nanoseconds); larger ones
 * go into the last bucket. Merging is adding. */
#pragma once

#include <stdint.h>
#include <stdio.h>

enum { HISTOGRAM_STEPS = 128, HISTOGRAM_TOP = 39, HISTOGRAM_BUCKETS = 34 * HISTOGRAM_STEPS };

/* All zero is empty. */
struct histogram {
    uint64_t count;
    uint64_t min, max; /* exact; min counts only if count is not 0 */
    double sum;
    uint64_t bucket[HISTOGRAM_BUCKETS];
};

static inline uint32_t histogram_index(uint64_t value)
{
    if (value < HISTOGRAM_STEPS)
        return (uint32_t)value;
    uint32_t e = 63 - (uint32_t)__builtin_clzll(value);
    if (e > HISTOGRAM_TOP)
        return HISTOGRAM_BUCKETS - 1;
    return ((e - 6) << 7) + ((uint32_t)(value >> (e - 7)) & (HISTOGRAM_STEPS - 1));
}

static inline void histogram_record(struct histogram *histogram, uint64_t value)
{
    if (value < histogram->min || histogram->count == 0)
        histogram->min = value;
    if (value > histogram->max)
        histogram->max = value;
    histogram->count++;
    histogram->sum += (double)value;
    histogram->bucket[histogram_index(value)]++;
}

/* The midpoint of a bucket. */
double histogram_value(uint32_t index);
void histogram_merge(struct histogram *into, const struct histogram *from);
/* The value that the share `q` (0 to 1) of all does not exceed; exact at 0 and 1; 0 if there is
 * none. */
double histogram_quantile(const struct histogram *histogram, double q);
double histogram_mean(const struct histogram *histogram);

/* Percentiles as HdrHistogram prints them, values divided by `unit`. Returns 0 or a negative errno.
 */
int histogram_print(const struct histogram *histogram, FILE *to, double unit);
