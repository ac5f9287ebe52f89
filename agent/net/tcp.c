/* tcp.c — TCP sockets. */
#include "agent/net/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096, NOTSENT_LOWAT = 128 * 1024 };

static socklen_t address_size(const union conf_socket *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
}

static void set(int descriptor, int level, int option, int value)
{
    /* Each is an improvement, none a condition: an old kernel may refuse it. */
    (void)setsockopt(descriptor, level, option, &value, sizeof value);
}

/* What waits for the network stays here, where a watchdog can overtake it. No Nagle: one write a
 * turn does the same without stalls (RFC 3539 §3.2, SCT-19). */
static void tune(int descriptor)
{
    set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    set(descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_LOWAT);
}

static int fail(int descriptor)
{
    int error = -errno;
    if (descriptor >= 0)
        close(descriptor);
    return error;
}

static int new_socket(const union conf_socket *address)
{
    return socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
}

int tcp_listen(const union conf_socket *address)
{
    int listener = new_socket(address);
    if (listener < 0)
        return fail(listener);
    set(listener, SOL_SOCKET, SO_REUSEADDR, 1);
    if (address->any.sa_family == AF_INET6)
        set(listener, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (bind(listener, &address->any, address_size(address)) || listen(listener, BACKLOG))
        return fail(listener);
    return listener;
}

union conf_socket tcp_bound_address(int listener)
{
    union conf_socket address = {0};
    socklen_t size = sizeof address;
    (void)getsockname(listener, &address.any, &size);
    return address;
}

union conf_socket tcp_peer_address(int descriptor)
{
    union conf_socket address = {0};
    socklen_t size = sizeof address;
    (void)getpeername(descriptor, &address.any, &size);
    return address;
}

int tcp_dial(const union conf_socket *address)
{
    int descriptor = new_socket(address);
    if (descriptor < 0)
        return fail(descriptor);
    tune(descriptor);
    if (connect(descriptor, &address->any, address_size(address)) && errno != EINPROGRESS)
        return fail(descriptor);
    return descriptor;
}

int tcp_accept(int listener, union conf_socket *source)
{
    socklen_t size = sizeof *source;
    int descriptor = accept4(listener, &source->any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0)
        return -errno;
    tune(descriptor);
    return descriptor;
}

int tcp_connect_result(int descriptor)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size))
        return -errno;
    return -error;
}

void tcp_abort(int descriptor)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(descriptor);
}

size_t tcp_local_address(int descriptor, uint8_t octets[16])
{
    union conf_socket local = {0};
    socklen_t size = sizeof local;
    if (getsockname(descriptor, &local.any, &size))
        return 0;
    if (local.any.sa_family == AF_INET) {
        memcpy(octets, &local.v4.sin_addr, 4);
        return 4;
    }
    if (IN6_IS_ADDR_V4MAPPED(&local.v6.sin6_addr)) {
        memcpy(octets, local.v6.sin6_addr.s6_addr + 12, 4);
        return 4;
    }
    memcpy(octets, &local.v6.sin6_addr, 16);
    return 16;
}

bool tcp_remote_address(int descriptor, union conf_socket *address)
{
    socklen_t size = sizeof *address;
    return getpeername(descriptor, &address->any, &size) == 0;
}

void tcp_address_text(const union conf_socket *address, char *text, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "?";
    bool is_v6 = address->any.sa_family == AF_INET6;
    const void *octets = is_v6 ? (const void *)&address->v6.sin6_addr : &address->v4.sin_addr;
    inet_ntop(address->any.sa_family, octets, host, sizeof host);
    unsigned port = ntohs(is_v6 ? address->v6.sin6_port : address->v4.sin_port);
    snprintf(text, size, is_v6 ? "[%s]:%u" : "%s:%u", host, port);
}
