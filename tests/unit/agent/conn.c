/* conn.c — a connection over loopback, with a worker that has a loop and memory, but no thread.
 *
 * The other end is a plain socket that the test reads and writes itself. */
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

static void on_connected(struct conn *conn, int error)
{
    (void)conn;
    owner.connected++;
    owner.error = error;
}

static void on_message(struct conn *conn, dm_bytes message, const struct dm_header *header)
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

static void on_fault(struct conn *conn, enum dm_frame fault, const struct dm_header *header)
{
    (void)header;
    owner.faults++;
    owner.fault = fault;
    conn_abort(conn);
}

static void on_closed(struct conn *conn, int error)
{
    (void)conn;
    owner.closed++;
    owner.error = error;
}

static unsigned starved;

static void on_starved(struct conn *conn)
{
    (void)conn;
    starved++;
}

static void on_drained(struct conn *conn)
{
    owner.drained++;
    if (owner.resumes_when_drained)
        conn_pause(conn, false);
}

static const struct conn_events events = {on_connected, on_message, on_fault,
                                          on_closed,    on_drained, on_starved};

static void begin(void)
{
    worker = calloc(1, sizeof *worker);
    uv_loop_init(&worker->loop);
    stats_init(&worker->stats, 0, 0);
    memory_init(&worker->memory, &worker->stats.memory, 1 << 30);
}

/* After every test all connections are gone, and all octets are accounted for. */
static void end(void)
{
    if (other >= 0)
        close(other);
    while (worker->lingering)
        conn_abort(worker->lingering);
    uv_run(&worker->loop, UV_RUN_NOWAIT);
    cr_expect_eq(uv_loop_close(&worker->loop), 0);
    cr_expect_eq(stats_read(&worker->stats.memory), 0);
    cr_expect_eq(stats_read(&worker->stats.connections), 0);
    cr_expect_null(worker->touched);
    memory_fini(&worker->memory);
    stats_fini(&worker->stats);
    free(worker);
}

TestSuite(conn, .init = begin, .fini = end, .timeout = 30);

/* --- the two ends -------------------------------------------------------------------------------
 */

static union conf_socket loopback(int *listener)
{
    union conf_socket address = {.v4 = {.sin_family = AF_INET}};
    address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *listener = tcp_listen(&address);
    socklen_t size = sizeof address;
    getsockname(*listener, &address.any, &size);
    return address;
}

static void wait_for(int descriptor, short what)
{
    struct pollfd fd = {.fd = descriptor, .events = what};
    cr_assert_eq(poll(&fd, 1, 5000), 1);
}

/* A connected pair: our end is returned, the other is `other`. Little fits in between. */
static int connect_pair(void)
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

static struct conn *open_conn(bool paused)
{
    return conn_new(worker, connect_pair(), false, paused, LIMIT, &events, &owner);
}

static void turn(void)
{
    uv_run(&worker->loop, UV_RUN_NOWAIT);
    worker_flush(worker);
}

/* Turns until `*value` has reached `wanted`; the suite's time limit ends what never does. */
static void turn_until(const unsigned *value, unsigned wanted)
{
    while (*value < wanted)
        turn();
}

static size_t put_message(uint8_t *at, uint32_t size, uint32_t id, bool is_request)
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

static void say(const uint8_t *octets, size_t size)
{
    cr_assert_eq(send(other, octets, size, MSG_NOSIGNAL), (ssize_t)size);
}

/* The other end sends messages `first` to `last` of 100 octets in one piece. */
static void say_messages(uint32_t first, uint32_t last)
{
    uint8_t stream[MANY * 100];
    size_t size = 0;
    for (uint32_t id = first; id <= last; id++)
        size += put_message(stream + size, 100, id, true);
    say(stream, size);
}

static void queue_message(struct conn *conn, bool urgent, uint32_t size, uint32_t id)
{
    put_message(conn_reserve(conn, urgent, size), size, id, false);
    conn_commit(conn, urgent, size, 0, urgent ? -1 : STATS_PATH_answer);
}

/* Reads at the other end, while our loop turns, until `size` octets or the end have come. */
static size_t hear(uint8_t *octets, size_t size)
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
static int hear_end(void)
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

