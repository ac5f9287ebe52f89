/* conn.c — the life of a connection: what its wire says, and what it is to wait for. */
#include "agent/net/conn.h"

#include <stdlib.h>

#include "agent/net/conn_private.h"

/* --- what it waits for --------------------------------------------------------------------------
 */

/* Nothing will announce what lies in user space: the worker comes back to it by itself. */
static void mind_ahead(struct conn *conn)
{
    struct worker *worker = conn->worker;
    if (conn->is_ahead || !conn->wire->is_ahead || conn->is_connecting || !conn_listens(conn))
        return;
    conn->is_ahead = true;
    conn->next_ahead = worker->ahead;
    worker->ahead = conn;
    worker_again(worker);
}

void conn_arm(struct conn *conn)
{
    int wanted = conn->is_half_closed ? 0 : WIRE_ENDED;
    if (conn->is_connecting || conn->is_blocked)
        wanted |= WIRE_WRITABLE;
    if (!conn->is_connecting && conn_listens(conn))
        wanted |= WIRE_READABLE;
    wire_wait(conn->wire, wanted);
    mind_ahead(conn);
}

/* The list is taken as it is, and made anew. One that ends meanwhile stays in memory until the loop
 * closes handles. What this turn has said so far leaves first, for one of them may come to its end.
 */
void conn_read_ahead(struct worker *worker)
{
    struct conn *next;
    worker_flush(worker);
    struct conn *list = worker->ahead;
    worker->ahead = NULL;
    worker_begin(worker);
    for (struct conn *conn = list; conn; conn = next) {
        next = conn->next_ahead;
        conn->is_ahead = false;
        if (conn->wire && conn_listens(conn))
            conn_read(conn);
    }
    worker_breathe(worker);
}

/* --- what its wire says -------------------------------------------------------------------------
 */

static void on_open(struct wire *wire, int error)
{
    struct conn *conn = wire->holder;
    worker_begin(conn->worker);
    conn->is_connecting = false;
    if (error) {
        if (conn->owner)
            conn->events->on_connected(conn, error);
        conn->owner = NULL;
        conn_end(conn, false);
        return;
    }
    conn_arm(conn);
    if (queue_octets(&conn->queue))
        conn_touch(conn); /* a flush found it while it could not write */
    conn->events->on_connected(conn, 0);
}

static void on_ready(struct wire *wire, int events)
{
    struct conn *conn = wire->holder;
    struct worker *worker = conn->worker;
    worker_begin(worker);
    if (events & WIRE_WRITABLE) {
        if (!conn_write(conn))
            return;
        if (conn->is_lingering)
            conn_linger_on(conn);
    }
    /* A closed other side shows as readable, too, unless we do not read. */
    if (!conn->wire)
        return;
    if (events & WIRE_READABLE)
        conn_read(conn);
    else if (events & WIRE_ENDED)
        conn_broken(conn, 0);
    worker_breathe(worker);
}

static void on_broken(struct wire *wire, int error)
{
    struct conn *conn = wire->holder;
    worker_begin(conn->worker);
    conn_broken(conn, error);
}

static const struct wire_events events_of_wire = {on_open, on_ready, on_broken};

/* --- beginning ----------------------------------------------------------------------------------
 */

static bool is_here(struct worker *worker, struct wire *wire)
{
    if (wire->loop || !wire_attach(wire, &worker->wires))
        return true;
    wire_bury(wire);
    return false;
}

struct conn *conn_new(struct worker *worker, struct wire *wire, bool paused, uint32_t message_limit,
                      const struct conn_events *events, void *owner)
{
    if (!is_here(worker, wire))
        return NULL;
    struct conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        abort();
    wire_hold(wire, &events_of_wire, conn);
    conn->wire = wire;
    conn->worker = worker;
    conn->owner = owner;
    conn->events = events;
    conn->is_connecting = wire->state != WIRE_OPEN;
    conn->is_paused = paused;
    conn->message_limit = message_limit;
    dm_framer_init(&conn->framer);
    stats_add(&worker->stats.connections[wire_transport(wire)], 1);
    conn_arm(conn);
    return conn;
}
