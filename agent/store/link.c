/* link.c — down → connecting → greeting → ready → down. */
#include "agent/store/link.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/log.h"
#include "agent/net/tcp.h"
#include "agent/worker.h"

#define GREETING_TIME (1 * NS_PER_S)
#define SILENCE       (3 * NS_PER_S) /* of a connection that owes us something */
#define PING_EVERY    (1 * NS_PER_S)
#define LEAST_PAUSE   (50 * NS_PER_MS)
#define MOST_PAUSE    (2 * NS_PER_S)

enum link_state { LINK_DOWN, LINK_CONNECTING, LINK_GREETING, LINK_READY };
enum { OWN = 0 }; /* the kind of a command of the link itself */

/* The handle outlives the connection until the loop has closed it. */
struct link_socket {
    uv_poll_t poll;
    struct link *link;
    int descriptor;
};

struct link {
    struct worker *worker;
    const union conf_socket *address;
    const char *password;
    const struct link_events *events;
    void *owner;
    char name[64];

    enum link_state state;
    bool is_listening;
    bool is_told; /* that it cannot be reached */
    struct link_socket *socket;
    redisReader *reader;
    struct resp_out out;
    bool waits_to_write;

    struct link_command *commands; /* a ring */
    uint32_t room;                 /* a power of two */
    uint32_t first;
    uint32_t count;
    uint32_t late; /* of them, from the first, were named as late */

    uint64_t since; /* when the state began */
    uint64_t heard;
    uint64_t pinged;
    uint64_t pause;
    uint64_t dial_at;
};

struct link *link_new(struct worker *worker, const union conf_socket *address, const char *password,
                      const struct link_events *events, void *owner)
{
    struct link *link = calloc(1, sizeof *link);
    if (!link)
        abort();
    link->worker = worker;
    link->address = address;
    link->password = password;
    link->events = events;
    link->owner = owner;
    link->pause = LEAST_PAUSE;
    tcp_address_text(address, link->name, sizeof link->name);
    return link;
}

bool link_is_ready(const struct link *link)
{
    return link->state == LINK_READY;
}

const union conf_socket *link_address(const struct link *link)
{
    return link->address;
}

/* --- commands under way --- */

static void grow(struct link *link)
{
    uint32_t room = link->room ? 2 * link->room : 256;
    struct link_command *commands = malloc(room * sizeof *commands);
    if (!commands)
        abort();
    for (uint32_t i = 0; i < link->count; i++)
        commands[i] = link->commands[(link->first + i) & (link->room - 1)];
    free(link->commands);
    link->commands = commands;
    link->room = room;
    link->first = 0;
}

static void push(struct link *link, const struct link_command *command)
{
    if (link->count == link->room)
        grow(link);
    link->commands[(link->first + link->count++) & (link->room - 1)] = *command;
}

/* Takes the oldest out. True: it was late. */
static bool pop(struct link *link, struct link_command *command)
{
    *command = link->commands[link->first];
    link->first = (link->first + 1) & (link->room - 1);
    link->count--;
    if (!link->late)
        return false;
    link->late--;
    return true;
}

const struct link_command *link_late(struct link *link, uint64_t until)
{
    if (link->late == link->count)
        return NULL;
    const struct link_command *next =
        &link->commands[(link->first + link->late) & (link->room - 1)];
    if (next->asked > until)
        return NULL;
    link->late++;
    return next;
}

/* --- down --- */

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void close_socket(struct link *link)
{
    struct link_socket *socket = link->socket;
    if (!socket)
        return;
    link->socket = NULL;
    uv_poll_stop(&socket->poll);
    close(socket->descriptor);
    uv_close((uv_handle_t *)&socket->poll, on_closed);
}

static void say_down(struct link *link, const char *why)
{
    if (link->state == LINK_READY || !link->is_told)
        log_warn(link->name, "store", log_words("no connection: {why} (worker {worker})"),
                 log_text("why", why), log_number("worker", link->worker->index));
    link->is_told = true;
}

