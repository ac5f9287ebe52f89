/* conn.h — one connection of a peer: messages in, messages out, and its end.
 *
 * Operations: open (dial or adopt), reserve and commit, pause, close, abort. Events: connected,
 * message, fault, closed. After close or abort the owner hears no more of it: the connection lives
 * on its own until its last octets are written. What carries it is a wire. Worker thread.
 *
 * conn.c its life, conn_in.c what it reads, conn_out.c what it writes, conn_end.c how it ends. */
#pragma once

#include "agent/net/queue.h"
#include "agent/net/wire.h"
#include "agent/worker.h"
#include "proto/framer.h"

struct conn_events {
    /* The dial has ended: 0 or -errno. */
    void (*on_connected)(struct conn *conn, int error);
    /* A whole message; it is good until the callback returns. */
    void (*on_message)(struct conn *conn, dm_bytes message, const struct dm_header *header);
    /* The stream is finished: DM_FRAME_BAD_VERSION, _BAD_LENGTH (header is filled) or _LOST. The
     * owner closes or aborts. Where boundaries are known it may stay after _BAD_LENGTH: SCT-02. */
    void (*on_fault)(struct conn *conn, enum dm_frame fault, const struct dm_header *header);
    /* The other side has closed, or the network has: 0 or -errno. The conn closes itself after
     * that. */
    void (*on_closed)(struct conn *conn, int error);
    /* Something was written while reading is paused. May unpause. */
    void (*on_drained)(struct conn *conn);
    /* Reading waits for memory: the owner calls conn_retry until it is false. */
    void (*on_starved)(struct conn *conn);
};

struct conn {
    struct wire *wire; /* NULL: it is over */
    struct worker *worker;
    void *owner; /* NULL once closed */
    const struct conn_events *events;
    bool is_connecting;
    bool is_paused;  /* by its owner */
    bool is_starved; /* an unfinished message waits for memory */
    bool is_blocked; /* the wire took less than was there */
    bool is_touched;
    bool is_ahead; /* stands in the worker's list: input lies in user space */
    bool is_lingering;
    bool is_half_closed; /* the other side has shut its half, ours is not yet said */
    bool is_shut;        /* our sending side */
    uint32_t message_limit;
    stats_counter *bytes_sent;
    stats_counter *bytes_received;
    struct conn *next_touched;
    struct conn *next_ahead;
    struct dm_framer framer;
    struct queue queue;
    struct conn *next_lingering; /* from here on: seldom */
    uint64_t blocked_since;
    uint64_t starved_since; /* real time, ns */
    uint64_t linger_until;
    uint8_t *early; /* octets that came with the arrival, to be framed first; owned */
    size_t early_size;
};

/* Takes `wire`, dialled here or detached elsewhere. Starts paused where `paused`. NULL without
 * memory or poll (the wire is gone, too). */
struct conn *conn_new(struct worker *worker, struct wire *wire, bool paused, uint32_t message_limit,
                      const struct conn_events *events, void *owner);

/* Octets to be framed before what is read: copied. For arrivals, while paused. */
void conn_give(struct conn *conn, dm_bytes octets);

/* Can its transport carry one message of so many octets? SCT-13. */
static inline bool conn_carries(const struct conn *conn, size_t size)
{
    return !conn->wire || !conn->wire->message_limit || size <= conn->wire->message_limit;
}

/* Room for a message of `size` octets, ordinary or urgent (before all that is not begun). Then
 * commit. */
uint8_t *conn_reserve(struct conn *conn, bool urgent, size_t size);
/* `since`: when the message (or what caused it) was read; `path`: enum stats_path, or -1 for
 * messages of our own. */
void conn_commit(struct conn *conn, bool urgent, size_t size, uint64_t since, int path);

/* Writes what the wire takes now, and calls nobody: an error shows at the next conn_write. */
void conn_push(struct conn *conn);

/* Stops or goes on reading. Going on frames what lies ready in this turn. */
void conn_pause(struct conn *conn, bool paused);

/* Goes on reading once there is memory; ends the connection where there was none for ten seconds.
 * True: it still waits. */
bool conn_retry(struct conn *conn);

/* Do we listen to it? What is not heard is not silence. */
static inline bool conn_listens(const struct conn *conn)
{
    return !conn->is_paused && !conn->is_starved;
}

/* Writes what is queued now. Returns false if the connection is broken: on_closed was called. */
bool conn_write(struct conn *conn);

/* Politely: what is queued is written, our side is shut, what still comes is discarded, for at most
 * a second. */
void conn_close(struct conn *conn);
/* Where the other side has closed and no event has said so yet: hands out what it sent last, then
 * its end. Another connection of the same peer may be here before that event. */
void conn_hear_out(struct conn *conn);
/* With a reset; what is queued is lost. */
void conn_abort(struct conn *conn);

/* Ends lingering connections whose time is over. The worker's tick. */
void conn_tick_lingering(struct worker *worker);

/* Reads on where input lies in user space: `worker->ahead`. Once a turn. */
void conn_read_ahead(struct worker *worker);
