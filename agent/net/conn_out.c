/* conn_out.c — what a connection writes: one write of what is queued, once a turn. */
#include <errno.h>

#include "agent/clock.h"
#include "agent/net/conn_private.h"

enum { WRITE_AT = 64 * 1024 };

void conn_touch(struct conn *conn)
{
    if (conn->is_touched)
        return;
    conn->is_touched = true;
    conn->next_touched = conn->worker->touched;
    conn->worker->touched = conn;
}

uint8_t *conn_reserve(struct conn *conn, bool urgent, size_t size)
{
    struct queue_lane *lane = urgent ? &conn->queue.urgent : &conn->queue.ordinary;
    return queue_reserve(lane, &conn->worker->memory, size);
}

void conn_commit(struct conn *conn, bool urgent, size_t size, uint64_t since, int path)
{
    queue_commit(urgent ? &conn->queue.urgent : &conn->queue.ordinary, size);
    if (!urgent) {
        if (path >= 0)
            queue_note(&conn->queue, size, since, (uint32_t)path);
        else
            conn->queue.pushed += size;
    }
    conn_touch(conn);
    if (queue_octets(&conn->queue) >= WRITE_AT && !conn->is_blocked)
        conn->worker->is_full = true;
}

/* The wire is full: it tells when it is not. */
static void blocked(struct conn *conn)
{
    if (!conn->is_blocked)
        conn->blocked_since = conn->worker->now;
    conn->is_blocked = true;
    conn_arm(conn);
}

static void unblocked(struct conn *conn)
{
    if (!conn->is_blocked)
        return;
    conn->is_blocked = false;
    conn_arm(conn);
}

/* One write of what is queued. How much has left, 0 if the wire takes nothing, or -errno. */
static ssize_t write_some(struct conn *conn)
{
    struct worker *worker = conn->worker;
    struct iovec pieces[QUEUE_PIECES];
    int count = queue_pieces(&conn->queue, pieces);
    ssize_t sent = wire_write(conn->wire, pieces, count);
    if (sent <= 0)
        return sent;
    queue_written(&conn->queue, &worker->memory, (size_t)sent, clock_now(), &worker->stats);
    if (conn->bytes_sent)
        stats_add(conn->bytes_sent, (uint64_t)sent);
    conn->blocked_since = worker->now;
    return sent;
}

void conn_push(struct conn *conn)
{
    if (conn->is_connecting || conn->is_blocked || !queue_octets(&conn->queue))
        return;
    if (write_some(conn) == 0)
        blocked(conn);
}

bool conn_write(struct conn *conn)
{
    if (conn->is_connecting)
        return true;
    if (!queue_octets(&conn->queue)) {
        unblocked(conn); /* what waited was cut out: failover */
        return true;
    }
    ssize_t sent = write_some(conn);
    if (sent < 0) {
        conn_broken(conn, (int)sent);
        return false;
    }
    if (sent > 0 && conn->is_paused && conn->owner)
        conn->events->on_drained(conn);
    if (!conn->wire)
        return false;
    if (queue_octets(&conn->queue))
        blocked(conn);
    else
        unblocked(conn);
    return true;
}
