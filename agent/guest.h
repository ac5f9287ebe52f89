/* guest.h — hosts that a redirect named and that no row of `peers` has: resolved, dialled, and let
 * go when nobody asks them any more.
 *
 * A worker asks the front desk for one, and parks the request. The front desk resolves the name,
 * gives it a slot and sends it to its home, as it does with arrivals. When the connection is open,
 * or cannot be, all workers hear of it and wake who waits. RFC 6733 §6.1.8, §6.14; RDR-05, RDR-08,
 * RDR-13. */
#pragma once

#include "agent/peer.h"
#include "proto/uri.h"

struct resolving;

enum { GUEST_RESOLVING_MAX = 64, GUEST_RECENT = 256 };

/* The front desk's part. */
struct guests {
    struct resolving *first; /* names that are being resolved */
    unsigned resolving;
    struct {
        uint64_t what;
        uint64_t until; /* not dialled again before, ns */
    } recent[GUEST_RECENT];
};

/* What a parked request waits for. */
uint64_t guest_what(dm_bytes host);

/* --- a worker's thread --- */

/* Asks for this host. False: it may not be dialled, or not now. */
bool guest_ask(struct worker *worker, const struct dm_uri *uri);
/* A letter that brings one home. */
void guest_open(struct worker *worker, const struct letter *letter);
/* A letter that says what became of one. */
void guest_wake(struct worker *worker, const struct letter *letter);
/* Its connection is open, or has ended: whoever waits may go on. */
void guest_settle(struct peer *peer);
/* Nobody may have asked it for a while. */
void guest_mind_idle(struct peer *peer);
/* The letter was opened by nobody. */
void guest_bury(const struct letter *letter);

/* --- the main thread --- */

void guests_open(struct agent *agent, const struct letter *letter);
