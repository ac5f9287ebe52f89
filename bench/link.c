/* link.c — one TCP connection to a Diameter peer, from its socket to whole messages.
 *
 * Reading takes one buffer of the loop and frames in place; writing happens once, at the end of the
 * turn. A link that fails is unplugged at once and says on_closed at the end of the turn, so that
 * no callback meets a dead one. What peers say to each other only (RFC 6733 §5.3–§5.5) is in
 * link_base.c. */
#include "bench/link_base.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define OWNER(type, member, at) ((type *)(void *)((char *)(at)-offsetof(type, member)))

static void on_ready(struct loop_watch *watch, uint32_t events);
static void on_timer(struct loop_timer *timer);
static void on_turn_end(struct loop_task *task);

/* ---- life ---- */

static void link_start(struct link *link, struct loop *loop, const struct link_setup *setup,
                       const struct dm_self *self)
{
    void *owner = link->owner;
    *link = (struct link){.loop = loop, .setup = setup, .self = self, .owner = owner};
    link->watch.fd = -1;
    link->watch.ready = on_ready;
    link->timer.fire = on_timer;
    link->flush.run = on_turn_end;
    dm_framer_init(&link->framer);
    loop_timer_at(loop, &link->timer, loop_clock() + link_patience(link));
}

static bool link_plug(struct link *link, int fd, uint32_t events)
{
    int yes = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes,
                     sizeof(yes)); /* slower without, that is all */
    link->watch.fd = fd;
    link->watch.events = events;
    return loop_watch(link->loop, &link->watch) == 0;
}

void link_connect(struct link *link, struct loop *loop, const struct link_setup *setup,
                  const struct dm_self *self, const struct sockaddr_storage *address,
                  socklen_t size)
{
    link_start(link, loop, setup, self);
    link->state = LINK_CONNECTING;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || !link_plug(link, fd, 0)) {
        link_close(link, strerror(errno));
        return;
    }
    if (connect(fd, (const struct sockaddr *)address, size) < 0 && errno != EINPROGRESS)
        link_close(link, strerror(errno));
    else
        loop_change(loop, &link->watch, EPOLLOUT);
}

void link_accept(struct link *link, struct loop *loop, const struct link_setup *setup,
                 const struct dm_self *self, int fd)
{
    link_start(link, loop, setup, self);
    link->state = LINK_WAIT_CER;
    if (!link_plug(link, fd, EPOLLIN))
        link_close(link, strerror(errno));
}

void link_close(struct link *link, const char *why)
{
    if (link->state == LINK_CLOSED)
        return;
    link->state = LINK_CLOSED;
    if (!link->why[0]) /* the first reason is the true one */
        snprintf(link->why, sizeof(link->why), "%s", why);
    loop_timer_stop(link->loop, &link->timer);
    loop_unwatch(link->loop, &link->watch);
    loop_post(link->loop, &link->flush);
}

/* Not before the turn's end: the message that on_message holds may be in the framer. */
static void link_bury(struct link *link)
{
    if (link->watch.fd >= 0)
        close(link->watch.fd);
    link->watch.fd = -1;
    dm_framer_fini(&link->framer);
    free(link->out);
    link->out = NULL;
    link->sent = link->filled = link->room = 0;
    link->setup->events.on_closed(link, link->why);
}

/* ---- writing ---- */

static void link_grow(struct link *link, size_t size)
{
    size_t left = link_queued(link);
    if (link->sent)
        memmove(link->out, link->out + link->sent, left);
    link->sent = 0;
    link->filled = left;
    if (left + size <= link->room)
        return;
    link->room = link->room ? link->room : LOOP_BUFFER / 4;
    while (link->room < left + size)
        link->room *= 2;
    link->out = realloc(link->out, link->room);
    if (!link->out)
        abort();
}

uint8_t *link_room(struct link *link, size_t size)
{
    if (link->filled + size > link->room)
        link_grow(link, size);
    return link->out + link->filled;
}

void link_commit(struct link *link, size_t size)
{
    link->filled += size;
    loop_post(link->loop, &link->flush);
}

void link_send(struct link *link, dm_bytes message)
{
    memcpy(link_room(link, message.size), message.at, message.size);
    link_commit(link, message.size);
}

/* What the socket should tell us: room to write if something waits, input unless too much waits. */
static void link_wish(struct link *link)
{
    bool reading = link->setup->greedy || link_queued(link) <= LINK_QUEUED_MAX;
    uint32_t events = reading ? EPOLLIN : 0;
    loop_change(link->loop, &link->watch, events | (link_queued(link) ? EPOLLOUT : 0));
}

static void link_write(struct link *link)
{
    if (link_queued(link) == 0 || link->state == LINK_CONNECTING)
        return;
    ssize_t sent = send(link->watch.fd, link->out + link->sent, link_queued(link), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        link_close(link, strerror(errno));
        return;
    }
    link->sent += sent > 0 ? (size_t)sent : 0;
    if (link->sent == link->filled)
        link->sent = link->filled = 0;
    link_wish(link);
}

static void on_turn_end(struct loop_task *task)
{
    struct link *link = OWNER(struct link, flush, task);
    if (link->state == LINK_CLOSED)
        link_bury(link);
    else
        link_write(link);
}

