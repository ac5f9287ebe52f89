/* guest.h — hosts that no row of `peers` has, because a redirect or DNS named them: dialled, and
 * let go when nobody asks them any more, or what DNS said of them has expired.
 *
 * A worker asks the front desk for one, and parks the request. The front desk resolves the name,
 * gives it a slot and sends it to its home, as it does with arrivals. When the connection is open,
 * or cannot be, all workers hear of it and wake who waits. RFC 6733 §5.2, §6.1.8, §6.14; RDR-05,
 * RDR-08, RDR-13, DNS-10. */
#pragma once

#include "agent/peer.h"
#include "proto/uri.h"

struct resolving;

enum { GUEST_RESOLVING_MAX = 64, GUEST_RECENT = 256, GUEST_WAYS = 8 };

/* One way to reach it. Several are tried in turn, each with all addresses. */
struct guest_way {
    enum conf_transport transport;
    uint16_t port;
};

/* What its home needs of one: its row, which no file has, and where it may be. */
struct guest {
    struct conf_peer conf; /* `connect` is the way that is being tried */
    struct conf_addresses addresses;
    unsigned way_count;
    unsigned next_way;
    struct guest_way ways[GUEST_WAYS];
    uint64_t until; /* when it expires, ns; 0: not by itself */
    bool is_trying; /* another address, in a moment */
};

/* Who is wanted. */
struct guest_wish {
    dm_bytes host;
    uint64_t until; /* as in guest */
    unsigned way_count;
    struct guest_way ways[GUEST_WAYS];
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

/* By what can a guest be dialled under this configuration: CONF_TRANSPORT_BIT. Any thread. */
unsigned guest_transports(const struct conf *conf);

/* May this address be dialled so? SEC-01. Any thread. */
bool guest_permits(const struct conf *conf, enum conf_transport transport,
                   const union conf_socket *address);

/* --- a worker's thread --- */

/* Asks for this host, which a redirect named. False: it may not be dialled, or not now. */
bool guest_ask(struct worker *worker, const struct dm_uri *uri);
/* The same for one that may be. */
bool guest_want(struct worker *worker, const struct guest_wish *wish);
/* A letter that brings one home. */
void guest_open(struct worker *worker, const struct letter *letter);
/* A letter that says what became of one. */
void guest_wake(struct worker *worker, const struct letter *letter);
/* The next way to it is taken, for peer_seek. False: there is none. */
bool guest_take_way(struct peer *peer);
/* Its connection is open: whoever waits may go on. */
void guest_opened(struct peer *peer);
/* Its connection has ended, or there was none; if no other address is to be tried, and what it is
 * now is on the board, whoever waits is told. */
void guest_closed(struct peer *peer);
/* May it be open soon? */
bool guest_is_expected(const struct peer *peer);
/* Nobody may have asked it for a while, or it has expired. */
void guest_mind_time(struct peer *peer);
/* DNS has named this host again. */
void guest_renew(struct worker *worker, dm_bytes host, uint64_t until);
/* How long until it expires, ns; 0: it does not by itself. */
uint64_t guest_expires_in(const struct peer *peer);
/* The letter was opened by nobody. */
void guest_bury(const struct letter *letter);

/* --- the main thread --- */

void guests_open(struct agent *agent, const struct letter *letter);
