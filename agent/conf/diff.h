/* diff.h — what would change if one configuration took the place of another. Pure; any thread. */
#pragma once

#include "agent/conf/conf.h"

/* How many are new, gone, and there but different. */
struct conf_counts {
    uint32_t added;
    uint32_t removed;
    uint32_t changed;
};

/* What happens to the users of a sticky pool that both have. */
struct conf_moved {
    const char *pool; /* of the new configuration */
    uint32_t slots;   /* of RT_SLOTS: those whose users get another first member */
};

struct conf_diff {
    struct conf_counts lists[CONF_LISTS]; /* by enum conf_list_of */
    uint32_t reconnected;                 /* peers whose connection is made anew */
    size_t moved_count;                   /* pools whose users move at all */
    struct conf_moved *moved;
    char *text; /* what changed, in lines */
};

/* Compares; free it. */
void conf_diff_init(struct conf_diff *diff, const struct conf *from, const struct conf *to);
void conf_diff_fini(struct conf_diff *diff);

/* Is the difference of two rows such that a connection of the peer has to be made anew? */
bool conf_peer_reconnects(const struct conf_peer *from, const struct conf_peer *to);

/* How many of the 65,536 slots have another first member: exact. With another `hash_seed` users
 * change their slots, and what is expected of them is said instead. */
uint32_t conf_pool_moved(const struct rt_pool *from, const struct rt_pool *to);
