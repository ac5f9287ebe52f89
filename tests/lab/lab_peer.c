/* lab_peer.c — a scripted peer: a socket, what it has read and what it has yet to write.
 *
 * lab_serve gives every peer of the lab its turn: what arrived is cut into messages, DWRs are
 * answered unless the test wants them, the rest goes to the inbox. Nothing here blocks but with a
 * deadline. */
#include "tests/lab/lab_private.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_AT_ONCE = 65536 };

uint64_t lab_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void make_room(uint8_t **at, size_t *room, size_t size)
{
    if (size <= *room)
        return;
    *room = size * 2;
    *at = realloc(*at, *room);
    if (!*at)
        abort();
}

/* --- writing --- */

static void append_out(struct lab_peer *peer, const void *octets, size_t size)
{
    make_room(&peer->out, &peer->out_room, peer->out_size + size);
    if (size)
        memcpy(peer->out + peer->out_size, octets, size);
    peer->out_size += size;
}

static void write_out(struct lab_peer *peer)
{
    if (peer->fd < 0 || peer->out_size == 0)
        return;
    ssize_t n = send(peer->fd, peer->out, peer->out_size, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        n = (ssize_t)peer->out_size; /* the other side is gone; reading will say how */
    if (n <= 0)
        return;
    peer->out_size -= (size_t)n;
    memmove(peer->out, peer->out + n, peer->out_size);
}

void lab_push(struct lab_peer *peer, const struct lab_message *message)
{
    append_out(peer, message->octets, message->size);
    write_out(peer);
}

void lab_send_octets(struct lab_peer *peer, const void *octets, size_t size)
{
    uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;
    append_out(peer, octets, size);
    write_out(peer);
    while (peer->out_size) {
        if (lab_now_ms() > deadline)
            lab_fail("%s: nobody reads what it sends", peer->identity);
        lab_serve(peer->lab, 100);
    }
}

void lab_send(struct lab_peer *peer, const struct lab_message *message)
{
    lab_send_octets(peer, message->octets, message->size);
}

/* --- reading --- */

static void enqueue(struct lab_peer *peer, struct lab_message *message)
{
    message->next = NULL;
    *peer->inbox_end = message;
    peer->inbox_end = &message->next;
}

/* The agent's own requests have the R bit alone and application 0. HDR-09, HDR-18, CEX-02, WDG-05,
 * DPR-01. */
static bool is_base(const struct lab_message *message)
{
    return lab_command(message) == CER || lab_command(message) == DWR ||
           lab_command(message) == DPR;
}

static void on_message(struct lab_peer *peer, struct lab_message *message)
{
    bool is_request = lab_flags(message) & R;
    peer->received++;
    if (!lab_is_well_formed(message))
        lab_fail("%s: got a malformed message of %zu octets, command %u", peer->identity,
                 message->size, lab_command(message));
    if (is_request && is_base(message) &&
        (lab_flags(message) != R || lab_application(message) != 0))
        lab_fail("%s: base request %u with flags %02x", peer->identity, lab_command(message),
                 lab_flags(message));
    if (is_request && lab_command(message) == DWR) {
        peer->watchdogs++;
        if (!peer->no_watchdog) {
            lab_push(peer, lab_answer_to(peer, message, 2001));
            return;
        }
    }
    if (is_request && lab_command(message) == DPR && peer->auto_disconnect) {
        lab_push(peer, lab_answer_to(peer, message, 2001));
        return;
    }
    if (is_request && peer->auto_result && lab_flags(message) & P) {
        peer->answered++;
        lab_push(peer, lab_answer_to(peer, message, peer->auto_result));
        return;
    }
    enqueue(peer, message);
}

static void cut_messages(struct lab_peer *peer)
{
    size_t at = 0;
    while (peer->in_size - at >= 20) {
        size_t length =
            (size_t)peer->in[at + 1] << 16 | (size_t)peer->in[at + 2] << 8 | peer->in[at + 3];
        if (peer->in[at] != 1 || length < 20)
            lab_fail("%s: got octets that are not Diameter", peer->identity);
        if (peer->in_size - at < length)
            break;
        on_message(peer, lab_from_octets(peer->in + at, length));
        at += length;
    }
    peer->in_size -= at;
    memmove(peer->in, peer->in + at, peer->in_size);
}

static void read_in(struct lab_peer *peer)
{
    make_room(&peer->in, &peer->in_room, peer->in_size + READ_AT_ONCE);
    ssize_t n = recv(peer->fd, peer->in + peer->in_size, READ_AT_ONCE, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        peer->ended = true;
        peer->was_reset = n < 0;
        return;
    }
    peer->in_size += (size_t)n;
    cut_messages(peer);
}

static bool is_read(const struct lab_peer *peer)
{
    return peer->fd >= 0 && !peer->paused && !peer->ended;
}

static void end_disconnected(struct lab_peer *peer)
{
    if (peer->auto_disconnect && peer->ended && peer->fd >= 0)
        lab_close(peer);
}

void lab_serve(struct lab *lab, int ms)
{
    size_t count = lab->peer_count;
    struct pollfd *polls = calloc(count ? count : 1, sizeof(*polls));
    for (size_t i = 0; i < count; i++) {
        const struct lab_peer *peer = lab->peers[i];
        polls[i].fd = is_read(peer) || (peer->fd >= 0 && peer->out_size) ? peer->fd : -1;
        polls[i].events = (short)((is_read(peer) ? POLLIN : 0) | (peer->out_size ? POLLOUT : 0));
    }
    int ready = poll(polls, count, ms);
    for (size_t i = 0; ready > 0 && i < count; i++) {
        struct lab_peer *peer = lab->peers[i];
        if (polls[i].revents & (POLLIN | POLLHUP | POLLERR) && is_read(peer))
            read_in(peer);
        if (polls[i].revents & (POLLOUT | POLLERR))
            write_out(peer);
        end_disconnected(peer);
    }
    free(polls);
}

/* --- opening and closing --- */

static struct lab_server *server_named(struct lab *lab, const char *identity)
{
    for (size_t i = 0; i < lab->server_count; i++) {
        if (strcmp(lab->servers[i].identity, identity) == 0)
            return &lab->servers[i];
    }
    lab_fail("no server %s in this lab", identity);
}

struct lab_peer *lab_peer_on(struct lab *lab, const char *identity, int fd)
{
    struct lab_peer *peer = calloc(1, sizeof(*peer));
    const char *dot = strchr(identity, '.');
    int one = 1;
    peer->lab = lab;
    peer->fd = fd;
    peer->inbox_end = &peer->inbox;
    strncpy(peer->identity, identity, sizeof(peer->identity) - 1);
    strncpy(peer->realm, dot ? dot + 1 : identity, sizeof(peer->realm) - 1);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* a socket pair has none */
    lab->peers = realloc(lab->peers, (lab->peer_count + 1) * sizeof(struct lab_peer *));
    lab->peers[lab->peer_count++] = peer;
    return peer;
}

struct lab_peer *lab_dial(struct lab *lab, const char *identity)
{
    struct sockaddr_storage to;
    socklen_t size = lab_loopback(&to, lab->plan.ipv6, lab->port);
    uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;
    for (;;) {
        int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, (struct sockaddr *)&to, size) == 0)
            return lab_peer_on(lab, identity, fd);
        if (fd < 0 || lab_now_ms() > deadline)
            lab_fail("%s cannot connect to the agent: %s", identity, strerror(errno));
        close(fd);
        lab_serve(lab, 20);
    }
}

