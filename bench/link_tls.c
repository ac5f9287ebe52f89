/* link_tls.c — links over TLS: what is received goes into the conversation, what it decrypts is
 * framed; what is queued goes in as full records, and its ciphertext leaves in one send. RFC 6733
 * §13.1. */
#include "bench/link_kind.h"
#include "bench/link_net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "tls/identity.h"
#include "tls/session.h"

struct link_tls {
    struct tls_session *session;
    bool is_dialling;
    bool is_open; /* the handshake is done */
};

static struct link_tls *tls_of(const struct link *link)
{
    return link->carrier;
}

/* ---- ciphertext out ---- */

/* 0, or -errno. What the socket does not take waits in the conversation. */
static int send_unsent(struct link *link)
{
    struct tls_session *session = tls_of(link)->session;
    size_t size;
    for (const void *at; (at = tls_session_unsent(session, &size)) && size;) {
        ssize_t sent = send(link->watch.fd, at, size, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        tls_session_sent(session, (size_t)sent);
    }
    return 0;
}

static bool has_unsent(const struct link *link)
{
    size_t size;
    (void)tls_session_unsent(tls_of(link)->session, &size);
    return size != 0;
}

static void tls_wish(struct link *link, bool reading)
{
    bool writing = has_unsent(link) || (link_queued(link) && link->state != LINK_CONNECTING);
    loop_change(link->loop, &link->watch, (reading ? EPOLLIN : 0) | (writing ? EPOLLOUT : 0));
}

static void tls_flush(struct link *link)
{
    int failed = send_unsent(link);
    if (failed)
        link_close(link, strerror(-failed));
    else
        link_wish(link);
}

/* The conversation takes what fits into its limit; the rest when that has left. */
static ssize_t tls_write(struct link *link, dm_bytes queued)
{
    size_t taken = 0, more;
    do {
        const struct iovec piece = {(void *)(uintptr_t)(queued.at + taken), queued.size - taken};
        more = tls_session_write(tls_of(link)->session, &piece, 1);
        taken += more;
        int failed = send_unsent(link);
        if (failed)
            return failed;
    } while (more && taken < queued.size && !has_unsent(link));
    return (ssize_t)taken;
}

/* ---- the conversation ---- */

static void tls_failed(struct link *link)
{
    char why[160];
    const struct tls_session *session = tls_of(link)->session;
    (void)send_unsent(link); /* the alert; who does not take it will see us go */
    snprintf(why, sizeof(why), "TLS: %.150s", tls_session_why(session));
    link_close(link, why);
}

static void tls_look(struct link *link)
{
    enum tls_state state = tls_session_state(tls_of(link)->session);
    if (link->state == LINK_CLOSED)
        return;
    if (state == TLS_FAILED)
        tls_failed(link);
    else if (state == TLS_CLOSED)
        link_ended(link);
    else
        tls_flush(link);
}

/* All that these octets, and those before them, come to. */
static void tls_read(struct link *link, const void *ciphertext, size_t size)
{
    struct tls_session *session = tls_of(link)->session;
    uint8_t *plain = link->setup->net->plain;
    do {
        size_t got = tls_session_read(session, ciphertext, size, plain, LOOP_BUFFER);
        link_take_octets(link, dm_bytes_of(plain, got));
        ciphertext = NULL;
        size = 0;
    } while (link->state != LINK_CLOSED && tls_session_is_ready(session));
    tls_look(link);
}

static void tls_opened(struct link *link)
{
    tls_of(link)->is_open = true;
    if (link->state == LINK_CONNECTING)
        link_connected(link);
    tls_read(link, NULL, 0); /* data may have come with the last flight */
}

static void tls_shake(struct link *link, const void *ciphertext, size_t size)
{
    struct tls_session *session = tls_of(link)->session;
    (void)tls_session_feed(session, ciphertext, size); /* the state says it */
    if (tls_session_state(session) == TLS_OPEN)
        tls_opened(link);
    else
        tls_look(link);
}

/* ---- the descriptor ---- */

static void tls_receive(struct link *link)
{
    struct link_tls *tls = tls_of(link);
    ssize_t got = recv(link->watch.fd, link->loop->buffer, LOOP_BUFFER, 0);
    link->loop->now = loop_clock(); /* others were served before in this turn */
    if (got > 0 && tls->is_open)
        tls_read(link, link->loop->buffer, (size_t)got);
    else if (got > 0)
        tls_shake(link, link->loop->buffer, (size_t)got);
    else if (got == 0)
        link_ended(link);
    else if (errno != EAGAIN && errno != EINTR)
        link_close(link, strerror(errno));
}

static void tls_connected(struct link *link)
{
    int failed = link_fd_connected(link);
    if (failed) {
        link_close(link, strerror(-failed));
        return;
    }
    tls_of(link)->is_dialling = false;
    tls_shake(link, NULL, 0);
}

static void tls_ready(struct link *link, uint32_t events)
{
    if (tls_of(link)->is_dialling) {
        tls_connected(link);
        return;
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        tls_receive(link);
    if (!(events & EPOLLOUT) || link->state == LINK_CLOSED)
        return;
    tls_flush(link);
    loop_post(link->loop, &link->flush);
}

/* ---- life ---- */

static int tls_begin(struct link *link, enum tls_side side)
{
    struct link_tls *tls = calloc(1, sizeof(*tls));
    if (!tls)
        return -ENOMEM;
    link->carrier = tls;
    tls->is_dialling = side == TLS_CLIENT;
    tls->session = tls_session_new(link->setup->net->carrier->tls, side, NULL);
    return tls->session ? 0 : -ENOMEM;
}

static int tls_dial(struct link *link, const struct link_address *to)
{
    int failed = tls_begin(link, TLS_CLIENT);
    return failed ? failed : link_fd_dial(link, to);
}

static int tls_adopt(struct link *link, struct link_arrival arrival)
{
    int failed = link_fd_adopt(link, arrival); /* first: the descriptor is the link's */
    return failed ? failed : tls_begin(link, TLS_SERVER);
}

static void tls_bury(struct link *link)
{
    struct link_tls *tls = tls_of(link);
    if (!tls)
        return;
    if (tls->session) {
        tls_session_close(tls->session);
        (void)send_unsent(link); /* close_notify, if it goes at once */
    }
    tls_session_free(tls->session);
    free(tls);
}

static bool tls_denies(const struct link *link, dm_bytes host)
{
    return tls_session_speaks_for(tls_of(link)->session, (const char *)host.at, host.size) ==
           TLS_DENIES;
}

const struct link_kind link_tls = {
    .dial = tls_dial,
    .adopt = tls_adopt,
    .ready = tls_ready,
    .write = tls_write,
    .wish = tls_wish,
    .bury = tls_bury,
    .local = link_fd_local,
    .denies = tls_denies,
    .listen = link_fd_listen,
    .unlisten = link_fd_unlisten,
};
