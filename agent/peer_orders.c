/* peer_orders.c — drain, enable, disable, disconnect. The state machine does the rest. */
#include "agent/peer_orders.h"

#include "agent/whereabouts.h"

/* Ends the connection in good order, or the attempt at one. RFC 6733 §5.4. */
static void part(struct peer *peer, enum dm_disconnect_cause cause)
{
    peer->disconnect_cause = cause;
    worker_arm(peer, TIMER_RECONNECT, 0);
    if (peer->state != DM_CLOSED)
        peer_event(peer, DM_EVENT_STOP);
}

static void enable(struct peer *peer)
{
    bool was_away = peer->is_disabled || peer->is_banned;
    peer->is_drained = peer->is_disabled = false;
    if (!was_away || peer->is_stopping)
        return;
    peer->is_banned = false;
    if (peer->state == DM_CLOSED && peer->conf->dials)
        peer_seek(peer);
}

static void disconnect(struct peer *peer, enum dm_disconnect_cause cause)
{
    if (peer->state == DM_CLOSED || peer->is_stopping)
        return;
    peer->is_banned = false; /* what it asked for once does not count for what we begin */
    part(peer, cause);
}

void peer_obey(struct peer *peer, enum peer_order order, enum dm_disconnect_cause cause)
{
    switch (order) {
    case ORDER_NONE:
        return;
    case ORDER_DRAIN:
        peer->is_drained = true;
        break;
    case ORDER_ENABLE:
        enable(peer);
        break;
    case ORDER_DISABLE:
        peer->is_disabled = true;
        if (!peer->is_stopping)
            part(peer, cause);
        break;
    case ORDER_DISCONNECT:
        disconnect(peer, cause);
        break;
    }
    peer_publish(peer);
}
