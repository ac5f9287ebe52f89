/* wire_tls.c — TLS over TCP.
 *
 *     descriptor → ciphertext → session → plaintext → holder
 *     descriptor ← ciphertext ← session ← plaintext ← holder
 *
 * The steps of the handshake are computed in the pool of threads; while one is, nothing else
 * touches the session. Afterwards all happens on the loop's thread: one read of ciphertext for a
 * read, one write for what a write has made of the pieces. Reading may make ciphertext (alerts,
 * tickets): what is unsent leaves at once, or when the descriptor takes it, whoever waits for that.
 * SEC-03, SEC-04. */
#include "agent/net/wire_tls.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/net/queue.h"
#include "agent/net/tcp.h"
#include "agent/net/wire_tcp.h"
#include "tls/identity.h"
#include "tls/session.h"

enum {
    CIPHERTEXT_ROOM = 64 * 1024,
    FLIGHT_ROOM = 8 * 1024, /* of one step; a longer flight takes several */
    RECORD_HANDSHAKE = 22,  /* what every conversation begins with: RFC 8446 §5.1 */
    PEER_ROOM = 256,
    WHY_ROOM = 256,
};

struct tls_wire {
    struct tcp_wire tcp;         /* first */
    struct tls_session *session; /* NULL: nothing has been said yet */
    int wanted;                  /* by the holder, once it is open */
    bool is_shut;                /* our FIN follows what is unsent */
    bool is_working;             /* a step is being computed: the session is not ours */
    bool is_gone;                /* its poll is closed */
    enum tls_side side;
    uv_work_t work;
    uint8_t *flight; /* what the step is given */
    size_t flight_size;
    char peer[PEER_ROOM]; /* of one that we dial */
    char why[WHY_ROOM];
};

static struct tls_wire *tls_of(struct wire *wire)
{
    return (struct tls_wire *)wire;
}

static const struct tls_wire *tls_at(const struct wire *wire)
{
    return (const struct tls_wire *)wire;
}

static void on_poll(uv_poll_t *poll, int status, int events);

/* --- ciphertext out -----------------------------------------------------------------------------
 */

static size_t unsent(const struct tls_wire *tls)
{
    size_t size = 0;
    if (tls->session)
        (void)tls_session_unsent(tls->session, &size);
    return size;
}

/* Sends what is unsent, as far as the descriptor takes it: 0, or -errno. */
static int flush(struct tls_wire *tls)
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

/* --- what the poll waits for --------------------------------------------------------------------
 */

static void arm(struct tls_wire *tls)
{
    int wanted = tls->wanted;
    if (tls->tcp.wire.state == WIRE_CONNECTING)
        wanted = WIRE_WRITABLE | WIRE_ENDED;
    else if (tls->tcp.wire.state == WIRE_HANDSHAKING)
        wanted = tls->is_working ? 0 : WIRE_READABLE;
    if (!tls->is_working && unsent(tls))
        wanted |= WIRE_WRITABLE;
    tcp_wire_arm(&tls->tcp, wanted, on_poll);
}

static void tls_wait(struct wire *wire, int wanted)
{
    tls_of(wire)->wanted = wanted;
    arm(tls_of(wire));
}

/* --- the handshake ------------------------------------------------------------------------------
 */

static void count(struct tls_wire *tls, enum tls_reason reason)
{
    stats_add(&tls->tcp.wire.loop->stats->handshakes[reason], 1);
}

static void opened(struct tls_wire *tls)
{
    struct wire *wire = &tls->tcp.wire;
    count(tls, TLS_REASON_NONE);
    wire->state = WIRE_OPEN;
    wire->is_ahead = true; /* data may have come with the last flight */
    arm(tls);
    wire->events->on_open(wire, 0);
}

static void failed(struct tls_wire *tls, enum tls_reason reason, const char *why)
{
    struct wire *wire = &tls->tcp.wire;
    count(tls, reason);
    snprintf(tls->why, sizeof tls->why, "TLS: %s", *why ? why : tls_reason_text(reason));
    wire->why = tls->why;
    tcp_wire_arm(&tls->tcp, 0, on_poll);
    wire->events->on_open(wire, -EPROTO);
}

/* Who has said nothing has failed at nothing. */
static void ended(struct tls_wire *tls, int error)
{
    struct wire *wire = &tls->tcp.wire;
    if (tls->session)
        failed(tls, TLS_REASON_ENDED, "");
    else
        wire->events->on_broken(wire, error);
}

static void leave(struct tls_wire *tls);

static void compute(uv_work_t *work)
{
    struct tls_wire *tls = work->data;
    (void)tls_session_feed(tls->session, tls->flight, tls->flight_size);
}

static void on_computed(uv_work_t *work, int status)
{
    struct tls_wire *tls = work->data;
    (void)status; /* it is never cancelled */
    tls->is_working = false;
    free(tls->flight);
    tls->flight = NULL;
    if (tls->is_gone) {
        leave(tls);
        return;
    }
    if (!tls->tcp.wire.events)
        return; /* it is closing */
    int error = flush(tls);
    enum tls_state state = tls_session_state(tls->session);
    if (state == TLS_FAILED)
        failed(tls, tls_session_reason(tls->session), tls_session_why(tls->session));
    else if (error)
        ended(tls, error);
    else if (state == TLS_HANDSHAKING)
        arm(tls);
    else
        opened(tls);
}

