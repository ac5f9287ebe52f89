/* park.c — whoever waits is woken, or his time is up; nobody is forgotten and nobody goes on twice.
 * The relay is played by this test: it writes down who goes on. */
#include "agent/park.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "agent/clock.h"
#include "agent/relay_request.h"

enum { LATER = 1000000000 };

static struct worker *worker;
static struct {
    uint32_t hop_by_hop;
    bool without_store;
    bool is_ended;
} gone[2 * PARK_MAX];
static unsigned gone_count;
static uint64_t parks_again; /* whoever is resumed waits for this one more time; 0: goes on */

static void note(struct relay_request *request, bool without_store, bool is_ended)
{
    gone[gone_count].hop_by_hop = request->origin.hop_by_hop;
    gone[gone_count].without_store = without_store;
    gone[gone_count++].is_ended = is_ended;
}

void relay_resume(struct worker *its_worker, struct relay_request *request, bool without_store)
{
    if (parks_again && !without_store)
        cr_assert(park_request(its_worker, request, parks_again, LATER));
    else
        note(request, without_store, false);
}

void relay_end(struct worker *its_worker, struct relay_request *request, enum dm_result result)
{
    (void)its_worker;
    cr_assert_eq(result, DM_UNABLE_TO_DELIVER);
    note(request, true, true);
}

static void begin(void)
{
    worker = calloc(1, sizeof *worker);
    uv_loop_init(&worker->loop);
    worker->now = 1000;
    worker->park = park_new(worker);
    park_open(worker->park);
    gone_count = 0;
    parks_again = 0;
}

static void end(void)
{
    park_close(worker->park);
    uv_run(&worker->loop, UV_RUN_DEFAULT);
    uv_loop_close(&worker->loop);
    park_free(worker->park);
    free(worker);
}

TestSuite(park, .init = begin, .fini = end);

static bool park(uint32_t name, uint64_t what, uint64_t until)
{
    struct relay_request request = {.origin.hop_by_hop = name, .deadline = LATER};
    return park_request(worker, &request, what, until);
}

static uint64_t held(void)
{
    return stats_read(&worker->stats.held_parked);
}

Test(park, who_waits_for_it_goes_on_in_the_order_of_coming)
{
    park(1, 77, LATER);
    park(2, 78, LATER);
    park(3, 77, LATER);
    cr_assert_eq(held(), 3);
    park_wake(worker, 77, true);
    cr_assert_eq(gone_count, 2);
    cr_assert_eq(gone[0].hop_by_hop, 1);
    cr_assert_eq(gone[1].hop_by_hop, 3);
    cr_assert(!gone[0].without_store);
    cr_assert_eq(held(), 1);
}

Test(park, things_of_one_ring_are_told_apart)
{
    park(1, 5, LATER);
    park(2, 5 + PARK_MAX, LATER);
    park(3, 5, LATER);
    park_wake(worker, 5 + PARK_MAX, true);
    cr_assert_eq(gone_count, 1);
    cr_assert_eq(gone[0].hop_by_hop, 2);
    park_wake(worker, 5, true);
    cr_assert_eq(gone_count, 3);
}

Test(park, what_cannot_be_known_is_decided_without_it)
{
    park(1, 9, LATER);
    park_wake(worker, 9, false);
    cr_assert_eq(gone_count, 1);
    cr_assert(gone[0].without_store);
}

Test(park, whose_time_is_up_goes_on_without_it_and_nobody_else)
{
    park(1, 9, 3000);
    park(2, 9, 5000);
    worker->now = 2999;
    park_tick(worker);
    cr_assert_eq(gone_count, 0);
    worker->now = 3000;
    park_tick(worker);
    cr_assert_eq(gone_count, 1);
    cr_assert_eq(gone[0].hop_by_hop, 1);
    cr_assert(gone[0].without_store);
    park_wake(worker, 9, true);
    cr_assert_eq(gone_count, 2);
    cr_assert_eq(gone[1].hop_by_hop, 2);
}

