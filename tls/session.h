/* session.h — a TLS conversation over a byte stream, as octets in and octets out. SEC-03, SEC-04,
 * SEC-08.
 *
 *       transport → feed, read                        read → plaintext
 *       transport ← unsent, sent      session         write ← plaintext
 *
 * It does no I/O. The owner moves ciphertext between it and a transport:
 *
 *     handshake   a client begins with tls_session_feed(session, NULL, 0); then, until the state is
 * no longer HANDSHAKING: send what is unsent, receive, feed. A step may cost a millisecond: feed
 * may run in a thread of a pool, one thread at a time. open        what is received goes into
 * tls_session_read. After the handshake call it once with no ciphertext before waiting: data may
 * have come with the last flight. after every feed, read, write, close and failure look at what is
 * unsent: alerts and tickets go that way, too. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "tls/context.h"
#include "tls/reason.h"

/* As much plaintext as a record can carry, and as much ciphertext as may wait to be sent. */
enum { TLS_RECORD_MAX = 16384, TLS_UNSENT_MAX = 65536 };

struct tls_session;

/* Holds `context`. A client names the peer it dials: as SNI where that is a host name, and to
 * resume the last session with it; may be NULL. A server gives NULL. NULL without memory. */
struct tls_session *tls_session_new(struct tls_context *context, enum tls_side side,
                                    const char *peer);
/* NULL is nothing. Says nothing to the other side; its session may be resumed. */
void tls_session_free(struct tls_session *session);

/* Takes ciphertext while handshaking and goes as far as it leads. The octets are digested or
 * copied: the buffer is the caller's again. False: it has failed. */
bool tls_session_feed(struct tls_session *session, const void *ciphertext, size_t size);

/* Takes ciphertext (copied as far as it is not digested; may be none) and gives plaintext: as much
 * as there is and `room` holds. Less than `room`: nothing more lies ready in here; look at the
 * state. Exactly `room`: ask again, with no ciphertext, before waiting. */
size_t tls_session_read(struct tls_session *session, const void *ciphertext, size_t size,
                        void *plaintext, size_t room);

/* Does the last read leave plaintext or undigested ciphertext? Then it wants to be read again
 * without waiting for the transport. */
bool tls_session_is_ready(const struct tls_session *session);

/* Encrypts what the pieces hold, packed into records as full as they make them, until all is taken
 * or TLS_UNSENT_MAX octets wait. Returns how many octets of plaintext were taken, counted over the
 * pieces; 0 in another state than OPEN (or CLOSED, where a stream may still be written). */
size_t tls_session_write(struct tls_session *session, const struct iovec *pieces, int count);

/* Ciphertext that waits to be sent, where it lies; `size` is 0 if none does. Good until the next
 * call of anything but this. Then say how much of it has left. */
const void *tls_session_unsent(const struct tls_session *session, size_t *size);
void tls_session_sent(struct tls_session *session, size_t size);

/* Says close_notify, behind all that is written. Nothing after a failure or while handshaking. */
void tls_session_close(struct tls_session *session);

/* The owner ends it: TLS_REASON_ENDED when the transport is over in the handshake,
 * TLS_REASON_TIMEOUT when it takes too long. What failed before keeps its reason. */
void tls_session_fail(struct tls_session *session, enum tls_reason reason);

enum tls_state tls_session_state(const struct tls_session *session);

/* Why it failed: to be counted, and for the log: "it shows no certificate", "its certificate is
 * revoked (CN=c1.example.net)". Empty while it has not. */
enum tls_reason tls_session_reason(const struct tls_session *session);
const char *tls_session_why(const struct tls_session *session);

/* What was agreed on, once it is open: "TLSv1.3", "TLS_AES_256_GCM_SHA384". */
const char *tls_session_version(const struct tls_session *session);
const char *tls_session_cipher(const struct tls_session *session);
bool tls_session_is_resumed(const struct tls_session *session);

/* notAfter of the other side's certificate, seconds since the epoch; 0: it has shown none. SEC-06.
 */
int64_t tls_session_expires(const struct tls_session *session);
