/* Pools: the sticky choice against its vectors, and who is taken when somebody is missing. */
#include "routing/pool.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

/* --- a pool and a world for it --- */

enum { MANY = RT_MEMBERS_MAX };

struct fixture {
    struct rt_pool pool;
    struct rt_member members[MANY];
    char names[MANY][40];
    enum rt_reach reach[MANY];
    uint32_t pending[MANY];
    uint32_t turn[1];
    struct rt_chooser chooser;
    unsigned asked;
};

static struct fixture *pool_of(enum rt_select select, uint32_t count)
{
    struct fixture *it = calloc(1, sizeof *it);
    it->pool = (struct rt_pool){.select = select, .count = count, .members = it->members};
    it->chooser = (struct rt_chooser){.random = 1, .turn = it->turn};
    for (uint32_t i = 0; i < count; i++) {
        snprintf(it->names[i], sizeof it->names[i], "hss%u.example.net", (unsigned)i + 1);
        it->members[i] = (struct rt_member){
            .identity = dm_text(it->names[i]), .peer_number = i, .weight = 100, .priority = 1};
        it->reach[i] = RT_REACHABLE;
    }
    return it;
}

static struct fixture *built(struct fixture *it)
{
    cr_assert(rt_pool_build(&it->pool, rt_seed(dm_text("antipode"))));
    return it;
}

static void drop(struct fixture *it)
{
    rt_pool_fini(&it->pool);
    free(it);
}

static enum rt_reach usable(void *context, const struct rt_member *member, struct rt_seen *seen)
{
    struct fixture *it = context;
    uint32_t i = member->peer_number;
    it->asked++;
    *seen = (struct rt_seen){
        .peer = {i, 1}, .reach = it->reach[i], .pending = it->pending[i], .advertises = true};
    return it->reach[i];
}

static int choose(struct fixture *it, uint16_t slot)
{
    struct rt_seen seen = {0};
    int member = rt_pool_choose(&it->pool, 0, slot, &it->chooser, usable, it, &seen);
    if (member >= 0)
        cr_assert_eq(seen.peer.slot, (uint32_t)member, "what was seen is not of the member taken");
    return member;
}

static void count_choices(struct fixture *it, unsigned *counts, unsigned choices)
{
    memset(counts, 0, it->pool.count * sizeof *counts);
    for (unsigned i = 0; i < choices; i++)
        counts[choose(it, (uint16_t)i)]++;
}

/* --- sticky: the vectors --- */

struct vectors {
    struct fixture *pools[64];
    char *pool_names[64];
    size_t count;
    unsigned checked;
};

static struct fixture *pool_read(char *name, const char *hash_seed, char *members)
{
    struct fixture *it = pool_of(RT_STICKY, 0);
    char *rest = members;
    for (char *word; (word = strtok_r(rest, " \n", &rest));) {
        struct rt_member *member = &it->members[it->pool.count];
        unsigned weight, priority;
        cr_assert_eq(sscanf(word, "%39[^/]/%u/%u", it->names[it->pool.count], &weight, &priority),
                     3);
        *member = (struct rt_member){.identity = dm_text(it->names[it->pool.count]),
                                     .peer_number = it->pool.count,
                                     .weight = weight,
                                     .priority = priority};
        it->reach[it->pool.count++] = RT_REACHABLE;
    }
    cr_assert(rt_pool_build(&it->pool, rt_seed(dm_text(hash_seed))), "%s", name);
    return it;
}

static struct rt_key key_read(const char *hex)
{
    struct rt_key key = {0};
    for (unsigned octet; sscanf(hex, "%2x", &octet) == 1; hex += 2)
        key.octets[key.size++] = (uint8_t)octet;
    return key;
}

static void check_order(struct fixture *it, uint16_t slot, char *expected)
{
    uint8_t order[MANY];
    rt_pool_order(&it->pool, slot, order);
    char *rest = expected;
    for (uint32_t i = 0; i < it->pool.count; i++) {
        cr_assert_eq(order[i], atoi(strtok_r(rest, " ", &rest)), "place %u of slot %u", i, slot);
        cr_assert_eq(choose(it, slot), order[i]);
        it->reach[order[i]] = RT_UNREACHABLE;
    }
    cr_assert_eq(choose(it, slot), -1);
    for (uint32_t i = 0; i < it->pool.count; i++)
        it->reach[i] = RT_REACHABLE;
}

static char *field(char **rest)
{
    char *word = strsep(rest, "\t\n");
    cr_assert_not_null(word, "a line of too few fields");
    return word;
}

static void check_line(struct vectors *all, char *line)
{
    char *rest = line;
    bool is_pool = strcmp(field(&rest), "pool") == 0;
    char *name = field(&rest), *seed_or_key = field(&rest), *members_or_slot = field(&rest);
    if (is_pool) {
        all->pool_names[all->count] = strdup(name);
        all->pools[all->count++] = pool_read(name, seed_or_key, members_or_slot);
        return;
    }
    size_t i = 0;
    while (i < all->count && strcmp(all->pool_names[i], name) != 0)
        i++;
    cr_assert_lt(i, all->count, "no pool %s before its users", name);
    struct rt_key key = key_read(seed_or_key);
    uint16_t slot = rt_slot(&key, all->pools[i]->pool.seed);
    cr_assert_eq(slot, atoi(members_or_slot));
    check_order(all->pools[i], slot, field(&rest));
    all->checked++;
}

