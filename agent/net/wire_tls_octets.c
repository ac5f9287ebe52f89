/* wire_tls_octets.c — plaintext in and out, once hands are shaken.
 *
 * A read of ciphertext for a read, and for a write what a write has made of the pieces: records are
 * as full as the pieces make them. */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/net/queue.h"
#include "agent/net/wire_tls_private.h"

enum { CIPHERTEXT_ROOM = 64 * 1024 };

/* --- plaintext in -------------------------------------------------------------------------------
 */

static uint8_t *ciphertext_room(struct wire_loop *loop)
{
    if (!loop->ciphertext)
        loop->ciphertext = malloc(CIPHERTEXT_ROOM);
    if (!loop->ciphertext)
        abort();
    return loop->ciphertext;
}

/* The state that a read without plaintext leaves. */
static int nothing_of(struct tls_wire *tls)
{
    enum tls_state state = tls_session_state(tls->session);
    if (state == TLS_CLOSED)
        return UV_EOF;
    if (state != TLS_FAILED)
        return WIRE_NOTHING;
    /* With TLS 1.3 a server refuses a client's certificate after the client's side is open. */
    snprintf(tls->why, sizeof tls->why, "TLS: %s", tls_session_why(tls->session));
    tls->tcp.wire.why = tls->why;
    return -EPROTO;
}

/* What came goes into the session, and what is ready comes out. */
static int digest(struct tls_wire *tls, size_t came, dm_bytes room, dm_bytes *input)
{
    struct wire *wire = &tls->tcp.wire;
    uint8_t *plaintext = (uint8_t *)(uintptr_t)room.at;
    size_t got = tls_session_read(tls->session, wire->loop->ciphertext, came, plaintext, room.size);
    enum tls_state state = tls_session_state(tls->session);
    bool is_over = state == TLS_CLOSED || state == TLS_FAILED;
    bool has_more = tls_session_is_ready(tls->session);
    wire->is_ahead = has_more || (got && is_over);
    int error = tls_wire_unsent(tls) ? tls_wire_flush(tls) : 0;
    if (tls_wire_unsent(tls))
        tls_wire_arm(tls);
    if (!error && tls_wire_unsent(tls) > 2 * (size_t)TLS_UNSENT_MAX)
        error = -ENOBUFS; /* it makes us answer (KeyUpdate), and does not read */
    if (!got)
        return error ? error : nothing_of(tls);
    *input = dm_bytes_of(plaintext, got);
    if (is_over)
        return WIRE_SOME; /* its end is read in another turn: what it asked is answered before */
    return has_more || came == CIPHERTEXT_ROOM ? WIRE_MORE : WIRE_SOME;
}

int tls_wire_read(struct wire *wire, uint8_t *room, size_t size, dm_bytes *input)
{
    struct tls_wire *tls = tls_of(wire);
    uint8_t *ciphertext = ciphertext_room(wire->loop);
    ssize_t came = 0;
    if (!wire->is_ahead) {
        came = read(tls->tcp.descriptor, ciphertext, CIPHERTEXT_ROOM);
        if (came == 0)
            return UV_EOF; /* without close_notify: a message that is cut off shows it */
        if (came < 0)
            return errno == EAGAIN || errno == EINTR ? WIRE_NOTHING : -errno;
    }
    return digest(tls, (size_t)came, dm_bytes_of(room, size), input);
}

/* --- plaintext out ------------------------------------------------------------------------------
 */

/* Takes `size` octets off the front of the pieces. */
static void advance(struct iovec **pieces, int *count, size_t size)
{
    while (*count && size >= (*pieces)->iov_len) {
        size -= (*pieces)->iov_len;
        (*pieces)++;
        (*count)--;
    }
    if (size) {
        (*pieces)->iov_base = (uint8_t *)(*pieces)->iov_base + size;
        (*pieces)->iov_len -= size;
    }
}

/* Records are made and sent until all is taken or the descriptor is full. */
ssize_t tls_wire_write(struct wire *wire, const struct iovec *given, int count)
{
    struct tls_wire *tls = tls_of(wire);
    struct iovec copy[QUEUE_PIECES];
    struct iovec *pieces = copy;
    size_t taken = 0;
    memcpy(copy, given, (size_t)count * sizeof *given);
    while (count) {
        size_t size = tls_session_write(tls->session, pieces, count);
        if (!size)
            break;
        taken += size;
        advance(&pieces, &count, size);
        int error = tls_wire_flush(tls);
        if (error)
            return error;
        if (tls_wire_unsent(tls)) {
            tls_wire_arm(tls);
            break;
        }
    }
    if (!taken && tls_session_state(tls->session) == TLS_FAILED)
        return -EPROTO;
    return (ssize_t)taken;
}

void tls_wire_shut(struct wire *wire)
{
    struct tls_wire *tls = tls_of(wire);
    tls_session_close(tls->session);
    tls->is_shut = true;
    if (!tls_wire_flush(tls))
        tls_wire_arm(tls);
}
