/* record.h — what is kept in Redis for each key, as text.
 *
 *     antipode:1:k:SEED:KEY      -> TARGET ANCHOR SLOT TIME, or "-": nothing any more
 *     antipode:1:m:SEED:GROUP    -> a hash whose fields are the keys of a group; and, once it has
 *                                   gone into another one, RECORD_AHEAD: what that one's keys say
 *
 * all in hexadecimal digits. KEY is rt_key_hash (16), GROUP the anchor and its slot (12), SEED the
 * lower half of the seed of users.hash_seed (8): agents with another one have other slots. TARGET
 * is 0 where none was learnt (8); ANCHOR is the upper half of the anchor's key hash (8); SLOT (4)
 * is "----" where nothing but the target is known; TIME is when this was written, seconds of 1970
 * (8). The 1 is the version of all this. docs/STICKINESS.md has it, too. */
#pragma once

#include "proto/bytes.h"
#include "routing/bindings.h"

#define RECORD_PREFIX "antipode:1:k:"
#define RECORD_AHEAD  ">"

enum { RECORD_KEY_MAX = 48, RECORD_VALUE_SIZE = 31 };

struct record {
    struct rt_bound bound; /* is_known false: "-" */
    uint32_t written;
};

/* The key's name in Redis, in `to`. */
dm_bytes record_key(char to[RECORD_KEY_MAX], uint64_t seed, uint64_t key);
/* The group's hash. */
dm_bytes record_group(char to[RECORD_KEY_MAX], uint64_t seed, const struct rt_bound *bound);
/* The key as a field of its group's hash. */
dm_bytes record_member(char to[RECORD_KEY_MAX], uint64_t key);

/* False: not ours, or not of this seed. */
bool record_key_read(dm_bytes name, uint64_t seed, uint64_t *key);
bool record_member_read(dm_bytes member, uint64_t *key);

dm_bytes record_write(char to[RECORD_VALUE_SIZE], const struct rt_bound *bound, uint32_t now);
bool record_read(dm_bytes value, struct record *record);

/* Anchor and slot: which group it is. 0: none, or one without a public identity: those are not told
 * apart. */
static inline uint64_t record_group_of(const struct rt_bound *bound)
{
    bool is_one = bound->has_slot && bound->anchor != (uint32_t)RT_ANCHOR_NONE;
    return is_one ? ((uint64_t)bound->anchor << 16 | bound->slot) + 1 : 0;
}

/* The other way: a binding that says no more than that. */
static inline struct rt_bound record_bound_of(uint64_t group)
{
    return (struct rt_bound){.is_known = true,
                             .has_slot = true,
                             .anchor = (uint32_t)((group - 1) >> 16),
                             .slot = (uint16_t)(group - 1)};
}
