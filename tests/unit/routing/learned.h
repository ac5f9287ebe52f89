/* learned.h — a world in which something was learnt of users, and one of partitioned data. */
#pragma once

#include "routing/bindings.h"
#include "small_world.h"

enum { MAR = 286, ACR = 271, STR = 275, CX_LIR = 302, ACCOUNTING = 3 };

/* --- what was learnt --- */

static struct {
    uint64_t key;
    struct rt_bound bound;
    enum rt_lookup lookup;
} lore[8];
static unsigned lore_count;
static unsigned look_ups;

static inline enum rt_lookup bound(void *context, uint64_t key_hash, struct rt_bound *bound)
{
    (void)context;
    look_ups++;
    for (unsigned i = 0; i < lore_count; i++)
        if (lore[i].key == key_hash) {
            *bound = lore[i].bound;
            return lore[i].lookup;
        }
    return RT_UNKNOWN;
}

static inline void learn(const struct rt_key *key, enum rt_lookup lookup, uint32_t target)
{
    lore[lore_count].key = rt_key_hash(key);
    lore[lore_count].bound = (struct rt_bound){.is_known = true, .target = target};
    lore[lore_count++].lookup = lookup;
}

static inline void learn_user(const char *user, enum rt_lookup lookup, uint32_t target)
{
    struct rt_key key;
    rt_key_public(&key, dm_text(user), NULL);
    learn(&key, lookup, target);
}

static inline void learn_session(const char *session, enum rt_lookup lookup, uint32_t target)
{
    struct rt_key key;
    rt_key_session(&key, dm_text(session));
    learn(&key, lookup, target);
}

static inline uint32_t name_of(enum who peer)
{
    return rt_name_hash(dm_text(names[peer]));
}

static inline struct world *set_up_learning(void)
{
    struct world *it = set_up();
    it->world.bound = bound;
    lore_count = look_ups = 0;
    return it;
}

static const char alice[] = "sip:alice@core.example";

static inline struct request mar_of(const char *session)
{
    struct request request = to_core();
    request.command = MAR;
    request.session = session;
    return request;
}

/* --- partitioned data --- */

enum { A, B };
static struct rt_group groups[2];

/* S1 and R1 are mirrors of each other, S2 has users of its own. */
static inline struct world *set_up_groups(void)
{
    struct world *it = set_up_learning();
    it->peers[R1].is_agent = false;
    groups[A].name = "a";
    groups[B].name = "b";
    rt_pool_fini(&it->pools[0]);
    it->pools[0].is_partitioned = true;
    it->pools[0].group_count = 2;
    it->pools[0].groups = groups;
    it->pools[0].count = 3;
    it->members[S1].group = it->members[R1].group = A;
    it->members[S2].group = B;
    cr_assert(rt_pool_build(&it->pools[0], it->tables.seed));
    return it;
}

/* A user of each group. */
static inline struct request of_group(struct world *it, int group, char user[40])
{
    struct request request = to_core();
    for (unsigned i = 0;; i++) {
        snprintf(user, 40, "sip:user%u@core.example", i);
        struct rt_key key;
        rt_key_public(&key, dm_text(user), NULL);
        uint8_t order[2];
        rt_pool_group_order(&it->pools[0], rt_slot(&key, it->tables.seed), order);
        request.user = user;
        if (order[0] == group)
            return request;
    }
}

static inline bool is_of_group(rt_peer peer, int group)
{
    return (peer.slot == S2) == (group == B);
}
