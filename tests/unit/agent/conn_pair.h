/* conn_pair.h — a connection over loopback, with a worker that has a loop and memory, but no
 * thread.
 *
 * The other end is a plain socket that the test reads and writes itself. For the tests of
 * connections. */
#pragma once

#include "agent/net/conn.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/net/tcp.h"
#include "agent/net/wire_tcp.h"

enum { LIMIT = 65536, MANY = 64 };

/* What the owner heard, and what it does about it. */
struct owner {
    unsigned messages;
    uint32_t ids[MANY];
    unsigned faults;
    enum dm_frame fault;
    unsigned closed;
    int error;
    unsigned connected;
    unsigned drained;
    unsigned pause_after; /* messages */
    unsigned abort_after;
    unsigned close_after;
    bool resumes_when_drained;
    uint8_t seen_after_abort;
};

static struct worker *worker;
static struct owner owner;
static int other = -1; /* the other end */

static inline void on_connected(struct conn *conn, int error)
{
    (void)conn;
    owner.connected++;
    owner.error = error;
}

static inline void on_message(struct conn *conn, dm_bytes message, const struct dm_header *header)
{
    cr_assert_eq(conn->owner, &owner);
    cr_assert_eq(header->length, message.size);
    owner.ids[owner.messages++ % MANY] = header->hop_by_hop;
    if (owner.messages == owner.pause_after)
        conn_pause(conn, true);
    if (owner.messages == owner.abort_after) {
        conn_abort(conn);
        owner.seen_after_abort = message.at[message.size - 1];
    }
    if (owner.messages == owner.close_after)
        conn_close(conn);
}

static inline void on_fault(struct conn *conn, enum dm_frame fault, const struct dm_header *header)
{
    (void)header;
    owner.faults++;
    owner.fault = fault;
    conn_abort(conn);
}

static inline void on_closed(struct conn *conn, int error)
{
    (void)conn;
    owner.closed++;
    owner.error = error;
}

static unsigned starved;

static inline void on_starved(struct conn *conn)
{
    (void)conn;
    starved++;
}

static inline void on_drained(struct conn *conn)
{
    owner.drained++;
    if (owner.resumes_when_drained)
        conn_pause(conn, false);
}

static const struct conn_events events = {on_connected, on_message, on_fault,
                                          on_closed,    on_drained, on_starved};

static inline void begin(void)
{
    worker = calloc(1, sizeof *worker);
    uv_loop_init(&worker->loop);
    stats_init(&worker->stats, 0, 0);
    worker->wires.uv = &worker->loop;
    worker->wires.stats = &worker->stats;
    wire_loop_open(&worker->wires);
    memory_init(&worker->memory, &worker->stats.memory, 1 << 30);
}

/* After every test all connections are gone, and all octets are accounted for. */
static inline void end(void)
{
    if (other >= 0)
        close(other);
    while (worker->lingering)
        conn_abort(worker->lingering);
    wire_loop_close(&worker->wires);
    uv_run(&worker->loop, UV_RUN_NOWAIT);
    wire_loop_fini(&worker->wires);
    cr_expect_eq(uv_loop_close(&worker->loop), 0);
    cr_expect_eq(stats_read(&worker->stats.memory), 0);
    cr_expect_eq(stats_connections(&worker->stats), 0);
    cr_expect_null(worker->touched);
    memory_fini(&worker->memory);
    stats_fini(&worker->stats);
    free(worker);
}

/* --- the two ends -------------------------------------------------------------------------------
 */

static inline union conf_socket loopback(int *listener)
{
    union conf_socket address = {.v4 = {.sin_family = AF_INET}};
    address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *listener = tcp_listen(&address);
    socklen_t size = sizeof address;
    getsockname(*listener, &address.any, &size);
    return address;
}

static inline void wait_for(int descriptor, short what)
{
    struct pollfd fd = {.fd = descriptor, .events = what};
    cr_assert_eq(poll(&fd, 1, 60000), 1);
}

