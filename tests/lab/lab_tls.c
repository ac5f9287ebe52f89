/* lab_tls.c — scripted peers over TLS, each with the certificate of its identity. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lab/lab_kind.h"
#include "tls/session.h"

enum { READ_AT_ONCE = 65536 };

/* --- certificates --- */

struct lab_context {
    struct lab_context *next;
    struct tls_context *context;
    char identity[256];
};

/* Made by the test lab_certificates before the others; by hand: certificates.sh FOLDER NAME… */
const char *lab_certificates(void)
{
    const char *folder = getenv("LAB_CERTIFICATES");
    return folder ? folder : BIN_DIR "/../certificates";
}

static struct tls_context *read_files(const char *identity)
{
    char certificate[600], key[600], ca[600], why[TLS_WHY_SIZE];
    snprintf(certificate, sizeof(certificate), "%s/%s.pem", lab_certificates(), identity);
    snprintf(key, sizeof(key), "%s/%s.key", lab_certificates(), identity);
    snprintf(ca, sizeof(ca), "%s/ca.pem", lab_certificates());
    struct tls_options options = {.certificate = certificate,
                                  .private_key = key,
                                  .ca = ca,
                                  .minimum_version = TLS_VERSION_1_2,
                                  .verify = TLS_VERIFY_REQUIRED};
    struct tls_context *context = tls_context_new(&options, why);
    if (!context)
        lab_fail("%s", why);
    return context;
}

struct tls_context *lab_tls_context(struct lab *lab, const char *identity)
{
    for (struct lab_context *known = lab->contexts; known; known = known->next)
        if (strcmp(known->identity, identity) == 0)
            return known->context;
    struct lab_context *one = calloc(1, sizeof(*one));
    strncpy(one->identity, identity, sizeof(one->identity) - 1);
    one->context = read_files(identity);
    one->next = lab->contexts;
    lab->contexts = one;
    return one->context;
}

void lab_tls_free(struct lab *lab)
{
    while (lab->contexts) {
        struct lab_context *one = lab->contexts;
        lab->contexts = one->next;
        tls_context_unref(one->context);
        free(one);
    }
}

/* --- the conversation --- */

static void flush(struct lab_peer *peer)
{
    for (size_t size, n;;) {
        const void *octets = tls_session_unsent(peer->carried, &size);
        if (!size || !(n = lab_tcp_write(peer, octets, size)))
            return;
        tls_session_sent(peer->carried, n);
    }
}

static void begin(struct lab_peer *peer, enum tls_side side)
{
    struct tls_context *context = lab_tls_context(peer->lab, peer->identity);
    peer->carried = tls_session_new(context, side, side == TLS_CLIENT ? A_HOST : NULL);
    if (!peer->carried)
        lab_fail("%s: no memory for TLS", peer->identity);
    if (side == TLS_CLIENT)
        (void)tls_session_feed(peer->carried, NULL, 0); /* it has nothing to fail at yet */
    flush(peer);
}

static bool dial(struct lab_peer *peer)
{
    if (!lab_tcp_dial(peer))
        return false;
    begin(peer, TLS_CLIENT);
    return true;
}

static bool take(struct lab_peer *peer, struct lab_server *server)
{
    if (!lab_tcp_accept(peer, server))
        return false;
    begin(peer, TLS_SERVER);
    return true;
}

static bool is_shaking(const struct lab_peer *peer)
{
    return tls_session_state(peer->carried) == TLS_HANDSHAKING;
}

static short wants(const struct lab_peer *peer)
{
    size_t unsent;
    (void)tls_session_unsent(peer->carried, &unsent);
    return (short)((lab_is_read(peer) ? POLLIN : 0) | (peer->out_size || unsent ? POLLOUT : 0));
}

/* What these octets come to, and what has come with them. */
static void read_all(struct lab_peer *peer, const void *octets, size_t size)
{
    static uint8_t plain[READ_AT_ONCE];
    do {
        size_t n = tls_session_read(peer->carried, octets, size, plain, sizeof(plain));
        lab_peer_take(peer, plain, n);
        octets = NULL;
        size = 0;
    } while (tls_session_is_ready(peer->carried));
}

static void read_in(struct lab_peer *peer)
{
    static uint8_t room[READ_AT_ONCE];
    size_t n = lab_tcp_read(peer, room, sizeof(room));
    if (n == 0)
        return;
    bool was_shaking = is_shaking(peer);
    if (was_shaking)
        (void)tls_session_feed(peer->carried, room, n); /* the state says it */
    if (!is_shaking(peer))
        read_all(peer, was_shaking ? NULL : room, was_shaking ? 0 : n);
    enum tls_state state = tls_session_state(peer->carried);
    if (state == TLS_CLOSED || state == TLS_FAILED)
        lab_peer_ended(peer, false);
}

static void look(struct lab_peer *peer, int events)
{
    if (events & (POLLIN | POLLHUP | POLLERR) && lab_is_read(peer))
        read_in(peer);
    flush(peer);
}

static size_t put(struct lab_peer *peer, const void *octets, size_t size)
{
    struct iovec piece = {(void *)(uintptr_t)octets, size};
    size_t taken = tls_session_write(peer->carried, &piece, 1);
    flush(peer);
    return taken || tls_session_state(peer->carried) == TLS_OPEN ? taken : size;
}

/* --- ends --- */

static void finish(struct lab_peer *peer)
{
    tls_session_close(peer->carried);
    flush(peer);
    lab_tcp_finish(peer);
}

static void end(struct lab_peer *peer, bool reset)
{
    if (!reset)
        tls_session_close(peer->carried);
    flush(peer);
    tls_session_free(peer->carried);
    lab_tcp_close(peer, reset);
}

const struct lab_kind lab_tls = {
    .name = "tls",
    .is_secure = true,
    .listen = lab_tcp_listen,
    .unlisten = lab_tcp_unlisten,
    .dial = dial,
    .accept = take,
    .is_shaking = is_shaking,
    .wants = wants,
    .look = look,
    .write = put,
    .finish = finish,
    .close = end,
};
