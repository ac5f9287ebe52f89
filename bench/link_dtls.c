/* link_dtls.c — links over DTLS over SCTP: one message is one record is one user message. The keys
 * of SCTP-AUTH follow the handshake. RFC 6083; SCT-13 to SCT-17.
 *
 *     up ─► feed, key, records (ChangeCipherSpec when all before has arrived) ─► secure
 *     secure ─► read, take; seal, send                                                   */
#include "bench/link_assoc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tls/dtls.h"
#include "tls/identity.h"

enum { OLD_KEY = 0, NEW_KEY = 1 };

static void look(struct link *link);

/* The alert is on its way: the association ends in good order, or the timer ends it. */
static void dtls_failed(struct link *link)
{
    struct link_assoc *mine = link_assoc_of(link);
    snprintf(link->why, sizeof(link->why), "DTLS: %.150s", tls_dtls_why(mine->dtls));
    link->state = LINK_CLOSING;
    assoc_shut(mine->assoc);
    loop_timer_at(link->loop, &link->timer, link->loop->now + LOOP_SECOND);
}

/* ---- records out ---- */

/* False: it has to wait for what was sent to arrive. */
static bool may_go(struct link_assoc *mine, const struct tls_dtls_record *record)
{
    if (!(record->what & TLS_DTLS_AFTER_DRY) || mine->is_dry)
        return true;
    if (!mine->awaits_dry)
        assoc_await_dry(mine->assoc);
    mine->awaits_dry = true;
    return false;
}

static struct assoc_manner manner_of(const struct link *link, const struct tls_dtls_record *record)
{
    struct assoc_manner manner = link_assoc_manner(link);
    manner.is_unordered = manner.is_unordered && !record->is_control;
    return manner;
}

/* Sends what waits in the conversation. True: nothing does any more. */
static bool pump(struct link *link)
{
    struct link_assoc *mine = link_assoc_of(link);
    struct tls_dtls_record record;
    while (tls_dtls_next(mine->dtls, &record)) {
        if (!may_go(mine, &record))
            return false;
        if (link_assoc_send(link, record.octets, record.size, manner_of(link, &record)))
            return false;
        if (record.what & TLS_DTLS_THEN_USE_KEY)
            (void)assoc_key_use(mine->assoc, NEW_KEY); /* it is there: has_key */
        mine->is_dry = false;
        tls_dtls_sent(mine->dtls);
    }
    return true;
}

static void dtls_dry(struct link *link)
{
    struct link_assoc *mine = link_assoc_of(link);
    mine->awaits_dry = false;
    mine->is_dry = true;
}

/* ---- records in ---- */

/* Of this record, and of those that were kept before it. */
static void read_all(struct link *link, const uint8_t *record, size_t size)
{
    struct tls_dtls *dtls = link_assoc_of(link)->dtls;
    uint8_t *plain = link->setup->net->plain;
    size_t got = tls_dtls_read(dtls, record, size, plain, LOOP_BUFFER);
    while (got && link->state != LINK_CLOSED) {
        link_assoc_take(link, dm_bytes_of(plain, got));
        got = tls_dtls_read(dtls, NULL, 0, plain, LOOP_BUFFER);
    }
}

static void dtls_secure(struct link *link)
{
    struct link_assoc *mine = link_assoc_of(link);
    mine->is_secure = true;
    (void)assoc_key_delete(mine->assoc, OLD_KEY); /* unused from now on, deleted or not */
    if (link->state == LINK_CONNECTING)
        link_connected(link);
    read_all(link, NULL, 0); /* data may have overtaken the Finished */
}

/* Before the next message is received. RFC 6083 §4.8. */
static void take_key(struct link *link)
{
    struct link_assoc *mine = link_assoc_of(link);
    const uint8_t *key = mine->has_key ? NULL : tls_dtls_key(mine->dtls);
    if (!key)
        return;
    mine->has_key = assoc_key_set(mine->assoc, NEW_KEY, key, TLS_DTLS_KEY_SIZE);
    if (!mine->has_key)
        link_close(link, "DTLS: the association takes no key");
}

/* What has become of the conversation? */
static void look(struct link *link)
{
    struct link_assoc *mine = link_assoc_of(link);
    bool sent = link->state != LINK_CLOSED && pump(link);
    if (link->state == LINK_CLOSED)
        return;
    enum tls_state state = tls_dtls_state(mine->dtls);
    if (state == TLS_FAILED && link->state != LINK_CLOSING)
        dtls_failed(link);
    else if (state == TLS_CLOSED)
        link_ended(link);
    else if (sent && state == TLS_OPEN && !mine->is_secure)
        dtls_secure(link);
}