static struct lab_peer *accept_now(struct lab *lab, struct lab_server *server)
{
    int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return fd < 0 ? NULL : lab_peer_on(lab, server->identity, fd);
}

struct lab_peer *lab_accept(struct lab *lab, const char *identity)
{
    struct lab_server *server = server_named(lab, identity);
    uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;
    for (;;) {
        struct lab_peer *peer = accept_now(lab, server);
        if (peer)
            return peer;
        if (lab_now_ms() > deadline)
            lab_fail("the agent does not dial %s", identity);
        lab_serve(lab, 10);
    }
}

struct lab_peer *lab_accept_within(struct lab *lab, const char *identity, unsigned ms,
                                   unsigned step_ms)
{
    struct lab_server *server = server_named(lab, identity);
    for (unsigned passed = 0; passed <= ms; passed += step_ms) {
        struct lab_peer *peer = accept_now(lab, server);
        if (peer)
            return peer;
        lab_advance(lab, step_ms, step_ms);
        lab_serve(lab, 10);
    }
    return accept_now(lab, server);
}

void lab_stop_listening(struct lab *lab, const char *identity)
{
    struct lab_server *server = server_named(lab, identity);
    close(server->listener);
    server->listener = -1;
}

void lab_listen_again(struct lab *lab, const char *identity)
{
    struct lab_server *server = server_named(lab, identity);
    server->listener = lab_listen_on(lab->plan.ipv6, &server->port);
    if (server->listener < 0)
        lab_fail("%s cannot listen again: %s", identity, strerror(-server->listener));
}

void lab_finish(struct lab_peer *peer)
{
    shutdown(peer->fd, SHUT_WR);
}

void lab_close(struct lab_peer *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
}

void lab_reset(struct lab_peer *peer)
{
    struct linger at_once = {.l_onoff = 1};
    (void)setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    lab_close(peer);
}
