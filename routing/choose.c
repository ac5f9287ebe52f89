/* choose.c — the member that gets a request: sticky, round robin, least pending.
 *
 * Sticky is a look-up and one question to the world. The other two, and sticky where the ranks of a
 * slot are used up, first gather who may be taken: the lowest priority number of those that are
 * reachable, or, where nobody is, of those that are a last resort. In a partitioned pool all this
 * happens within the group of the slot. Data path: no allocation,
 * nothing kept but the worker's `chooser`. */
#include <assert.h>
#include <stdlib.h>

#include "routing/pool.h"

struct candidate {
    uint8_t member;
    struct rt_seen seen;
};

struct candidates {
    uint32_t count;
    uint32_t priority;
    enum rt_reach reach;
    uint64_t weight; /* of all */
    uint32_t least_weight;
    uint32_t most_weight;
    struct candidate at[RT_MEMBERS_MAX];
};

/* Does a member of this reach and priority put all that were gathered so far out of question? */
static bool is_better(const struct candidates *all, enum rt_reach reach, uint32_t priority)
{
    if (all->count == 0 || reach != all->reach)
        return reach > all->reach;
    return priority < all->priority;
}

static void start(struct candidates *all, enum rt_reach reach, uint32_t priority)
{
    all->count = 0;
    all->reach = reach;
    all->priority = priority;
    all->weight = 0;
    all->least_weight = UINT32_MAX;
    all->most_weight = 0;
}

static void add(struct candidates *all, uint32_t weight)
{
    all->count++;
    all->weight += weight;
    all->least_weight = weight < all->least_weight ? weight : all->least_weight;
    all->most_weight = weight > all->most_weight ? weight : all->most_weight;
}

/* Where the choice is made: the whole pool, or one group of it; and whom to ask. */
struct asking {
    const struct rt_pool *pool;
    int group; /* -1: the whole pool */
    rt_usable usable;
    void *context;
};

static void gather(const struct asking *asking, struct candidates *all)
{
    const struct rt_pool *pool = asking->pool;
    start(all, RT_UNREACHABLE, 0);
    for (uint32_t i = 0; i < pool->count; i++) {
        const struct rt_member *member = &pool->members[i];
        if (asking->group >= 0 && member->group != (uint32_t)asking->group)
            continue;
        struct candidate *next = &all->at[all->count]; /* a copy of what was just written is slow */
        enum rt_reach reach = asking->usable(asking->context, member, &next->seen);
        if (is_better(all, reach, member->priority))
            start(all, reach, member->priority);
        if (reach == RT_UNREACHABLE || reach != all->reach || member->priority != all->priority)
            continue;
        if (next != &all->at[all->count])
            all->at[all->count].seen = next->seen;
        all->at[all->count].member = (uint8_t)i;
        add(all, member->weight);
    }
}

static int take(const struct candidates *all, uint32_t at, struct rt_seen *seen)
{
    *seen = all->at[at].seen;
    return all->at[at].member;
}

/* Beyond the ranks of the slot, and in a group: the same order, worked out among those that may be
 * taken. */
static int choose_beyond(const struct asking *asking, uint16_t slot, struct rt_seen *seen)
{
    struct candidates all;
    gather(asking, &all);
    if (all.count == 0)
        return -1;
    uint32_t first = 0;
    for (uint32_t i = 1; i < all.count; i++)
        if (rt_pool_prefers(asking->pool, slot, all.at[i].member, all.at[first].member))
            first = i;
    return take(&all, first, seen);
}

static int choose_sticky(const struct asking *asking, uint16_t slot, struct rt_seen *seen)
{
    const struct rt_pool *pool = asking->pool;
    if (asking->group >= 0)
        return choose_beyond(asking, slot, seen);
    assert(pool->ranks || pool->depth == 0);
    struct rt_seen seen_last;
    int last_resort = -1;
    for (uint32_t i = 0; i < pool->depth; i++) {
        uint8_t member = pool->ranks[(size_t)i * RT_SLOTS + slot];
        enum rt_reach reach = asking->usable(asking->context, &pool->members[member], seen);
        if (reach == RT_REACHABLE)
            return member;
        if (reach == RT_UNREACHABLE || last_resort >= 0)
            continue;
        last_resort = member;
        seen_last = *seen;
    }
    if (pool->depth < pool->count)
        return choose_beyond(asking, slot, seen);
    if (last_resort >= 0)
        *seen = seen_last;
    return last_resort;
}

