/* session.c — TLS between two queues of octets: pipe → OpenSSL → plaintext, and back.
 *
 * On the way out the messages of a turn are packed: a record costs as much as the octets of
 * thousands, a message has a few hundred. */
#include "tls/session.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "tls/context_private.h"
#include "tls/core.h"
#include "tls/identity.h"
#include "tls/pipe.h"

enum { RECORD_OVERHEAD = 256 }; /* more than a record's header, nonce, tag and padding */

struct tls_session {
    struct tls_core core;
    struct tls_pipe pipe;
    bool is_ready; /* OpenSSL has not yet said that it waits for input */
};

/* --- life ---------------------------------------------------------------------------------------
 */

struct tls_session *tls_session_new(struct tls_context *context, enum tls_side side,
                                    const char *peer)
{
    struct tls_session *session = calloc(1, sizeof *session);
    if (!session)
        return NULL;
    if (tls_core_init(&session->core, context, context->stream, side, peer,
                      tls_pipe_bio(&session->pipe)))
        return session;
    tls_session_free(session);
    return NULL;
}

void tls_session_free(struct tls_session *session)
{
    if (!session)
        return;
    tls_core_fini(&session->core);
    tls_pipe_fini(&session->pipe);
    free(session);
}

/* --- ciphertext in ------------------------------------------------------------------------------
 */

/* The caller's buffer is its own again: keeps what nobody has digested. */
static void give_back(struct tls_session *session)
{
    if (session->core.state == TLS_FAILED || session->core.state == TLS_CLOSED)
        tls_pipe_forget(&session->pipe);
    else if (!tls_pipe_keep(&session->pipe))
        tls_core_fail(&session->core, TLS_REASON_INTERNAL);
}

bool tls_session_feed(struct tls_session *session, const void *ciphertext, size_t size)
{
    tls_pipe_lend(&session->pipe, ciphertext, size);
    (void)tls_core_shake(&session->core);
    session->is_ready = tls_core_is_over_handshake(&session->core);
    give_back(session);
    return session->core.state != TLS_FAILED;
}

static size_t decrypt(struct tls_session *session, uint8_t *plaintext, size_t room)
{
    size_t have = 0;
    while (have < room) {
        size_t size = 0;
        int result = SSL_read_ex(session->core.ssl, plaintext + have, room - have, &size);
        if (result != 1) {
            tls_core_stopped(&session->core, result);
            session->is_ready = false;
            break;
        }
        have += size;
    }
    return have;
}

size_t tls_session_read(struct tls_session *session, const void *ciphertext, size_t size,
                        void *plaintext, size_t room)
{
    enum tls_state state = session->core.state;
    session->is_ready = state == TLS_OPEN || state == TLS_CLOSING;
    if (!session->is_ready)
        return 0;
    ERR_clear_error();
    tls_pipe_lend(&session->pipe, ciphertext, size);
    size_t have = decrypt(session, plaintext, room);
    give_back(session);
    return have;
}

bool tls_session_is_ready(const struct tls_session *session)
{
    return session->is_ready;
}

/* --- plaintext out ------------------------------------------------------------------------------
 */

/* A place in the pieces. */
struct pieces {
    const struct iovec *at;
    int count;
    size_t offset; /* in the first of them */
};

static size_t pieces_size(const struct iovec *pieces, int count)
{
    size_t size = 0;
    for (int i = 0; i < count; i++)
        size += pieces[i].iov_len;
    return size;
}

static void advance(struct pieces *pieces, size_t size)
{
    pieces->offset += size;
    if (pieces->offset == pieces->at->iov_len) {
        pieces->at++;
        pieces->count--;
        pieces->offset = 0;
    }
}

/* The next record's worth: where it lies if a piece fills a record or is the last one, else
 * gathered. */
static const uint8_t *gather(struct pieces *pieces, uint8_t *room, size_t *size)
{
    const uint8_t *first = (const uint8_t *)pieces->at->iov_base + pieces->offset;
    size_t left = pieces->at->iov_len - pieces->offset;
    if (left >= TLS_RECORD_MAX || pieces->count == 1) {
        *size = left < TLS_RECORD_MAX ? left : TLS_RECORD_MAX;
        advance(pieces, *size);
        return first;
    }
    *size = 0;
    while (pieces->count > 0 && *size < TLS_RECORD_MAX) {
        size_t part = pieces->at->iov_len - pieces->offset;
        if (part > TLS_RECORD_MAX - *size)
            part = TLS_RECORD_MAX - *size;
        if (part != 0)
            memcpy(room + *size, (const uint8_t *)pieces->at->iov_base + pieces->offset, part);
        advance(pieces, part);
        *size += part;
    }
    return room;
}