static void assert_messages(uint32_t first, uint32_t last)
{
    cr_assert_eq(owner.messages, last - first + 1);
    for (uint32_t id = first; id <= last; id++)
        cr_assert_eq(owner.ids[id - first], id);
}

/* Queues more than the sockets take, so that part of it waits. Returns its size. */
static size_t fill(struct conn *conn, uint32_t first)
{
    size_t size = 0;
    for (uint32_t id = first; !conn->is_blocked; id++, size += 30000) {
        queue_message(conn, false, 30000, id);
        worker_flush(worker);
    }
    return size;
}

/* --- in ------------------------------------------------------------------------------------------
 */

Test(conn, messages_come_in_their_order)
{
    struct conn *conn = open_conn(false);
    say_messages(1, 40);
    turn_until(&owner.messages, 40);
    assert_messages(1, 40);
    conn_abort(conn);
}

Test(conn, message_comes_once_its_last_octet_is_there)
{
    struct conn *conn = open_conn(false);
    uint8_t message[1000];
    put_message(message, sizeof message, 7, true);
    stats_counter received = 0;
    conn->bytes_received = &received;
    for (size_t i = 0; i < sizeof message; i += 50) {
        cr_assert_eq(owner.messages, 0);
        say(message + i, 50);
        while (stats_read(&received) < i + 50)
            turn();
    }
    assert_messages(7, 7);
    conn_abort(conn);
}

Test(conn, unfinished_message_is_counted_as_memory)
{
    struct conn *conn = open_conn(false);
    uint8_t message[1000];
    put_message(message, sizeof message, 7, true);
    say(message, 600);
    while (stats_read(&worker->stats.memory) < 600)
        turn();
    conn_abort(conn);
    cr_assert_eq(stats_read(&worker->stats.memory), 0);
}

Test(conn, nothing_is_heard_after_an_abort_inside_a_message)
{
    struct conn *conn = open_conn(false);
    (void)conn;
    owner.abort_after = 2;
    say_messages(1, 5);
    turn_until(&owner.messages, 2);
    turn();
    assert_messages(1, 2);
    cr_assert_eq(owner.closed, 0);
}

/* The held message is good until the callback returns, though the connection ends in it. */
Test(conn, message_that_was_held_outlives_an_abort_in_its_callback)
{
    struct conn *conn = open_conn(false);
    (void)conn;
    owner.abort_after = 1;
    uint8_t message[1000];
    put_message(message, sizeof message, 7, true);
    say(message, 600);
    while (stats_read(&worker->stats.memory) < 600)
        turn();
    say(message + 600, 400);
    turn_until(&owner.messages, 1);
    cr_assert_eq(owner.seen_after_abort, 7);
}

Test(conn, memory_is_right_where_a_held_message_and_one_behind_it_come_together)
{
    struct conn *conn = open_conn(false);
    (void)conn;
    owner.abort_after = 2;
    uint8_t stream[2000];
    put_message(stream, 1000, 7, true);
    put_message(stream + 1000, 1000, 8, true);
    say(stream, 600);
    while (stats_read(&worker->stats.memory) < 600)
        turn();
    say(stream + 600, 1400);
    turn_until(&owner.messages, 2);
    cr_assert_eq(stats_read(&worker->stats.memory), 0);
}

Test(conn, HDR_06_octets_that_are_no_diameter_are_a_fault)
{
    struct conn *conn = open_conn(false);
    (void)conn;
    say((const uint8_t *)"GET / HTTP/1.1\r\n\r\n1234567890", 28);
    turn_until(&owner.faults, 1);
    cr_assert_eq(owner.fault, DM_FRAME_LOST);
    cr_assert_eq(owner.closed, 0);
    cr_assert_eq(hear_end(), ECONNRESET);
}

Test(conn, message_above_the_limit_is_a_fault)
{
    struct conn *conn = open_conn(false);
    (void)conn;
    uint8_t head[LIMIT + 4];
    put_message(head, LIMIT + 4, 7, true);
    say(head, 20);
    turn_until(&owner.faults, 1);
    cr_assert_eq(owner.fault, DM_FRAME_BAD_LENGTH);
}

