/* link.h — one connection to a Diameter peer, as both antipode-load and antipode-hss hold it.
 *
 * It exchanges capabilities (as client or as server), answers watchdogs and disconnects, frames
 * what it reads and writes all that a turn queued in one call. What is not a base command goes to
 * on_message. A peer that does not read is not read from: above LINK_QUEUED_MAX octets queued,
 * reading stops until they are gone. What carries the octets is chosen for a loop (link_net.h):
 * tcp, tls, sctp or dtls. RFC 6733 §5.3–§5.6; no election, no reconnecting: those belong to the
 * owner. */
#pragma once

#include <sys/socket.h>

#include "bench/link_address.h"
#include "bench/loop.h"
#include "proto/caps.h"
#include "proto/framer.h"

enum { LINK_QUEUED_MAX = 4 << 20, LINK_MESSAGE_MAX = 1 << 20 };

struct assoc;
struct link;
struct link_kind;
struct link_net;

struct link_events {
    void (*on_open)(struct link *link); /* capabilities are exchanged with success */
    /* A request or an answer that is no base command. `message` is good until the call returns. */
    void (*on_message)(struct link *link, const struct dm_header *header, dm_bytes message);
    /* The last call: the link holds nothing any more and may be freed or reused. Comes at a turn's
     * end. */
    void (*on_closed)(struct link *link, const char *why);
};

/* Shared by many links of a loop; lives longer than they do. */
struct link_setup {
    struct dm_applications applications;
    struct link_events events;
    struct link_net *net; /* what carries them; NULL: tcp */
    uint64_t
        handshake; /* how long connecting and the exchange of capabilities may take; ns; 0: 5 s */
    uint64_t watchdog; /* a DWR after so long without a message, closed after as long again; ns; 0:
                          never */
    bool greedy; /* reads although much is queued: for one whose own requests are what is queued */
};

enum link_state {
    LINK_CLOSED,
    LINK_CONNECTING,
    LINK_WAIT_CEA,
    LINK_WAIT_CER,
    LINK_OPEN,
    LINK_CLOSING
};

struct link {
    struct loop *loop;
    const struct link_setup *setup;
    const struct link_kind *kind;
    const struct dm_self *self; /* who we are on this link */
    void *owner;                /* the user's */
    void *carrier;              /* the kind's */
    enum link_state state;
    uint32_t refused;    /* Result-Code of a CEA other than 2001 */
    char peer_host[256]; /* Origin-Host of the CER or CEA */
    char peer_realm[256];
    uint32_t common;   /* identifiers of our own base requests */
    bool heard, asked; /* a message came, a DWR is unanswered: since the watchdog fired last */
    char why[160];
    struct loop_watch watch; /* of a kind that has a descriptor */
    struct loop_timer timer;
    struct loop_task flush;
    struct dm_framer framer;
    uint8_t
        *out; /* queued octets are out[sent..filled): whole messages but perhaps for the first */
    size_t sent, filled, room;
};

/* A connection that was accepted: it may be given to another thread, whose link_accept takes it. */
struct link_arrival {
    int fd;              /* of tcp and tls; -1 */
    struct assoc *assoc; /* of sctp and dtls; NULL */
};

/* Starts an all-zero link (but for `owner`). Failures come as on_closed; connects without blocking.
 */
void link_connect(struct link *link, struct loop *loop, const struct link_setup *setup,
                  const struct dm_self *self, const struct link_address *address);
/* Takes an accepted connection and waits for the CER. */
void link_accept(struct link *link, struct loop *loop, const struct link_setup *setup,
                 const struct dm_self *self, struct link_arrival arrival);
/* Nobody wants it. */
void link_turn_away(struct link_arrival arrival);

/* Room for a message of up to `size` octets at the end of what is queued: write it there, then
 * commit what it took. The pointer is good until the next call. Octets queued in a turn leave at
 * its end. Not after on_closed. */
uint8_t *link_room(struct link *link, size_t size);
void link_commit(struct link *link, size_t size);
/* Both at once. */
void link_send(struct link *link, dm_bytes message);

static inline size_t link_queued(const struct link *link)
{
    return link->filled - link->sent;
}

/* DPR, the DPA or two seconds, then closed. */
void link_disconnect(struct link *link, uint32_t cause);
/* Closes without a word. on_closed comes at the end of the turn. */
void link_close(struct link *link, const char *why);

/* Where connections are accepted; `on_accept` takes them. */
struct link_listener {
    struct loop *loop;
    const struct link_kind *kind;
    void (*on_accept)(struct link_listener *listener, struct link_arrival arrival);
    char name[80]; /* HOST:PORT really bound */
    struct loop_watch watch;
    struct loop_timer again; /* out of descriptors: when to accept on */
    void *carrier;           /* the kind's */
};

/* Returns 0 or a negative errno. Port 0 takes a free one. `net` as in the setup. */
int link_listen(struct link_listener *listener, struct loop *loop, struct link_net *net,
                const struct link_address *address);
void link_unlisten(struct link_listener *listener);
