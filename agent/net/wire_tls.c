/* wire_tls.c — TLS over TCP.
 *
 *     descriptor → ciphertext → session → plaintext → holder
 *     descriptor ← ciphertext ← session ← plaintext ← holder
 *
 * The steps of the handshake are computed in the pool of threads (wire_tls_handshake.c). Afterwards
 * all happens on the loop's thread (wire_tls_octets.c). Reading may make ciphertext (alerts,
 * tickets): what is unsent leaves at once, or when the descriptor takes it, whoever waits for that.
 * SEC-03, SEC-04. */
#include "agent/net/wire_tls.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/net/tcp.h"
#include "agent/net/wire_proof.h"
#include "agent/net/wire_tls_private.h"

static const struct tls_wire *tls_at(const struct wire *wire)
{
    return (const struct tls_wire *)wire;
}

static void on_poll(uv_poll_t *poll, int status, int events);

/* --- ciphertext out -----------------------------------------------------------------------------
 */

size_t tls_wire_unsent(const struct tls_wire *tls)
{
    size_t size = 0;
    if (tls->session)
        (void)tls_session_unsent(tls->session, &size);
    return size;
}

static int send_unsent(struct tls_wire *tls)
{
    size_t size = 0;
    const void *octets = tls_session_unsent(tls->session, &size);
    while (size) {
        ssize_t sent = send(tls->tcp.descriptor, octets, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0)
            return tcp_is_busy(errno) ? 0 : -errno;
        tls_session_sent(tls->session, (size_t)sent);
        if ((size_t)sent < size)
            return 0;
        octets = tls_session_unsent(tls->session, &size);
    }
    if (tls->is_shut)
        shutdown(tls->tcp.descriptor, SHUT_WR);
    return 0;
}

int tls_wire_flush(struct tls_wire *tls)
{
    int error = send_unsent(tls);
    tls->tcp.wire.has_unsent = tls_wire_unsent(tls) > 0;
    return error;
}

/* --- what the poll waits for --------------------------------------------------------------------
 */

void tls_wire_arm(struct tls_wire *tls)
{
    int wanted = tls->wanted;
    if (tls->tcp.wire.state == WIRE_CONNECTING)
        wanted = WIRE_WRITABLE | WIRE_ENDED;
    else if (tls->tcp.wire.state == WIRE_HANDSHAKING)
        wanted = tls->is_working || tls->is_over ? 0 : WIRE_READABLE;
    if (!tls->is_working && !tls->is_over && tls_wire_unsent(tls))
        wanted |= WIRE_WRITABLE;
    tcp_wire_arm(&tls->tcp, wanted, on_poll);
}

static void tls_wait(struct wire *wire, int wanted)
{
    tls_of(wire)->wanted = wanted;
    tls_wire_arm(tls_of(wire));
}

/* --- events -------------------------------------------------------------------------------------
 */

/* What is unsent leaves first; the holder hears that it may write when all of it has left. */
static void awake(struct tls_wire *tls, int events)
{
    struct wire *wire = &tls->tcp.wire;
    int error = events & UV_WRITABLE ? tls_wire_flush(tls) : 0;
    if (error) {
        wire->events->on_broken(wire, error);
        return;
    }
    if (tls_wire_unsent(tls))
        events &= ~UV_WRITABLE;
    else if (events & UV_WRITABLE)
        tls_wire_arm(tls);
    if (events & tls->wanted)
        wire->events->on_ready(wire, events & tls->wanted);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct tls_wire *tls = poll->data;
    struct wire *wire = &tls->tcp.wire;
    if (wire->state == WIRE_CONNECTING)
        tls_wire_connected(tls);
    else if (wire->state == WIRE_HANDSHAKING)
        tls_wire_shake(tls, status, events);
    else if (status < 0)
        wire->events->on_broken(wire, status);
    else
        awake(tls, events);
}

/* --- moving and ending --------------------------------------------------------------------------
 */

void tls_wire_leave(struct tls_wire *tls)
{
    tls_session_free(tls->session);
    wire_is_gone(&tls->tcp.wire);
    free(tls);
}

