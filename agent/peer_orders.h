/* peer_orders.h — what an operator may order of a peer. Its worker's thread. */
#pragma once

#include "agent/peer.h"

enum peer_order {
    ORDER_NONE,       /* only asked how it is */
    ORDER_DRAIN,      /* no new request is chosen for it; its connection stays */
    ORDER_ENABLE,     /* neither drained nor disabled any more */
    ORDER_DISABLE,    /* DPR, and no connection until it is enabled */
    ORDER_DISCONNECT, /* DPR, then as after any end of a connection */
};

/* Carries out the order. `cause` is what the DPR says, where there is one. */
void peer_obey(struct peer *peer, enum peer_order order, enum dm_disconnect_cause cause);
