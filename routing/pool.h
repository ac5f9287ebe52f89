/* pool.h — members of a pool and how to choose: priority, weight, sticky, least pending, round
 * robin.
 *
 * Sticky is fixed to the bit by docs/STICKINESS.md: every agent of every version chooses alike. */
#pragma once

#include "routing/identity.h"
#include "routing/table.h"
#include "routing/target.h"
#include "routing/world.h"

enum rt_select { RT_STICKY, RT_ROUND_ROBIN, RT_LEAST_PENDING };
enum { RT_MEMBERS_MAX = 255, RT_RETRY_RESULTS_MAX = 8, RT_TRIED_MAX = 8 };
enum { RT_IDENTITY_MAX = 255, RT_SLOTS = 65536, RT_GROUPS_SEARCHED_MAX = 63 };

struct rt_member {
    dm_bytes identity;    /* lower case */
    uint32_t peer_number; /* of the configured peer */
    uint32_t weight;      /* at least 1 */
    uint32_t priority;    /* the lowest number first */
    uint32_t group;       /* number in the pool; mirrored: 0 */
    uint32_t name_hash;   /* of its identity; made by rt_pool_build */
};

/* Members that are mirrors of each other, in a pool whose groups have each their own users. */
struct rt_group {
    const char *name;
    uint32_t name_hash; /* made by rt_pool_build */
    uint32_t weight; /* of its heaviest member, so that another mirror moves nobody; made there */
};

struct rt_retry {
    uint32_t attempts; /* members asked in all */
    uint32_t results[RT_RETRY_RESULTS_MAX];
    uint32_t result_count;
    bool on_timeout;
};

struct rt_pool {
    const char *name;
    enum rt_select select;
    struct rt_retry retry;
    uint64_t hold; /* nanoseconds */
    bool ready_required;
    bool is_partitioned;
    bool searches; /* unknown_user: search */
    uint32_t count;
    struct rt_member *members;
    uint32_t group_count; /* of a partitioned pool */
    struct rt_group *groups;
    uint8_t *ranks; /* made by rt_pool_build; freed by rt_pool_fini. The first member (partitioned:
                       group) of every slot, then the second of every slot: 64 KiB are in use while
                       all is well */
    uint32_t depth; /* ranks per slot */
    uint64_t seed;
};

/* XXH3_64bits(hash_seed): the seed of all pools. */
uint64_t rt_seed(dm_bytes hash_seed);
/* The slot of a key, 0..65535. */
uint16_t rt_slot(const struct rt_key *key, uint64_t seed);

/* Prepares the choice: fills `ranks`. Off the data path (7 ms for 2 members, 0.5 s for 255). False
 * without memory, with more than RT_MEMBERS_MAX members, or with an identity of more than
 * RT_IDENTITY_MAX octets. */
bool rt_pool_build(struct rt_pool *pool, uint64_t seed);
void rt_pool_fini(struct rt_pool *pool); /* frees the ranks only */

/* The order in which members of a slot are tried, all `pool->count` of them: indices into members.
 * For explain and tests; the data path uses rt_pool_choose. */
void rt_pool_order(const struct rt_pool *pool, uint16_t slot, uint8_t *order);
/* The same of the groups of a partitioned pool, all `group_count`. Also of the search, where the
 * first group did not know the user. */
void rt_pool_group_order(const struct rt_pool *pool, uint16_t slot, uint8_t *order);

/* Whom the hash alone would choose were all available: the name hash of the first member, or of the
 * first group. 0 where the pool is not sticky. */
uint32_t rt_pool_hashed(const struct rt_pool *pool, uint16_t slot);
/* What a user of this member is bound to: the name hash of the member, or of its group. */
uint32_t rt_pool_target_of(const struct rt_pool *pool, uint32_t member);
/* The member, or the group, with this name hash; -1: there is none. */
int rt_pool_member_named(const struct rt_pool *pool, uint32_t name_hash);
int rt_pool_group_named(const struct rt_pool *pool, uint32_t name_hash);
/* The member that is the configured peer of this number, or -1. */
int rt_pool_member_of(const struct rt_pool *pool, uint32_t peer_number);

/* Does member `a` come before member `b` in this slot, priority aside? Of the choice where `ranks`
 * do not reach. */
bool rt_pool_prefers(const struct rt_pool *pool, uint16_t slot, uint8_t a, uint8_t b);

/* What a worker keeps between choices. One per worker; zero is valid (set `random` to something not
 * 0). */
struct rt_chooser {
    uint64_t random;
    uint32_t *turn;      /* one per pool: the place of round robin */
    struct rt_memo memo; /* of the realm table */
};

/* Says whether a member may be taken; `seen` is filled by it. */
typedef enum rt_reach (*rt_usable)(void *context, const struct rt_member *member,
                                   struct rt_seen *seen);

/* A member will be chosen in a moment, most probably for this slot: its ranks are fetched
 * meanwhile. */
static inline void rt_pool_expect(const struct rt_pool *pool, uint16_t slot)
{
    if (pool->ranks)
        __builtin_prefetch(&pool->ranks[slot]);
}

/* The member to take: index, or -1 for none. Sticky: the first usable of the lowest priority in the
 * slot's order. Least pending: of two usable ones drawn at random (by weight) the one with fewer
 * pending for its weight. Round robin: smooth by weight. A RT_LAST_RESORT is taken only where no
 * member at all is RT_REACHABLE. */
int rt_pool_choose(const struct rt_pool *pool, uint32_t pool_number, uint16_t slot,
                   struct rt_chooser *chooser, rt_usable usable, void *context,
                   struct rt_seen *seen);

/* The same among the members of one group of a partitioned pool. */
int rt_pool_choose_in(const struct rt_pool *pool, uint32_t pool_number, uint32_t group,
                      uint16_t slot, struct rt_chooser *chooser, rt_usable usable, void *context,
                      struct rt_seen *seen);
