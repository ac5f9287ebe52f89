/* wire_dtls.c — DTLS over SCTP: a message is one record, a record one message. RFC 6083.
 *
 *     up ─► is DATA authenticated? ─► handshake on stream 0, steps in the pool of threads
 *        ─► new key, ChangeCipherSpec when all is acknowledged, Finished under the new key ─► open
 *     shut ─► close_notify when all is acknowledged ─► SHUTDOWN
 *
 * Data goes unordered on another stream than the handshake did; SCTP-AUTH sees to it that nobody
 * else's comes in between. SCT-13 to SCT-18. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/log.h"
#include "agent/net/wire_proof.h"
#include "agent/net/wire_sctp.h"
#include "proto/header.h"
#include "tls/dtls.h"

enum { FIRST_KEY = 0, DTLS_KEY = 1, DATA_STREAM = 1, WHY_ROOM = 256 };

struct dtls_wire {
    struct assoc_wire base; /* first */
    struct tls_dtls *dtls;
    uv_work_t work;  /* a step of the handshake in the pool */
    uint8_t *record; /* that the step takes; owned */
    size_t record_size;
    bool is_stepping; /* the conversation belongs to the pool */
    bool is_up;
    bool is_refused; /* before a word was said: an ABORT says it */
    bool has_key;
    bool is_keyless; /* the stack refuses our key */
    bool awaits_dry;
    bool is_dry; /* nothing of ours is under way */
    bool is_shutting;
    bool holds;         /* messages may have overtaken the handshake */
    uint16_t streams;   /* that we may send on */
    uint8_t *plaintext; /* room of our own, for readers whose room is small */
    char why[WHY_ROOM];
};

static struct dtls_wire *dtls_of(struct assoc_wire *wire)
{
    return (struct dtls_wire *)wire;
}

static struct dtls_wire *dtls_of_wire(struct wire *wire)
{
    return (struct dtls_wire *)wire;
}

/* --- out ----------------------------------------------------------------------------------------
 */

static struct assoc_manner manner_of(const struct dtls_wire *dtls, bool is_control)
{
    struct assoc_manner manner = {.ppid = ASSOC_PPID_DTLS};
    if (is_control)
        return manner;
    manner.stream = dtls->streams > 1 ? DATA_STREAM : 0;
    manner.is_unordered = assoc_wire_is_unordered(&dtls->base);
    return manner;
}

/* May this record go now? RFC 6083 §4.7, §4.9: some wait until all before them is acknowledged. */
static bool may_go(struct dtls_wire *dtls, const struct tls_dtls_record *record)
{
    if (!(record->what & TLS_DTLS_AFTER_DRY) || dtls->is_dry)
        return true;
    if (!dtls->awaits_dry) {
        assoc_await_dry(dtls->base.assoc);
        /* Where all is acknowledged already the news is there, and nothing wakes us for it. */
        dtls->base.has_input = true;
        assoc_wire_post(&dtls->base);
    }
    dtls->awaits_dry = true;
    return false;
}

static int send_waiting(struct dtls_wire *dtls)
{
    struct tls_dtls_record record;
    while (tls_dtls_next(dtls->dtls, &record)) {
        if (!may_go(dtls, &record))
            return -EAGAIN;
        int error = assoc_send(dtls->base.assoc, record.octets, record.size,
                               manner_of(dtls, record.is_control));
        if (error == -EAGAIN)
            dtls->base.may_write = false;
        if (error)
            return error;
        if (record.what & TLS_DTLS_THEN_USE_KEY && !assoc_key_use(dtls->base.assoc, DTLS_KEY))
            dtls->is_keyless = true;
        dtls->is_dry = false;
        tls_dtls_sent(dtls->dtls);
    }
    return 0;
}

/* Sends what waits. 0: nothing does any more; -EAGAIN: something does; or it is broken. */
static int flush(struct dtls_wire *dtls)
{
    int error = send_waiting(dtls);
    dtls->base.wire.has_unsent = error == -EAGAIN;
    return error;
}

/* close_notify has left: now the association may end. */
static void go_on_shutting(struct dtls_wire *dtls)
{
    if (dtls->is_shutting && flush(dtls) == 0)
        assoc_shut(dtls->base.assoc);
}

