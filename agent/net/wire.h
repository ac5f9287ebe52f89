/* wire.h — what carries the octets of a connection: tcp, tls, sctp or dtls.
 *
 * A wire has one holder: an arrival at the front desk (agent/front.c), later a connection at its
 * peer's home (agent/net/conn.c). It lives on one loop, and is called on that loop's thread only.
 * What wakes it is its own business, a poll of a descriptor or the list of those that the SCTP
 * stack has something for; its holder hears the same three events.
 *
 *     dialled    wire_dial ─► connecting ─► handshaking ─► on_open(0) ─► open
 *     accepted   listen.h  ───────────────► handshaking ─► on_open(0) ─► open
 *                any of them ─► on_open(-errno); the holder closes it
 *     moves      open ─► wire_detach ─► then(holder) ─letter─► wire_attach ─► open
 *     ends       wire_close ─► then(holder); the wire is freed behind it
 *
 * What is open from the start (an accepted tcp) has no on_open: ask `state`. No event comes from
 * within a call: neither from wire_dial, wire_attach and wire_wait, nor `then` from wire_detach and
 * wire_close; they come from the loop, later. After wire_detach or wire_close no event comes any
 * more. Threads: a wire is moved by its pointer, once; between `then` and wire_attach nobody calls
 * it, and what wakes it meanwhile is kept until then: after wire_attach it acts as if woken once.
 *
 * The way of a message costs one indirect call for each read and one for each write, and neither
 * allocates nor locks on our side. */
#pragma once

#include <sys/uio.h>

#include <uv.h>

#include "agent/conf/conf.h"
#include "agent/stats.h"
#include "proto/caps.h"

struct memory;
struct tls_context;
struct wire;

/* What a loop keeps for the wires that live on it: a worker's, or the front desk's. */
struct wire_loop {
    uv_loop_t *uv;
    struct stats *stats;     /* of its thread */
    struct memory *memory;   /* likewise: what its wires hold of unfinished messages counts there */
    const struct conf *conf; /* in use there; wires may read it, and not keep it */
    struct tls_context *tls; /* likewise, for new wires; they hold references. NULL: no `tls` */
    uint8_t *ciphertext;     /* room for a read of tls; NULL before its use */
    void *sctp;              /* what the SCTP stack has woken here: agent/net/sctp.c */
};

enum wire_state { WIRE_CONNECTING, WIRE_HANDSHAKING, WIRE_OPEN };

/* What a holder waits for, and what on_ready says of it. */
enum { WIRE_READABLE = UV_READABLE, WIRE_WRITABLE = UV_WRITABLE, WIRE_ENDED = UV_DISCONNECT };

struct wire_events {
    /* Connected, and the handshake, if there is one, is done: 0. Else -errno; `why` may say more.
     */
    void (*on_open)(struct wire *wire, int error);
    /* WIRE_READABLE and WIRE_WRITABLE, of those that are waited for: a read, a write may have
     * success. WIRE_ENDED (not with WIRE_READABLE, which shows the end by its reads): the other
     * side sends no more. A wire may be woken for nothing. */
    void (*on_ready)(struct wire *wire, int events);
    /* The network has broken it: -errno. */
    void (*on_broken)(struct wire *wire, int error);
};

enum wire_input {
    WIRE_NOTHING, /* now */
    WIRE_SOME,    /* and that is probably all for now */
    WIRE_MORE,    /* and another read is worth its cost in this turn */
};

/* Addresses without ports, as Host-IP-Address has them: 4 or 16 octets. */
struct wire_addresses {
    uint8_t count;
    uint8_t size[CONF_ADDRESSES_MAX];
    uint8_t at[CONF_ADDRESSES_MAX][16];
};

/* Does the certificate of the other side speak for an identity? SEC-05. */
enum wire_proof {
    WIRE_PROVES,   /* a dNSName of it does, and we have verified it */
    WIRE_DENIES,   /* there is a certificate, and it speaks for others */
    WIRE_SILENT,   /* there is none, where `verify_peer` does not demand it; or we do not verify */
    WIRE_UNPROVED, /* this transport proves nothing: tcp, sctp */
};

/* One transport. Each function belongs to the thread of the wire's loop. */
struct wire_kind {
    enum conf_transport transport;

    /* Streams: octets as they come. Message transports (sctp, dtls): one whole message a read, its
     * boundary is known (SCT-02), and a write takes whole messages. */
    bool has_messages;

    /* One read: octets into `room` of `size`, or in memory of the wire's own that is good until its
     * next read; `input` says where. An enum wire_input; UV_EOF: the other side has ended in good
     * order, all that it sent was read; another -errno: it is broken (then on_broken does not say
     * so again). While input lies in user space, where nothing will announce it, `is_ahead` is true
     * and the holder comes again by itself. May write what the reading calls for. */
    int (*read)(struct wire *wire, uint8_t *room, size_t size, dm_bytes *input);

    /* Takes octets from the front of `pieces` (queue_pieces of agent/net/queue.h: whole messages,
     * at most one of them begun before, none across two pieces) and returns how many: of a message
     * transport, those of whole messages. 0: blocked; WIRE_WRITABLE tells when it is not. Less than
     * all likewise. -errno: broken. What was taken will be sent without further calls. */
    ssize_t (*write)(struct wire *wire, const struct iovec *pieces, int count);

    /* Waits for these from now on, instead of those before. Called in every state but after detach
     * and close; before on_open it is kept until then. Cheap where nothing changes. */
    void (*wait)(struct wire *wire, int wanted);

