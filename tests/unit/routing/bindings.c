/* Learnt users: groups of identities, and who serves them. sip-app.md §9.2, §9.3, §9.9. */
#include "routing/bindings.h"

#include <criterion/criterion.h>

#define SECOND UINT64_C(1000000000)
#define DAY    (24 * 3600 * SECOND)

enum { EAST = 0xea57, WEST = 0x3e57, REALM = 1, OTHER_REALM = 2 };

static struct rt_bindings *table;
static uint64_t now;

static void set_up(void)
{
    now = 1000 * DAY;
    table = rt_bindings_new(1000, DAY, 0x5eed);
}

static void tear_down(void)
{
    rt_bindings_free(table);
}

TestSuite(bindings, .init = set_up, .fini = tear_down);

/* A key of a test is a small number; hashes are spread over all 64 bits, in the order of the
 * numbers. */
static uint64_t key_of(unsigned number)
{
    return ((uint64_t)number << 44) + number * UINT64_C(0x9e3779b1);
}

static uint16_t slot_of(unsigned number)
{
    return (uint16_t)(number * 7);
}

static struct rt_lesson lesson_of(unsigned count, const unsigned *numbers, unsigned public)
{
    struct rt_lesson lesson = {
        .count = (uint8_t)count, .is_public = (uint16_t) public, .realm = REALM};
    for (unsigned i = 0; i < count; i++) {
        lesson.keys[i] = key_of(numbers[i]);
        lesson.slots[i] = slot_of(numbers[i]);
    }
    return lesson;
}

/* A public identity, that was asked for, and a private one. */
static struct rt_lesson pair(unsigned public, unsigned private, uint32_t target)
{
    struct rt_lesson lesson = lesson_of(2, (unsigned[]){public, private}, 1);
    lesson.target = target;
    return lesson;
}

static void learn(struct rt_lesson lesson)
{
    rt_bindings_learn(table, &lesson, now, NULL);
}

static struct rt_bound find(unsigned number)
{
    struct rt_bound bound;
    bool is_known = rt_bindings_find(table, key_of(number), now, &bound);
    cr_assert_eq(is_known, bound.is_known);
    return bound;
}

static bool is_known(unsigned number)
{
    return find(number).is_known;
}

Test(bindings, an_empty_table_knows_nobody)
{
    cr_assert_not(is_known(1));
    cr_assert_eq(rt_bindings_count(table), 0);
}

Test(bindings, STK_02_a_private_identity_has_the_slot_of_the_public_one_it_was_seen_with)
{
    learn(pair(9, 3, 0));
    cr_assert(find(3).has_slot);
    cr_assert_eq(find(3).slot, slot_of(9));
    cr_assert_eq(find(9).slot, slot_of(9));
    cr_assert_eq(find(3).target, 0);
}

Test(bindings, STK_04_the_identities_that_one_private_identity_links_have_one_slot)
{
    learn(pair(9, 3, 0));
    learn(pair(7, 3, 0));
    learn(pair(8, 3, 0));
    unsigned all[] = {3, 7, 8, 9};
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(find(all[i]).slot, slot_of(7));
}

Test(bindings, STK_07_the_anchor_does_not_hang_on_the_order_of_lessons)
{
    struct rt_bindings *other = rt_bindings_new(1000, DAY, 77);
    struct rt_lesson first = pair(9, 3, 0);
    struct rt_lesson second = pair(7, 3, 0);
    learn(first);
    learn(second);
    rt_bindings_learn(other, &second, now, NULL);
    rt_bindings_learn(other, &first, now, NULL);
    struct rt_bound bound;
    cr_assert(rt_bindings_find(other, key_of(9), now, &bound));
    cr_assert_eq(bound.slot, find(9).slot);
    rt_bindings_free(other);
}

Test(bindings, private_identities_alone_have_the_slot_of_the_lowest)
{
    learn(lesson_of(2, (unsigned[]){5, 4}, 0));
    cr_assert_eq(find(5).slot, slot_of(4));
    cr_assert_eq(find(4).slot, slot_of(4));
}

