/* pool.c — in which order the members of a pool serve a slot.
 *
 * Weighted rendezvous: every member draws a number c for the slot, the smallest c / weight is
 * first. So a member that leaves moves its own users only. In a partitioned pool the groups draw,
 * by their names. A user's key is one of 65,536 slots; the first few bidders of each are worked out
 * when the pool is built, and the data path looks them up. docs/STICKINESS.md. */
#include "routing/pool.h"

#include <assert.h>
#include <stdlib.h>

#include <xxhash.h>

#include "routing/rank.h"

enum { DEPTH_MAX = 4 };

/* Those who draw: members, or groups. */
struct bidder {
    dm_bytes name;
    uint32_t weight;
    uint32_t priority;
};

/* What a bidder offers for a slot. */
struct bid {
    struct rt_draw draw;
    uint8_t bidder;
};

uint64_t rt_seed(dm_bytes hash_seed)
{
    return XXH3_64bits(hash_seed.at, hash_seed.size);
}

uint16_t rt_slot(const struct rt_key *key, uint64_t seed)
{
    return (uint16_t)(XXH3_64bits_withSeed(key->octets, key->size, seed) >> 48);
}

static struct bidder member_of(const struct rt_pool *pool, uint8_t number)
{
    const struct rt_member *it = &pool->members[number];
    return (struct bidder){it->identity, it->weight, it->priority};
}

/* A group has the weight of its heaviest member, and no priority. */
static struct bidder group_of(const struct rt_pool *pool, uint8_t number)
{
    const struct rt_group *it = &pool->groups[number];
    return (struct bidder){dm_text(it->name), it->weight, 0};
}

/* Members, or groups: which of the two is asked for. */
typedef struct bidder (*bidders)(const struct rt_pool *pool, uint8_t number);

/* x(m): the name and the slot, hashed. */
static uint64_t hash_of(dm_bytes name, uint16_t slot, uint64_t seed)
{
    uint8_t octets[RT_IDENTITY_MAX + 2];
    assert(name.size <= RT_IDENTITY_MAX);
    memcpy(octets, name.at, name.size);
    dm_put16(octets + name.size, slot);
    return XXH3_64bits_withSeed(octets, name.size + 2, seed);
}

/* Octet by octet, a prefix first: identities are in lower case, names of groups are as they stand.
 */
static int name_compare(dm_bytes a, dm_bytes b)
{
    int by_octets = memcmp(a.at, b.at, a.size < b.size ? a.size : b.size);
    return by_octets != 0 ? by_octets : (a.size > b.size) - (a.size < b.size);
}

/* < 0: `a` comes first. Priority aside. */
static int bid_compare(const struct bid *a, dm_bytes name_a, const struct bid *b, dm_bytes name_b)
{
    int by_draw = rt_draw_compare(&a->draw, &b->draw);
    return by_draw != 0 ? by_draw : name_compare(name_a, name_b);
}

bool rt_pool_prefers(const struct rt_pool *pool, uint16_t slot, uint8_t a, uint8_t b)
{
    struct bidder left = member_of(pool, a);
    struct bidder right = member_of(pool, b);
    struct bid of_left = {rt_draw_of(hash_of(left.name, slot, pool->seed), left.weight), a};
    struct bid of_right = {rt_draw_of(hash_of(right.name, slot, pool->seed), right.weight), b};
    return bid_compare(&of_left, left.name, &of_right, right.name) < 0;
}

static bool bid_precedes(const struct rt_pool *pool, bidders who, const struct bid *a,
                         const struct bid *b)
{
    struct bidder left = who(pool, a->bidder);
    struct bidder right = who(pool, b->bidder);
    if (left.priority != right.priority)
        return left.priority < right.priority;
    return bid_compare(a, left.name, b, right.name) < 0;
}

/* Spares most members of a large pool their logarithm. */
static bool is_hopeless(const struct bidder *it, uint64_t x, const struct bidder *last,
                        const struct bid *bid)
{
    return it->priority >= last->priority && rt_draw_is_hopeless(x, it->weight, &bid->draw);
}

/* The best `depth` bids of the slot, in order, of `total` bidders. */
static void rank(const struct rt_pool *pool, bidders who, uint32_t total, uint16_t slot,
                 uint32_t depth, struct bid *best)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < total; i++) {
        struct bidder bidder = who(pool, (uint8_t)i);
        uint64_t x = hash_of(bidder.name, slot, pool->seed);
        struct bidder last = count == depth ? who(pool, best[depth - 1].bidder) : bidder;
        if (count == depth && is_hopeless(&bidder, x, &last, &best[depth - 1]))
            continue;
        struct bid bid = {rt_draw_of(x, bidder.weight), (uint8_t)i};
        uint32_t place = count;
        while (place > 0 && bid_precedes(pool, who, &bid, &best[place - 1]))
            place--;
        if (place == depth)
            continue;
        count += count < depth;
        memmove(&best[place + 1], &best[place], (count - 1 - place) * sizeof *best);
        best[place] = bid;
    }
}

