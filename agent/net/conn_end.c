/* conn_end.c — how a connection ends: by us politely or with a reset, by the other side, or by the
 * network. */
#include <stdlib.h>

#include "agent/clock.h"
#include "agent/net/conn_private.h"

enum { LAST_READS = 64 };
#define LINGER NS_PER_S

/* --- leaving the worker -------------------------------------------------------------------------
 */

static void on_gone(void *holder)
{
    struct conn *conn = holder;
    dm_framer_fini(&conn->framer);
    free(conn->early);
    free(conn);
}

static void take_out(struct conn **list, struct conn *conn, size_t link)
{
    while (*list && *list != conn)
        list = (struct conn **)(void *)((char *)*list + link);
    if (*list)
        *list = *(struct conn **)(void *)((char *)conn + link);
}

static void leave_lists(struct conn *conn)
{
    struct worker *worker = conn->worker;
    if (conn->is_touched)
        take_out(&worker->touched, conn, offsetof(struct conn, next_touched));
    if (conn->is_ahead)
        take_out(&worker->ahead, conn, offsetof(struct conn, next_ahead));
    if (conn->is_lingering)
        take_out(&worker->lingering, conn, offsetof(struct conn, next_lingering));
}

/* The memory goes when its wire is gone, for the owner may be looking at a message that the framer
 * holds. */
void conn_end(struct conn *conn, bool reset)
{
    struct worker *worker = conn->worker;
    struct wire *wire = conn->wire;
    if (!wire)
        return;
    leave_lists(conn);
    size_t unsent = queue_unsent_answers(&conn->queue);
    if (unsent)
        stats_add(&worker->stats.dropped[STATS_DROP_unsent], unsent);
    queue_clear(&conn->queue, &worker->memory);
    memory_count(&worker->memory, -(int64_t)(conn->framer.room + conn->early_size));
    stats_sub(&worker->stats.connections[wire_transport(wire)], 1);
    conn->wire = NULL;
    conn->owner = NULL;
    wire_close(wire, reset, on_gone);
}

/* --- by us --------------------------------------------------------------------------------------
 */

void conn_abort(struct conn *conn)
{
    conn->owner = NULL;
    conn_end(conn, true);
}

void conn_linger_on(struct conn *conn)
{
    if (queue_octets(&conn->queue) || conn->is_shut)
        return;
    if (conn->is_half_closed && !conn->wire->has_unsent) {
        conn_end(conn, false);
        return;
    }
    conn->is_shut = true;
    wire_shut(conn->wire);
}

void conn_close(struct conn *conn)
{
    conn->owner = NULL;
    if (!conn->wire || conn->is_lingering)
        return;
    if (conn->is_connecting) {
        conn_end(conn, true);
        return;
    }
    conn->is_lingering = true;
    conn->linger_until = clock_real() + LINGER;
    conn->next_lingering = conn->worker->lingering;
    conn->worker->lingering = conn;
    conn->is_paused = false;
    if (!conn_write(conn))
        return;
    conn_linger_on(conn);
    if (conn->wire)
        conn_arm(conn);
}

void conn_tick_lingering(struct worker *worker)
{
    uint64_t now = clock_real();
    struct conn *next;
    for (struct conn *conn = worker->lingering; conn; conn = next) {
        next = conn->next_lingering;
        if (conn->linger_until <= now)
            conn_end(conn, queue_octets(&conn->queue) > 0);
    }
}

/* --- by others ----------------------------------------------------------------------------------
 */

/* The other side has shut its half while we still have something to say: it is said first. */
static bool has_last_words(struct conn *conn)
{
    if (!conn->is_lingering || conn->is_half_closed || !queue_octets(&conn->queue))
        return false;
    conn->is_half_closed = conn->is_paused = true;
    conn_arm(conn);
    return true;
}

void conn_broken(struct conn *conn, int error)
{
    if (!error && has_last_words(conn))
        return;
    if (conn->owner) {
        conn->events->on_closed(conn, error);
        conn->owner = NULL;
    }
    conn_end(conn, error != 0);
}

void conn_hear_out(struct conn *conn)
{
    if (conn->is_connecting || !conn->wire || !wire_has_ended(conn->wire))
        return;
    for (int i = 0; i < LAST_READS && conn->owner && !conn->is_paused; i++)
        conn_read(conn); /* its end is heard from there */
    if (conn->owner)
        conn_broken(conn, 0);
}
