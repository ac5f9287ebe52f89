/* lab_assoc.h — what scripted peers over SCTP and over DTLS share. Of the harness.
 *
 * The stack has threads of its own; they write to an eventfd that lab_serve polls, and everything
 * else happens in the test's thread. All is in UDP (RFC 6951), so no privilege is needed: the lab
 * has one port of it, the agent another. */
#pragma once

#include "agent/sctp/assoc.h"
#include "tests/lab/lab_kind.h"

struct lab_stack {
    struct sctp_owner owner;
    int wake; /* an eventfd */
    uint16_t udp_port;
};

struct tls_dtls;

struct lab_assoc {
    struct assoc *assoc;
    bool is_up;
    bool is_woken; /* there may be something to receive */
    int error;     /* why it was lost */

    struct tls_dtls *dtls; /* NULL: there is none */
    bool has_key;          /* the association has the new key */
    bool awaits_dry, is_dry;
    bool is_secure; /* the handshake is done, the old key is gone */
};

static inline struct lab_assoc *lab_assoc_of(const struct lab_peer *peer)
{
    return peer->carried;
}

/* What differs. */
struct lab_assoc_kind {
    bool is_authenticated;
    void (*up)(struct lab_peer *peer);
    void (*message)(struct lab_peer *peer, const struct assoc_event *event);
    void (*dry)(struct lab_peer *peer);
};

int lab_assoc_listen(struct lab *lab, struct lab_server *server, const struct lab_assoc_kind *kind);
void lab_assoc_unlisten(struct lab_server *server);
/* Until it is up, or lost. */
bool lab_assoc_dial(struct lab_peer *peer, const struct lab_assoc_kind *kind);
bool lab_assoc_accept(struct lab_peer *peer, struct lab_server *server);
short lab_assoc_wants(const struct lab_peer *peer);
/* Receives all that there is. */
void lab_assoc_look(struct lab_peer *peer, const struct lab_assoc_kind *kind);
void lab_assoc_finish(struct lab_peer *peer);
void lab_assoc_close(struct lab_peer *peer, bool reset);
/* One message: `size`, or 0 where it has to wait. Ordered, on stream 0. */
size_t lab_assoc_write(struct lab_peer *peer, const void *octets, size_t size, uint32_t ppid);
