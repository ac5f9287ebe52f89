/* conn_end.c — how a connection begins and how it ends. */
#include "tests/unit/agent/conn_pair.h"

TestSuite(conn_end, .init = begin, .fini = end, .timeout = 240);

/* --- the end
 * -------------------------------------------------------------------------------------- */

Test(conn_end, owner_hears_once_that_the_other_side_has_closed)
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

Test(conn_end, reset_by_the_other_side_is_an_error)
{
    struct conn *conn = open_conn(false);
    (void)conn;
    tcp_abort(other);
    other = -1;
    turn_until(&owner.closed, 1);
    cr_assert_lt(owner.error, 0);
}

Test(conn_end, close_writes_what_is_queued_and_then_shuts)
{
    struct conn *conn = open_conn(false);
    size_t size = fill(conn, 0);
    conn_close(conn);
    uint8_t *stream = malloc(size);
    cr_assert_eq(hear(stream, size), size);
    free(stream);
    cr_assert_eq(hear_end(), 0);
    cr_assert_eq(stats_connections(&worker->stats), 1);
    close(other);
    other = -1;
    while (stats_connections(&worker->stats))
        turn();
    cr_assert_eq(owner.closed, 0);
    cr_assert_eq(stats_read(&worker->stats.dropped[STATS_DROP_unsent]), 0);
}

Test(conn_end, what_comes_after_a_close_is_discarded)
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

Test(conn_end, close_inside_a_message_hands_out_no_more)
{
    struct conn *conn = open_conn(false);
    (void)conn;
    owner.close_after = 2;
    say_messages(1, 5);
    turn_until(&owner.messages, 2);
    cr_assert_eq(hear_end(), 0);
    assert_messages(1, 2);
}

Test(conn_end, lingering_ends_when_its_time_is_over)
{
    struct conn *conn = open_conn(false);
    conn_close(conn);
    conn_tick_lingering(worker);
    cr_assert_eq(stats_connections(&worker->stats), 1);
    conn->linger_until = clock_real();
    conn_tick_lingering(worker);
    cr_assert_eq(stats_connections(&worker->stats), 0);
    cr_assert_null(worker->lingering);
}

Test(conn_end, several_lingering_connections_end_together)
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
    cr_assert_eq(stats_connections(&worker->stats), 0);
}

Test(conn_end, HDR_06_abort_resets_and_counts_the_answers_that_are_lost)
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

Test(conn_end, dial_that_succeeds_is_told)
{
    int listener;
    union conf_socket address = loopback(&listener), source;
    struct conn *conn = dial(&address);
    turn_until(&owner.connected, 1);
    cr_assert_eq(owner.error, 0);
    wait_for(listener, POLLIN);
    other = tcp_accept(listener, &source);
    close(listener);
    say_messages(1, 1);
    turn_until(&owner.messages, 1);
    conn_abort(conn);
}

Test(conn_end, dial_that_fails_is_told_and_ends_by_itself)
{
    int listener;
    union conf_socket address = loopback(&listener);
    close(listener);
    dial(&address);
    turn_until(&owner.connected, 1);
    cr_assert_eq(owner.error, -ECONNREFUSED);
    cr_assert_eq(owner.closed, 0);
    turn();
    cr_assert_eq(stats_connections(&worker->stats), 0);
}

Test(conn_end, dial_that_is_given_up_is_silent)
{
    int listener;
    union conf_socket address = loopback(&listener);
    struct conn *conn = dial(&address);
    conn_close(conn);
    turn();
    cr_assert_eq(owner.connected, 0);
    cr_assert_eq(stats_connections(&worker->stats), 0);
    close(listener);
}

Test(conn_end, what_is_queued_while_dialling_is_written_when_connected)
{
    int listener;
    union conf_socket address = loopback(&listener), source;
    struct conn *conn = dial(&address);
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
