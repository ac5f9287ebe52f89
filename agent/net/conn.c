/* conn.c — one connection over a stream socket: poll, read, frame, write, end. */
#include "agent/net/conn.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/net/tcp.h"

enum { WRITE_AT = 64 * 1024, READS_PER_TURN = 8, LAST_READS = 64 };
#define STARVATION (10 * UINT64_C(1000000000))
#define LINGER     (1 * UINT64_C(1000000000))

static void on_poll(uv_poll_t *poll, int status, int events);

static void arm(struct conn *conn)
{
    int wanted = conn->is_half_closed ? 0 : UV_DISCONNECT;
    if (conn->is_connecting || conn->is_blocked)
        wanted |= UV_WRITABLE;
    if (!conn->is_connecting && conn_listens(conn))
        wanted |= UV_READABLE;
    if (wanted == conn->armed)
        return;
    conn->armed = wanted;
    uv_poll_start(&conn->poll, wanted, on_poll);
}

struct conn *conn_new(struct worker *worker, int descriptor, bool is_connecting, bool paused,
                      uint32_t message_limit, const struct conn_events *events, void *owner)
{
    struct conn *conn = calloc(1, sizeof *conn);
    if (!conn || uv_poll_init(&worker->loop, &conn->poll, descriptor)) {
        free(conn);
        close(descriptor);
        return NULL;
    }
    conn->poll.data = conn;
    conn->worker = worker;
    conn->owner = owner;
    conn->events = events;
    conn->descriptor = descriptor;
    conn->is_connecting = is_connecting;
    conn->is_paused = paused;
    conn->message_limit = message_limit;
    dm_framer_init(&conn->framer);
    stats_add(&worker->stats.connections, 1);
    arm(conn);
    return conn;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct conn *conn = handle->data;
    dm_framer_fini(&conn->framer);
    free(conn->early);
    free(conn);
}

static void unlink_from(struct conn **list, struct conn *conn, bool touched)
{
    while (*list) {
        if (*list == conn) {
            *list = touched ? conn->next_touched : conn->next_lingering;
            return;
        }
        list = touched ? &(*list)->next_touched : &(*list)->next_lingering;
    }
}

/* The descriptor closes when libuv has forgotten it; the memory in the close callback, for the
 * owner may be looking at a message that the framer holds. */
static void end(struct conn *conn, bool reset)
{
    struct worker *worker = conn->worker;
    if (conn->descriptor < 0)
        return;
    if (conn->is_touched)
        unlink_from(&worker->touched, conn, true);
    if (conn->is_lingering)
        unlink_from(&worker->lingering, conn, false);
    size_t unsent = queue_unsent_answers(&conn->queue);
    if (unsent)
        stats_add(&worker->stats.dropped[STATS_DROP_unsent], unsent);
    queue_clear(&conn->queue, &worker->memory);
    memory_count(&worker->memory, -(int64_t)(conn->framer.room + conn->early_size));
    uv_close((uv_handle_t *)&conn->poll,
             on_handle_closed); /* first: libuv forgets the descriptor */
    if (reset)
        tcp_abort(conn->descriptor);
    else
        close(conn->descriptor);
    conn->descriptor = -1;
    conn->owner = NULL;
    stats_sub(&worker->stats.connections, 1);
}

void conn_abort(struct conn *conn)
{
    conn->owner = NULL;
    end(conn, true);
}

/* Shuts our side once all is written; the rest is waiting for the other. */
static void linger_on(struct conn *conn)
{
    if (queue_octets(&conn->queue) || conn->is_shut)
        return;
    if (conn->is_half_closed) {
        end(conn, false);
        return;
    }
    conn->is_shut = true;
    shutdown(conn->descriptor, SHUT_WR);
}

void conn_close(struct conn *conn)
{
    conn->owner = NULL;
    if (conn->descriptor < 0 || conn->is_lingering)
        return;
    if (conn->is_connecting) {
        end(conn, true);
        return;
    }
    conn->is_lingering = true;
    conn->linger_until = clock_real() + LINGER;
    conn->next_lingering = conn->worker->lingering;
    conn->worker->lingering = conn;
    conn->is_paused = false;
    if (!conn_write(conn))
        return;
    linger_on(conn);
    arm(conn);
}

void conn_tick_lingering(struct worker *worker)
{
    uint64_t now = clock_real();
    struct conn *next;
    for (struct conn *conn = worker->lingering; conn; conn = next) {
        next = conn->next_lingering;
        if (conn->linger_until <= now)
            end(conn, queue_octets(&conn->queue) > 0);
    }
}

/* The other side has shut its half while we still have something to say: it is said first. */
static bool has_last_words(struct conn *conn)
{
    if (!conn->is_lingering || conn->is_half_closed || !queue_octets(&conn->queue))
        return false;
    conn->is_half_closed = conn->is_paused = true;
    arm(conn);
    return true;
}

/* The network or the other side has ended it. The owner is told once. */
static void broken(struct conn *conn, int error)
{
    if (!error && has_last_words(conn))
        return;
    if (conn->owner) {
        conn->events->on_closed(conn, error);
        conn->owner = NULL;
    }
    end(conn, error != 0);
}

/* --- out -------------------------------------------------------------------------------------- */

