/* The histogram of latencies: its error, its quantiles, its file. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "bench/histogram.h"

static struct histogram histogram;

Test(histogram, is_exact_below_128)
{
    for (uint64_t value = 0; value < 128; value++)
        cr_assert_eq(histogram_value(histogram_index(value)), (double)value);
}

Test(histogram, is_at_most_0_391_percent_off_from_1_to_2_to_the_40)
{
    for (uint64_t value = 1; value < UINT64_C(1) << 40; value += 1 + value / 1000) {
        double off = fabs(histogram_value(histogram_index(value)) - (double)value) / (double)value;
        cr_assert_leq(off, 0.00391, "%llu is %f off", (unsigned long long)value, off);
    }
}

Test(histogram, has_buckets_that_ascend_without_a_gap)
{
    uint32_t before = 0;
    for (uint64_t value = 0; value < 1 << 20; value++) {
        uint32_t index = histogram_index(value);
        cr_assert(index == before || index == before + 1);
        before = index;
    }
}

Test(histogram, puts_what_is_too_large_into_the_last_bucket)
{
    cr_assert_eq(histogram_index(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
    cr_assert_eq(histogram_index((UINT64_C(1) << 40) - 1), HISTOGRAM_BUCKETS - 1);
}

Test(histogram, knows_the_least_the_largest_and_the_mean_exactly)
{
    histogram_record(&histogram, 1000);
    histogram_record(&histogram, 3001);
    cr_assert_eq(histogram.min, 1000);
    cr_assert_eq(histogram.max, 3001);
    cr_assert_eq(histogram_mean(&histogram), 2000.5);
    cr_assert_eq(histogram_quantile(&histogram, 0), 1000);
    cr_assert_eq(histogram_quantile(&histogram, 1), 3001);
}

Test(histogram, finds_quantiles_within_its_error)
{
    for (uint64_t i = 1; i <= 100000; i++)
        histogram_record(&histogram, i * 10);
    cr_assert_float_eq(histogram_quantile(&histogram, 0.5), 500000, 2000);
    cr_assert_float_eq(histogram_quantile(&histogram, 0.99), 990000, 4000);
    cr_assert_float_eq(histogram_quantile(&histogram, 0.999), 999000, 4000);
}

Test(histogram, of_nothing_answers_zero)
{
    cr_assert_eq(histogram_quantile(&histogram, 0.5), 0);
    cr_assert_eq(histogram_mean(&histogram), 0);
}

Test(histogram, merged_is_as_if_recorded_in_one)
{
    struct histogram *both = calloc(3, sizeof(*both));
    for (uint64_t i = 1; i < 5000; i++) {
        histogram_record(&both[0], i * i);
        histogram_record(&both[1 + i % 2], i * i);
    }
    histogram_merge(&both[1], &both[2]);
    cr_assert_eq(both[0].count, both[1].count);
    cr_assert_eq(both[0].min, both[1].min);
    cr_assert_eq(both[0].max, both[1].max);
    cr_assert_float_eq(both[0].sum, both[1].sum, 0);
    cr_assert_arr_eq(both[0].bucket, both[1].bucket, sizeof(both->bucket));
    free(both);
}

Test(histogram, prints_the_percentiles_of_HdrHistogram)
{
    char *text;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    for (uint64_t i = 1; i <= 1000; i++)
        histogram_record(&histogram, i * 1000);
    cr_assert_eq(histogram_print(&histogram, to, 1000), 0);
    fclose(to);
    cr_assert_not_null(strstr(text, "       Value     Percentile TotalCount 1/(1-Percentile)\n"));
    cr_assert_not_null(strstr(text, "1.000 0.000000000000          1           1.00\n"));
    cr_assert_not_null(strstr(text, "1000.000 1.000000000000       1000\n"));
    cr_assert_not_null(strstr(text, "#[Max     =     1000.000, Total count    =         1000]"));
    free(text);
}
