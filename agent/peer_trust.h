/* peer_trust.h — whom does the certificate of the other side speak for, and for how long? Worker
 * thread. SEC-05, SEC-06, CEX-19. */
#pragma once

#include "agent/peer.h"

/* May the other side of `conn` be this peer? False: it has a certificate, and that speaks for
 * others. */
bool peer_trust_allows(const struct peer *peer, const struct conn *conn);

/* Its connection is open: it ends with the certificate. */
void peer_trust_begin(struct peer *peer);
/* It is closed. */
void peer_trust_end(struct peer *peer);
/* The certificate is over: TIMER_CERTIFICATE. */
void peer_trust_is_over(struct peer *peer);
