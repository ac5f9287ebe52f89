/* histogram.c — quantiles and the percentile file of HdrHistogram. */
#include "bench/histogram.h"

#include <errno.h>
#include <math.h>

/* The file has so many lines each time the rest of the distribution is halved. */
enum { TICKS_PER_HALF = 5 };

double histogram_value(uint32_t index)
{
    if (index < HISTOGRAM_STEPS)
        return index;
    uint32_t e = (index >> 7) + 6;
    uint64_t width = UINT64_C(1) << (e - 7);
    uint64_t low = (HISTOGRAM_STEPS + (uint64_t)(index & (HISTOGRAM_STEPS - 1))) * width;
    return (double)low + (double)(width - 1) / 2;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    if (from->count == 0)
        return;
    if (into->count == 0 || from->min < into->min)
        into->min = from->min;
    if (from->max > into->max)
        into->max = from->max;
    into->count += from->count;
    into->sum += from->sum;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->bucket[i] += from->bucket[i];
}

double histogram_mean(const struct histogram *histogram)
{
    return histogram->count ? histogram->sum / (double)histogram->count : 0;
}

/* The midpoint, but never outside of what was really seen. */
static double clamped_value(const struct histogram *histogram, uint32_t index)
{
    return fmin(fmax(histogram_value(index), (double)histogram->min), (double)histogram->max);
}

static double rank_of(const struct histogram *histogram, double q)
{
    return fmin(fmax(ceil(q * (double)histogram->count - 1e-6), 1), (double)histogram->count);
}

double histogram_quantile(const struct histogram *histogram, double q)
{
    if (histogram->count == 0)
        return 0;
    if (q <= 0)
        return (double)histogram->min;
    if (q >= 1)
        return (double)histogram->max;
    double rank = rank_of(histogram, q);
    uint64_t below = 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        below += histogram->bucket[i];
        if ((double)below >= rank)
            return clamped_value(histogram, i);
    }
    return (double)histogram->max;
}

/* ---- the file ---- */

static double deviation(const struct histogram *histogram)
{
    double mean = histogram_mean(histogram), squares = 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        double off = histogram_value(i) - mean;
        squares += off * off * (double)histogram->bucket[i];
    }
    return histogram->count ? sqrt(squares / (double)histogram->count) : 0;
}

/* All up to and with the bucket of `value`. */
static uint64_t count_up_to(const struct histogram *histogram, double value)
{
    uint32_t last = histogram_index((uint64_t)value);
    uint64_t count = 0;
    for (uint32_t i = 0; i <= last; i++)
        count += histogram->bucket[i];
    return count;
}

static void print_line(const struct histogram *histogram, FILE *to, double unit, double q)
{
    double value = histogram_quantile(histogram, q);
    uint64_t count = q >= 1 ? histogram->count : count_up_to(histogram, value);
    fprintf(to, "%12.3f %2.12f %10llu", value / unit, q, (unsigned long long)count);
    if (q < 1)
        fprintf(to, " %14.2f", 1 / (1 - q));
    fputc('\n', to);
}

int histogram_print(const struct histogram *histogram, FILE *to, double unit)
{
    fprintf(to, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    double finest = histogram->count ? 1 / (double)histogram->count : 1;
    for (double rest = 1; histogram->count && rest > finest; rest /= 2)
        for (int tick = 0; tick < TICKS_PER_HALF; tick++)
            print_line(histogram, to, unit, 1 - rest + rest / 2 * tick / TICKS_PER_HALF);
    print_line(histogram, to, unit, 1);
    fprintf(to, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", histogram_mean(histogram) / unit,
            deviation(histogram) / unit);
    fprintf(to, "#[Max     = %12.3f, Total count    = %12llu]\n", (double)histogram->max / unit,
            (unsigned long long)histogram->count);
    fprintf(to, "#[Buckets = %12d, SubBuckets     = %12d]\n", HISTOGRAM_BUCKETS / HISTOGRAM_STEPS,
            HISTOGRAM_STEPS);
    return ferror(to) ? -EIO : 0;
}
