/* pending.c — the way back: every request sent is found by its answer, or by its deadline, once. */
#include "routing/pending.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { LIMIT = 60000, DUE = 4000 };

static struct rt_pending table_from(uint32_t first)
{
    struct rt_pending pending;
    rt_pending_init(&pending, first, LIMIT);
    return pending;
}

/* A request with End-to-End `end_to_end`, LIR of RFC 4740; returns its Hop-by-Hop. */
static uint32_t put(struct rt_pending *pending, uint32_t due, uint32_t end_to_end)
{
    struct rt_waiting *slot = rt_pending_put(pending, due);
    cr_assert_not_null(slot);
    slot->end_to_end = end_to_end;
    slot->command = 285;
    slot->application = 6;
    return slot->hop_by_hop;
}

static struct dm_header answer_to(uint32_t hop_by_hop, uint32_t end_to_end)
{
    return (struct dm_header){.version = 1,
                              .command = 285,
                              .application = 6,
                              .hop_by_hop = hop_by_hop,
                              .end_to_end = end_to_end};
}

static struct rt_waiting *find(struct rt_pending *pending, uint32_t hop_by_hop, uint32_t end_to_end)
{
    struct dm_header answer = answer_to(hop_by_hop, end_to_end);
    return rt_pending_find(pending, &answer);
}

static bool take(struct rt_pending *pending, uint32_t hop_by_hop, uint32_t end_to_end)
{
    struct rt_waiting *slot = find(pending, hop_by_hop, end_to_end);
    struct rt_waiting out;
    if (!slot)
        return false;
    rt_pending_take(pending, slot, &out);
    return out.hop_by_hop == hop_by_hop && out.end_to_end == end_to_end;
}

static void finish(struct rt_pending *pending)
{
    struct rt_waiting out;
    while (rt_pending_drain(pending, &out))
        ;
    rt_pending_fini(pending);
}

Test(pending, who_was_tried_comes_out_with_the_slot_and_not_more)
{
    struct rt_pending pending = table_from(7);
    struct rt_waiting *slot = rt_pending_put(&pending, 1);
    cr_assert_eq(slot->tried_count, 0);
    slot->tried_count = 2;
    slot->tried[0] = (rt_peer){3, 1};
    slot->tried[1] = (rt_peer){4, 2};
    slot->searched = 5;
    struct rt_waiting out;
    out.tried[2] = (rt_peer){9, 9};
    rt_pending_take(&pending, slot, &out);
    cr_assert_eq(out.tried_count, 2);
    cr_assert_eq(out.searched, 5);
    cr_assert(rt_peer_equal(out.tried[0], (rt_peer){3, 1}));
    cr_assert(rt_peer_equal(out.tried[1], (rt_peer){4, 2}));
    cr_assert(rt_peer_equal(out.tried[2], (rt_peer){9, 9}));
    rt_pending_fini(&pending);
}

Test(pending, an_empty_table_holds_no_memory_and_finds_nothing)
{
    struct rt_pending pending = table_from(7);
    struct rt_waiting out;

    cr_assert_null(pending.slots);
    cr_assert_null(find(&pending, 7, 1));
    cr_assert_not(rt_pending_expire(&pending, 1, &out));
    cr_assert_not(rt_pending_drain(&pending, &out));
    rt_pending_fini(&pending);
}

Test(pending, HDR_21_HDR_22_identifiers_count_up_from_the_first)
{
    struct rt_pending pending = table_from(0x12345678);

    cr_assert_eq(put(&pending, DUE, 1), 0x12345678);
    cr_assert_eq(rt_pending_draw(&pending), 0x12345679);
    cr_assert_eq(put(&pending, DUE, 2), 0x1234567a);
    finish(&pending);
}

Test(pending, an_answer_finds_its_request_and_takes_it)
{
    struct rt_pending pending = table_from(99);
    uint32_t first = put(&pending, DUE, 1);
    uint32_t second = put(&pending, DUE, 2);

    cr_assert(take(&pending, second, 2));
    cr_assert(take(&pending, first, 1));
    cr_assert_eq(pending.used, 0);
    finish(&pending);
}

Test(pending, HDR_23_ANS_10_a_second_answer_finds_nothing)
{
    struct rt_pending pending = table_from(99);
    uint32_t id = put(&pending, DUE, 1);

    cr_assert(take(&pending, id, 1));
    cr_assert_null(find(&pending, id, 1));
    finish(&pending);
}

Test(pending, HDR_23_an_unknown_identifier_of_an_occupied_slot_finds_nothing)
{
    struct rt_pending pending = table_from(99);
    uint32_t id = put(&pending, DUE, 1);

    cr_assert_null(find(&pending, id + pending.size, 1));
    finish(&pending);
}

