/* assoc.h — one SCTP association: messages in, messages out, what becomes of its paths, its end.
 *
 * A one-to-one socket of the stack, never blocking. Its owner's thread is the only one that touches
 * it; it moves to another owner's by assoc_move. A listening socket is one, too: it only accepts.
 * After a wake-up (sctp_owner_look) call assoc_receive until it says ASSOC_NOTHING, then send what
 * was refused before. RFC 9260, RFC 6083 §4.8 (authentication), RFC 6951. */
#pragma once

#include "agent/sctp/stack.h"

enum { ASSOC_ADDRESSES_MAX = 8, ASSOC_BUFFER_MIN = 4096, ASSOC_PREFIX = 24 };

/* Payload Protocol Identifiers, in the host's order here. RFC 6733 §11.5. */
enum { ASSOC_PPID_DIAMETER = 46, ASSOC_PPID_DTLS = 47 };

struct assoc_addresses {
    size_t count;
    union sctp_address at[ASSOC_ADDRESSES_MAX]; /* of equal ports */
};

struct assoc;

enum assoc_news {
    ASSOC_NOTHING,
    ASSOC_MESSAGE,   /* octets, ppid, stream, is_unordered */
    ASSOC_OVERSIZED, /* a message past the limit, thrown away: octets are its first, size the whole
                      */
    ASSOC_UP,        /* streams_out, streams_in */
    ASSOC_RESTARTED, /* the other side began anew with the same addresses and ports */
    ASSOC_SHUT,      /* the other side has begun to shut it; nothing more may be sent */
    ASSOC_ENDED,     /* over in good order */
    ASSOC_LOST,      /* over: error is -errno (-ECONNREFUSED, -ECONNRESET, -ETIMEDOUT) */
    ASSOC_PATH,      /* address, path */
    ASSOC_SEND_FAILED,  /* a message was given up: it comes before the end of the association */
    ASSOC_REMOTE_ERROR, /* error is the SCTP cause */
    ASSOC_KEY,          /* of authentication: key, key_news */
    ASSOC_DRY           /* all that was sent is acknowledged; once after assoc_await_dry */
};

enum assoc_path { ASSOC_PATH_UP, ASSOC_PATH_DOWN, ASSOC_PATH_OTHER };
enum assoc_key_news { ASSOC_KEY_NEW, ASSOC_KEY_FREE, ASSOC_KEY_NO_AUTH };

struct assoc_event {
    enum assoc_news what;
    const uint8_t *octets; /* good until the next call for this association or this buffer */
    size_t size;
    uint32_t ppid; /* host order */
    uint16_t stream;
    bool is_unordered;
    uint16_t streams_out;
    uint16_t streams_in;
    int error;
    union sctp_address address;
    enum assoc_path path;
    uint16_t key;
    enum assoc_key_news key_news;
};

struct assoc_setup {
    struct assoc_addresses local;  /* none, to dial: as the system routes to `remote` */
    struct assoc_addresses remote; /* of a dial: all of them are tried, the first one first */
    uint16_t udp_port;             /* of the other side, where it is encapsulated; 0: raw IP */
    bool is_authenticated;         /* DATA must be (for DTLS) */
    uint32_t message_limit;        /* longer ones are ASSOC_OVERSIZED */
    struct sctp_owner *owner;
    void *user;
};

/* A listening socket; port 0 takes a free one; any-addresses mean all interfaces. NULL: *error is
 * -errno. */
struct assoc *assoc_listen(const struct assoc_setup *setup, int *error);

/* The next association of a listening socket, for the same owner. NULL: there is none (any more).
 * Look at it as if it had been woken once. */
struct assoc *assoc_accept(struct assoc *listener, void *user);

/* An association that is being set up: ASSOC_UP or ASSOC_LOST says how it went. */
struct assoc *assoc_dial(const struct assoc_setup *setup, int *error);

/* The last call of the old owner's thread: it is woken for it no more. */
void assoc_leave(struct assoc *assoc);
/* The first call of the new owner's thread. Look at it as if it had been woken once. */
void assoc_join(struct assoc *assoc, struct sctp_owner *owner, void *user);

void *assoc_user(const struct assoc *assoc);
void assoc_set_limit(struct assoc *assoc, uint32_t message_limit);

/* The next thing that has happened. Messages come whole: in `buffer` (of at least ASSOC_BUFFER_MIN
 * octets), longer ones in memory of the association's. After ENDED or LOST there is only
 * ASSOC_NOTHING. */
enum assoc_news assoc_receive(struct assoc *assoc, uint8_t *buffer, size_t room,
                              struct assoc_event *event);

/* Octets of memory for a message that comes in pieces, until the call after it came whole. */
size_t assoc_held(const struct assoc *assoc);

struct assoc_manner {
    uint32_t ppid;
    uint16_t stream;
    bool is_unordered;
};

/* One message, whole or not at all: 0, -EAGAIN (a wake-up says when to try again), -EMSGSIZE, or
 * -errno of an association that is over. */
int assoc_send(struct assoc *assoc, const void *octets, size_t size, struct assoc_manner manner);

/* Has the other side begun to shut it, or is it over, whether that was received or not? */
bool assoc_is_ending(const struct assoc *assoc);
/* -errno of one that is lost, whether that was received or not; else 0. */
int assoc_error(const struct assoc *assoc);

/* The other side's address that is used now. False: it is over. */
bool assoc_primary(const struct assoc *assoc, union sctp_address *address);
/* Our addresses and the other side's, as far as they are known by now. */
void assoc_local(const struct assoc *assoc, struct assoc_addresses *addresses);
void assoc_remote(const struct assoc *assoc, struct assoc_addresses *addresses);

/* Does the other side authenticate its DATA, as it was asked to? Once it is up. */
bool assoc_is_authenticated(const struct assoc *assoc);
/* Shared keys of the association. False: the stack refused. RFC 6083 §4.8. */
bool assoc_key_set(struct assoc *assoc, uint16_t key, const uint8_t *secret, size_t size);
bool assoc_key_use(struct assoc *assoc, uint16_t key);
/* Not the one in use: it goes when nothing sent with it is unacknowledged. */
bool assoc_key_delete(struct assoc *assoc, uint16_t key);
/* ASSOC_DRY comes when all that was sent is acknowledged, at once if it is. */
void assoc_await_dry(struct assoc *assoc);

/* Nothing more will be sent; what was is delivered, then the association ends in good order
 * (ASSOC_ENDED). The other side's last messages still come. */
void assoc_shut(struct assoc *assoc);

/* Ends it, as assoc_shut where that was not called, without waiting; messages that came and were
 * not received, and those that still come, make it an abort. Takes it. */
void assoc_close(struct assoc *assoc);
/* With an ABORT, or silently where it is still being set up; what is queued is lost. Takes it. */
void assoc_abort(struct assoc *assoc);