Test(bindings, a_public_identity_takes_over_from_private_ones)
{
    learn(lesson_of(2, (unsigned[]){5, 4}, 0));
    learn(pair(9, 5, 0));
    cr_assert_eq(find(4).slot, slot_of(9));
}

Test(bindings, one_identity_without_a_target_teaches_nothing)
{
    learn(lesson_of(1, (unsigned[]){9}, 1));
    cr_assert_eq(rt_bindings_count(table), 0);
}

Test(bindings, one_identity_may_be_bound_alone)
{
    struct rt_lesson lesson = lesson_of(1, (unsigned[]){9}, 1);
    lesson.target = EAST;
    learn(lesson);
    cr_assert_eq(find(9).target, EAST);
    cr_assert_eq(find(9).slot, slot_of(9));
}

Test(bindings, all_of_a_group_are_bound_to_its_target)
{
    learn(pair(9, 3, 0));
    learn(pair(7, 3, EAST));
    cr_assert_eq(find(9).target, EAST);
    cr_assert_eq(find(3).target, EAST);
}

Test(bindings, a_lesson_without_a_target_keeps_the_one_that_was_learnt)
{
    learn(pair(9, 3, EAST));
    learn(pair(7, 3, 0));
    cr_assert_eq(find(7).target, EAST);
    cr_assert_eq(find(9).target, EAST);
}

Test(bindings, STK_10_the_newest_success_binds_the_whole_group_anew)
{
    learn(pair(9, 3, EAST));
    learn(pair(7, 3, EAST));
    learn(pair(9, 3, WEST));
    cr_assert_eq(find(7).target, WEST);
    cr_assert_eq(rt_bindings_conflicts(table), 0);
}

Test(bindings, groups_of_one_target_become_one_when_a_success_says_so)
{
    learn(pair(9, 3, EAST));
    learn(pair(8, 4, EAST));
    learn(pair(9, 4, EAST));
    learn(pair(8, 4, WEST));
    cr_assert_eq(find(3).target, WEST, "3 is of the same group now");
    cr_assert_eq(rt_bindings_conflicts(table), 0);
}

Test(bindings, groups_of_two_targets_stay_apart_and_only_the_one_asked_for_goes_over)
{
    learn(pair(9, 3, EAST));
    learn(pair(8, 4, WEST));
    learn(pair(8, 3, EAST));
    cr_assert_eq(find(8).target, EAST);
    cr_assert_eq(find(4).target, WEST);
    cr_assert_eq(find(3).target, EAST);
    cr_assert_eq(rt_bindings_conflicts(table), 1);
}

Test(bindings, a_conflict_that_names_nobody_changes_nobody)
{
    learn(pair(9, 3, EAST));
    learn(pair(8, 4, WEST));
    learn(pair(8, 3, 0));
    cr_assert_eq(find(8).target, WEST);
    cr_assert_eq(find(3).target, EAST);
    cr_assert_eq(rt_bindings_conflicts(table), 1);
}

Test(bindings, STK_05_users_that_no_lesson_links_stay_apart)
{
    learn(pair(9, 3, 0));
    learn(pair(8, 4, 0));
    cr_assert_eq(find(3).slot, slot_of(9));
    cr_assert_eq(find(4).slot, slot_of(8));
}

Test(bindings, a_user_that_the_target_does_not_know_is_no_longer_bound_to_it)
{
    learn(pair(9, 3, EAST));
    rt_bindings_forget(table, key_of(3), EAST, now, NULL);
    cr_assert_eq(find(9).target, 0);
    cr_assert_eq(find(9).slot, slot_of(9), "they are one user all the same");
    cr_assert(is_known(3));
}

Test(bindings, whoever_is_not_the_target_cannot_disown_a_user)
{
    learn(pair(9, 3, EAST));
    rt_bindings_forget(table, key_of(3), WEST, now, NULL);
    cr_assert_eq(find(3).target, EAST);
}