Test(conn, unfinished_message_over_the_memory_limit_waits_for_memory)
{
    struct conn *conn = open_conn(false);
    worker->memory.limit = 500;
    uint8_t message[1000];
    put_message(message, sizeof message, 7, true);
    say(message, 600);
    turn_until(&starved, 1);
    cr_assert(conn_retry(conn));
    say(message + 600, 400);
    worker->memory.limit = 1 << 20;
    cr_assert_not(conn_retry(conn));
    turn_until(&owner.messages, 1);
}

/* --- pause ---------------------------------------------------------------------------------------
 */

Test(conn, paused_connection_is_not_read)
{
    struct conn *conn = open_conn(true);
    say_messages(1, 3);
    for (int i = 0; i < 10; i++)
        turn();
    cr_assert_eq(owner.messages, 0);
    conn_pause(conn, false);
    turn_until(&owner.messages, 3);
    assert_messages(1, 3);
    conn_abort(conn);
}

Test(conn, early_octets_come_before_those_of_the_socket)
{
    struct conn *conn = open_conn(true);
    uint8_t early[250];
    put_message(early, 100, 1, true);
    put_message(early + 100, 100, 2, true);
    put_message(early + 200, 100 - 50, 3, true);
    uint8_t third[100];
    put_message(third, 100, 3, true);
    memcpy(early + 200, third, 50);
    conn_give(conn, dm_bytes_of(early, sizeof early));
    say(third + 50, 50);
    say_messages(4, 6);
    conn_pause(conn, false);
    cr_assert_eq(owner.messages, 2);
    turn_until(&owner.messages, 6);
    assert_messages(1, 6);
    conn_abort(conn);
}

Test(conn, early_octets_are_counted_as_memory)
{
    struct conn *conn = open_conn(true);
    uint8_t early[300] = {0};
    conn_give(conn, dm_bytes_of(early, sizeof early));
    cr_assert_eq(stats_read(&worker->stats.memory), 300);
    conn_abort(conn);
    cr_assert_eq(stats_read(&worker->stats.memory), 0);
}

Test(conn, pause_inside_a_message_keeps_the_rest_for_later)
{
    struct conn *conn = open_conn(false);
    owner.pause_after = 2;
    say_messages(1, 5);
    turn_until(&owner.messages, 2);
    for (int i = 0; i < 10; i++)
        turn();
    assert_messages(1, 2);
    say_messages(6, 8);
    owner.pause_after = 4;
    conn_pause(conn, false);
    assert_messages(1, 4);
    conn_pause(conn, false);
    turn_until(&owner.messages, 8);
    assert_messages(1, 8);
    conn_abort(conn);
}

Test(conn, early_message_that_aborts_ends_all)
{
    struct conn *conn = open_conn(true);
    uint8_t early[200];
    put_message(early, 100, 1, true);
    put_message(early + 100, 100, 2, true);
    conn_give(conn, dm_bytes_of(early, sizeof early));
    owner.abort_after = 1;
    conn_pause(conn, false);
    assert_messages(1, 1);
}

Test(conn, end_of_a_paused_connection_is_heard)
{
    struct conn *conn = open_conn(true);
    (void)conn;
    close(other);
    other = -1;
    turn_until(&owner.closed, 1);
    cr_assert_eq(owner.error, 0);
}

Test(conn, owner_of_a_paused_connection_hears_that_it_drains)
{
    struct conn *conn = open_conn(true);
    owner.resumes_when_drained = true;
    say_messages(1, 3);
    queue_message(conn, false, 100, 1);
    turn_until(&owner.drained, 1);
    turn_until(&owner.messages, 3);
    assert_messages(1, 3);
    conn_abort(conn);
}

/* --- out -----------------------------------------------------------------------------------------
 */