/* A connected pair: our end is returned, the other is `other`. Little fits in between. */
static inline int connect_pair(void)
{
    int listener, small = 8192;
    union conf_socket address = loopback(&listener), source;
    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    int ours = tcp_dial(&address);
    wait_for(listener, POLLIN);
    other = tcp_accept(listener, &source);
    setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    close(listener);
    return ours;
}

static inline struct conn *open_conn(bool paused)
{
    struct wire *wire = tcp_wire_new(&worker->wires, connect_pair(), false);
    return conn_new(worker, wire, paused, LIMIT, &events, &owner);
}

static inline int descriptor_of(const struct conn *conn)
{
    return tcp_wire_of(conn->wire)->descriptor;
}

static inline struct conn *dial(const union conf_socket *address)
{
    struct conf_endpoint where = conf_endpoint_at(CONF_TCP, address);
    int error;
    struct wire *wire = wire_dial(&worker->wires, &where, "peer", &error);
    return conn_new(worker, wire, false, LIMIT, &events, &owner);
}

static inline void turn(void)
{
    uv_run(&worker->loop, UV_RUN_NOWAIT);
    worker_flush(worker);
}

/* Turns until `*value` has reached `wanted`; the suite's time limit ends what never does. */
static inline void turn_until(const unsigned *value, unsigned wanted)
{
    while (*value < wanted)
        turn();
}

static inline size_t put_message(uint8_t *at, uint32_t size, uint32_t id, bool is_request)
{
    struct dm_header header = {.version = 1,
                               .flags = is_request ? DM_FLAG_REQUEST : 0,
                               .length = size,
                               .command = 285,
                               .application = 6,
                               .hop_by_hop = id,
                               .end_to_end = ~id};
    dm_header_write(&header, at);
    memset(at + DM_HEADER_SIZE, (uint8_t)id, size - DM_HEADER_SIZE);
    return size;
}

static inline void say(const uint8_t *octets, size_t size)
{
    cr_assert_eq(send(other, octets, size, MSG_NOSIGNAL), (ssize_t)size);
}

/* The other end sends messages `first` to `last` of 100 octets in one piece. */
static inline void say_messages(uint32_t first, uint32_t last)
{
    uint8_t stream[MANY * 100];
    size_t size = 0;
    for (uint32_t id = first; id <= last; id++)
        size += put_message(stream + size, 100, id, true);
    say(stream, size);
}

static inline void queue_message(struct conn *conn, bool urgent, uint32_t size, uint32_t id)
{
    put_message(conn_reserve(conn, urgent, size), size, id, false);
    conn_commit(conn, urgent, size, 0, urgent ? -1 : STATS_PATH_answer);
}

/* Reads at the other end, while our loop turns, until `size` octets or the end have come. */
static inline size_t hear(uint8_t *octets, size_t size)
{
    size_t heard = 0;
    while (heard < size) {
        ssize_t got = recv(other, octets + heard, size - heard, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            break;
        heard += got > 0 ? (size_t)got : 0;
        turn();
    }
    return heard;
}

/* Waits at the other end for the end: 0, or the error it shows. */
static inline int hear_end(void)
{
    uint8_t octet;
    for (;;) {
        turn();
        ssize_t got = recv(other, &octet, 1, MSG_DONTWAIT);
        if (got == 0)
            return 0;
        if (got < 0 && errno != EAGAIN)
            return errno;
    }
}

static inline void assert_messages(uint32_t first, uint32_t last)
{
    cr_assert_eq(owner.messages, last - first + 1);
    for (uint32_t id = first; id <= last; id++)
        cr_assert_eq(owner.ids[id - first], id);
}

/* Queues more than the sockets take, so that part of it waits. Returns its size. */
static inline size_t fill(struct conn *conn, uint32_t first)
{
    size_t size = 0;
    for (uint32_t id = first; !conn->is_blocked; id++, size += 30000) {
        queue_message(conn, false, 30000, id);
        worker_flush(worker);
    }
    return size;
}
