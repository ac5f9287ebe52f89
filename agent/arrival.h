/* arrival.h — a connection that somebody else has opened and that has not yet said who it is. Main
 * thread.
 *
 *     accepted → (handshake) → CER → sent home, or answered here and closed
 *
 * A handshake is computed in the pool of threads; octets are taken from strangers up to one
 * message. CEX-01, CEX-14, CEX-17, CEX-20, CEX-21, SEC-03, SEC-05, SEC-15. */
#pragma once

#include "agent/front.h"
#include "agent/net/wire.h"

/* Takes `wire`, which has just been accepted. Where its address is greedy and has more than its
 * share now, the oldest of that ends. */
void arrival_begin(struct front *front, struct wire *wire);

/* Ends the arrival that this is of: its address has too many that idle. */
void arrival_crowd_out(struct crowd_member *member);

/* What is due of it: its time is over, or its slot may be free now. */
void arrival_tick(struct arrival *arrival, uint64_t now, uint64_t real);

struct arrival *arrival_next(const struct arrival *arrival);

/* Closes it without a word. */
void arrival_end(struct arrival *arrival);