static void touch(struct conn *conn)
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
    touch(conn);
    if (queue_octets(&conn->queue) >= WRITE_AT && !conn->is_blocked)
        conn->worker->is_full = true;
}

/* The socket is full: it tells when it is not. */
static void blocked(struct conn *conn)
{
    if (!conn->is_blocked)
        conn->blocked_since = conn->worker->now;
    conn->is_blocked = true;
    arm(conn);
}

static void unblocked(struct conn *conn)
{
    if (!conn->is_blocked)
        return;
    conn->is_blocked = false;
    arm(conn);
}

/* One write of what is queued. How much has left, 0 if the socket takes nothing, or -errno. */
static ssize_t write_some(struct conn *conn)
{
    struct worker *worker = conn->worker;
    struct iovec pieces[QUEUE_PIECES];
    struct msghdr message = {.msg_iov = pieces};
    message.msg_iovlen = (size_t)queue_pieces(&conn->queue, pieces);
    ssize_t sent = sendmsg(conn->descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? 0 : -errno;
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
        broken(conn, (int)sent);
        return false;
    }
    if (sent > 0 && conn->is_paused && conn->owner)
        conn->events->on_drained(conn);
    if (conn->descriptor < 0)
        return false;
    if (queue_octets(&conn->queue))
        blocked(conn);
    else
        unblocked(conn);
    return true;
}

/* --- in --------------------------------------------------------------------------------------- */

static bool is_open(const struct conn *conn)
{
    return conn->owner && !conn->is_paused;
}

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

/* Many messages are unfinished, or many wait: no octet more until there is memory. */
static void starve(struct conn *conn)
{
    conn->is_starved = true;
    conn->starved_since = clock_real();
    arm(conn);
    conn->events->on_starved(conn);
}

bool conn_retry(struct conn *conn)
{
    if (!conn->is_starved)
        return false;
    if (memory_allows(&conn->worker->memory, 0)) {
        conn->is_starved = false;
        arm(conn);
    } else if (clock_real() - conn->starved_since > STARVATION) {
        broken(conn, -ENOMEM); /* others' unfinished messages hold it all: this is one of them */
        return false;
    }
    return conn->is_starved;
}

/* Frames `input` and hands out its messages while the owner takes them; keeps what it does not
 * take. */
static void feed(struct conn *conn, dm_bytes input)
{
    struct worker *worker = conn->worker;
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
        worker->messages++;
        conn->events->on_message(conn, message, &header);
        if (worker->is_full)
            worker_flush(worker);
    }
    if (conn->descriptor < 0)
        return;
    if (conn->owner && input.size)
        conn_give(conn, input);
    if (conn->owner && dm_framer_is_waiting(&conn->framer) && !memory_allows(&worker->memory, 0))
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
    if (conn->descriptor >= 0)
        arm(conn);
}

/* One read of the socket. True: it filled the buffer, so there is more. */
static bool read_some(struct conn *conn)
{
    struct worker *worker = conn->worker;
    ssize_t got = read(conn->descriptor, worker->read_buffer, WORKER_READ);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got <= 0) {
        broken(conn, got < 0 ? -errno : 0);
        return false;
    }
    if (!conn->owner)
        return false; /* lingering: what still comes is discarded */
    if (conn->bytes_received)
        stats_add(conn->bytes_received, (uint64_t)got);
    feed(conn, dm_bytes_of(worker->read_buffer, (size_t)got));
    return got == WORKER_READ && conn->owner && conn_listens(conn);
}

/* A server's answers for many clients are taken together, so that each client's leave in one write:
 * with 1,000 connections that halves the writes. Bounded, for the others wait. */
static void read_on(struct conn *conn)
{
    for (int reads = 0; reads < READS_PER_TURN && read_some(conn); reads++)
        continue;
}

void conn_hear_out(struct conn *conn)
{
    struct pollfd end = {.fd = conn->descriptor, .events = POLLRDHUP};
    if (conn->is_connecting || poll(&end, 1, 0) <= 0)
        return;
    for (int i = 0; i < LAST_READS && is_open(conn); i++)
        (void)read_some(conn); /* its end is heard from is_open */
    if (conn->owner)
        broken(conn, 0);
}

static void connected(struct conn *conn)
{
    int error = tcp_connect_result(conn->descriptor);
    conn->is_connecting = false;
    if (error) {
        struct conn_events const *events = conn->events;
        void *owner = conn->owner;
        if (owner)
            events->on_connected(conn, error);
        conn->owner = NULL;
        end(conn, false);
        return;
    }
    arm(conn);
    if (queue_octets(&conn->queue))
        touch(conn); /* a flush found it while it could not write */
    conn->events->on_connected(conn, 0);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct conn *conn = poll->data;
    struct worker *worker = conn->worker;
    worker_begin(worker);
    if (conn->is_connecting) {
        connected(conn);
        return;
    }
    if (status < 0) {
        broken(conn, status);
        return;
    }
    if (events & UV_WRITABLE) {
        if (!conn_write(conn))
            return;
        if (conn->is_lingering)
            linger_on(conn);
    }
    /* A closed other side shows as readable, too, unless we do not read. */
    if (events & UV_READABLE)
        read_on(conn);
    else if (events & UV_DISCONNECT)
        broken(conn, 0);
    worker_breathe(worker);
}
