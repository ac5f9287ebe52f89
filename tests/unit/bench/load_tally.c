/* The account: results by code, errors by name, adding up. */
#include <criterion/criterion.h>

#include "bench/tally.h"

static struct tally tally, other;

Test(load_tally, tells_results_of_vendors_from_those_of_the_base)
{
    tally_result(&tally, 10415, 2001, 2);
    tally_result(&tally, 0, 2001, 3);
    tally_result(&tally, 10415, 2001, 1);
    tally_sort(&tally);
    cr_assert_eq(tally.results, 2);
    cr_assert_eq(tally.result[0].vendor, 0);
    cr_assert_eq(tally.result[0].count, 3);
    cr_assert_eq(tally.result[1].count, 3);
}

Test(load_tally, loses_no_count_where_codes_are_too_many)
{
    uint64_t sum = 0;
    for (uint32_t code = 1; code <= 1000; code++)
        tally_result(&tally, 0, code, 1);
    for (size_t i = 0; i < tally.results; i++)
        sum += tally.result[i].count;
    cr_assert_eq(tally.results, TALLY_RESULTS);
    cr_assert_eq(sum, 1000);
}

Test(load_tally, of_two_threads_adds_up)
{
    tally.requests = 5;
    tally.errors[LOAD_timeout] = 1;
    other.requests = 7;
    other.answers = 6;
    other.errors[LOAD_timeout] = 2;
    tally_result(&other, 0, 2001, 6);
    tally_merge(&tally, &other);
    cr_assert_eq(tally.requests, 12);
    cr_assert_eq(tally.errors[LOAD_timeout], 3);
    cr_assert_eq(tally.result[0].count, 6);
}

Test(load_tally, ends_a_request_by_answer_time_out_or_disconnection)
{
    tally.answers = 10;
    tally.errors[LOAD_timeout] = 2;
    tally.errors[LOAD_disconnected] = 3;
    tally.errors[LOAD_late] = 100;
    tally.errors[LOAD_protocol] = 100;
    cr_assert_eq(tally_ended(&tally), 15);
}

Test(load_tally, leaves_allowed_errors_out)
{
    tally.errors[LOAD_timeout] = 2;
    tally.errors[LOAD_late] = 1;
    cr_assert_eq(tally_errors(&tally, 0), 3);
    cr_assert_eq(tally_errors(&tally, 1u << LOAD_timeout), 1);
}

Test(load_tally, knows_errors_by_name)
{
    cr_assert_eq(load_error_named(dm_text("not_sent")), LOAD_not_sent);
    cr_assert_eq(load_error_named(dm_text("protocol")), LOAD_protocol);
    cr_assert_eq(load_error_named(dm_text("proto")), LOAD_ERRORS);
    cr_assert_eq(load_error_named(dm_text("")), LOAD_ERRORS);
}
