/* lab_tcp.c — scripted peers over TCP. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lab/lab_kind.h"

enum { READ_AT_ONCE = 65536, PORT_TRIES = 10 };

/* --- opening --- */

/* A port that nobody is given by chance while a test does not listen there. */
int lab_tcp_listen(struct lab *lab, struct lab_server *server)
{
    bool is_new = !server->port;
    int fd, tries = 0;
    do {
        server->port = is_new ? lab_free_port() : server->port;
        fd = lab_listen_on(lab->plan.ipv6, &server->port);
    } while (fd == -EADDRINUSE && is_new && ++tries < PORT_TRIES);
    if (fd < 0)
        return fd;
    server->listener = fd;
    if (lab->plan.receive_buffer)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &lab->plan.receive_buffer, sizeof(int));
    return 0;
}

void lab_tcp_unlisten(struct lab_server *server)
{
    if (server->listener >= 0)
        close(server->listener);
    server->listener = -1;
}

void lab_tcp_take(struct lab_peer *peer, int fd)
{
    int one = 1;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* a socket pair has none */
    peer->fd = fd;
}

bool lab_tcp_dial(struct lab_peer *peer)
{
    struct sockaddr_storage to;
    socklen_t size = lab_loopback(&to, peer->lab->plan.ipv6, peer->lab->port);
    int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, size) == 0) {
        lab_tcp_take(peer, fd);
        return true;
    }
    if (fd >= 0)
        close(fd);
    return false;
}

bool lab_tcp_accept(struct lab_peer *peer, struct lab_server *server)
{
    int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        lab_tcp_take(peer, fd);
    return fd >= 0;
}

/* --- octets --- */

size_t lab_tcp_read(struct lab_peer *peer, void *room, size_t size)
{
    ssize_t n = recv(peer->fd, room, size, 0);
    if (n > 0)
        return (size_t)n;
    if (n == 0 || (errno != EAGAIN && errno != EINTR))
        lab_peer_ended(peer, n < 0);
    return 0;
}

size_t lab_tcp_write(struct lab_peer *peer, const void *octets, size_t size)
{
    ssize_t n = send(peer->fd, octets, size, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return size; /* the other side is gone; reading will say how */
    return n < 0 ? 0 : (size_t)n;
}

static short wants(const struct lab_peer *peer)
{
    return (short)((lab_is_read(peer) ? POLLIN : 0) | (peer->out_size ? POLLOUT : 0));
}

static void look(struct lab_peer *peer, int events)
{
    static uint8_t room[READ_AT_ONCE];
    if (events & (POLLIN | POLLHUP | POLLERR) && lab_is_read(peer))
        lab_peer_take(peer, room, lab_tcp_read(peer, room, sizeof(room)));
}

/* --- ends --- */

void lab_tcp_finish(struct lab_peer *peer)
{
    shutdown(peer->fd, SHUT_WR);
}

void lab_tcp_close(struct lab_peer *peer, bool reset)
{
    struct linger at_once = {.l_onoff = 1};
    if (reset)
        (void)setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(peer->fd);
}

const struct lab_kind lab_tcp = {
    .name = "tcp",
    .listen = lab_tcp_listen,
    .unlisten = lab_tcp_unlisten,
    .dial = lab_tcp_dial,
    .accept = lab_tcp_accept,
    .wants = wants,
    .look = look,
    .write = lab_tcp_write,
    .finish = lab_tcp_finish,
    .close = lab_tcp_close,
};
