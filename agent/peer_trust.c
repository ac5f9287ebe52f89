/* peer_trust.c — a connection is as good as its certificate. */
#include "agent/peer_trust.h"

#include <time.h>

#include "agent/clock.h"
#include "agent/log.h"

bool peer_trust_allows(const struct peer *peer, const struct conn *conn)
{
    return conn->wire && wire_speaks_for(conn->wire, name_bytes(peer->name)) != WIRE_DENIES;
}

/* Certificates live by the wall clock, timers by ours: what is left of the one is set on the
 * other. */
void peer_trust_begin(struct peer *peer)
{
    int64_t expiry = wire_expiry(peer->open->wire);
    int64_t left = expiry - (int64_t)time(NULL);
    if (expiry)
        worker_arm(peer, TIMER_CERTIFICATE, left > 0 ? (uint64_t)left * NS_PER_S : 1);
}

void peer_trust_end(struct peer *peer)
{
    worker_arm(peer, TIMER_CERTIFICATE, 0);
}

/* REBOOTING, so that it may come again with another certificate; where we dial, we do so at once.
 */
void peer_trust_is_over(struct peer *peer)
{
    if (!peer_is_open(peer))
        return;
    log_warn(peer_name(peer), "closed", log_words("its certificate has expired"));
    peer->is_renewed = true;
    peer->disconnect_cause = DM_REBOOTING;
    peer_event(peer, DM_EVENT_STOP);
}
