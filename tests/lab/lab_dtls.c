/* lab_dtls.c — scripted peers over DTLS over SCTP. RFC 6083.
 *
 *     up ─► feed, key, records (ChangeCipherSpec when all before it has arrived) ─► secure
 *     secure ─► read, take; seal, send */
#include <poll.h>

#include "tests/lab/lab_assoc.h"
#include "tls/dtls.h"

enum { OLD_KEY = 0, NEW_KEY = 1 };

/* --- records out --- */

/* False: it has to wait until what was sent has arrived. */
static bool may_go(struct lab_assoc *mine, const struct tls_dtls_record *record)
{
    if (!(record->what & TLS_DTLS_AFTER_DRY) || mine->is_dry)
        return true;
    if (!mine->awaits_dry)
        assoc_await_dry(mine->assoc);
    mine->awaits_dry = true;
    return false;
}

/* Sends what waits in the conversation. True: nothing does any more. */
static bool pump(struct lab_peer *peer)
{
    struct lab_assoc *mine = lab_assoc_of(peer);
    struct tls_dtls_record record;
    while (tls_dtls_next(mine->dtls, &record)) {
        if (!may_go(mine, &record) ||
            !lab_assoc_write(peer, record.octets, record.size, ASSOC_PPID_DTLS))
            return false;
        if (record.what & TLS_DTLS_THEN_USE_KEY && !assoc_key_use(mine->assoc, NEW_KEY))
            lab_fail("%s: the association does not use the new key", peer->identity);
        mine->is_dry = false;
        tls_dtls_sent(mine->dtls);
    }
    return true;
}

/* --- records in --- */

/* Of this record, and of those that were kept before it. */
static void read_all(struct lab_peer *peer, const uint8_t *record, size_t size)
{
    static uint8_t plain[TLS_DTLS_MESSAGE_MAX];
    struct tls_dtls *dtls = lab_assoc_of(peer)->dtls;
    size_t got = tls_dtls_read(dtls, record, size, plain, sizeof(plain));
    for (; got; got = tls_dtls_read(dtls, NULL, 0, plain, sizeof(plain)))
        lab_peer_take(peer, plain, got);
}

static void secure(struct lab_peer *peer)
{
    struct lab_assoc *mine = lab_assoc_of(peer);
    mine->is_secure = true;
    (void)assoc_key_delete(mine->assoc, OLD_KEY); /* unused from now on, deleted or not */
    read_all(peer, NULL, 0);                      /* data may have overtaken the Finished */
}

/* What has become of the conversation? */
static void follow(struct lab_peer *peer)
{
    struct lab_assoc *mine = lab_assoc_of(peer);
    bool all_sent = pump(peer);
    enum tls_state state = tls_dtls_state(mine->dtls);
    if (state == TLS_FAILED || state == TLS_CLOSED)
        lab_peer_ended(peer, false);
    else if (all_sent && state == TLS_OPEN && !mine->is_secure)
        secure(peer);
}

/* Before the next message is received. RFC 6083 §4.8. */
static void take_key(struct lab_peer *peer)
{
    struct lab_assoc *mine = lab_assoc_of(peer);
    const uint8_t *key = mine->has_key ? NULL : tls_dtls_key(mine->dtls);
    if (key && !(mine->has_key = assoc_key_set(mine->assoc, NEW_KEY, key, TLS_DTLS_KEY_SIZE)))
        lab_fail("%s: the association takes no key", peer->identity);
}

static void feed(struct lab_peer *peer, const void *record, size_t size)
{
    (void)tls_dtls_feed(lab_assoc_of(peer)->dtls, record, size); /* the state says it */
    take_key(peer);
    follow(peer);
}

static void converse(struct lab_peer *peer, enum tls_side side)
{
    struct lab_assoc *mine = lab_assoc_of(peer);
    mine->dtls = tls_dtls_new(lab_tls_context(peer->lab, peer->identity), side);
    if (!mine->dtls)
        lab_fail("%s: no memory for DTLS", peer->identity);
}

static void up(struct lab_peer *peer)
{
    (void)peer; /* who dialled begins behind lab_assoc_dial, who accepted listens */
}

static void message(struct lab_peer *peer, const struct assoc_event *event)
{
    struct tls_dtls *dtls = lab_assoc_of(peer)->dtls;
    if (event->ppid != ASSOC_PPID_DTLS)
        lab_fail("%s: SCT-06: got a message with PPID %u", peer->identity, event->ppid);
    if (tls_dtls_state(dtls) == TLS_HANDSHAKING) {
        feed(peer, event->octets, event->size);
        return;
    }
    read_all(peer, event->octets, event->size);
    follow(peer);
}

static void dry(struct lab_peer *peer)
{
    struct lab_assoc *mine = lab_assoc_of(peer);
    mine->awaits_dry = false;
    mine->is_dry = true;
    follow(peer);
}

static const struct lab_assoc_kind kind = {
    .is_authenticated = true, .up = up, .message = message, .dry = dry};

/* --- life --- */

static int open_listener(struct lab *lab, struct lab_server *server)
{
    return lab_assoc_listen(lab, server, &kind);
}

static bool dial(struct lab_peer *peer)
{
    if (!lab_assoc_dial(peer, &kind))
        return false;
    if (!assoc_is_authenticated(lab_assoc_of(peer)->assoc))
        lab_fail("%s: SCT-16: the agent does not authenticate its packets", peer->identity);
    converse(peer, TLS_CLIENT);
    feed(peer, NULL, 0);
    return true;
}

static bool take(struct lab_peer *peer, struct lab_server *server)
{
    if (!lab_assoc_accept(peer, server))
        return false;
    converse(peer, TLS_SERVER);
    return true;
}

static bool is_shaking(const struct lab_peer *peer)
{
    return !lab_assoc_of(peer)->is_secure;
}

static void look(struct lab_peer *peer, int events)
{
    (void)events;
    lab_assoc_look(peer, &kind);
}

static size_t put(struct lab_peer *peer, const void *octets, size_t size)
{
    static uint8_t record[TLS_DTLS_MESSAGE_MAX + TLS_DTLS_OVERHEAD];
    struct lab_assoc *mine = lab_assoc_of(peer);
    const struct iovec piece = {(void *)(uintptr_t)octets, size};
    if (!pump(peer))
        return 0;
    size_t sealed = tls_dtls_seal(mine->dtls, &piece, 1, record);
    if (!sealed && tls_dtls_state(mine->dtls) == TLS_OPEN)
        lab_fail("%s: %zu octets are too many for DTLS", peer->identity, size);
    if (sealed && !lab_assoc_write(peer, record, sealed, ASSOC_PPID_DTLS))
        (void)tls_dtls_keep(mine->dtls, record, sealed); /* no memory: it fails, and is heard of */
    return size;
}

static void end(struct lab_peer *peer, bool reset)
{
    tls_dtls_free(lab_assoc_of(peer)->dtls);
    lab_assoc_close(peer, reset);
}

const struct lab_kind lab_dtls = {
    .name = "dtls",
    .has_messages = true,
    .is_secure = true,
    .is_sctp = true,
    .listen = open_listener,
    .unlisten = lab_assoc_unlisten,
    .dial = dial,
    .accept = take,
    .is_shaking = is_shaking,
    .wants = lab_assoc_wants,
    .look = look,
    .write = put,
    .finish = lab_assoc_finish,
    .close = end,
};