Test(pool, all_vectors_of_stickiness_tsv_are_met)
{
    FILE *file = fopen(TEST_DATA "/stickiness.tsv", "r");
    cr_assert_not_null(file);
    struct vectors all = {0};
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, file) > 0)
        if (line[0] != '#')
            check_line(&all, line);
    cr_assert_eq(all.checked, 1000);
    free(line);
    fclose(file);
    for (size_t i = 0; i < all.count; i++) {
        free(all.pool_names[i]);
        drop(all.pools[i]);
    }
}

/* --- sticky: properties --- */

Test(pool, RTE_20_a_member_that_is_down_moves_its_own_users_only)
{
    struct fixture *it = built(pool_of(RT_STICKY, 7));
    uint8_t before[RT_SLOTS];
    for (unsigned slot = 0; slot < RT_SLOTS; slot++)
        before[slot] = (uint8_t)choose(it, (uint16_t)slot);
    it->reach[3] = RT_UNREACHABLE;
    for (unsigned slot = 0; slot < RT_SLOTS; slot++) {
        int now = choose(it, (uint16_t)slot);
        cr_assert(before[slot] == 3 ? now != 3 : now == before[slot]);
    }
    it->reach[3] = RT_REACHABLE;
    for (unsigned slot = 0; slot < RT_SLOTS; slot++)
        cr_assert_eq(choose(it, (uint16_t)slot), before[slot]);
    drop(it);
}

Test(pool, a_member_taken_out_of_the_pool_moves_its_own_users_only)
{
    struct fixture *with = built(pool_of(RT_STICKY, 6));
    struct fixture *without = built(pool_of(RT_STICKY, 5));
    for (unsigned slot = 0; slot < RT_SLOTS; slot++) {
        int member = choose(with, (uint16_t)slot);
        if (member != 5)
            cr_assert_eq(choose(without, (uint16_t)slot), member);
    }
    drop(with);
    drop(without);
}

Test(pool, the_order_of_the_members_in_the_file_does_not_matter)
{
    struct fixture *it = built(pool_of(RT_STICKY, 5));
    struct fixture *turned = pool_of(RT_STICKY, 5);
    for (int i = 0; i < 5; i++)
        turned->members[i].identity = it->members[4 - i].identity;
    built(turned);
    for (unsigned slot = 0; slot < RT_SLOTS; slot++)
        cr_assert_eq(choose(it, (uint16_t)slot), 4 - choose(turned, (uint16_t)slot));
    drop(it);
    drop(turned);
}

Test(pool, sticky_shares_users_by_weight)
{
    struct fixture *it = pool_of(RT_STICKY, 3);
    it->members[0].weight = 200;
    built(it);
    unsigned counts[3];
    count_choices(it, counts, RT_SLOTS);
    cr_assert_float_eq((double)counts[0], RT_SLOTS / 2.0, RT_SLOTS * 0.02);
    cr_assert_float_eq((double)counts[1], RT_SLOTS / 4.0, RT_SLOTS * 0.02);
    drop(it);
}

Test(pool, sticky_asks_the_world_once_when_all_is_well)
{
    struct fixture *it = built(pool_of(RT_STICKY, 4));
    choose(it, 4711);
    cr_assert_eq(it->asked, 1);
    drop(it);
}

Test(pool, sticky_goes_to_the_next_priority_only_when_the_first_is_gone)
{
    struct fixture *it = pool_of(RT_STICKY, 6);
    for (int i = 0; i < 3; i++)
        it->members[i].priority = 2;
    built(it);
    for (unsigned slot = 0; slot < 1000; slot++)
        cr_assert_geq(choose(it, (uint16_t)slot), 3);
    for (int i = 3; i < 6; i++)
        it->reach[i] = RT_UNREACHABLE;
    for (unsigned slot = 0; slot < 1000; slot++)
        cr_assert_lt(choose(it, (uint16_t)slot), 3);
    drop(it);
}

Test(pool, WDG_13_a_last_resort_is_taken_only_where_no_member_is_reachable)
{
    enum rt_select all[] = {RT_STICKY, RT_ROUND_ROBIN, RT_LEAST_PENDING};
    for (int i = 0; i < 3; i++) {
        struct fixture *it = pool_of(all[i], 6);
        it->members[5].priority = 2;
        built(it);
        for (int m = 0; m < 5; m++)
            it->reach[m] = m == 2 ? RT_LAST_RESORT : RT_UNREACHABLE;
        cr_assert_eq(choose(it, 0), 5, "reachable, though of priority 2");
        it->reach[5] = RT_UNREACHABLE;
        cr_assert_eq(choose(it, 0), 2);
        drop(it);
    }
}

