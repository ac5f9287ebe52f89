/* board.c — what everybody may know of every peer. */
#include "agent/board.h"

#include <criterion/criterion.h>

static struct board *board;

static void begin(void)
{
    board = board_new(8);
}

static void end(void)
{
    board_free(board);
}

TestSuite(board, .init = begin, .fini = end);

static uint64_t intern_one(uint32_t id)
{
    struct dm_applications applications = {.count = 1, .id = {id}};
    return board_applications(board, &applications);
}

/* What a reader sees of slot 2 that was written as `flags`. */
static struct rt_seen see(uint16_t flags)
{
    struct rt_seen seen;
    board_set(board, 2, (struct board_view){.generation = 9, .home = 1, .flags = flags});
    board_see(board, 2, UINT64_MAX, &seen);
    return seen;
}

Test(board, line_fills_a_cache_line)
{
    cr_assert_eq(sizeof(struct board_line), 64);
    cr_assert_eq((uintptr_t)&board->lines[1] % 64, 0);
}

Test(board, new_board_knows_nobody)
{
    struct rt_seen seen;
    for (uint32_t i = 0; i < board->size; i++) {
        board_see(board, i, UINT64_MAX, &seen);
        cr_assert_eq(seen.peer.generation, 0);
        cr_assert_eq(seen.reach, RT_UNREACHABLE);
        cr_assert_not(seen.advertises);
    }
}

Test(board, first_word_keeps_generation_home_and_flags_apart)
{
    const struct board_view views[] = {
        {UINT32_MAX, 0, 0}, {0, UINT16_MAX, 0}, {0, 0, UINT16_MAX}, {0x12345678, 0x9abc, 0xdef0}};
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        board_set(board, 3, views[i]);
        struct board_view seen = board_at(board, 3);
        cr_assert_eq(seen.generation, views[i].generation);
        cr_assert_eq(seen.home, views[i].home);
        cr_assert_eq(seen.flags, views[i].flags);
    }
}

Test(board, slots_do_not_touch_each_other)
{
    board_set(board, 3, (struct board_view){1, 2, 3});
    cr_assert_eq(board_at(board, 2).generation, 0);
    cr_assert_eq(board_at(board, 4).generation, 0);
}

Test(board, view_names_the_slot_and_its_generation)
{
    struct rt_seen seen = see(0);
    cr_assert(rt_peer_equal(seen.peer, (rt_peer){2, 9}));
}

Test(board, reach_is_as_the_flags_say)
{
    cr_assert_eq(see(BOARD_OPEN).reach, RT_UNREACHABLE);
    cr_assert_eq(see(BOARD_OPEN | BOARD_LAST_RESORT).reach, RT_LAST_RESORT);
    cr_assert_eq(see(BOARD_OPEN | BOARD_REACHABLE).reach, RT_REACHABLE);
    cr_assert_eq(see(BOARD_LAST_RESORT | BOARD_REACHABLE).reach, RT_REACHABLE);
}

Test(board, roles_are_as_the_flags_say)
{
    cr_assert(see(BOARD_AGENT).is_agent);
    cr_assert_not(see(BOARD_AGENT).is_client);
    cr_assert(see(BOARD_CLIENT).is_client);
    cr_assert_not(see(BOARD_CLIENT).is_agent);
}

Test(board, load_keeps_its_three_values_apart)
{
    struct rt_seen seen;
    board_set_load(board, 2, 60000, true, false);
    board_see(board, 2, 0, &seen);
    cr_assert_eq(seen.pending, 60000);
    cr_assert(seen.is_busy);
    cr_assert_not(board_is_half_full(board, 2));
    board_set_load(board, 2, UINT32_MAX, false, true);
    board_see(board, 2, 0, &seen);
    cr_assert_eq(seen.pending, UINT32_MAX);
    cr_assert_not(seen.is_busy);
    cr_assert(board_is_half_full(board, 2));
}

Test(board, application_has_the_same_bit_each_time)
{
    uint64_t cx = intern_one(16777216);
    uint64_t sip = intern_one(6);
    cr_assert_neq(cx, sip);
    cr_assert_eq(intern_one(16777216), cx);
    cr_assert_eq(intern_one(6), sip);
}

Test(board, peer_advertises_what_it_named)
{
    struct dm_applications applications = {.count = 2, .id = {6, 16777216}};
    board_set_applications(board, 2, board_applications(board, &applications));
    struct rt_seen seen;
    board_see(board, 2, board_application(board, 6), &seen);
    cr_assert(seen.advertises);
    intern_one(4);
    board_see(board, 2, board_application(board, 4), &seen);
    cr_assert_not(seen.advertises);
}

Test(board, application_that_nobody_named_is_advertised_by_relays_alone)
{
    struct dm_applications some = {.count = 1, .id = {6}};
    struct dm_applications relay = {.relay = true};
    uint64_t asked = board_application(board, 777);
    cr_assert_eq(board_applications(board, &some) & asked, 0);
    cr_assert_neq(board_applications(board, &relay) & asked, 0);
    cr_assert_neq(board_applications(board, &relay) & board_application(board, 6), 0);
}

Test(board, base_application_takes_no_bit)
{
    cr_assert_eq(intern_one(0), 0);
}

Test(board, applications_beyond_the_bits_share_one)
{
    for (uint32_t id = 1; id <= 62; id++)
        intern_one(id);
    cr_assert_eq(intern_one(1000), intern_one(1001));
    for (uint32_t id = 1; id <= 62; id++)
        cr_assert_eq(intern_one(1000) & board_application(board, id), 0);
    cr_assert_neq(intern_one(1000) & board_application(board, 1000), 0);
}

Test(board, most_applications_that_a_peer_may_name_are_taken)
{
    struct dm_applications applications = {.count = DM_APPLICATIONS_MAX};
    for (uint32_t i = 0; i < DM_APPLICATIONS_MAX; i++)
        applications.id[i] = 100 + i;
    uint64_t bits = board_applications(board, &applications);
    for (uint32_t i = 0; i < DM_APPLICATIONS_MAX; i++)
        cr_assert_neq(bits & board_application(board, 100 + i), 0);
    cr_assert_eq(bits >> 63, 0);
}

Test(board, freeing_nothing_is_allowed)
{
    board_free(NULL);
}