Test(park, nobody_waits_past_his_deadline)
{
    park(1, 9, UINT64_MAX);
    worker->now = LATER;
    park_tick(worker);
    cr_assert_eq(gone_count, 1);
}

Test(park, time_that_nobody_listened_does_not_count)
{
    park(1, 9, 3000);
    park_delay(worker, 4000);
    worker->now = 6999;
    park_tick(worker);
    cr_assert_eq(gone_count, 0);
    worker->now = 7000;
    park_tick(worker);
    cr_assert_eq(gone_count, 1);
}

Test(park, the_timer_says_when_somebody_is_late)
{
    worker->now = clock_now();
    struct relay_request request = {.deadline = UINT64_MAX};
    park_request(worker, &request, 9, worker->now + 2 * NS_PER_MS);
    while (gone_count == 0) {
        uv_run(&worker->loop, UV_RUN_ONCE);
        worker->now = clock_now();
        if (worker->park_is_due)
            park_tick(worker);
    }
    cr_assert(!worker->park_is_due);
}

static void on_other_time(uv_timer_t *other)
{
    (void)other;
}

/* The loop of a worker: what is due is looked for after the sockets were. */
static void on_check(uv_check_t *check)
{
    (void)check;
    worker->now = clock_now();
    if (worker->park_is_due)
        park_tick(worker);
}

Test(park, where_nothing_else_happens_nobody_waits_for_the_tick)
{
    static uv_timer_t other; /* it outlives the test until the loop ends */
    static uv_check_t check;
    struct relay_request request = {.deadline = UINT64_MAX};
    uv_timer_init(&worker->loop, &other);
    uv_check_init(&worker->loop, &check);
    uv_timer_start(&other, on_other_time, 100000, 0);
    uv_check_start(&check, on_check);
    worker->now = clock_now();
    park_request(worker, &request, 9, worker->now + 5 * NS_PER_MS);
    uint64_t began = clock_now();
    while (gone_count == 0)
        uv_run(&worker->loop, UV_RUN_ONCE);
    cr_assert_lt(clock_now() - began, 50 * NS_PER_S);
    uv_close((uv_handle_t *)&other, NULL);
    uv_close((uv_handle_t *)&check, NULL);
}

Test(park, a_full_list_refuses_and_takes_again_when_one_has_left)
{
    for (unsigned i = 0; i < PARK_MAX; i++)
        cr_assert(park(i, i % 7, LATER));
    cr_assert(!park(PARK_MAX, 1, LATER));
    park_wake(worker, 1, true);
    cr_assert(park(PARK_MAX, 1, LATER));
    for (unsigned i = 0; i < 7; i++)
        park_wake(worker, i, true);
    cr_assert_eq(gone_count, PARK_MAX + 1);
    cr_assert_eq(held(), 0);
}

Test(park, who_waits_again_for_the_same_is_not_woken_twice_at_once)
{
    parks_again = 4;
    park(1, 4, LATER);
    park(2, 4, LATER);
    park_wake(worker, 4, true);
    cr_assert_eq(gone_count, 0);
    cr_assert_eq(held(), 2);
    parks_again = 0;
    park_wake(worker, 4, true);
    cr_assert_eq(gone_count, 2);
    cr_assert_eq(gone[0].hop_by_hop, 1);
}

Test(park, the_end_answers_all)
{
    park(1, 4, LATER);
    park(2, 5, LATER);
    park_give_up(worker);
    cr_assert_eq(gone_count, 2);
    cr_assert(gone[0].is_ended && gone[1].is_ended);
    cr_assert_eq(held(), 0);
}

Test(park, nothing_happens_where_nobody_waits)
{
    park_wake(worker, 4, true);
    park_tick(worker);
    park_delay(worker, 4);
    park_give_up(worker);
    cr_assert_eq(gone_count, 0);
}
