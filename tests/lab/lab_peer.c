/* lab_peer.c — a scripted peer: what it has read and what it has yet to write.
 *
 * lab_serve gives every peer of the lab its turn: what arrived is cut into messages, DWRs are
 * answered unless the test wants them, the rest goes to the inbox. How octets travel is its kind's
 * matter (lab_kind.h). Nothing here blocks but with a deadline. */
#include "tests/lab/lab_kind.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

/* Of a message transport each write stands behind its size: its boundary is sent, too. */
static void append_out(struct lab_peer *peer, const void *octets, size_t size)
{
    uint32_t boundary = (uint32_t)size;
    size_t head = peer->kind->has_messages ? sizeof(boundary) : 0;
    make_room(&peer->out, &peer->out_room, peer->out_size + head + size);
    memcpy(peer->out + peer->out_size, &boundary, head);
    if (size)
        memcpy(peer->out + peer->out_size + head, octets, size);
    peer->out_size += head + size;
}

/* The message in front, or all octets. Returns how much of `out` has left. */
static size_t write_first(struct lab_peer *peer, size_t at)
{
    uint32_t size;
    if (!peer->kind->has_messages)
        return peer->kind->write(peer, peer->out + at, peer->out_size - at);
    memcpy(&size, peer->out + at, sizeof(size));
    return peer->kind->write(peer, peer->out + at + sizeof(size), size) ? sizeof(size) + size : 0;
}

static void write_out(struct lab_peer *peer)
{
    size_t sent = 0;
    if (peer->is_closed || lab_is_shaking(peer))
        return;
    for (size_t n; sent < peer->out_size && (n = write_first(peer, sent)) > 0;)
        sent += n;
    peer->out_size -= sent;
    memmove(peer->out, peer->out + sent, peer->out_size);
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

void lab_peer_take(struct lab_peer *peer, const void *octets, size_t size)
{
    if (size == 0)
        return;
    make_room(&peer->in, &peer->in_room, peer->in_size + size);
    memcpy(peer->in + peer->in_size, octets, size);
    peer->in_size += size;
    cut_messages(peer);
    if (peer->kind->has_messages && peer->in_size)
        lab_fail("%s: SCT-02: got %zu octets that are no whole message", peer->identity, size);
}

void lab_peer_ended(struct lab_peer *peer, bool was_reset)
{
    peer->was_reset = !peer->ended && was_reset;
    peer->ended = true;
}

bool lab_is_read(const struct lab_peer *peer)
{
    return !peer->is_closed && !peer->ended && !peer->paused;
}

bool lab_is_shaking(const struct lab_peer *peer)
{
    return !peer->ended && peer->kind->is_shaking && peer->kind->is_shaking(peer);
}

static void end_disconnected(struct lab_peer *peer)
{
    if (peer->auto_disconnect && peer->ended && !peer->is_closed)
        lab_close(peer);
}

/* The peers' descriptors, and that of the SCTP stack behind them. */
void lab_serve(struct lab *lab, int ms)
{
    size_t count = lab->peer_count;
    struct pollfd *polls = calloc(count + 1, sizeof(*polls));
    for (size_t i = 0; i < count; i++) {
        const struct lab_peer *peer = lab->peers[i];
        polls[i].events = peer->is_closed ? 0 : peer->kind->wants(peer);
        polls[i].fd = polls[i].events ? peer->fd : -1;
        if (polls[i].events && peer->fd < 0)
            ms = 0; /* it lies in the stack */
    }
    polls[count] = (struct pollfd){.fd = lab_stack_descriptor(lab), .events = POLLIN};
    poll(polls, count + 1, ms);
    if (polls[count].revents)
        lab_stack_look(lab);
    for (size_t i = 0; i < count; i++) {
        struct lab_peer *peer = lab->peers[i];
        if (!peer->is_closed)
            peer->kind->look(peer, polls[i].revents);
        if (peer->out_size)
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

static struct lab_peer *new_peer(struct lab *lab, const char *identity, const struct lab_kind *kind)
{
    struct lab_peer *peer = calloc(1, sizeof(*peer));
    const char *dot = strchr(identity, '.');
    peer->lab = lab;
    peer->kind = kind;
    peer->fd = -1;
    peer->inbox_end = &peer->inbox;
    strncpy(peer->identity, identity, sizeof(peer->identity) - 1);
    strncpy(peer->realm, dot ? dot + 1 : identity, sizeof(peer->realm) - 1);
    return peer;
}

static struct lab_peer *join(struct lab_peer *peer)
{
    struct lab *lab = peer->lab;
    lab->peers = realloc(lab->peers, (lab->peer_count + 1) * sizeof(struct lab_peer *));
    lab->peers[lab->peer_count++] = peer;
    return peer;
}

/* It has been connected: it is served until it may speak. */
static struct lab_peer *shake(struct lab_peer *peer)
{
    uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;
    join(peer);
    while (lab_is_shaking(peer)) {
        if (lab_now_ms() > deadline)
            lab_fail("%s: the handshake does not end", peer->identity);
        lab_serve(peer->lab, 10);
    }
    return peer;
}

struct lab_peer *lab_peer_on(struct lab *lab, const char *identity, int fd)
{
    struct lab_peer *peer = new_peer(lab, identity, &lab_tcp);
    lab_tcp_take(peer, fd);
    return join(peer);
}

struct lab_peer *lab_dial(struct lab *lab, const char *identity)
{
    struct lab_peer *peer = new_peer(lab, identity, lab->kind);
    uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;
    while (!peer->kind->dial(peer)) {
        if (lab_now_ms() > deadline)
            lab_fail("%s cannot connect to the agent: %s", identity, strerror(errno));
        lab_serve(lab, 20);
    }
    return shake(peer);
}

static struct lab_peer *accept_now(struct lab *lab, struct lab_server *server)
{
    struct lab_peer *peer = new_peer(lab, server->identity, lab->kind);
    if (peer->kind->accept(peer, server))
        return shake(peer);
    free(peer);
    return NULL;
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
    lab->kind->unlisten(server_named(lab, identity));
}

void lab_listen_again(struct lab *lab, const char *identity)
{
    int error = lab->kind->listen(lab, server_named(lab, identity));
    if (error)
        lab_fail("%s cannot listen again: %s", identity, strerror(-error));
}

void lab_finish(struct lab_peer *peer)
{
    peer->kind->finish(peer);
}

static void close_peer(struct lab_peer *peer, bool reset)
{
    if (!peer->is_closed)
        peer->kind->close(peer, reset);
    peer->is_closed = true;
    peer->fd = -1;
}

void lab_close(struct lab_peer *peer)
{
    close_peer(peer, false);
}

void lab_reset(struct lab_peer *peer)
{
    close_peer(peer, true);
}
