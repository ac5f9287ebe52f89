/* conn.c — what comes in and goes out over a connection, and when it pauses. */
#include "tests/unit/agent/conn_pair.h"

TestSuite(conn, .init = begin, .fini = end, .timeout = 240);

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
    cr_assert_eq(tcp_wire_of(conn->wire)->armed & UV_WRITABLE, 0);
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
    wait_for(descriptor_of(conn), POLLHUP);
    queue_message(conn, false, 100, 1);
    worker_flush(worker);
    cr_assert_eq(owner.closed, 1);
    cr_assert_lt(owner.error, 0);
    turn();
    cr_assert_eq(owner.closed, 1);
}
