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

enum { GUEST_RESOLVING_MAX = 64, GUEST_RECENT = 256, GUEST_ADDRESSES = 4 };

/* What its home needs of one: its row, which no file has, and where it may be. */
struct guest {
    struct conf_peer conf; /* `connect` is the address in hand */
    union conf_socket addresses[GUEST_ADDRESSES];
    unsigned count;
    unsigned next;  /* address to be tried */
    bool is_trying; /* another one, in a moment */
};

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
/* Its connection is open: whoever waits may go on. */
void guest_opened(struct peer *peer);
/* Its connection has ended, or there was none: its next address is tried; if there is none, and
 * what it is now is on the board, whoever waits is told. */
void guest_try_next(struct peer *peer, bool was_open);
void guest_closed(struct peer *peer);
/* May it be open soon? */
bool guest_is_expected(const struct peer *peer);
/* Nobody may have asked it for a while. */
void guest_mind_idle(struct peer *peer);
/* The letter was opened by nobody. */
void guest_bury(const struct letter *letter);

/* --- the main thread --- */

void guests_open(struct agent *agent, const struct letter *letter);
