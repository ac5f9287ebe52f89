/* target.h — who serves a user, where that is said: by a row of a subscriber table, by a binding.
 *
 * Within one snapshot a target is a kind and a number. What has to survive a reload, or is shared
 * with another agent, is a name's hash: of a member's identity in a mirrored pool, of the group's
 * name in a partitioned one. */
#pragma once

#include "proto/bytes.h"

enum rt_target_kind {
    RT_TARGET_NONE,
    RT_TARGET_POOL,
    RT_TARGET_GROUP, /* of a partitioned pool */
    RT_TARGET_PEER,
};

struct rt_target {
    enum rt_target_kind kind;
    uint32_t pool;   /* number of the pool: RT_TARGET_POOL, RT_TARGET_GROUP */
    uint32_t number; /* of the group in that pool, or of the configured peer */
};

/* The low 32 bits of the XXH3-64 of these octets; 0, which means nobody, becomes 1. Identities are
 * given in lower case, names of groups as they stand. */
uint32_t rt_name_hash(dm_bytes name);
