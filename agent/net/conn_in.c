/* conn_in.c — what a connection reads: octets become messages, and its owner takes them or not. */
#include <errno.h>
#include <stdlib.h>

#include "agent/clock.h"
#include "agent/net/conn_private.h"

/* A read of a message transport is one message, of a stream up to WORKER_READ octets. */
enum { READS_PER_TURN = 8, MESSAGES_PER_TURN = 256 };
#define STARVATION (10 * NS_PER_S)

static bool is_open(const struct conn *conn)
{
    return conn->owner && !conn->is_paused;
}

/* --- want of memory -----------------------------------------------------------------------------
 */

/* Many messages are unfinished, or many wait: no octet more until there is memory. */
static void starve(struct conn *conn)
{
    conn->is_starved = true;
    conn->starved_since = clock_real();
    conn_arm(conn);
    conn->events->on_starved(conn);
}

static bool is_short(const struct conn *conn)
{
    return conn->owner && dm_framer_is_waiting(&conn->framer) &&
           !memory_allows(&conn->worker->memory, 0);
}

bool conn_retry(struct conn *conn)
{
    if (!conn->is_starved)
        return false;
    if (memory_allows(&conn->worker->memory, 0)) {
        conn->is_starved = false;
        conn_arm(conn);
    } else if (clock_real() - conn->starved_since > STARVATION) {
        conn_broken(conn, -ENOMEM); /* others' unfinished messages hold it all: it is one of them */
        return false;
    }
    return conn->is_starved;
}

/* --- octets -------------------------------------------------------------------------------------
 */

/* The framer's next message. What it holds is counted at once: the conn may end before it is asked
 * again. */
static enum dm_frame next_frame(struct conn *conn, dm_bytes *input, dm_bytes *message,
                                struct dm_header *header)
{
    uint32_t held = conn->framer.room;
    enum dm_frame frame =
        dm_framer_next(&conn->framer, input, conn->message_limit, message, header);
    if (conn->framer.room != held)
        memory_count(&conn->worker->memory, (int64_t)conn->framer.room - (int64_t)held);
    return frame;
}

static void hand_out(struct conn *conn, dm_bytes message, const struct dm_header *header)
{
    struct worker *worker = conn->worker;
    worker->messages++;
    conn->events->on_message(conn, message, header);
    if (worker->is_full)
        worker_flush(worker);
}

/* Frames `input` and hands out its messages while the owner takes them; keeps what it does not
 * take. */
static void feed(struct conn *conn, dm_bytes input)
{
    while (is_open(conn)) {
        dm_bytes message;
        struct dm_header header;
        enum dm_frame frame = next_frame(conn, &input, &message, &header);
        if (frame == DM_FRAME_MORE)
            break;
        if (frame != DM_FRAME_MESSAGE) {
            conn->events->on_fault(conn, frame, &header);
            break;
        }
        hand_out(conn, message, &header);
    }
    if (!conn->wire)
        return;
    if (conn->owner && input.size)
        conn_give(conn, input);
    if (is_short(conn))
        starve(conn);
}

void conn_give(struct conn *conn, dm_bytes octets)
{
    uint8_t *kept = malloc(conn->early_size + octets.size);
    if (!kept)
        abort();
    memcpy(kept, octets.at, octets.size);
    if (conn->early_size)
        memcpy(kept + octets.size, conn->early, conn->early_size);
    free(conn->early);
    conn->early = kept;
    conn->early_size += octets.size;
    memory_count(&conn->worker->memory, (int64_t)octets.size);
}

/* What was kept goes first, before anything is read. */
static void feed_early(struct conn *conn)
{
    uint8_t *early = conn->early;
    dm_bytes input = dm_bytes_of(early, conn->early_size);
    memory_count(&conn->worker->memory, -(int64_t)conn->early_size);
    conn->early = NULL;
    conn->early_size = 0;
    feed(conn, input);
    free(early);
}

void conn_pause(struct conn *conn, bool paused)
{
    if (conn->is_paused == paused)
        return;
    conn->is_paused = paused;
    if (!paused && conn->early)
        feed_early(conn);
    if (conn->wire)
        conn_arm(conn);
}

/* --- whole messages -----------------------------------------------------------------------------
 */

/* One message of the transport is one of Diameter: where the header claims another length, the next
 * one is none the worse for it. SCT-02. */
static void take_whole(struct conn *conn, dm_bytes input)
{
    struct dm_framer framer = {0};
    struct dm_header header = {0};
    dm_bytes message;
    dm_bytes rest = input;
    if (input.size < DM_HEADER_SIZE) {
        conn->events->on_fault(conn, DM_FRAME_LOST, &header);
        return;
    }
    enum dm_frame frame = dm_framer_next(&framer, &rest, conn->message_limit, &message, &header);
    dm_framer_fini(&framer);
    if (frame == DM_FRAME_MESSAGE && !rest.size)
        hand_out(conn, message, &header);
    else if (frame == DM_FRAME_MESSAGE || frame == DM_FRAME_MORE)
        conn->events->on_fault(conn, DM_FRAME_BAD_LENGTH, &header);
    else
        conn->events->on_fault(conn, frame, &header);
}

/* --- reading ------------------------------------------------------------------------------------
 */

/* One read. True: another one is worth its cost. */
static bool read_some(struct conn *conn)
{
    struct worker *worker = conn->worker;
    dm_bytes input;
    int got = wire_read(conn->wire, worker->read_buffer, WORKER_READ, &input);
    if (got < 0) {
        conn_broken(conn, got == UV_EOF ? 0 : got);
        return false;
    }
    if (got == WIRE_NOTHING)
        return false;
    if (!conn->owner)
        return got == WIRE_MORE; /* lingering: what still comes is discarded */
    if (conn->bytes_received)
        stats_add(conn->bytes_received, (uint64_t)input.size);
    if (conn->wire->kind->has_messages)
        take_whole(conn, input);
    else
        feed(conn, input);
    return got == WIRE_MORE && conn->owner && conn_listens(conn);
}

/* A server's answers for many clients are taken together, so that each client's leave in one write:
 * with 1,000 connections that halves the writes. Bounded, for the others wait. */
void conn_read(struct conn *conn)
{
    int most = conn->wire->kind->has_messages ? MESSAGES_PER_TURN : READS_PER_TURN;
    for (int reads = 0; reads < most && read_some(conn); reads++)
        continue;
    if (conn->wire && conn->wire->is_ahead)
        conn_arm(conn);
}