static bool has_session(struct tls_wire *tls)
{
    struct tls_context *context = tls->tcp.wire.loop->tls;
    const char *peer = tls->side == TLS_CLIENT ? tls->peer : NULL;
    if (!tls->session && context)
        tls->session = tls_session_new(context, tls->side, peer);
    return tls->session;
}

/* Takes `flight`. */
static void step(struct tls_wire *tls, uint8_t *flight, size_t size)
{
    if (!has_session(tls)) {
        free(flight);
        failed(tls, TLS_REASON_INTERNAL, "");
        return;
    }
    tls->flight = flight;
    tls->flight_size = size;
    tls->is_working = true;
    tls->work.data = tls;
    arm(tls);
    uv_queue_work(tls->tcp.wire.loop->uv, &tls->work, compute, on_computed);
}

/* The other side has gone on. What begins with something else than TLS is not worth a step. */
static void shake(struct tls_wire *tls)
{
    uint8_t *flight = malloc(FLIGHT_ROOM);
    if (!flight)
        abort();
    ssize_t got = read(tls->tcp.descriptor, flight, FLIGHT_ROOM);
    bool is_first = !tls->session;
    if (got > 0 && !(is_first && flight[0] != RECORD_HANDSHAKE)) {
        step(tls, flight, (size_t)got);
        return;
    }
    int error = got < 0 ? errno : 0;
    free(flight);
    if (got > 0)
        failed(tls, TLS_REASON_PROTOCOL, "");
    else if (!tcp_is_busy(error))
        ended(tls, error ? -error : -ECONNRESET);
}

/* --- events -------------------------------------------------------------------------------------
 */

static void connected(struct tls_wire *tls)
{
    struct wire *wire = &tls->tcp.wire;
    int error = tcp_connect_result(tls->tcp.descriptor);
    if (error) {
        wire->events->on_open(wire, error);
        return;
    }
    wire->state = WIRE_HANDSHAKING;
    step(tls, NULL, 0);
}

static void shaking(struct tls_wire *tls, int status, int events)
{
    int error = status < 0 ? status : events & UV_WRITABLE && tls->session ? flush(tls) : 0;
    if (error)
        ended(tls, error);
    else if (events & UV_READABLE)
        shake(tls);
    else
        arm(tls);
}

/* What is unsent leaves first; the holder hears that it may write when all of it has left. */
static void awake(struct tls_wire *tls, int events)
{
    struct wire *wire = &tls->tcp.wire;
    int error = events & UV_WRITABLE ? flush(tls) : 0;
    if (error) {
        wire->events->on_broken(wire, error);
        return;
    }
    if (unsent(tls))
        events &= ~UV_WRITABLE;
    else if (events & UV_WRITABLE)
        arm(tls);
    if (events & tls->wanted)
        wire->events->on_ready(wire, events & tls->wanted);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct tls_wire *tls = poll->data;
    struct wire *wire = &tls->tcp.wire;
    if (wire->state == WIRE_CONNECTING)
        connected(tls);
    else if (wire->state == WIRE_HANDSHAKING)
        shaking(tls, status, events);
    else if (status < 0)
        wire->events->on_broken(wire, status);
    else
        awake(tls, events);
}

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
    return state == TLS_FAILED ? -EPROTO : WIRE_NOTHING;
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
    int error = unsent(tls) ? flush(tls) : 0;
    if (error)
        return error;
    if (unsent(tls))
        arm(tls);
    if (!got)
        return nothing_of(tls);
    *input = dm_bytes_of(plaintext, got);
    if (is_over)
        return WIRE_SOME; /* its end is read in another turn: what it asked is answered before */
    return has_more || came == CIPHERTEXT_ROOM ? WIRE_MORE : WIRE_SOME;
}

static int tls_read(struct wire *wire, uint8_t *room, size_t size, dm_bytes *input)
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
static ssize_t tls_write(struct wire *wire, const struct iovec *given, int count)
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
        int error = flush(tls);
        if (error)
            return error;
        if (unsent(tls)) {
            arm(tls);
            break;
        }
    }
    if (!taken && tls_session_state(tls->session) == TLS_FAILED)
        return -EPROTO;
    return (ssize_t)taken;
}

static void tls_shut(struct wire *wire)
{
    struct tls_wire *tls = tls_of(wire);
    tls_session_close(tls->session);
    tls->is_shut = true;
    if (!flush(tls))
        arm(tls);
}

/* --- moving and ending --------------------------------------------------------------------------
 */

static void leave(struct tls_wire *tls)
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
        leave(tls);
}

/* A polite end says so, as far as the descriptor takes it at once. */
static void tls_close(struct wire *wire, bool reset)
{
    struct tls_wire *tls = tls_of(wire);
    if (wire->state == WIRE_HANDSHAKING && tls->session && !wire->why)
        count(tls, TLS_REASON_TIMEOUT);
    if (wire->state == WIRE_OPEN && !reset) {
        tls_session_close(tls->session);
        (void)flush(tls);
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
    switch (tls_session_speaks_for(session, (const char *)identity.at, identity.size)) {
    case TLS_PROVES:
        return WIRE_PROVES;
    case TLS_SILENT:
        return WIRE_SILENT;
    default:
        return WIRE_DENIES;
    }
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
    .read = tls_read,
    .write = tls_write,
    .wait = tls_wait,
    .has_ended = tcp_wire_has_ended,
    .shut = tls_shut,
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
        snprintf(tls_of(wire)->peer, PEER_ROOM, "%s", peer);
    return wire;
}