static void tell_all(struct link *link)
{
    struct link_command command;
    while (link->count > 0) {
        bool is_late = pop(link, &command);
        if (command.kind != OWN)
            link->events->reply(link->owner, link, &command, NULL, is_late);
    }
}

static void go_down(struct link *link, const char *why)
{
    bool was_ready = link->state == LINK_READY;
    say_down(link, why);
    close_socket(link);
    redisReaderFree(link->reader);
    link->reader = NULL;
    resp_out_fini(&link->out);
    link->state = LINK_DOWN;
    link->is_listening = link->waits_to_write = false;
    link->dial_at = link->worker->now + link->pause;
    link->pause = link->pause * 2 < MOST_PAUSE ? link->pause * 2 : MOST_PAUSE;
    if (was_ready)
        link->events->lost(link->owner, link);
    tell_all(link);
}

void link_free(struct link *link)
{
    if (!link)
        return;
    close_socket(link);
    if (link->reader)
        redisReaderFree(link->reader);
    resp_out_fini(&link->out);
    free(link->commands);
    free(link);
}

/* --- out --- */

static void watch(struct link *link);

static bool write_out(struct link *link)
{
    struct resp_out *out = &link->out;
    while (out->begin < out->end) {
        ssize_t n = write(link->socket->descriptor, out->octets + out->begin, resp_out_size(out));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        out->begin += (size_t)n;
    }
    return true;
}

void link_flush(struct link *link)
{
    if (link->state < LINK_GREETING || link->waits_to_write || !resp_out_size(&link->out))
        return;
    if (!write_out(link)) {
        go_down(link, strerror(errno));
        return;
    }
    link->waits_to_write = resp_out_size(&link->out) > 0;
    if (link->waits_to_write)
        watch(link);
}

bool link_send(struct link *link, const struct link_command *command, size_t count,
               const dm_bytes *words)
{
    if (link->state != LINK_READY || link->is_listening || link->count == LINK_COMMANDS_MAX ||
        resp_out_size(&link->out) > LINK_UNSENT_MAX)
        return false;
    push(link, command);
    resp_command(&link->out, count, words);
    return true;
}

void link_listen(struct link *link, size_t count, const dm_bytes *words)
{
    if (link->state != LINK_READY)
        return;
    resp_command(&link->out, count, words);
    link->is_listening = true;
}

/* A command of the link's own. */
static void say(struct link *link, size_t count, const dm_bytes *words)
{
    struct link_command command = {.kind = OWN, .asked = link->worker->now};
    resp_command(&link->out, count, words);
    if (!link->is_listening)
        push(link, &command);
}

static void ping(struct link *link)
{
    link->pinged = link->worker->now;
    say(link, 1, (dm_bytes[]){dm_text("PING")});
}

/* --- in --- */

static void get_ready(struct link *link)
{
    link->state = LINK_READY;
    link->since = link->worker->now;
    link->pause = LEAST_PAUSE;
    link->is_told = false;
    log_info(link->name, "store", log_words("connected (worker {worker})"),
             log_number("worker", link->worker->index));
    link->events->ready(link->owner, link);
}

/* What the link itself has asked: AUTH says OK, PING says PONG; in the greeting everything else is
 * the end, as where the password is wrong or data is still being loaded. */
static void heed(struct link *link, const redisReply *reply)
{
    char why[100];
    if (link->state != LINK_GREETING || resp_begins(reply, "OK"))
        return;
    if (resp_begins(reply, "PONG")) {
        get_ready(link);
        return;
    }
    snprintf(why, sizeof why, "%s", reply->str ? reply->str : "this is no Redis");
    go_down(link, why);
}

static void handle(struct link *link, const redisReply *reply)
{
    struct link_command command;
    if (link->is_listening || !link->count) {
        link->events->reply(link->owner, link, NULL, reply, false);
        return;
    }
    bool is_late = pop(link, &command);
    if (command.kind == OWN)
        heed(link, reply);
    else
        link->events->reply(link->owner, link, &command, reply, is_late);
}

