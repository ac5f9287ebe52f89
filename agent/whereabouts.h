/* whereabouts.h — where a peer is that is known by a name: its addresses, one after the other.
 *
 * A worker waits for no name server: it asks the front desk, whose resolver (dns/hosts.h) answers
 * by letter. A row with a host name is resolved anew before each round of dialling; a guest
 * (guest.h) comes with its addresses. */
#pragma once

#include "agent/peer.h"

struct agent;

struct whereabouts {
    struct conf_endpoint endpoint; /* what is dialled: the address in hand; of sctp and dtls all */
    struct conf_addresses list;
    uint8_t next; /* of the list, to be tried */
    bool is_asking;
};

/* --- at its home --- */

/* Begins to connect: event Start, at once or when its addresses are known. */
void peer_seek(struct peer *peer);
/* What is to be dialled in state Wait-Conn-Ack. */
const struct conf_endpoint *peer_endpoint(const struct peer *peer);
/* Its connection has ended, or could not be made. True: its next address is tried in a moment. */
bool peer_seek_next(struct peer *peer, bool was_open);
/* Its row is another: what was known of it does not count. */
void peer_seek_anew(struct peer *peer);
/* A letter with the addresses of a name. */
void peer_found(struct worker *worker, const struct letter *letter);

/* These are its addresses, for the next peer_seek. */
void peer_seek_among(struct peer *peer, const struct conf_addresses *list);

/* --- at the front desk --- */

/* A letter that asks for the addresses of a name. */
void whereabouts_find(struct agent *agent, const struct letter *letter);
