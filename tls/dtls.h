/* dtls.h — a DTLS 1.2 conversation over a reliable message transport. RFC 6083; SCT-13 to SCT-18.
 *
 * One user message of SCTP is one DTLS record, both ways. No replay detection, no retransmission,
 * no path MTU: SCTP does what they are for. OpenSSL makes the handshake; the records after it are
 * sealed and opened here, because OpenSSL cannot be told to leave replay detection out.
 *
 *     handshake   a client begins with tls_dtls_feed(dtls, NULL, 0); then, until the state is no
 * longer HANDSHAKING: send what tls_dtls_next gives, receive a message, feed it. A step may cost a
 * millisecond: feed may run in a thread of a pool, one thread at a time. keys        after each
 * feed: once tls_dtls_key is not NULL, give the association the key with the next identifier (1),
 * before the next message is received; do not use it yet. next        records of ours to be sent,
 * one by one: is_control            stream 0, ordered. Else (data that was kept) as you like
 *                    AFTER_DRY             only when SENDER_DRY says that all before it is
 * acknowledged THEN_USE_KEY          once it is sent, make the new key the active one open when the
 * state has become OPEN and `next` has nothing more, the other side's Finished is here and ours has
 * left: delete the old key (0). Then call tls_dtls_read once with no record: data may have
 * overtaken the Finished. data        tls_dtls_seal makes a record of a message in the caller's
 * buffer, to be sent on any stream, ordered or not. Where the transport is full, tls_dtls_keep it:
 * `next` gives it later. Seal nothing more until then. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "tls/context.h"
#include "tls/reason.h"

enum {
    TLS_DTLS_MESSAGE_MAX = 16384,                           /* plaintext: SCT-13 */
    TLS_DTLS_OVERHEAD = 13 + 8 + 16,                        /* what sealing adds at most */
    TLS_DTLS_RECORD_MAX = TLS_DTLS_MESSAGE_MAX + 2048 + 13, /* what may arrive: RFC 6083 §4.1 */
    TLS_DTLS_KEY_SIZE = 64,                                 /* of the endpoint-pair shared secret */
};

struct tls_dtls;

/* Holds `context`. NULL without memory. */
struct tls_dtls *tls_dtls_new(struct tls_context *context, enum tls_side side);
/* NULL is nothing. Says nothing to the other side. */
void tls_dtls_free(struct tls_dtls *dtls);

/* Takes one received message while handshaking and goes as far as it leads. Data that has overtaken
 * the handshake is kept until it is done. False: it has failed. */
bool tls_dtls_feed(struct tls_dtls *dtls, const void *record, size_t size);

/* The 64 octets of EXPORTER_DTLS_OVER_SCTP, once both sides can know them; NULL before. RFC 6083
 * §4.8. */
const uint8_t *tls_dtls_key(const struct tls_dtls *dtls);

/* Takes one received message (or none: NULL, 0) once it is open, and gives the plaintext of a data
 * record: its size; `room` is TLS_DTLS_MESSAGE_MAX at least. 0: it was no data; look at the state
 * and at `next`. First come the messages that had overtaken the handshake, the given one is kept
 * behind them: ask with no record until it is 0. After close_notify data may still be read: other
 * streams may bring what was sent before it (RFC 6083 §4.9). A record that does not bear
 * examination fails the conversation. */
size_t tls_dtls_read(struct tls_dtls *dtls, const void *record, size_t size, uint8_t *plaintext,
                     size_t room);

/* Makes one record of the octets of the pieces: one message of at most TLS_DTLS_MESSAGE_MAX.
 * Returns its size; `record` has room for message and TLS_DTLS_OVERHEAD. 0: it is too long, or this
 * is not open. */
size_t tls_dtls_seal(struct tls_dtls *dtls, const struct iovec *pieces, int count, uint8_t *record);

/* Keeps a copy of a sealed record that could not be sent, for tls_dtls_next. False: no memory, the
 * conversation has failed. */
bool tls_dtls_keep(struct tls_dtls *dtls, const uint8_t *record, size_t size);

enum {
    TLS_DTLS_AFTER_DRY = 1,    /* ChangeCipherSpec, close_notify */
    TLS_DTLS_THEN_USE_KEY = 2, /* ChangeCipherSpec */
};

struct tls_dtls_record {
    const uint8_t *octets; /* good until tls_dtls_sent, feed or read */
    size_t size;
    bool is_control; /* handshake, ChangeCipherSpec, alert */
    int what;        /* TLS_DTLS_AFTER_DRY, TLS_DTLS_THEN_USE_KEY */
};

/* The first record that waits to be sent. False: none does. */
bool tls_dtls_next(const struct tls_dtls *dtls, struct tls_dtls_record *record);
/* It has been sent: forget it. */
void tls_dtls_sent(struct tls_dtls *dtls);

/* Queues close_notify. Nothing after a failure or while handshaking. */
void tls_dtls_close(struct tls_dtls *dtls);

/* The owner ends it: TLS_REASON_ENDED, TLS_REASON_TIMEOUT; TLS_REASON_PROTOCOL: no SCTP-AUTH. What
 * failed before keeps its reason. */
void tls_dtls_fail(struct tls_dtls *dtls, enum tls_reason reason);

/* As their namesakes in session.h. */
enum tls_state tls_dtls_state(const struct tls_dtls *dtls);
enum tls_reason tls_dtls_reason(const struct tls_dtls *dtls);
const char *tls_dtls_why(const struct tls_dtls *dtls);
const char *tls_dtls_version(const struct tls_dtls *dtls);
const char *tls_dtls_cipher(const struct tls_dtls *dtls);
int64_t tls_dtls_expires(const struct tls_dtls *dtls);