    /* Is the end of the other side there, read or not yet? Asks the system, not the loop. */
    bool (*has_ended)(struct wire *wire);

    /* We send no more, after what was taken: FIN, close_notify, SHUTDOWN. Reading goes on. */
    void (*shut)(struct wire *wire);

    /* Leaves its loop for good: politely, or with a reset (RST, ABORT; HDR-06). */
    void (*close)(struct wire *wire, bool reset);

    /* Leaves its loop for another one. Only in WIRE_OPEN. */
    void (*detach)(struct wire *wire);
    /* Enters wire->loop. 0 or -errno; the holder then buries it. */
    int (*attach)(struct wire *wire);
    /* Frees a wire that is detached, with its connection: nobody took the letter. Any thread. */
    void (*bury)(struct wire *wire);

    /* Our own addresses that it may send from: at least one while it is open, else none. CEX-04. */
    void (*local)(const struct wire *wire, struct wire_addresses *addresses);
    /* The other side's address and port (of several, the primary one's). False: not known any more.
     */
    bool (*remote)(const struct wire *wire, union conf_socket *address);

    /* NULL in the following: as tcp, WIRE_UNPROVED, "none" and 0. */
    enum wire_proof (*speaks_for)(const struct wire *wire, dm_bytes identity);
    /* In words: "TLSv1.3 TLS_AES_256_GCM_SHA384". PSM-09. */
    void (*security)(const struct wire *wire, char *text, size_t size);
    /* When the certificates of the other side are no longer good: seconds of the wall clock, 0:
     * never. SEC-06. */
    int64_t (*expiry)(const struct wire *wire);
};

/* The head of each transport's own struct, which wire_dial or the listener allocates. */
struct wire {
    const struct wire_kind *kind;
    struct wire_loop *loop;
    const struct wire_events *events;
    void *holder;
    void (*then)(void *holder); /* of wire_detach or wire_close */
    enum wire_state state;
    bool is_ahead;   /* input lies in user space: read again, in this turn or the next ones */
    bool has_unsent; /* what was taken has not left yet: to close it now would lose that */
    uint32_t message_limit; /* what this transport can carry of one message; 0: anything. SCT-13 */
    const char *why;        /* more than the -errno says, or NULL; good while the wire is */
};

/* --- for holders --------------------------------------------------------------------------------
 */

/* Dials one of `to`'s addresses, those of a multi-homed peer all. `peer` is the identity that is
 * expected there: SNI, and the name by which a session is resumed. Nobody holds the wire yet. NULL:
 * `error` is -errno. */
struct wire *wire_dial(struct wire_loop *loop, const struct conf_endpoint *to, const char *peer,
                       int *error);

/* Takes over a wire that nobody holds: accepted, or out of a letter. */
static inline void wire_hold(struct wire *wire, const struct wire_events *events, void *holder)
{
    wire->events = events;
    wire->holder = holder;
}

static inline int wire_read(struct wire *wire, uint8_t *room, size_t size, dm_bytes *input)
{
    return wire->kind->read(wire, room, size, input);
}

static inline ssize_t wire_write(struct wire *wire, const struct iovec *pieces, int count)
{
    return wire->kind->write(wire, pieces, count);
}

static inline void wire_wait(struct wire *wire, int wanted)
{
    wire->kind->wait(wire, wanted);
}

static inline bool wire_has_ended(struct wire *wire)
{
    return wire->kind->has_ended(wire);
}

static inline void wire_shut(struct wire *wire)
{
    wire->kind->shut(wire);
}

void wire_close(struct wire *wire, bool reset, void (*then)(void *holder));
void wire_detach(struct wire *wire, void (*then)(void *holder));
int wire_attach(struct wire *wire, struct wire_loop *loop);
void wire_bury(struct wire *wire);

struct wire_addresses wire_local(const struct wire *wire);
/* As Host-IP-Address of a CER or CEA, which has one at least: of a connection that has just gone,
 * and will not be read, 0.0.0.0. Points into `local`. */
struct dm_addresses wire_advertised(const struct wire_addresses *local);
bool wire_remote(const struct wire *wire, union conf_socket *address);
enum wire_proof wire_speaks_for(const struct wire *wire, dm_bytes identity);
void wire_security(const struct wire *wire, char *text, size_t size);
int64_t wire_expiry(const struct wire *wire);

static inline enum conf_transport wire_transport(const struct wire *wire)
{
    return wire->kind->transport;
}

/* --- for the owner of the loop ------------------------------------------------------------------
 */

/* `loop` is zero but for `uv` and `stats`. Opens what wakes its wires; in front of the loop's end
 * closes that. When it is closed no wire is left. */
void wire_loop_open(struct wire_loop *loop);
void wire_loop_close(struct wire_loop *loop);
void wire_loop_fini(struct wire_loop *loop);

/* --- for transports -----------------------------------------------------------------------------
 */

/* Called by a wire that has left its loop for good, when nothing of it can be woken any more: tells
 * its former holder. The wire frees itself behind this call. */
void wire_is_gone(struct wire *wire);
/* The same after detach: the holder may send it away now. Nothing of it is touched behind this
 * call. */
void wire_is_loose(struct wire *wire);

/* Each transport's way to dial; wire_dial has the table. */
typedef struct wire *wire_dialler(struct wire_loop *loop, const struct conf_endpoint *to,
                                  const char *peer, int *error);
wire_dialler tcp_wire_dial;
wire_dialler tls_wire_dial;
wire_dialler sctp_wire_dial;
wire_dialler dtls_wire_dial;