/* Seals a message and sends it, or keeps it sealed. */
static int send_message(struct dtls_wire *dtls, const uint8_t *octets, size_t size)
{
    uint8_t record[TLS_DTLS_MESSAGE_MAX + TLS_DTLS_OVERHEAD];
    struct iovec piece = {(void *)(uintptr_t)octets, size};
    size_t sealed = tls_dtls_seal(dtls->dtls, &piece, 1, record);
    if (!sealed)
        return -EMSGSIZE;
    int error = assoc_send(dtls->base.assoc, record, sealed, manner_of(dtls, false));
    dtls->is_dry = false;
    if (error != -EAGAIN)
        return error;
    dtls->base.may_write = false;
    dtls->base.wire.has_unsent = true;
    return tls_dtls_keep(dtls->dtls, record, sealed) ? -EAGAIN : -ENOMEM;
}

/* A message that no record can hold was routed round this peer; one that was not is dropped here,
 * for what is behind it can go. SCT-13. */
static ssize_t send_piece(struct dtls_wire *dtls, const struct iovec *piece)
{
    const uint8_t *at = piece->iov_base;
    const uint8_t *end = at + piece->iov_len;
    while (at < end && dtls->base.may_write) {
        size_t size = dm_get24(at + 1);
        int error = send_message(dtls, at, size);
        if (error == -EMSGSIZE && tls_dtls_state(dtls->dtls) == TLS_OPEN)
            stats_add(&dtls->base.wire.loop->stats->dropped[STATS_DROP_oversized], 1);
        else if (error && error != -EAGAIN)
            return error;
        at += size;
    }
    return at - (const uint8_t *)piece->iov_base;
}

static ssize_t dtls_write(struct wire *wire, const struct iovec *pieces, int count)
{
    struct dtls_wire *dtls = dtls_of_wire(wire);
    ssize_t taken = 0;
    int error = flush(dtls);
    for (int i = 0; !error && i < count && dtls->base.may_write; i++) {
        ssize_t sent = send_piece(dtls, &pieces[i]);
        if (sent < 0)
            return sent;
        taken += sent;
    }
    return error && error != -EAGAIN ? error : taken;
}

static void dtls_shut(struct wire *wire)
{
    struct dtls_wire *dtls = dtls_of_wire(wire);
    dtls->is_shutting = true;
    tls_dtls_close(dtls->dtls);
    go_on_shutting(dtls);
}

/* --- in -----------------------------------------------------------------------------------------
 */

static uint8_t *room_for(struct dtls_wire *dtls, uint8_t *room, size_t size)
{
    if (size >= TLS_DTLS_MESSAGE_MAX)
        return room;
    if (!dtls->plaintext)
        dtls->plaintext = malloc(TLS_DTLS_MESSAGE_MAX);
    if (!dtls->plaintext)
        abort();
    return dtls->plaintext;
}

static int state_result(const struct dtls_wire *dtls)
{
    return tls_dtls_state(dtls->dtls) == TLS_FAILED ? -EPROTO : WIRE_MORE;
}

/* It fails after it was open: why, and what it has to say of it. */
static void note_failure(struct dtls_wire *dtls)
{
    (void)flush(dtls);
    snprintf(dtls->why, sizeof dtls->why, "DTLS: %s", tls_dtls_why(dtls->dtls));
    dtls->base.wire.why = dtls->why;
}

/* What the association brought, once it is open. The size of a message in `plaintext`, or 0. */
static size_t take(struct dtls_wire *dtls, const struct assoc_event *event, uint8_t *plaintext)
{
    if (event->what == ASSOC_DRY) {
        dtls->is_dry = true;
        dtls->awaits_dry = false;
    }
    if (event->what != ASSOC_MESSAGE)
        return 0;
    return tls_dtls_read(dtls->dtls, event->octets, event->size, plaintext, TLS_DTLS_MESSAGE_MAX);
}

/* The next plaintext, or 0 and what the read then returns. */
static size_t next_plaintext(struct dtls_wire *dtls, uint8_t *plaintext, int *result)
{
    uint8_t record[TLS_DTLS_RECORD_MAX];
    struct assoc_event event;
    size_t got = 0;
    if (dtls->holds)
        got = tls_dtls_read(dtls->dtls, NULL, 0, plaintext, TLS_DTLS_MESSAGE_MAX);
    dtls->holds = got > 0;
    while (!got) {
        if (!assoc_wire_next(&dtls->base, record, sizeof record, &event, result))
            return 0;
        got = take(dtls, &event, plaintext);
        *result = state_result(dtls);
        if (*result < 0) {
            note_failure(dtls);
            return 0;
        }
        (void)flush(dtls); /* what it cannot send now goes with the next write */
        go_on_shutting(dtls);
    }
    return got;
}

