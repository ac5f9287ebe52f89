/* pool.c — in which order the members of a pool serve a slot.
 *
 * Weighted rendezvous: every member draws a number c for the slot, the smallest c / weight is
 * first. So a member that leaves moves its own users only. A user's key is one of 65,536 slots; the
 * first few members of each are worked out when the pool is built, and the data path looks them up.
 * docs/STICKINESS.md. */
#include "routing/pool.h"

#include <assert.h>
#include <stdlib.h>

#include <xxhash.h>

#include "routing/rank.h"

enum { DEPTH_MAX = 4 };

/* What a member offers for a slot. */
struct bid {
    struct rt_draw draw;
    uint8_t member;
};

uint64_t rt_seed(dm_bytes hash_seed)
{
    return XXH3_64bits(hash_seed.at, hash_seed.size);
}

uint16_t rt_slot(const struct rt_key *key, uint64_t seed)
{
    return (uint16_t)(XXH3_64bits_withSeed(key->octets, key->size, seed) >> 48);
}

/* x(m): the identity and the slot, hashed. */
static uint64_t hash_of(const struct rt_pool *pool, uint8_t member, uint16_t slot)
{
    const struct rt_member *it = &pool->members[member];
    uint8_t octets[RT_IDENTITY_MAX + 2];
    assert(it->identity.size <= RT_IDENTITY_MAX);
    memcpy(octets, it->identity.at, it->identity.size);
    dm_put16(octets + it->identity.size, slot);
    return XXH3_64bits_withSeed(octets, it->identity.size + 2, pool->seed);
}

static struct bid bid_of(const struct rt_pool *pool, uint8_t member, uint64_t x)
{
    return (struct bid){rt_draw_of(x, pool->members[member].weight), member};
}

/* < 0: `a` comes first. Priority aside. */
static int bid_compare(const struct rt_pool *pool, const struct bid *a, const struct bid *b)
{
    int by_draw = rt_draw_compare(&a->draw, &b->draw);
    if (by_draw != 0)
        return by_draw;
    return dm_identity_compare(pool->members[a->member].identity,
                               pool->members[b->member].identity);
}

static bool bid_precedes(const struct rt_pool *pool, const struct bid *a, const struct bid *b)
{
    uint32_t left = pool->members[a->member].priority;
    uint32_t right = pool->members[b->member].priority;
    return left != right ? left < right : bid_compare(pool, a, b) < 0;
}

bool rt_pool_prefers(const struct rt_pool *pool, uint16_t slot, uint8_t a, uint8_t b)
{
    struct bid left = bid_of(pool, a, hash_of(pool, a, slot));
    struct bid right = bid_of(pool, b, hash_of(pool, b, slot));
    return bid_compare(pool, &left, &right) < 0;
}

/* Spares most members of a large pool their logarithm. */
static bool is_hopeless(const struct rt_pool *pool, uint8_t member, uint64_t x,
                        const struct bid *last)
{
    const struct rt_member *it = &pool->members[member];
    return it->priority >= pool->members[last->member].priority &&
           rt_draw_is_hopeless(x, it->weight, &last->draw);
}

/* The best `depth` bids of the slot, in order. */
static void rank(const struct rt_pool *pool, uint16_t slot, uint32_t depth, struct bid *best)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < pool->count; i++) {
        uint8_t member = (uint8_t)i;
        uint64_t x = hash_of(pool, member, slot);
        if (count == depth && is_hopeless(pool, member, x, &best[depth - 1]))
            continue;
        struct bid bid = bid_of(pool, member, x);
        uint32_t place = count;
        while (place > 0 && bid_precedes(pool, &bid, &best[place - 1]))
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
    if (pool->count > RT_MEMBERS_MAX)
        return false;
    for (uint32_t i = 0; i < pool->count; i++)
        if (pool->members[i].identity.size > RT_IDENTITY_MAX)
            return false;
    return true;
}

bool rt_pool_build(struct rt_pool *pool, uint64_t seed)
{
    pool->seed = seed;
    pool->ranks = NULL;
    pool->depth = 0;
    if (!pool_is_sound(pool))
        return false;
    uint32_t depth = pool->count < DEPTH_MAX ? pool->count : DEPTH_MAX;
    if (depth == 0 || pool->select != RT_STICKY)
        return true;
    pool->ranks = malloc((size_t)RT_SLOTS * depth);
    if (!pool->ranks)
        return false;
    pool->depth = depth;
    for (uint32_t slot = 0; slot < RT_SLOTS; slot++) {
        struct bid best[DEPTH_MAX];
        rank(pool, (uint16_t)slot, depth, best);
        for (uint32_t i = 0; i < depth; i++)
            pool->ranks[(size_t)i * RT_SLOTS + slot] = best[i].member;
    }
    return true;
}

void rt_pool_fini(struct rt_pool *pool)
{
    free(pool->ranks);
    pool->ranks = NULL;
    pool->depth = 0;
}

void rt_pool_order(const struct rt_pool *pool, uint16_t slot, uint8_t *order)
{
    struct bid best[RT_MEMBERS_MAX];
    rank(pool, slot, pool->count, best);
    for (uint32_t i = 0; i < pool->count; i++)
        order[i] = best[i].member;
}
