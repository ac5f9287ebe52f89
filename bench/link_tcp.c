/* link_tcp.c — links over TCP: one recv, one send. And what all that have a descriptor share. */
#include "bench/link_kind.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#define OWNER(type, member, at) ((type *)(void *)((char *)(at)-offsetof(type, member)))

/* ---- a link's descriptor ---- */

static int plug(struct link *link, int fd, uint32_t events)
{
    int yes = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes,
                     sizeof(yes)); /* slower without, that is all */
    link->watch.fd = fd;
    link->watch.events = events;
    return loop_watch(link->loop, &link->watch);
}

int link_fd_dial(struct link *link, const struct link_address *to)
{
    const struct sockaddr_storage *address = &to->at[0];
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int failed = plug(link, fd, 0);
    if (failed)
        return failed;
    if (connect(fd, (const struct sockaddr *)address, link_address_size(address)) < 0 &&
        errno != EINPROGRESS)
        return -errno;
    loop_change(link->loop, &link->watch, EPOLLOUT);
    return 0;
}

int link_fd_adopt(struct link *link, struct link_arrival arrival)
{
    return plug(link, arrival.fd, EPOLLIN);
}

int link_fd_connected(const struct link *link)
{
    int error = 0;
    socklen_t size = sizeof(error);
    (void)getsockopt(link->watch.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return -error;
}

size_t link_fd_local(const struct link *link, struct sockaddr_storage at[LINK_ADDRESSES_MAX])
{
    socklen_t size = sizeof(*at);
    return getsockname(link->watch.fd, (struct sockaddr *)at, &size) == 0;
}

/* ---- a listener's ---- */

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
        listener->on_accept(listener, (struct link_arrival){.fd = fd});
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
        return;
    loop_change(listener->loop, watch, 0);
    loop_timer_at(listener->loop, &listener->again, listener->loop->now + 100 * LOOP_MS);
}

static int bind_and_listen(struct link_listener *listener, const struct sockaddr_storage *address)
{
    int yes = 1, fd = listener->watch.fd;
    struct sockaddr_storage bound;
    socklen_t size = sizeof(bound);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)); /* bind will say */
    if (bind(fd, (const struct sockaddr *)address, link_address_size(address)) < 0 ||
        listen(fd, 4096) < 0 || getsockname(fd, (struct sockaddr *)&bound, &size) < 0)
        return -errno;
    link_address_write(listener->name, sizeof(listener->name), &bound);
    return loop_watch(listener->loop, &listener->watch);
}

int link_fd_listen(struct link_listener *listener, struct link_net *net,
                   const struct link_address *address)
{
    (void)net;
    int fd = socket(address->at[0].ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    listener->again = (struct loop_timer){.fire = on_again};
    listener->watch = (struct loop_watch){.fd = fd, .events = EPOLLIN, .ready = on_acceptable};
    int failed = bind_and_listen(listener, &address->at[0]);
    if (failed)
        close(fd);
    return failed;
}

void link_fd_unlisten(struct link_listener *listener)
{
    loop_timer_stop(listener->loop, &listener->again);
    loop_unwatch(listener->loop, &listener->watch);
    close(listener->watch.fd);
}

/* ---- octets ---- */

static void tcp_read(struct link *link)
{
    ssize_t got = recv(link->watch.fd, link->loop->buffer, LOOP_BUFFER, 0);
    link->loop->now = loop_clock(); /* others were served before in this turn */
    if (got > 0)
        link_take_octets(link, dm_bytes_of(link->loop->buffer, (size_t)got));
    else if (got == 0)
        link_ended(link);
    else if (errno != EAGAIN && errno != EINTR)
        link_close(link, strerror(errno));
}

static void tcp_connected(struct link *link)
{
    int failed = link_fd_connected(link);
    if (failed) {
        link_close(link, strerror(-failed));
        return;
    }
    loop_change(link->loop, &link->watch, EPOLLIN);
    link_connected(link);
}

static void tcp_ready(struct link *link, uint32_t events)
{
    if (link->state == LINK_CONNECTING) {
        tcp_connected(link);
        return;
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        tcp_read(link);
    if (events & EPOLLOUT && link->state != LINK_CLOSED)
        loop_post(link->loop, &link->flush);
}

static ssize_t tcp_write(struct link *link, dm_bytes queued)
{
    ssize_t sent = send(link->watch.fd, queued.at, queued.size, MSG_NOSIGNAL);
    if (sent >= 0)
        return sent;
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* Room to write if something waits, input unless too much waits. */
static void tcp_wish(struct link *link, bool reading)
{
    uint32_t events = reading ? EPOLLIN : 0;
    loop_change(link->loop, &link->watch, events | (link_queued(link) ? EPOLLOUT : 0));
}

static void tcp_bury(struct link *link)
{
    (void)link; /* the descriptor is closed for all */
}

const struct link_kind link_tcp = {
    .dial = link_fd_dial,
    .adopt = link_fd_adopt,
    .ready = tcp_ready,
    .write = tcp_write,
    .wish = tcp_wish,
    .bury = tcp_bury,
    .local = link_fd_local,
    .listen = link_fd_listen,
    .unlisten = link_fd_unlisten,
};
