/* orders.h — what operators have ordered of peers: drained, disabled. Main thread.
 *
 * By name, so that an order outlives the connection, the slot, and the reload that takes the peer
 * out and puts it back. It ends with `enable`, or with the program. */
#pragma once

#include "proto/bytes.h"

enum { ORDERS_MAX = 1024 };

struct order {
    char *identity; /* lower case */
    bool is_drained;
    bool is_disabled;
};

struct orders {
    struct order *at;
    size_t count;
    size_t room;
};

/* Notes the order for a peer of this name; neither drained nor disabled: there is none any more.
 * False: there are ORDERS_MAX of them, and this would be one more. */
bool orders_set(struct orders *orders, dm_bytes identity, bool is_drained, bool is_disabled);

/* The order for a peer of this name, or one that orders nothing. Case does not count. */
struct order orders_find(const struct orders *orders, dm_bytes identity);

void orders_fini(struct orders *orders);