/* The candidate in whose share of the weight `point` lies; `without` (or -1) has none. `point` is
 * less than the weight of all, so somebody is found. */
static uint32_t at_weight(const struct rt_pool *pool, const struct candidates *all, uint64_t point,
                          int64_t without)
{
    for (uint32_t i = 0; i < all->count; i++) {
        uint32_t weight = i == without ? 0 : pool->members[all->at[i].member].weight;
        if (point < weight)
            return i;
        point -= weight;
    }
    abort();
}

/* `fraction` / 2^32 of `whole`, rounded down: less than `whole`. */
static uint64_t part_of(uint64_t whole, uint32_t fraction)
{
    uint64_t high =
        whole >> 32; /* 255 weights of 32 bits need 40: the product is made in two halves */
    uint64_t low = whole & UINT32_MAX;
    return high * fraction + (low * fraction >> 32);
}

/* Equal weights go round strictly. Otherwise the turn's multiple of the golden section is the point
 * in the weights: any stretch of turns is spread over them as evenly as can be, without a state for
 * each member. */
static int choose_in_turn(const struct asking *asking, uint32_t *turn, struct rt_seen *seen)
{
    const uint32_t golden =
        2654435769; /* 2^32 / 1.618..., odd: each fraction comes once in 2^32 turns */
    struct candidates all;
    gather(asking, &all);
    if (all.count == 0)
        return -1;
    uint32_t now = (*turn)++;
    if (all.least_weight == all.most_weight)
        return take(&all, now % all.count, seen);
    return take(&all, at_weight(asking->pool, &all, part_of(all.weight, now * golden), -1), seen);
}

/* splitmix64: any state will do, 0 too. */
static uint32_t draw(struct rt_chooser *chooser)
{
    uint64_t z = chooser->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(z >> 32);
}

/* Has `a` more pending than `b`, each for its weight? One more counts for both: of two idle ones
 * the heavier. */
static bool is_busier(const struct rt_pool *pool, const struct candidate *a,
                      const struct candidate *b)
{
    uint64_t left = ((uint64_t)a->seen.pending + 1) * pool->members[b->member].weight;
    uint64_t right = ((uint64_t)b->seen.pending + 1) * pool->members[a->member].weight;
    return left > right;
}

/* Two drawn at random, not the least of all: what is seen is a little old, and all workers would
 * run to one member. */
static int choose_least_pending(const struct asking *asking, struct rt_chooser *chooser,
                                struct rt_seen *seen)
{
    const struct rt_pool *pool = asking->pool;
    struct candidates all;
    gather(asking, &all);
    if (all.count == 0)
        return -1;
    if (all.count == 1)
        return take(&all, 0, seen);
    uint32_t first = at_weight(pool, &all, part_of(all.weight, draw(chooser)), -1);
    uint64_t rest = all.weight - pool->members[all.at[first].member].weight;
    uint32_t second = at_weight(pool, &all, part_of(rest, draw(chooser)), first);
    bool is_second = is_busier(pool, &all.at[first], &all.at[second]);
    return take(&all, is_second ? second : first, seen);
}

static int choose(const struct asking *asking, uint32_t pool_number, uint16_t slot,
                  struct rt_chooser *chooser, struct rt_seen *seen)
{
    switch (asking->pool->select) {
    case RT_ROUND_ROBIN:
        return choose_in_turn(asking, &chooser->turn[pool_number], seen);
    case RT_LEAST_PENDING:
        return choose_least_pending(asking, chooser, seen);
    case RT_STICKY:
        break;
    }
    return choose_sticky(asking, slot, seen);
}

int rt_pool_choose(const struct rt_pool *pool, uint32_t pool_number, uint16_t slot,
                   struct rt_chooser *chooser, rt_usable usable, void *context,
                   struct rt_seen *seen)
{
    int group = pool->is_partitioned && pool->ranks ? pool->ranks[slot] : -1;
    struct asking asking = {pool, group, usable, context};
    return choose(&asking, pool_number, slot, chooser, seen);
}

int rt_pool_choose_in(const struct rt_pool *pool, uint32_t pool_number, uint32_t group,
                      uint16_t slot, struct rt_chooser *chooser, rt_usable usable, void *context,
                      struct rt_seen *seen)
{
    struct asking asking = {pool, (int)group, usable, context};
    return choose(&asking, pool_number, slot, chooser, seen);
}