static void feed(struct link *link, const void *record, size_t size)
{
    (void)tls_dtls_feed(link_assoc_of(link)->dtls, record, size); /* the state says it */
    take_key(link);
    look(link);
}

/* Asked once: of an association that is being shut it can no longer be said. */
static bool is_trustworthy(struct link *link)
{
    struct link_assoc *mine = link_assoc_of(link);
    mine->is_authenticated = mine->is_authenticated || assoc_is_authenticated(mine->assoc);
    if (!mine->is_authenticated)
        link_close(link, "the peer does not authenticate its packets: RFC 6083 §4.8");
    return mine->is_authenticated;
}

static void dtls_up(struct link *link)
{
    if (is_trustworthy(link) && link_assoc_of(link)->is_dialler)
        feed(link, NULL, 0);
}

static void dtls_message(struct link *link, const struct assoc_event *event)
{
    struct tls_dtls *dtls = link_assoc_of(link)->dtls;
    if (tls_dtls_state(dtls) != TLS_HANDSHAKING)
        read_all(link, event->octets, event->size);
    else if (is_trustworthy(link))
        feed(link, event->octets, event->size);
}

static const struct link_assoc_kind kind = {
    .is_authenticated = true,
    .ppid = ASSOC_PPID_DTLS,
    .message_limit = TLS_DTLS_RECORD_MAX,
    .up = dtls_up,
    .message = dtls_message,
    .woken = look,
    .dry = dtls_dry,
};

/* ---- messages out ---- */

/* 0, -EAGAIN where it was kept and no more may follow, -errno. */
static int send_sealed(struct link *link, const uint8_t *message, size_t size)
{
    struct link_assoc *mine = link_assoc_of(link);
    uint8_t *record = link->loop->buffer;
    const struct iovec piece = {(void *)(uintptr_t)message, size};
    size_t sealed = tls_dtls_seal(mine->dtls, &piece, 1, record);
    if (!sealed) {
        snprintf(link->why, sizeof(link->why), "a message of %zu octets is too long for DTLS",
                 size);
        return -EMSGSIZE;
    }
    int failed = link_assoc_send(link, record, sealed, link_assoc_manner(link));
    if (failed == -EAGAIN && !tls_dtls_keep(mine->dtls, record, sealed))
        return -ENOMEM;
    return failed;
}

static ssize_t dtls_write(struct link *link, dm_bytes queued)
{
    size_t taken = 0;
    if (!link_assoc_of(link)->is_secure || !pump(link))
        return 0;
    while (taken < queued.size) {
        const uint8_t *message = queued.at + taken;
        size_t size = dm_get24(message + 1);
        int failed = send_sealed(link, message, size);
        if (failed && failed != -EAGAIN)
            return failed;
        taken += size;
        if (failed)
            break;
    }
    return (ssize_t)taken;
}

/* ---- life ---- */

static int converse(struct link *link, enum tls_side side)
{
    struct link_assoc *mine = link_assoc_of(link);
    mine->dtls = tls_dtls_new(link->setup->net->carrier->tls, side);
    return mine->dtls ? 0 : -ENOMEM;
}

static int dtls_dial(struct link *link, const struct link_address *to)
{
    int failed = link_assoc_dial(link, to, &kind);
    return failed ? failed : converse(link, TLS_CLIENT);
}

static int dtls_adopt(struct link *link, struct link_arrival arrival)
{
    int failed = link_assoc_adopt(link, arrival, &kind);
    return failed ? failed : converse(link, TLS_SERVER);
}

static void dtls_bury(struct link *link)
{
    if (link->carrier)
        tls_dtls_free(link_assoc_of(link)->dtls);
    link_assoc_bury(link);
}

static bool dtls_denies(const struct link *link, dm_bytes host)
{
    return tls_dtls_speaks_for(link_assoc_of(link)->dtls, (const char *)host.at, host.size) ==
           TLS_DENIES;
}

static int dtls_listen(struct link_listener *listener, struct link_net *net,
                       const struct link_address *address)
{
    return link_assoc_listen(listener, net, address, &kind);
}

const struct link_kind link_dtls = {
    .dial = dtls_dial,
    .adopt = dtls_adopt,
    .write = dtls_write,
    .wish = link_assoc_wish,
    .bury = dtls_bury,
    .local = link_assoc_local,
    .denies = dtls_denies,
    .listen = dtls_listen,
    .unlisten = link_assoc_unlisten,
};