Test(bindings, a_key_that_was_bound_alone_is_forgotten_when_it_is_disowned)
{
    rt_bindings_bind(table, key_of(5), EAST, REALM, now);
    rt_bindings_forget(table, key_of(5), EAST, now, NULL);
    cr_assert_not(is_known(5));
    cr_assert_eq(rt_bindings_count(table), 0);
}

Test(bindings, a_session_is_bound_alone_and_has_no_slot)
{
    rt_bindings_bind(table, key_of(5), EAST, REALM, now);
    cr_assert_eq(find(5).target, EAST);
    cr_assert_not(find(5).has_slot);
    rt_bindings_bind(table, key_of(5), WEST, REALM, now);
    cr_assert_eq(find(5).target, WEST);
    cr_assert_eq(rt_bindings_count(table), 1);
}

Test(bindings, a_copy_from_elsewhere_replaces_what_is_known_of_its_key)
{
    learn(pair(9, 3, EAST));
    struct rt_bound bound = {.is_known = true, .has_slot = true, .slot = 17, .target = WEST};
    rt_bindings_put(table, key_of(9), &bound, REALM, now);
    cr_assert_eq(find(9).target, WEST);
    cr_assert_eq(find(9).slot, 17);
    cr_assert_eq(find(3).target, EAST);
}

Test(bindings, whoever_keeps_a_copy_sees_the_anchor_and_does_not_use_it)
{
    struct rt_bound bound;
    bool is_in_use;
    cr_assert_not(rt_bindings_peek(table, key_of(9), now, &bound, &is_in_use));
    learn(pair(3, 9, EAST));
    cr_assert(rt_bindings_peek(table, key_of(9), now, &bound, &is_in_use));
    cr_assert(is_in_use);
    cr_assert_eq(bound.slot, slot_of(3));
    cr_assert_eq(bound.anchor, (uint32_t)(key_of(3) >> 32));
    now += DAY;
    cr_assert(rt_bindings_peek(table, key_of(9), now, &bound, &is_in_use));
    cr_assert_not(is_in_use);
    now += DAY / 10;
    cr_assert_not(rt_bindings_peek(table, key_of(9), now, &bound, &is_in_use));
}

Test(bindings, a_key_of_which_others_know_nothing_learns_as_a_new_one)
{
    struct rt_bound nothing = {.is_known = true, .anchor = (uint32_t)RT_ANCHOR_NONE};
    rt_bindings_put(table, key_of(9), &nothing, 0, now);
    rt_bindings_put(table, key_of(3), &nothing, 0, now);
    learn(pair(3, 9, 0));
    struct rt_bound bound;
    cr_assert(rt_bindings_find(table, key_of(9), now, &bound));
    cr_assert(bound.has_slot);
    cr_assert_eq(bound.slot, slot_of(3));
    cr_assert_eq(rt_bindings_count(table), 2);
}

Test(bindings, a_copy_of_a_private_identity_knows_the_anchor_that_it_never_met)
{
    struct rt_bound bound = {
        .is_known = true, .has_slot = true, .slot = 17, .anchor = (uint32_t)(key_of(2) >> 32)};
    rt_bindings_put(table, key_of(3), &bound, REALM, now);
    learn(pair(9, 3, 0));
    cr_assert_eq(find(9).slot, 17);
}

Test(bindings, a_key_that_was_forgotten_elsewhere_is_forgotten_here)
{
    learn(pair(9, 3, EAST));
    rt_bindings_put(table, key_of(9), &(struct rt_bound){0}, REALM, now);
    cr_assert_not(is_known(9));
    cr_assert(is_known(3));
    cr_assert_eq(rt_bindings_count(table), 1);
}