static int dtls_read(struct wire *wire, uint8_t *room, size_t size, dm_bytes *input)
{
    struct dtls_wire *dtls = dtls_of_wire(wire);
    uint8_t *plaintext = room_for(dtls, room, size);
    int result = WIRE_NOTHING;
    size_t got = next_plaintext(dtls, plaintext, &result);
    wire->is_ahead = got > 0;
    if (!got)
        return result;
    dtls->base.heard++;
    *input = dm_bytes_of(plaintext, got);
    return WIRE_MORE;
}

/* --- the handshake ------------------------------------------------------------------------------
 */

static void proceed(struct assoc_wire *wire);

static void count(struct dtls_wire *dtls, enum tls_reason reason)
{
    stats_add(&dtls->base.wire.loop->stats->handshakes[reason], 1);
}

static void fail(struct dtls_wire *dtls, enum tls_reason reason, int error)
{
    tls_dtls_fail(dtls->dtls, reason);
    const char *why = tls_dtls_why(dtls->dtls);
    count(dtls, reason);
    snprintf(dtls->why, sizeof dtls->why, "DTLS: %s", *why ? why : tls_reason_text(reason));
    dtls->base.wire.why = dtls->why;
    assoc_wire_opened(&dtls->base, error);
}

static void step(uv_work_t *work)
{
    struct dtls_wire *dtls = work->data;
    (void)tls_dtls_feed(dtls->dtls, dtls->record, dtls->record_size); /* its state says it, too */
}

/* The key is known before anything that it signs can be received. */
static void set_key(struct dtls_wire *dtls)
{
    const uint8_t *key = tls_dtls_key(dtls->dtls);
    if (!key || dtls->has_key)
        return;
    dtls->has_key = true;
    if (!assoc_key_set(dtls->base.assoc, DTLS_KEY, key, TLS_DTLS_KEY_SIZE))
        dtls->is_keyless = true;
}

static void on_stepped(uv_work_t *work, int status)
{
    struct dtls_wire *dtls = work->data;
    (void)status;
    dtls->is_stepping = false;
    free(dtls->record);
    dtls->record = NULL;
    if (dtls->base.leaving != ASSOC_STAYS) {
        assoc_wire_post(&dtls->base);
        return;
    }
    set_key(dtls);
    proceed(&dtls->base);
}

static void begin_step(struct dtls_wire *dtls, const uint8_t *record, size_t size)
{
    dtls->record = size ? malloc(size) : NULL;
    if (size && !dtls->record)
        abort();
    if (size)
        memcpy(dtls->record, record, size);
    dtls->record_size = size;
    dtls->is_stepping = true;
    dtls->work.data = dtls;
    if (uv_queue_work(dtls->base.wire.loop->uv, &dtls->work, step, on_stepped))
        abort();
}

/* SCT-16: whoever does not authenticate DATA is refused. */
static void come_up(struct dtls_wire *dtls, const struct assoc_event *event)
{
    dtls->is_up = true;
    dtls->streams = event->streams_out;
    if (!assoc_is_authenticated(dtls->base.assoc)) {
        log_warn("-", "DTLS", log_words("the other side does not authenticate DATA"));
        dtls->is_refused = true;
        fail(dtls, TLS_REASON_PROTOCOL, -EPROTO);
        return;
    }
    dtls->base.wire.state = WIRE_HANDSHAKING;
    if (dtls->base.is_dialled)
        begin_step(dtls, NULL, 0);
}

/* The other side's Finished is here and ours has left. */
static void open_up(struct dtls_wire *dtls)
{
    assoc_key_delete(dtls->base.assoc, FIRST_KEY);
    count(dtls, TLS_REASON_NONE);
    dtls->holds = true;
    dtls->base.may_write = dtls->base.has_input = true;
    assoc_wire_opened(&dtls->base, 0);
}

static void take_event(struct dtls_wire *dtls, const struct assoc_event *event)
{
    if (event->what == ASSOC_UP)
        come_up(dtls, event);
    else if (event->what == ASSOC_MESSAGE)
        begin_step(dtls, event->octets, event->size);
    else if (event->what == ASSOC_OVERSIZED)
        fail(dtls, TLS_REASON_PROTOCOL, -EPROTO);
    else
        (void)take(dtls, event, NULL);
}

/* Who never came up has failed at nothing. */
static void over(struct dtls_wire *dtls, int error)
{
    if (dtls->is_up)
        fail(dtls, TLS_REASON_ENDED, error);
    else
        assoc_wire_opened(&dtls->base, error);
}

