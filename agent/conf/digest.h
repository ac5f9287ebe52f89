/* digest.h — what a file said, as numbers: two of them tell what has changed, whatever the keys.
 *
 * Each element of a list that has names (peers, pools, routes …), and each key of the file, has a
 * hash of all that is written below it; not of its place, its comments or its quotes. */
#pragma once

#include <stdint.h>

#include "agent/conf/arena.h"

struct conf_node;

enum conf_list_of {
    CONF_LIST_PEERS,
    CONF_LIST_POOLS,
    CONF_LIST_SUBSCRIBERS,
    CONF_LIST_POLICIES,
    CONF_LIST_ROUTES,
    CONF_LISTS
};

struct conf_item {
    const char *name;
    uint64_t hash;
};

struct conf_items {
    uint32_t count;
    struct conf_item *at;
};

struct conf_digest {
    struct conf_items lists[CONF_LISTS];
    struct conf_items keys; /* of the file, but for these lists */
    uint64_t bindings;      /* of users.bindings; 0: not given */
};

/* "peers", "pools" … */
const char *conf_list_name(enum conf_list_of list);

/* Of a file that was read without a mistake. Lives in `arena`. */
void conf_digest_read(struct conf_digest *digest, const struct conf_node *root,
                      struct conf_arena *arena);