Test(bindings, a_lesson_tells_which_keys_say_something_new)
{
    struct rt_learnt learnt;
    struct rt_lesson lesson = pair(9, 3, 0);
    rt_bindings_learn(table, &lesson, now, &learnt);
    cr_assert_eq(learnt.count, 2);
    cr_assert_eq(learnt.bound.slot, slot_of(9));
    cr_assert_eq(learnt.bound.anchor, (uint32_t)(key_of(9) >> 32));
    rt_bindings_learn(table, &lesson, now, &learnt);
    cr_assert_eq(learnt.count, 0);
    lesson = pair(7, 3, 0);
    rt_bindings_learn(table, &lesson, now, &learnt);
    cr_assert_eq(learnt.count, 3, "7 is new, 9 and 3 have another anchor");
}

Test(bindings, what_is_not_used_for_a_lifetime_is_forgotten)
{
    learn(pair(9, 3, 0));
    now += DAY;
    cr_assert(is_known(9));
    now += DAY / 2;
    cr_assert(is_known(9), "it was used half a day ago");
    cr_assert_not(is_known(3));
}

Test(bindings, a_lesson_that_is_repeated_keeps_its_keys_alive)
{
    for (int i = 0; i < 10; i++) {
        learn(pair(9, 3, 0));
        now += DAY / 2;
    }
    cr_assert(is_known(3));
}

Test(bindings, a_key_whose_time_is_over_is_learnt_anew)
{
    learn(pair(9, 3, EAST));
    now += 2 * DAY;
    learn(pair(9, 3, 0));
    cr_assert(is_known(3));
    cr_assert_eq(find(9).target, 0);
    cr_assert_eq(rt_bindings_count(table), 2);
}

Test(bindings, ticks_free_what_is_over)
{
    for (unsigned i = 0; i < 100; i++)
        learn(pair(1000 + i, 2000 + i, 0));
    now += 2 * DAY;
    for (unsigned i = 0; i < 20; i++)
        rt_bindings_tick(table, now);
    cr_assert_eq(rt_bindings_count(table), 0);
    cr_assert_eq(rt_bindings_evictions(table), 0);
}

Test(bindings, STK_14_a_full_table_forgets_some_and_stays_within_its_capacity)
{
    for (unsigned i = 0; i < 5000; i++) {
        learn(pair(10000 + i, 20000 + i, 0));
        cr_assert_leq(rt_bindings_count(table), 1000);
    }
    cr_assert_geq(rt_bindings_count(table), 990);
    cr_assert_geq(rt_bindings_evictions(table), 8000);
    cr_assert(is_known(10000 + 4999), "the newest is there");
}

Test(bindings, STK_14_of_a_full_table_the_oldest_go_first)
{
    for (unsigned i = 0; i < 250; i++)
        learn(pair(10000 + i, 20000 + i, 0));
    now += DAY / 8;
    for (unsigned i = 250; i < 500; i++)
        learn(pair(10000 + i, 20000 + i, 0));
    now += DAY / 8;
    for (unsigned i = 500; i < 700; i++)
        learn(pair(10000 + i, 20000 + i, 0));
    unsigned young = 0;
    for (unsigned i = 250; i < 500; i++)
        young += is_known(10000 + i);
    cr_assert_geq(young, 240, "of the younger half %u are left", young);
}

Test(bindings, STK_15_one_client_cannot_flush_what_other_realms_have_taught)
{
    for (unsigned i = 0; i < 100; i++)
        learn(pair(10000 + i, 20000 + i, 0));
    now += DAY / 2;
    for (unsigned i = 0; i < 20000; i++) {
        struct rt_lesson attack = pair(100000 + i, 200000 + i, 0);
        attack.realm = OTHER_REALM;
        learn(attack);
    }
    unsigned left = 0;
    for (unsigned i = 0; i < 100; i++)
        left += is_known(10000 + i) && is_known(20000 + i);
    cr_assert_geq(left, 98, "%u of 100 users are left", left);
}