/* One event after the other, until it is open, or a step is under way, or nothing has come. */
static void proceed(struct assoc_wire *wire)
{
    struct dtls_wire *dtls = dtls_of(wire);
    uint8_t record[TLS_DTLS_RECORD_MAX];
    struct assoc_event event;
    while (wire->leaving == ASSOC_STAYS && !dtls->is_stepping) {
        int result = flush(dtls);
        enum tls_state state = tls_dtls_state(dtls->dtls);
        if (state == TLS_FAILED) {
            fail(dtls, tls_dtls_reason(dtls->dtls), -EPROTO);
            return;
        }
        if (dtls->is_keyless) {
            fail(dtls, TLS_REASON_INTERNAL, -EPROTO);
            return;
        }
        if (state == TLS_OPEN && result == 0) {
            open_up(dtls);
            return;
        }
        if (!assoc_wire_next(wire, record, sizeof record, &event, &result)) {
            if (result < 0)
                over(dtls, result == UV_EOF ? UV_ECONNRESET : result);
            return;
        }
        take_event(dtls, &event);
    }
}

/* Its holder has waited long enough, or we end: whatever else ends a handshake has said why. */
static void dtls_close(struct wire *wire, bool reset)
{
    struct dtls_wire *dtls = dtls_of_wire(wire);
    if (wire->state == WIRE_HANDSHAKING && dtls->is_up && !wire->why)
        count(dtls, TLS_REASON_TIMEOUT);
    assoc_wire_close(wire, reset || dtls->is_refused);
}

/* --- what it knows ------------------------------------------------------------------------------
 */

static enum wire_proof speaks_for(const struct wire *wire, dm_bytes identity)
{
    const struct dtls_wire *dtls = (const struct dtls_wire *)wire;
    return wire_proof_of(tls_dtls_speaks_for(dtls->dtls, (const char *)identity.at, identity.size));
}

static void security(const struct wire *wire, char *text, size_t size)
{
    const struct dtls_wire *dtls = (const struct dtls_wire *)wire;
    snprintf(text, size, "%s %s", tls_dtls_version(dtls->dtls), tls_dtls_cipher(dtls->dtls));
}

static int64_t expiry(const struct wire *wire)
{
    return tls_dtls_expires(((const struct dtls_wire *)wire)->dtls);
}

/* --- making one ---------------------------------------------------------------------------------
 */

static const struct wire_kind dtls_kind = {
    .transport = CONF_DTLS,
    .has_messages = true,
    .read = dtls_read,
    .write = dtls_write,
    .wait = assoc_wire_wait,
    .has_ended = assoc_wire_has_ended,
    .shut = dtls_shut,
    .close = dtls_close,
    .detach = assoc_wire_detach,
    .attach = assoc_wire_attach,
    .bury = assoc_wire_bury,
    .local = assoc_wire_local,
    .remote = assoc_wire_remote,
    .speaks_for = speaks_for,
    .security = security,
    .expiry = expiry,
};

static void release(struct assoc_wire *wire)
{
    struct dtls_wire *dtls = dtls_of(wire);
    tls_dtls_free(dtls->dtls);
    free(dtls->plaintext);
}

static bool is_busy(const struct assoc_wire *wire)
{
    return ((const struct dtls_wire *)wire)->is_stepping;
}

static struct assoc_wire *new_wire(struct wire_loop *loop, bool is_dialled)
{
    struct dtls_wire *dtls = loop->tls ? calloc(1, sizeof *dtls) : NULL;
    if (!dtls)
        return NULL;
    assoc_wire_init(&dtls->base, &dtls_kind, loop, is_dialled);
    dtls->base.wire.state = is_dialled ? WIRE_CONNECTING : WIRE_HANDSHAKING;
    dtls->base.wire.message_limit = TLS_DTLS_MESSAGE_MAX;
    dtls->base.proceed = proceed;
    dtls->base.release = release;
    dtls->base.is_busy = is_busy;
    dtls->dtls = tls_dtls_new(loop->tls, is_dialled ? TLS_CLIENT : TLS_SERVER);
    if (dtls->dtls)
        return &dtls->base;
    free(dtls);
    return NULL;
}

struct assoc_wire *dtls_wire_accept(struct wire_loop *loop)
{
    return new_wire(loop, false);
}

struct wire *dtls_wire_dial(struct wire_loop *loop, const struct conf_endpoint *to,
                            const char *peer, int *error)
{
    struct assoc_wire *wire = new_wire(loop, true);
    (void)peer;
    *error = UV_ENOMEM;
    if (wire && assoc_wire_connect(wire, to, error))
        return &wire->wire;
    if (wire)
        release(wire);
    free(wire);
    return NULL;
}
