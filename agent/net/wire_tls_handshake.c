/* wire_tls_handshake.c — hands are shaken step by step, each in the pool of threads.
 *
 * While a step is computed nothing else touches the session, and nothing is read: who sends more
 * has to wait. SEC-03, SEC-15. */
#include <stdlib.h>
#include <unistd.h>

#include "agent/net/tcp.h"
#include "agent/net/wire_tls_private.h"

enum {
    FLIGHT_ROOM = 8 * 1024, /* of one step; a longer flight takes several */
    RECORD_HANDSHAKE = 22,  /* what every conversation begins with: RFC 8446 §5.1 */
};

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
    tls_wire_arm(tls);
    wire->events->on_open(wire, 0);
}

static void failed(struct tls_wire *tls, enum tls_reason reason, const char *why)
{
    struct wire *wire = &tls->tcp.wire;
    count(tls, reason);
    snprintf(tls->why, sizeof tls->why, "TLS: %s", *why ? why : tls_reason_text(reason));
    wire->why = tls->why;
    tls->is_over = true;
    tls_wire_arm(tls);
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
        tls_wire_leave(tls);
        return;
    }
    if (!tls->tcp.wire.events)
        return; /* it is closing */
    int error = tls_wire_flush(tls);
    enum tls_state state = tls_session_state(tls->session);
    if (state == TLS_FAILED)
        failed(tls, tls_session_reason(tls->session), tls_session_why(tls->session));
    else if (error)
        ended(tls, error);
    else if (state == TLS_HANDSHAKING)
        tls_wire_arm(tls);
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
    tls_wire_arm(tls);
    uv_queue_work(tls->tcp.wire.loop->uv, &tls->work, compute, on_computed);
}

/* The other side has gone on. What begins with something else than TLS is not worth a step. */
static void go_on(struct tls_wire *tls)
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

void tls_wire_connected(struct tls_wire *tls)
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

void tls_wire_shake(struct tls_wire *tls, int status, int events)
{
    int error = status < 0                             ? status
                : events & UV_WRITABLE && tls->session ? tls_wire_flush(tls)
                                                       : 0;
    if (error)
        ended(tls, error);
    else if (events & UV_READABLE)
        go_on(tls);
    else
        tls_wire_arm(tls);
}

void tls_wire_give_up(struct tls_wire *tls)
{
    if (tls->session && !tls->tcp.wire.why)
        count(tls, TLS_REASON_TIMEOUT);
}
