/* stats.c — counters, buckets and the places of Result-Codes. */
#include "agent/stats.h"

#include <criterion/criterion.h>

static struct stats stats;

static void begin(void)
{
    stats_init(&stats, 3, 2);
}

static void end(void)
{
    stats_fini(&stats);
}

TestSuite(stats, .init = begin, .fini = end);

Test(stats, counter_goes_up_and_down)
{
    stats_counter counter = 0;
    stats_add(&counter, 5);
    stats_add(&counter, 2);
    stats_sub(&counter, 6);
    cr_assert_eq(stats_read(&counter), 1);
}

Test(stats, bounds_ascend)
{
    for (int i = 1; i < STATS_BUCKETS - 1; i++)
        cr_assert_lt(stats_bounds[i - 1], stats_bounds[i]);
}

Test(stats, value_on_a_bound_belongs_below_it)
{
    struct stats_histogram histogram = {0};
    for (int i = 0; i < STATS_BUCKETS - 1; i++) {
        stats_record(&histogram, stats_bounds[i], 1);
        stats_record(&histogram, stats_bounds[i] + 1, 1);
    }
    cr_assert_eq(stats_read(&histogram.bucket[0]), 1);
    for (int i = 1; i < STATS_BUCKETS - 1; i++)
        cr_assert_eq(stats_read(&histogram.bucket[i]), 2);
    cr_assert_eq(stats_read(&histogram.bucket[STATS_BUCKETS - 1]), 1);
}

Test(stats, value_recorded_several_times_counts_so_often)
{
    struct stats_histogram histogram = {0};
    stats_record(&histogram, 70, 3);
    stats_record(&histogram, 70, 0);
    cr_assert_eq(stats_read(&histogram.bucket[0]), 3);
    cr_assert_eq(stats_read(&histogram.sum), 210);
}

Test(stats, each_result_of_our_own_has_its_place)
{
    const uint32_t results[] = {3001, 3002, 3003, 3004, 3005, 3006, 3007, 3008, 5003,
                                5004, 5009, 5011, 5012, 5013, 5014, 5015, 5032};
    cr_assert_eq(sizeof results / sizeof *results, STATS_LOCAL_other);
    for (unsigned i = 0; i < STATS_LOCAL_other; i++)
        cr_assert_eq(stats_local_of(results[i]), i);
}

Test(stats, other_results_share_one_place)
{
    cr_assert_eq(stats_local_of(2001), STATS_LOCAL_other);
    cr_assert_eq(stats_local_of(0), STATS_LOCAL_other);
}

Test(stats, request_without_a_route_counts_in_the_first_row)
{
    cr_assert_eq(stats_route_at(&stats, 1), stats_route_row(&stats, 2));
    cr_assert_eq(stats_route_at(&stats, -1), stats_route_row(&stats, 0));
}

Test(stats, rows_stay_where_they_are_when_more_are_added)
{
    struct stats_peer *first = stats_peer_at(&stats, 2);
    stats_add(&first->received_request, 7);
    stats_grow(&stats, 1000, 1000);
    cr_assert_eq(stats_peer_at(&stats, 2), first);
    cr_assert_eq(stats_read(&first->received_request), 7);
    cr_assert_eq(stats_read(&stats_peer_at(&stats, 999)->received_request), 0);
    cr_assert_eq(stats_read(&stats_route_row(&stats, 999)->outcome[0]), 0);
}