static bool pool_is_sound(const struct rt_pool *pool)
{
    if (pool->count > RT_MEMBERS_MAX || pool->group_count > pool->count)
        return false;
    if (pool->is_partitioned && pool->group_count == 0 && pool->count > 0)
        return false;
    for (uint32_t i = 0; i < pool->count; i++)
        if (pool->members[i].identity.size > RT_IDENTITY_MAX)
            return false;
    for (uint32_t i = 0; i < pool->group_count; i++)
        if (strlen(pool->groups[i].name) > RT_IDENTITY_MAX)
            return false;
    return true;
}

static void name_and_weigh(struct rt_pool *pool)
{
    for (uint32_t i = 0; i < pool->group_count; i++) {
        pool->groups[i].name_hash = rt_name_hash(dm_text(pool->groups[i].name));
        pool->groups[i].weight = 0;
    }
    for (uint32_t i = 0; i < pool->count; i++) {
        struct rt_member *member = &pool->members[i];
        member->name_hash = rt_name_hash(member->identity);
        if (!pool->is_partitioned)
            continue;
        struct rt_group *group = &pool->groups[member->group];
        group->weight = member->weight > group->weight ? member->weight : group->weight;
    }
}

bool rt_pool_build(struct rt_pool *pool, uint64_t seed)
{
    pool->seed = seed;
    pool->ranks = NULL;
    pool->depth = 0;
    if (!pool_is_sound(pool))
        return false;
    name_and_weigh(pool);
    uint32_t total = pool->is_partitioned ? pool->group_count : pool->count;
    uint32_t depth = total < DEPTH_MAX ? total : DEPTH_MAX;
    if (depth == 0 || (pool->select != RT_STICKY && !pool->is_partitioned))
        return true;
    pool->ranks = malloc((size_t)RT_SLOTS * depth);
    if (!pool->ranks)
        return false;
    pool->depth = depth;
    for (uint32_t slot = 0; slot < RT_SLOTS; slot++) {
        struct bid best[DEPTH_MAX];
        rank(pool, pool->is_partitioned ? group_of : member_of, total, (uint16_t)slot, depth, best);
        for (uint32_t i = 0; i < depth; i++)
            pool->ranks[(size_t)i * RT_SLOTS + slot] = best[i].bidder;
    }
    return true;
}

void rt_pool_fini(struct rt_pool *pool)
{
    free(pool->ranks);
    pool->ranks = NULL;
    pool->depth = 0;
}

static void order_of(const struct rt_pool *pool, bidders who, uint32_t total, uint16_t slot,
                     uint8_t *order)
{
    struct bid best[RT_MEMBERS_MAX];
    rank(pool, who, total, slot, total, best);
    for (uint32_t i = 0; i < total; i++)
        order[i] = best[i].bidder;
}

void rt_pool_order(const struct rt_pool *pool, uint16_t slot, uint8_t *order)
{
    order_of(pool, member_of, pool->count, slot, order);
}

void rt_pool_group_order(const struct rt_pool *pool, uint16_t slot, uint8_t *order)
{
    order_of(pool, group_of, pool->group_count, slot, order);
}

/* Names. */

uint32_t rt_name_hash(dm_bytes name)
{
    uint32_t hash = (uint32_t)XXH3_64bits(name.at, name.size);
    return hash ? hash : 1;
}

uint32_t rt_pool_hashed(const struct rt_pool *pool, uint16_t slot)
{
    if (!pool->ranks)
        return 0;
    uint8_t first = pool->ranks[slot];
    return pool->is_partitioned ? pool->groups[first].name_hash : pool->members[first].name_hash;
}

uint32_t rt_pool_target_of(const struct rt_pool *pool, uint32_t member)
{
    const struct rt_member *it = &pool->members[member];
    return pool->is_partitioned ? pool->groups[it->group].name_hash : it->name_hash;
}

int rt_pool_member_named(const struct rt_pool *pool, uint32_t name_hash)
{
    for (uint32_t i = 0; i < pool->count; i++)
        if (pool->members[i].name_hash == name_hash)
            return (int)i;
    return -1;
}

int rt_pool_group_named(const struct rt_pool *pool, uint32_t name_hash)
{
    for (uint32_t i = 0; i < pool->group_count; i++)
        if (pool->groups[i].name_hash == name_hash)
            return (int)i;
    return -1;
}

int rt_pool_member_of(const struct rt_pool *pool, uint32_t peer_number)
{
    for (uint32_t i = 0; i < pool->count; i++)
        if (pool->members[i].peer_number == peer_number)
            return (int)i;
    return -1;
}