Test(conn, what_the_socket_does_not_take_is_written_later_and_unchanged)
{
    struct conn *conn = open_conn(false);
    stats_counter sent = 0;
    conn->bytes_sent = &sent;
    size_t size = fill(conn, 0);
    cr_assert(queue_octets(&conn->queue));
    uint8_t *stream = malloc(size), expected[30000];
    cr_assert_eq(hear(stream, size), size);
    for (uint32_t id = 0; id < size / 30000; id++) {
        put_message(expected, 30000, id, false);
        cr_assert_eq(memcmp(stream + id * 30000, expected, 30000), 0);
    }
    free(stream);
    turn();
    cr_assert_eq(stats_read(&sent), size);
    cr_assert_not(conn->is_blocked);
    cr_assert_eq(stats_read(&worker->stats.memory), 0);
    conn_abort(conn);
}

Test(conn, urgent_message_overtakes_what_waits)
{
    struct conn *conn = open_conn(false);
    size_t size = fill(conn, 0);
    queue_message(conn, false, 30000, 100);
    queue_message(conn, true, 40, 200);
    size += 30000 + 40;
    uint8_t *stream = malloc(size);
    cr_assert_eq(hear(stream, size), size);
    uint32_t before = 0, last = 0;
    for (size_t at = 0; at < size; at += dm_get24(stream + at + 1)) {
        last = dm_get32(stream + at + 12);
        before = last == 200 ? (uint32_t)at : before;
    }
    cr_assert_gt(before, 0);
    cr_assert_leq(before, size - 30000 - 40);
    cr_assert_eq(last, 100);
    free(stream);
    conn_abort(conn);
}

static bool keep_none(void *context, dm_bytes message)
{
    (void)context;
    (void)message;
    return false;
}

/* Else the loop would spin: the socket is writable, and there is nothing to write. */
Test(conn, connection_whose_queue_was_cut_waits_no_longer_to_write)
{
    struct conn *conn = open_conn(false);
    fill(conn, 0);
    queue_filter(&conn->queue, keep_none, NULL);
    uint8_t octets[4096];
    while (queue_octets(&conn->queue) || conn->is_blocked) {
        cr_assert_geq(recv(other, octets, sizeof octets, MSG_DONTWAIT) + 1, 0);
        turn();
    }
    cr_assert_eq(conn->armed & UV_WRITABLE, 0);
    conn->is_blocked = true; /* as after EAGAIN between two messages, all of which were cut */
    cr_assert(conn_write(conn));
    cr_assert_not(conn->is_blocked);
    conn_abort(conn);
}

Test(conn, write_into_a_reset_connection_tells_the_owner_once)
{
    struct conn *conn = open_conn(true);
    tcp_abort(other);
    other = -1;
    wait_for(conn->descriptor, POLLHUP);
    queue_message(conn, false, 100, 1);
    worker_flush(worker);
    cr_assert_eq(owner.closed, 1);
    cr_assert_lt(owner.error, 0);
    turn();
    cr_assert_eq(owner.closed, 1);
}

/* --- the end
 * -------------------------------------------------------------------------------------- */

Test(conn, owner_hears_once_that_the_other_side_has_closed)
{
    struct conn *conn = open_conn(false);
    (void)conn;
    say_messages(1, 2);
    close(other);
    other = -1;
    turn_until(&owner.closed, 1);
    assert_messages(1, 2);
    cr_assert_eq(owner.error, 0);
    turn();
    cr_assert_eq(owner.closed, 1);
}

Test(conn, reset_by_the_other_side_is_an_error)
{
    struct conn *conn = open_conn(false);
    (void)conn;
    tcp_abort(other);
    other = -1;
    turn_until(&owner.closed, 1);
    cr_assert_lt(owner.error, 0);
}

Test(conn, close_writes_what_is_queued_and_then_shuts)
{
    struct conn *conn = open_conn(false);
    size_t size = fill(conn, 0);
    conn_close(conn);
    uint8_t *stream = malloc(size);
    cr_assert_eq(hear(stream, size), size);
    free(stream);
    cr_assert_eq(hear_end(), 0);
    cr_assert_eq(stats_read(&worker->stats.connections), 1);
    close(other);
    other = -1;
    while (stats_read(&worker->stats.connections))
        turn();
    cr_assert_eq(owner.closed, 0);
    cr_assert_eq(stats_read(&worker->stats.dropped[STATS_DROP_unsent]), 0);
}