/* ---- reading ---- */

static void link_take(struct link *link, const struct dm_header *header, dm_bytes message)
{
    link->heard = true;
    if (link->state == LINK_OPEN && !dm_command_is_base(header->command))
        link->setup->events.on_message(link, header, message);
    else
        link_base_message(link, header, message);
}

static void link_frame(struct link *link, dm_bytes input)
{
    dm_bytes message;
    struct dm_header header;
    while (link->state != LINK_CLOSED) {
        enum dm_frame frame =
            dm_framer_next(&link->framer, &input, LINK_MESSAGE_MAX, &message, &header);
        if (frame == DM_FRAME_MORE)
            return;
        if (frame == DM_FRAME_MESSAGE)
            link_take(link, &header, message);
        else
            link_close(link, "the peer sent what is no Diameter");
    }
}

static void link_read(struct link *link)
{
    ssize_t got = recv(link->watch.fd, link->loop->buffer, LOOP_BUFFER, 0);
    link->loop->now = loop_clock(); /* others were served before in this turn */
    if (got > 0)
        link_frame(link, dm_bytes_of(link->loop->buffer, (size_t)got));
    else if (got == 0)
        link_close(link, link->state == LINK_CLOSING ? "disconnected" : "closed by the peer");
    else if (errno != EAGAIN && errno != EINTR)
        link_close(link, strerror(errno));
}

static void link_connected(struct link *link)
{
    int error = 0;
    socklen_t size = sizeof(error);
    (void)getsockopt(link->watch.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        link_close(link, strerror(error));
        return;
    }
    loop_change(link->loop, &link->watch, EPOLLIN);
    link->state = LINK_WAIT_CEA;
    link_send_cer(link);
}

static void on_ready(struct loop_watch *watch, uint32_t events)
{
    struct link *link = OWNER(struct link, watch, watch);
    if (link->state == LINK_CONNECTING) {
        link_connected(link);
        return;
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        link_read(link);
    if (events & EPOLLOUT && link->state != LINK_CLOSED)
        loop_post(link->loop, &link->flush);
}

static void on_timer(struct loop_timer *timer)
{
    link_tick(OWNER(struct link, timer, timer));
}

/* ---- addresses and listeners ---- */

const char *link_address(const char *text, struct sockaddr_storage *address, socklen_t *size)
{
    char host[256];
    const char *colon = strrchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : 0;
    if (!colon || length == 0 || length >= sizeof(host) || !colon[1])
        return "is not HOST:PORT";
    bool bracketed = text[0] == '[' && length > 2 && text[length - 1] == ']';
    snprintf(host, sizeof(host), "%.*s", (int)(bracketed ? length - 2 : length), text + bracketed);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    int failed = getaddrinfo(host, colon + 1, &hints, &found);
    if (failed)
        return gai_strerror(failed);
    memcpy(address, found->ai_addr, found->ai_addrlen);
    *size = found->ai_addrlen;
    freeaddrinfo(found);
    return NULL;
}

static void on_again(struct loop_timer *timer)
{
    struct link_listener *listener = OWNER(struct link_listener, again, timer);
    loop_change(listener->loop, &listener->watch, EPOLLIN);
}

/* Out of descriptors, accepting pauses: the level-triggered loop would spin. */
static void on_acceptable(struct loop_watch *watch, uint32_t events)
{
    struct link_listener *listener = OWNER(struct link_listener, watch, watch);
    (void)events;
    for (int fd; (fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;)
        listener->on_accept(listener, fd);
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
        return;
    loop_change(listener->loop, watch, 0);
    loop_timer_at(listener->loop, &listener->again, listener->loop->now + 100 * LOOP_MS);
}

static void listener_name(struct link_listener *listener)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof(bound);
    char host[64] = "?", port[8] = "?";
    (void)getsockname(listener->watch.fd, (struct sockaddr *)&bound, &size);
    (void)getnameinfo((struct sockaddr *)&bound, size, host, sizeof(host), port, sizeof(port),
                      NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(listener->name, sizeof(listener->name), strchr(host, ':') ? "[%s]:%s" : "%s:%s", host,
             port);
}

static int listener_bind(int fd, const struct sockaddr_storage *address, socklen_t size)
{
    int yes = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)); /* bind will say */
    if (bind(fd, (const struct sockaddr *)address, size) < 0 || listen(fd, 4096) < 0)
        return -errno;
    return 0;
}

int link_listen(struct link_listener *listener, struct loop *loop,
                const struct sockaddr_storage *address, socklen_t size)
{
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    listener->loop = loop;
    listener->again = (struct loop_timer){.fire = on_again};
    listener->watch = (struct loop_watch){.fd = fd, .events = EPOLLIN, .ready = on_acceptable};
    int failed = listener_bind(fd, address, size);
    if (!failed)
        failed = loop_watch(loop, &listener->watch);
    if (failed)
        close(fd);
    else
        listener_name(listener);
    return failed;
}

void link_unlisten(struct link_listener *listener)
{
    loop_timer_stop(listener->loop, &listener->again);
    loop_unwatch(listener->loop, &listener->watch);
    close(listener->watch.fd);
}