Test(pending, HDR_24_another_end_to_end_command_or_application_does_not_fit)
{
    struct rt_pending pending = table_from(99);
    struct dm_header answer = answer_to(put(&pending, DUE, 1), 1);
    struct dm_header wrong = answer;

    wrong.end_to_end++;
    cr_assert_null(rt_pending_find(&pending, &wrong));
    wrong = answer, wrong.command++;
    cr_assert_null(rt_pending_find(&pending, &wrong));
    wrong = answer, wrong.application++;
    cr_assert_null(rt_pending_find(&pending, &wrong));
    cr_assert_not_null(rt_pending_find(&pending, &answer));
    finish(&pending);
}

Test(pending, the_low_bits_of_an_identifier_are_its_slot_and_the_table_is_at_most_half_full)
{
    struct rt_pending pending = table_from(0xdeadbeef);

    for (uint32_t i = 0; i < 5000; i++) {
        uint32_t id = put(&pending, DUE, i);
        cr_assert_eq(pending.slots[id & (pending.size - 1)].hop_by_hop, id);
        cr_assert_leq(pending.used, pending.size / 2);
    }
    finish(&pending);
}

Test(pending, all_are_found_again_after_the_table_grew_across_the_wrap_of_32_bits)
{
    enum { COUNT = 20000 };
    static uint32_t ids[COUNT];
    struct rt_pending pending = table_from(UINT32_MAX - COUNT / 2);

    for (uint32_t i = 0; i < COUNT; i++)
        ids[i] = put(&pending, DUE, i);
    cr_assert_lt(ids[COUNT - 1], ids[0], "the counter went round");
    for (uint32_t i = 0; i < COUNT; i++)
        cr_assert(take(&pending, ids[i], i));
    cr_assert_eq(pending.used, 0);
    finish(&pending);
}

Test(pending, an_occupied_slot_is_skipped)
{
    struct rt_pending pending = table_from(0);
    uint32_t old = put(&pending, DUE, 1);
    uint32_t size = pending.size;

    for (uint32_t i = 1; i < size; i++)
        cr_assert(take(&pending, put(&pending, DUE, 2), 2));
    uint32_t id = put(&pending, DUE, 3);
    cr_assert_eq(id, old + size + 1, "one lap on, the old slot is passed over");
    cr_assert_not_null(find(&pending, old, 1));
    finish(&pending);
}

Test(pending, an_identifier_without_a_slot_is_never_that_of_a_waiting_request)
{
    struct rt_pending pending = table_from(0);
    uint32_t old = put(&pending, DUE, 1);

    pending.next = old; /* four milliards later */
    cr_assert_neq(rt_pending_draw(&pending), old);
    finish(&pending);
}

Test(pending, a_full_table_refuses_and_takes_again_after_an_answer)
{
    struct rt_pending pending;
    rt_pending_init(&pending, 5, 100);
    uint32_t first = put(&pending, DUE, 0);
    for (uint32_t i = 1; i < 100; i++)
        put(&pending, DUE, i);

    cr_assert_null(rt_pending_put(&pending, DUE));
    cr_assert(take(&pending, first, 0));
    cr_assert_not_null(rt_pending_put(&pending, DUE));
    finish(&pending);
}

Test(pending, FOV_09_what_is_due_expires_and_nothing_else)
{
    struct rt_pending pending = table_from(77);
    struct rt_waiting out;
    for (uint32_t i = 1; i <= 1000; i++)
        put(&pending, i, i);

    uint32_t sum = 0;
    uint32_t count = 0;
    while (rt_pending_expire(&pending, 300, &out)) {
        sum += out.end_to_end;
        count++;
    }
    cr_assert_eq(count, 300);
    cr_assert_eq(sum, 300 * 301 / 2);
    cr_assert_eq(pending.used, 700);
    finish(&pending);
}

Test(pending, a_round_goes_on_where_it_stopped_and_ends_until_rewound)
{
    struct rt_pending pending = table_from(0);
    struct rt_waiting out;
    put(&pending, 10, 1);
    put(&pending, 10, 2);

    cr_assert(rt_pending_expire(&pending, 10, &out));
    cr_assert_eq(out.end_to_end, 1);
    cr_assert(rt_pending_expire(&pending, 10, &out));
    cr_assert_eq(out.end_to_end, 2);
    cr_assert_not(rt_pending_expire(&pending, 10, &out));
    put(&pending, 10, 3);
    cr_assert_not(rt_pending_expire(&pending, 10, &out));
    rt_pending_rewind(&pending);
    cr_assert(rt_pending_expire(&pending, 10, &out));
    finish(&pending);
}