static void on_closed(uv_handle_t *handle)
{
    struct tls_wire *tls = handle->data;
    tls->is_gone = true;
    if (!tls->is_working)
        tls_wire_leave(tls);
}

/* A polite end says so, as far as the descriptor takes it at once. */
static void tls_close(struct wire *wire, bool reset)
{
    struct tls_wire *tls = tls_of(wire);
    if (wire->state == WIRE_HANDSHAKING)
        tls_wire_give_up(tls);
    if (wire->state == WIRE_OPEN && !reset) {
        tls_session_close(tls->session);
        (void)tls_wire_flush(tls);
    }
    tcp_wire_end(&tls->tcp, reset, on_closed);
}

static void on_detached(uv_handle_t *handle)
{
    struct tls_wire *tls = handle->data;
    wire_is_loose(&tls->tcp.wire);
}

static void tls_detach(struct wire *wire)
{
    uv_close((uv_handle_t *)&tcp_wire_of(wire)->poll, on_detached);
}

static void tls_bury(struct wire *wire)
{
    tls_session_free(tls_of(wire)->session);
    close(tcp_wire_of(wire)->descriptor);
    free(wire);
}

/* --- what it knows ------------------------------------------------------------------------------
 */

static enum wire_proof tls_speaks_for(const struct wire *wire, dm_bytes identity)
{
    const struct tls_session *session = tls_at(wire)->session;
    return wire_proof_of(tls_session_speaks_for(session, (const char *)identity.at, identity.size));
}

static void tls_security(const struct wire *wire, char *text, size_t size)
{
    const struct tls_session *session = tls_at(wire)->session;
    if (wire->state != WIRE_OPEN)
        snprintf(text, size, "none");
    else
        snprintf(text, size, "%s %s", tls_session_version(session), tls_session_cipher(session));
}

static int64_t tls_expiry(const struct wire *wire)
{
    return wire->state == WIRE_OPEN ? tls_session_expires(tls_at(wire)->session) : 0;
}

/* --- making one ---------------------------------------------------------------------------------
 */

static const struct wire_kind tls_kind = {
    .transport = CONF_TLS,
    .read = tls_wire_read,
    .write = tls_wire_write,
    .wait = tls_wait,
    .has_ended = tcp_wire_has_ended,
    .shut = tls_wire_shut,
    .close = tls_close,
    .detach = tls_detach,
    .attach = tcp_wire_attach,
    .bury = tls_bury,
    .local = tcp_wire_local,
    .remote = tcp_wire_remote,
    .speaks_for = tls_speaks_for,
    .security = tls_security,
    .expiry = tls_expiry,
};

static struct wire *make(struct wire_loop *loop, int descriptor, enum wire_state state)
{
    struct tls_wire *tls = calloc(1, sizeof *tls);
    if (!tls) {
        close(descriptor);
        return NULL;
    }
    tls->tcp.wire.kind = &tls_kind;
    tls->tcp.wire.state = state;
    tls->tcp.descriptor = descriptor;
    tls->side = state == WIRE_CONNECTING ? TLS_CLIENT : TLS_SERVER;
    if (wire_attach(&tls->tcp.wire, loop)) {
        wire_bury(&tls->tcp.wire);
        return NULL;
    }
    return &tls->tcp.wire;
}

struct wire *tls_wire_accept(struct wire_loop *loop, int descriptor)
{
    return make(loop, descriptor, WIRE_HANDSHAKING);
}

struct wire *tls_wire_dial(struct wire_loop *loop, const struct conf_endpoint *to, const char *peer,
                           int *error)
{
    int descriptor = tcp_dial(&to->addresses.at[0]);
    struct wire *wire = descriptor < 0 ? NULL : make(loop, descriptor, WIRE_CONNECTING);
    *error = wire ? 0 : descriptor < 0 ? descriptor : UV_ENOMEM;
    if (wire)
        snprintf(tls_of(wire)->peer, TLS_PEER_ROOM, "%s", peer);
    return wire;
}
