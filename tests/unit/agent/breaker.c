/* breaker.c — a store that fails is not asked; one asks for all whether it is back. */
#include "agent/store/breaker.h"

#include <criterion/criterion.h>

#define MS UINT64_C(1000000)

static struct breaker breaker;

static void fail(unsigned times, uint64_t now)
{
    for (unsigned i = 0; i < times; i++)
        breaker_fail(&breaker, now);
}

static void begin(void)
{
    breaker = (struct breaker){0};
}

TestSuite(breaker, .init = begin);

Test(breaker, some_failures_do_not_open_it)
{
    fail(BREAKER_FAILURES - 1, 1);
    cr_assert(breaker_allows(&breaker, 1));
    cr_assert(!breaker_is_open(&breaker));
}

Test(breaker, a_success_between_failures_begins_the_count_anew)
{
    fail(BREAKER_FAILURES - 1, 1);
    breaker_succeed(&breaker);
    fail(BREAKER_FAILURES - 1, 2);
    cr_assert(breaker_allows(&breaker, 2));
}

Test(breaker, failures_in_a_row_open_it)
{
    fail(BREAKER_FAILURES, 1);
    cr_assert(breaker_is_open(&breaker));
    cr_assert(!breaker_allows(&breaker, 2));
    cr_assert(!breaker_allows(&breaker, 100 * MS));
}

Test(breaker, after_its_pause_one_asks_and_no_second)
{
    fail(BREAKER_FAILURES, 1);
    cr_assert(breaker_allows(&breaker, 101 * MS));
    cr_assert(!breaker_allows(&breaker, 101 * MS));
}

Test(breaker, a_probe_that_succeeds_closes_it)
{
    fail(BREAKER_FAILURES, 1);
    breaker_allows(&breaker, 101 * MS);
    breaker_succeed(&breaker);
    cr_assert(breaker_allows(&breaker, 101 * MS));
    cr_assert(breaker_allows(&breaker, 101 * MS));
}

Test(breaker, a_probe_that_fails_doubles_the_pause_up_to_two_seconds)
{
    uint64_t now = 1;
    fail(BREAKER_FAILURES, now);
    for (uint64_t pause = 100; pause <= 12800; pause *= 2) {
        uint64_t wait = (pause < 2000 ? pause : 2000) * MS;
        cr_assert(!breaker_allows(&breaker, now + wait - 1));
        cr_assert(breaker_allows(&breaker, now + wait));
        now += wait;
        fail(1, now);
    }
}

Test(breaker, what_was_asked_before_it_opened_fails_without_further_effect)
{
    fail(BREAKER_FAILURES, 1);
    fail(100, 50 * MS);
    cr_assert(breaker_allows(&breaker, 101 * MS));
}

Test(breaker, after_a_probe_that_was_lost_another_may_ask)
{
    fail(BREAKER_FAILURES, 1);
    breaker_allows(&breaker, 101 * MS);
    breaker_lose(&breaker);
    cr_assert(breaker_is_open(&breaker));
    cr_assert(breaker_allows(&breaker, 102 * MS));
    cr_assert(!breaker_allows(&breaker, 102 * MS));
}
