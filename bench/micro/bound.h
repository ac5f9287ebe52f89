/* bound.h — a million learnt identities: half a million users with a public and a private one. */
#pragma once

#include "routing/bindings.h"
#include "routing/decide.h"

enum { BOUND_ENTRIES = 1000000 };

struct bound {
    struct rt_bindings *table;
    uint64_t next;  /* of those who are there */
    uint64_t fresh; /* of those who are not yet */
    uint32_t found;
};

/* Fatal without memory. */
void bound_init(struct bound *bound);
void bound_fini(struct bound *bound);

/* Looks one up, another part of the table each time. */
void bound_find(struct bound *bound);
/* Takes a lesson that says nothing new. */
void bound_know(struct bound *bound);
/* Takes one of a user who is not there; others are forgotten for him. */
void bound_learn(struct bound *bound);

/* Learns the two identities of this request. */
void bound_learn_query(struct bound *bound, const struct rt_query *query, uint64_t seed);
/* rt_world.bound */
enum rt_lookup bound_look_up(struct bound *bound, uint64_t key_hash, struct rt_bound *found);
