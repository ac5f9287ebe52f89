/* bound.c — a million learnt identities. */
#include "bench/micro/bound.h"

#include <stdlib.h>

enum { USERS = BOUND_ENTRIES / 2, NOW = 1000000000, STRIDE = 7919 };

#define DAY UINT64_C(86400000000000)

/* As good as a hash: every number gives another one. */
static uint64_t hash_of(uint64_t number)
{
    number *= UINT64_C(0x9e3779b97f4a7c15);
    number ^= number >> 32;
    return number * UINT64_C(0xd6e8feb86659fd93);
}

static struct rt_lesson lesson_of(uint64_t user)
{
    return (struct rt_lesson){.keys = {hash_of(2 * user + 1), hash_of(2 * user + 2)},
                              .slots = {(uint16_t)user, (uint16_t)user},
                              .is_public = 1,
                              .count = 2,
                              .realm = 1};
}

static void learn(struct bound *bound, uint64_t user)
{
    struct rt_lesson lesson = lesson_of(user);
    rt_bindings_learn(bound->table, &lesson, NOW, NULL);
}

void bound_init(struct bound *bound)
{
    bound->table = rt_bindings_new(BOUND_ENTRIES, DAY, 1);
    if (!bound->table)
        abort();
    for (uint64_t user = 0; user < USERS; user++)
        learn(bound, user);
    bound->next = 0;
    bound->fresh = USERS;
    bound->found = 0;
}

void bound_fini(struct bound *bound)
{
    rt_bindings_free(bound->table);
}

static uint64_t next_user(struct bound *bound)
{
    bound->next = (bound->next + STRIDE) % USERS;
    return bound->next;
}

void bound_find(struct bound *bound)
{
    struct rt_bound found;
    bound->found += rt_bindings_find(bound->table, hash_of(2 * next_user(bound) + 1), NOW, &found);
}

void bound_know(struct bound *bound)
{
    learn(bound, next_user(bound));
}

void bound_learn(struct bound *bound)
{
    learn(bound, bound->fresh++);
}

void bound_learn_query(struct bound *bound, const struct rt_query *query, uint64_t seed)
{
    struct rt_key first, second;
    rt_key_of(&first, query, NULL);
    rt_key_second(&second, query, NULL);
    struct rt_lesson lesson = {.keys = {rt_key_hash(&first), rt_key_hash(&second)},
                               .slots = {rt_slot(&first, seed), rt_slot(&second, seed)},
                               .is_public = 1,
                               .count = 2,
                               .realm = 1};
    rt_bindings_learn(bound->table, &lesson, NOW, NULL);
}

enum rt_lookup bound_look_up(struct bound *bound, uint64_t key_hash, struct rt_bound *found)
{
    return rt_bindings_find(bound->table, key_hash, NOW, found) ? RT_KNOWN : RT_UNKNOWN;
}