Test(bindings, STK_15_a_user_has_at_most_64_identities)
{
    for (unsigned i = 0; i < 10000; i++)
        learn(pair(100000 + i, 3, 0));
    cr_assert_eq(rt_bindings_count(table), RT_GROUP_MAX);
    cr_assert_eq(find(3).slot, slot_of(100000));
}

Test(bindings, two_groups_that_are_too_large_for_one_stay_two)
{
    for (unsigned i = 0; i < 40; i++) {
        learn(pair(100 + i, 3, 0));
        learn(pair(200 + i, 4, 0));
    }
    learn(pair(100, 4, 0));
    cr_assert_eq(find(3).slot, slot_of(100));
    cr_assert_eq(find(4).slot, slot_of(200));
}

Test(bindings, clearing_forgets_everybody)
{
    learn(pair(9, 3, EAST));
    rt_bindings_clear(table);
    cr_assert_not(is_known(9));
    cr_assert_eq(rt_bindings_count(table), 0);
}

Test(bindings, what_is_learnt_after_clearing_stands_alone)
{
    learn(pair(9, 3, EAST));
    learn(pair(8, 3, 0));
    rt_bindings_clear(table);
    learn(pair(9, 4, WEST));
    cr_assert_eq(rt_bindings_count(table), 2);
    cr_assert_eq(find(9).target, WEST);
    cr_assert_eq(find(4).target, WEST);
    cr_assert_not(is_known(3));
    cr_assert_not(is_known(8));
}

Test(bindings, a_table_of_the_least_size_works)
{
    struct rt_bindings *small = rt_bindings_new(1, SECOND, 0);
    for (unsigned i = 0; i < 1000; i++) {
        struct rt_lesson lesson = pair(10 + i, 5000 + i, EAST);
        rt_bindings_learn(small, &lesson, now, NULL);
        cr_assert_leq(rt_bindings_count(small), rt_bindings_capacity(small));
    }
    rt_bindings_free(small);
}

Test(bindings, the_key_hash_0_is_a_key_like_others)
{
    rt_bindings_bind(table, 0, EAST, REALM, now);
    struct rt_bound bound;
    cr_assert(rt_bindings_find(table, 0, now, &bound));
    cr_assert_eq(bound.target, EAST);
}

/* The table is in use by as many buckets as its users need: growing loses nobody, and parts no
 * group. */
Test(bindings, groups_survive_the_growth_of_the_table)
{
    enum { USERS = 50000 };
    struct rt_bindings *grows = rt_bindings_new(4 * USERS, UINT64_C(3600000000000), 7);
    struct rt_bound first, second;
    unsigned lost = 0; /* found both their buckets full: the oldest went */
    for (uint64_t user = 1; user <= USERS; user++) {
        uint64_t key = user * UINT64_C(0x9e3779b97f4a7c15);
        struct rt_lesson lesson = {.keys = {key, ~key},
                                   .slots = {(uint16_t)user, (uint16_t)(user + 1)},
                                   .is_public = 1,
                                   .count = 2};
        rt_bindings_learn(grows, &lesson, 1, NULL);
    }

    for (uint64_t user = 1; user <= USERS; user++) {
        uint64_t key = user * UINT64_C(0x9e3779b97f4a7c15);
        struct rt_lesson bound = {.keys = {~key},
                                  .slots = {(uint16_t)(user + 1)},
                                  .count = 1,
                                  .target = 1 + (uint32_t)user};
        rt_bindings_learn(grows, &bound, 2, NULL);
        if (!rt_bindings_find(grows, key, 3, &first) ||
            !rt_bindings_find(grows, ~key, 3, &second) || first.slot != second.slot) {
            lost++;
            continue;
        }
        cr_assert_eq(first.slot, (uint16_t)user);
        cr_assert_eq(first.target, 1 + (uint32_t)user, "the ring of user %u is broken",
                     (unsigned)user);
    }
    cr_assert_leq(lost, 10, "%u of %u", lost, USERS);
    rt_bindings_free(grows);
}