Test(pending, growth_in_the_middle_of_a_round_loses_nobody)
{
    struct rt_pending pending = table_from(0);
    struct rt_waiting out;
    for (uint32_t i = 0; i < 8; i++)
        put(&pending, 10, i);

    for (uint32_t i = 0; i < 4; i++)
        cr_assert(rt_pending_expire(&pending, 10, &out));
    for (uint32_t i = 8; i < 1000; i++)
        put(&pending, DUE, i);
    uint32_t late = 0;
    while (rt_pending_expire(&pending, 10, &out))
        late++;
    cr_assert_eq(late, 4);
    finish(&pending);
}

Test(pending, ticks_may_wrap_round_and_a_due_of_nought_is_armed)
{
    struct rt_pending pending = table_from(0);
    struct rt_waiting out;
    put(&pending, UINT32_MAX, 1);
    put(&pending, 0, 2);
    put(&pending, 50, 3);

    cr_assert_eq(pending.used, 3);
    cr_assert_not(rt_pending_expire(&pending, UINT32_MAX - 1, &out));
    rt_pending_rewind(&pending);
    cr_assert(rt_pending_expire(&pending, 20, &out));
    cr_assert(rt_pending_expire(&pending, 20, &out));
    cr_assert_not(rt_pending_expire(&pending, 20, &out));
    finish(&pending);
}

Test(pending, time_that_nobody_listened_delays_all)
{
    struct rt_pending pending = table_from(0);
    struct rt_waiting out;
    put(&pending, 100, 1);
    put(&pending, UINT32_MAX - 99, 2);

    rt_pending_delay(&pending, 100);
    cr_assert_eq(pending.due[1], 1, "0 would free the slot");
    cr_assert(rt_pending_expire(&pending, 199, &out));
    cr_assert_eq(out.end_to_end, 2);
    rt_pending_rewind(&pending);
    cr_assert_not(rt_pending_expire(&pending, 199, &out));
    rt_pending_rewind(&pending);
    cr_assert(rt_pending_expire(&pending, 200, &out));
    finish(&pending);
}

Test(pending, FOV_01_the_drain_takes_everyone_once_wherever_the_cursor_stands)
{
    enum { COUNT = 300 };
    bool seen[COUNT] = {false};
    struct rt_pending pending = table_from(0);
    struct rt_waiting out;
    for (uint32_t i = 0; i < COUNT; i++)
        put(&pending, i < 10 ? 1 : DUE, i);
    while (rt_pending_expire(&pending, 1, &out))
        seen[out.end_to_end] = true;

    while (rt_pending_drain(&pending, &out)) {
        cr_assert_not(seen[out.end_to_end]);
        seen[out.end_to_end] = true;
    }
    for (uint32_t i = 0; i < COUNT; i++)
        cr_assert(seen[i]);
    finish(&pending);
}

Test(pending, an_idle_table_is_freed_at_the_second_trim_and_a_used_one_never)
{
    struct rt_pending pending = table_from(0);
    uint32_t id = put(&pending, DUE, 1);

    rt_pending_trim(&pending);
    rt_pending_trim(&pending);
    cr_assert_not_null(find(&pending, id, 1));
    cr_assert(take(&pending, id, 1));
    put(&pending, DUE, 2);
    cr_assert(take(&pending, id + 1, 2));
    rt_pending_trim(&pending);
    cr_assert_not_null(pending.slots, "a request passed since the last trim");
    rt_pending_trim(&pending);
    cr_assert_null(pending.slots);
    cr_assert_eq(put(&pending, DUE, 3), id + 2);
    finish(&pending);
}

/* A model: one list of what is waiting. Any mixture of puts, answers and expiries keeps both alike.
 */
Test(pending, any_mixture_agrees_with_a_plain_list)
{
    enum { STEPS = 200000, MOST = 700 };
    struct rt_pending pending;
    rt_pending_init(&pending, UINT32_MAX - 5000, MOST);
    uint32_t ids[MOST];
    uint32_t count = 0;
    uint32_t random = 1;

    for (uint32_t step = 0; step < STEPS; step++) {
        random = random * 1664525 + 1013904223;
        uint32_t dice = random >> 16;
        if (dice % 100 < 51) {
            struct rt_waiting *slot = rt_pending_put(&pending, DUE);
            cr_assert_eq(slot != NULL, count < MOST);
            if (!slot)
                continue;
            slot->end_to_end = ~slot->hop_by_hop;
            slot->command = 285;
            slot->application = 6;
            ids[count++] = slot->hop_by_hop;
        } else if (count > 0) {
            uint32_t i = dice % count;
            cr_assert(take(&pending, ids[i], ~ids[i]));
            ids[i] = ids[--count];
        }
        cr_assert_eq(pending.used, count);
    }
    finish(&pending);
}