static void hear(struct link *link, const void *octets, size_t size)
{
    struct link_socket *socket = link->socket;
    bool is_good = resp_feed(link->reader, octets, size);
    link->heard = link->worker->now;
    redisReply *reply;
    while (is_good && link->socket == socket && (reply = resp_next(link->reader))) {
        handle(link, reply);
        freeReplyObject(reply);
    }
    if (link->socket == socket && (!is_good || link->reader->err))
        go_down(link, "it does not speak as Redis does, or says too much");
}

static void read_in(struct link *link)
{
    struct worker *worker = link->worker;
    ssize_t n = read(link->socket->descriptor, worker->read_buffer, sizeof worker->read_buffer);
    if (n > 0)
        hear(link, worker->read_buffer, (size_t)n);
    else if (n == 0)
        go_down(link, "closed by the other side");
    else if (errno != EAGAIN && errno != EINTR)
        go_down(link, strerror(errno));
}

/* --- up --- */

static void greet(struct link *link)
{
    int error = tcp_connect_result(link->socket->descriptor);
    if (error) {
        go_down(link, strerror(-error));
        return;
    }
    link->state = LINK_GREETING;
    link->reader = resp_reader_new();
    link->heard = link->worker->now;
    if (link->password)
        say(link, 2, (dm_bytes[]){dm_text("AUTH"), dm_text(link->password)});
    ping(link);
    link_flush(link);
    if (link->socket)
        watch(link);
}

/* libuv says EBADF whatever the socket's error is. */
static void fail(struct link *link, int status)
{
    int error = tcp_connect_result(link->socket->descriptor);
    go_down(link, error ? strerror(-error) : uv_strerror(status));
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct link *link = ((struct link_socket *)poll->data)->link;
    worker_begin(link->worker);
    if (status < 0) {
        fail(link, status);
    } else if (link->state == LINK_CONNECTING) {
        greet(link);
    } else {
        if (events & UV_WRITABLE) {
            link->waits_to_write = false;
            link_flush(link);
            if (link->socket)
                watch(link);
        }
        if (link->socket == poll->data && events & UV_READABLE)
            read_in(link);
    }
}

static void watch(struct link *link)
{
    bool wants_to_write = link->state == LINK_CONNECTING || link->waits_to_write;
    uv_poll_start(&link->socket->poll, UV_READABLE | (wants_to_write ? UV_WRITABLE : 0), on_poll);
}

static void dial(struct link *link)
{
    link->since = link->worker->now;
    int descriptor = tcp_dial(link->address);
    struct link_socket *socket = descriptor < 0 ? NULL : malloc(sizeof *socket);
    if (!socket) {
        if (descriptor >= 0)
            close(descriptor);
        go_down(link, descriptor < 0 ? strerror(-descriptor) : "no memory");
        return;
    }
    socket->link = link;
    socket->descriptor = descriptor;
    socket->poll.data = socket;
    if (uv_poll_init(&link->worker->loop, &socket->poll, descriptor)) {
        close(descriptor);
        free(socket);
        go_down(link, "no handle");
        return;
    }
    socket->poll.data = socket;
    link->socket = socket;
    link->state = LINK_CONNECTING;
    watch(link);
}

/* --- time --- */

static bool is_silent(const struct link *link, uint64_t now)
{
    return link->pinged > link->heard && now - link->heard > SILENCE;
}

void link_tick(struct link *link)
{
    uint64_t now = link->worker->now;
    if (link->state == LINK_DOWN) {
        if (now >= link->dial_at)
            dial(link);
    } else if (link->state != LINK_READY) {
        if (now - link->since > GREETING_TIME)
            go_down(link, "it does not answer");
    } else if (is_silent(link, now)) {
        go_down(link, "it does not answer any more");
    } else if (now - link->pinged >= PING_EVERY) {
        ping(link);
        link_flush(link);
    }
}