static bool encrypt(struct tls_session *session, const uint8_t *plaintext, size_t size)
{
    size_t written = 0;
    int result = SSL_write_ex(session->core.ssl, plaintext, size, &written);
    if (result != 1) {
        tls_core_stopped(&session->core, result);
        tls_core_fail(&session->core, TLS_REASON_INTERNAL);
    }
    return result == 1;
}

static size_t room_left(const struct tls_session *session)
{
    size_t unsent = tls_octets_size(&session->pipe.unsent);
    return unsent < TLS_UNSENT_MAX ? TLS_UNSENT_MAX - unsent : 0;
}

/* Room for all of it at once, so that it is not moved as it grows; without it goes step by step. */
static void make_room(struct tls_session *session, size_t plaintext)
{
    if (plaintext == 0)
        return;
    size_t wanted = plaintext + (plaintext / TLS_RECORD_MAX + 1) * RECORD_OVERHEAD;
    size_t room = room_left(session);
    (void)tls_octets_reserve(&session->pipe.unsent, wanted < room ? wanted : room);
}

size_t tls_session_write(struct tls_session *session, const struct iovec *pieces, int count)
{
    uint8_t room[TLS_RECORD_MAX];
    struct pieces rest = {.at = pieces, .count = count};
    size_t all = tls_core_may_write(&session->core) ? pieces_size(pieces, count) : 0;
    size_t taken = 0;
    ERR_clear_error();
    make_room(session, all);
    while (taken < all) {
        size_t size = all - taken < TLS_RECORD_MAX ? all - taken : TLS_RECORD_MAX;
        if (room_left(session) < size + RECORD_OVERHEAD)
            break;
        const uint8_t *plaintext = gather(&rest, room, &size);
        if (!encrypt(session, plaintext, size))
            break;
        taken += size;
    }
    return taken;
}

const void *tls_session_unsent(const struct tls_session *session, size_t *size)
{
    *size = tls_octets_size(&session->pipe.unsent);
    return *size != 0 ? tls_octets_at(&session->pipe.unsent) : NULL;
}

void tls_session_sent(struct tls_session *session, size_t size)
{
    tls_octets_take(&session->pipe.unsent, size);
}

/* --- the end ------------------------------------------------------------------------------------
 */

void tls_session_close(struct tls_session *session)
{
    struct tls_core *core = &session->core;
    if (!tls_core_may_write(core))
        return;
    ERR_clear_error();
    core->is_shut = true;
    if (SSL_shutdown(core->ssl) < 0)
        tls_core_fail(core, TLS_REASON_INTERNAL);
    else if (core->state == TLS_OPEN)
        core->state = TLS_CLOSING;
}

void tls_session_fail(struct tls_session *session, enum tls_reason reason)
{
    tls_core_fail(&session->core, reason);
}

/* --- what there is to know ----------------------------------------------------------------------
 */

enum tls_state tls_session_state(const struct tls_session *session)
{
    return session->core.state;
}

enum tls_reason tls_session_reason(const struct tls_session *session)
{
    return session->core.reason;
}

const char *tls_session_why(const struct tls_session *session)
{
    return session->core.why;
}

const char *tls_session_version(const struct tls_session *session)
{
    return SSL_get_version(session->core.ssl);
}

const char *tls_session_cipher(const struct tls_session *session)
{
    return SSL_get_cipher_name(session->core.ssl);
}

bool tls_session_is_resumed(const struct tls_session *session)
{
    return SSL_session_reused(session->core.ssl);
}

int64_t tls_session_expires(const struct tls_session *session)
{
    return session->core.expires;
}

enum tls_proof tls_session_speaks_for(const struct tls_session *session, const char *identity,
                                      size_t size)
{
    return tls_core_speaks_for(&session->core, identity, size);
}