Test(pool, of_two_last_resorts_sticky_takes_the_first_of_the_slot)
{
    struct fixture *it = built(pool_of(RT_STICKY, 3));
    for (unsigned slot = 0; slot < 1000; slot++) {
        it->reach[0] = it->reach[1] = it->reach[2] = RT_REACHABLE;
        int first = choose(it, (uint16_t)slot);
        it->reach[0] = it->reach[1] = it->reach[2] = RT_LAST_RESORT;
        cr_assert_eq(choose(it, (uint16_t)slot), first);
    }
    drop(it);
}

/* --- round robin --- */

Test(pool, round_robin_goes_round_strictly_by_equal_weights)
{
    struct fixture *it = built(pool_of(RT_ROUND_ROBIN, 3));
    for (int i = 0; i < 30; i++)
        cr_assert_eq(choose(it, 0), i % 3);
    drop(it);
}

Test(pool, round_robin_is_smooth_by_weight_in_every_stretch)
{
    struct fixture *it = pool_of(RT_ROUND_ROBIN, 3);
    it->members[0].weight = 50;
    it->members[1].weight = 30;
    it->members[2].weight = 20;
    built(it);
    for (int stretch = 0; stretch < 200; stretch++) {
        unsigned counts[3];
        count_choices(it, counts, 100);
        cr_assert_float_eq((double)counts[0], 50, 3);
        cr_assert_float_eq((double)counts[1], 30, 3);
        cr_assert_float_eq((double)counts[2], 20, 3);
    }
    drop(it);
}

Test(pool, round_robin_leaves_the_share_of_a_missing_member_to_all_others)
{
    struct fixture *it = built(pool_of(RT_ROUND_ROBIN, 5));
    it->reach[2] = RT_UNREACHABLE;
    unsigned counts[5];
    count_choices(it, counts, 400);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(counts[i], i == 2 ? 0 : 100);
    drop(it);
}

Test(pool, round_robin_bears_the_largest_pool_of_the_largest_weights)
{
    struct fixture *it = pool_of(RT_ROUND_ROBIN, MANY);
    for (int i = 0; i < MANY; i++)
        it->members[i].weight = UINT32_MAX - (uint32_t)(i == 7);
    built(it);
    unsigned counts[MANY];
    count_choices(it, counts, 100 * MANY);
    for (int i = 0; i < MANY; i++)
        cr_assert_float_eq((double)counts[i], 100, 5);
    drop(it);
}

/* --- least pending --- */

Test(pool, least_pending_of_two_takes_the_less_busy)
{
    struct fixture *it = built(pool_of(RT_LEAST_PENDING, 2));
    it->pending[0] = 10;
    it->pending[1] = 9;
    for (int i = 0; i < 100; i++)
        cr_assert_eq(choose(it, 0), 1);
    drop(it);
}

Test(pool, least_pending_measures_by_weight)
{
    struct fixture *it = pool_of(RT_LEAST_PENDING, 2);
    it->members[0].weight = 300;
    built(it);
    it->pending[0] = 20;
    it->pending[1] = 9;
    for (int i = 0; i < 100; i++)
        cr_assert_eq(choose(it, 0), 0);
    drop(it);
}

Test(pool, least_pending_never_takes_the_busiest_and_spreads_the_rest)
{
    struct fixture *it = built(pool_of(RT_LEAST_PENDING, 4));
    it->pending[2] = 1;
    unsigned counts[4];
    count_choices(it, counts, 4000);
    cr_assert_eq(counts[2], 0);
    for (int i = 0; i < 4; i++)
        cr_assert(i == 2 || counts[i] > 1000);
    drop(it);
}

Test(pool, least_pending_draws_idle_members_by_weight)
{
    struct fixture *it = pool_of(RT_LEAST_PENDING, 2);
    it->members[0].weight = 1;
    it->members[1].weight = 1;
    built(it);
    unsigned counts[2];
    count_choices(it, counts, 10000);
    cr_assert_float_eq((double)counts[0], 5000, 300);
    drop(it);
}

Test(pool, least_pending_with_one_usable_member_takes_it)
{
    struct fixture *it = built(pool_of(RT_LEAST_PENDING, 3));
    it->reach[0] = it->reach[2] = RT_UNREACHABLE;
    it->pending[1] = 60000;
    cr_assert_eq(choose(it, 0), 1);
    drop(it);
}

/* --- borders --- */

Test(pool, an_empty_pool_has_nobody)
{
    enum rt_select all[] = {RT_STICKY, RT_ROUND_ROBIN, RT_LEAST_PENDING};
    for (int i = 0; i < 3; i++) {
        struct fixture *it = built(pool_of(all[i], 0));
        cr_assert_eq(choose(it, 0), -1);
        drop(it);
    }
}

Test(pool, more_than_255_members_are_refused)
{
    struct fixture *it = pool_of(RT_STICKY, 3);
    it->pool.count = 256;
    cr_assert_not(rt_pool_build(&it->pool, 1));
    drop(it);
}

Test(pool, an_identity_longer_than_255_octets_is_refused)
{
    struct fixture *it = pool_of(RT_STICKY, 3);
    uint8_t name[256] = {'a'};
    it->members[1].identity = dm_bytes_of(name, sizeof name);
    cr_assert_not(rt_pool_build(&it->pool, 1));
    drop(it);
}