Test(conn, what_comes_after_a_close_is_discarded)
{
    struct conn *conn = open_conn(false);
    conn_close(conn);
    cr_assert_eq(hear_end(), 0);
    say_messages(1, 3);
    for (int i = 0; i < 10; i++)
        turn();
    cr_assert_eq(owner.messages, 0);
    conn_close(conn); /* again is no harm */
}

Test(conn, close_inside_a_message_hands_out_no_more)
{
    struct conn *conn = open_conn(false);
    (void)conn;
    owner.close_after = 2;
    say_messages(1, 5);
    turn_until(&owner.messages, 2);
    cr_assert_eq(hear_end(), 0);
    assert_messages(1, 2);
}

Test(conn, lingering_ends_when_its_time_is_over)
{
    struct conn *conn = open_conn(false);
    conn_close(conn);
    conn_tick_lingering(worker);
    cr_assert_eq(stats_read(&worker->stats.connections), 1);
    conn->linger_until = clock_real();
    conn_tick_lingering(worker);
    cr_assert_eq(stats_read(&worker->stats.connections), 0);
    cr_assert_null(worker->lingering);
}

Test(conn, several_lingering_connections_end_together)
{
    for (int i = 0; i < 3; i++) {
        struct conn *conn = open_conn(false);
        conn_close(conn);
        conn->linger_until = 0;
        close(other);
    }
    other = -1;
    conn_tick_lingering(worker);
    cr_assert_null(worker->lingering);
    cr_assert_eq(stats_read(&worker->stats.connections), 0);
}

Test(conn, HDR_06_abort_resets_and_counts_the_answers_that_are_lost)
{
    struct conn *conn = open_conn(false);
    fill(conn, 0);
    queue_message(conn, false, 100, 50);
    size_t answers = queue_unsent_answers(&conn->queue);
    conn_abort(conn);
    cr_assert_eq(stats_read(&worker->stats.dropped[STATS_DROP_unsent]), answers);
    cr_assert_eq(stats_read(&worker->stats.memory), 0);
    cr_assert_null(worker->touched);
    cr_assert_eq(hear_end(), ECONNRESET);
}

/* --- dialling
 * ------------------------------------------------------------------------------------- */

Test(conn, dial_that_succeeds_is_told)
{
    int listener;
    union conf_socket address = loopback(&listener), source;
    struct conn *conn = conn_new(worker, tcp_dial(&address), true, false, LIMIT, &events, &owner);
    turn_until(&owner.connected, 1);
    cr_assert_eq(owner.error, 0);
    wait_for(listener, POLLIN);
    other = tcp_accept(listener, &source);
    close(listener);
    say_messages(1, 1);
    turn_until(&owner.messages, 1);
    conn_abort(conn);
}

Test(conn, dial_that_fails_is_told_and_ends_by_itself)
{
    int listener;
    union conf_socket address = loopback(&listener);
    close(listener);
    conn_new(worker, tcp_dial(&address), true, false, LIMIT, &events, &owner);
    turn_until(&owner.connected, 1);
    cr_assert_eq(owner.error, -ECONNREFUSED);
    cr_assert_eq(owner.closed, 0);
    turn();
    cr_assert_eq(stats_read(&worker->stats.connections), 0);
}

Test(conn, dial_that_is_given_up_is_silent)
{
    int listener;
    union conf_socket address = loopback(&listener);
    struct conn *conn = conn_new(worker, tcp_dial(&address), true, false, LIMIT, &events, &owner);
    conn_close(conn);
    turn();
    cr_assert_eq(owner.connected, 0);
    cr_assert_eq(stats_read(&worker->stats.connections), 0);
    close(listener);
}

Test(conn, what_is_queued_while_dialling_is_written_when_connected)
{
    int listener;
    union conf_socket address = loopback(&listener), source;
    struct conn *conn = conn_new(worker, tcp_dial(&address), true, false, LIMIT, &events, &owner);
    queue_message(conn, false, 100, 1);
    worker_flush(worker);
    turn_until(&owner.connected, 1);
    wait_for(listener, POLLIN);
    other = tcp_accept(listener, &source);
    close(listener);
    uint8_t octets[100];
    cr_assert_eq(hear(octets, 100), 100);
    conn_abort(conn);
}
