/* tcp.c — sockets on loopback: listening, dialling, accepting, ending. */
#include "agent/net/tcp.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static union conf_socket loopback(void)
{
    union conf_socket address = {.v4 = {.sin_family = AF_INET}};
    address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static union conf_socket loopback6(void)
{
    return (union conf_socket){.v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}};
}

/* Listens on a free port, which `address` then names. */
static int listen_on(union conf_socket *address)
{
    int listener = tcp_listen(address);
    cr_assert_geq(listener, 0);
    socklen_t size = sizeof *address;
    cr_assert_eq(getsockname(listener, &address->any, &size), 0);
    return listener;
}

static int wait_for(int descriptor, short events)
{
    struct pollfd fd = {.fd = descriptor, .events = events};
    cr_assert_eq(poll(&fd, 1, 60000), 1);
    return descriptor;
}

static int option_of(int descriptor, int level, int option)
{
    int value = 0;
    socklen_t size = sizeof value;
    cr_assert_eq(getsockopt(descriptor, level, option, &value, &size), 0);
    return value;
}

struct pair {
    int listener;
    int dialled;
    int accepted;
    union conf_socket address;
    union conf_socket source;
};

static struct pair connect_pair(void)
{
    struct pair pair = {.address = loopback()};
    pair.listener = listen_on(&pair.address);
    pair.dialled = tcp_dial(&pair.address);
    cr_assert_geq(pair.dialled, 0);
    pair.accepted = tcp_accept(wait_for(pair.listener, POLLIN), &pair.source);
    cr_assert_geq(pair.accepted, 0);
    return pair;
}

static void close_pair(const struct pair *pair)
{
    close(pair->listener);
    close(pair->dialled);
    close(pair->accepted);
}

Test(tcp, dialled_connection_is_accepted_with_its_source)
{
    struct pair pair = connect_pair();
    union conf_socket local;
    socklen_t size = sizeof local;
    getsockname(pair.dialled, &local.any, &size);
    cr_assert_eq(pair.source.v4.sin_port, local.v4.sin_port);
    cr_assert_eq(tcp_connect_result(wait_for(pair.dialled, POLLOUT)), 0);
    close_pair(&pair);
}

Test(tcp, no_socket_blocks_and_none_survives_an_exec)
{
    struct pair pair = connect_pair();
    const int all[] = {pair.listener, pair.dialled, pair.accepted};
    for (int i = 0; i < 3; i++) {
        cr_assert(fcntl(all[i], F_GETFL) & O_NONBLOCK);
        cr_assert(fcntl(all[i], F_GETFD) & FD_CLOEXEC);
    }
    close_pair(&pair);
}

Test(tcp, SCT_19_connections_do_not_wait_to_fill_a_segment)
{
    struct pair pair = connect_pair();
    cr_assert(option_of(pair.dialled, IPPROTO_TCP, TCP_NODELAY));
    cr_assert(option_of(pair.accepted, IPPROTO_TCP, TCP_NODELAY));
    cr_assert_eq(option_of(pair.accepted, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 128 * 1024);
    close_pair(&pair);
}

Test(tcp, accept_says_that_nobody_is_there)
{
    union conf_socket address = loopback(), source;
    int listener = listen_on(&address);
    cr_assert_eq(tcp_accept(listener, &source), -EAGAIN);
    close(listener);
}

Test(tcp, port_that_is_taken_is_refused)
{
    union conf_socket address = loopback();
    int listener = listen_on(&address);
    cr_assert_eq(tcp_listen(&address), -EADDRINUSE);
    close(listener);
}

Test(tcp, dial_to_nobody_ends_refused)
{
    union conf_socket address = loopback();
    close(listen_on(&address));
    int descriptor = tcp_dial(&address);
    cr_assert_geq(descriptor, 0);
    cr_assert_eq(tcp_connect_result(wait_for(descriptor, POLLOUT)), -ECONNREFUSED);
    close(descriptor);
}

Test(tcp, HDR_06_abort_resets_the_connection)
{
    struct pair pair = connect_pair();
    char octet;
    tcp_abort(pair.accepted);
    cr_assert_eq(read(wait_for(pair.dialled, POLLIN), &octet, 1), -1);
    cr_assert_eq(errno, ECONNRESET);
    close(pair.dialled);
    close(pair.listener);
}

Test(tcp, CEX_04_local_address_has_four_octets_over_ipv4)
{
    struct pair pair = connect_pair();
    uint8_t octets[16];
    cr_assert_eq(tcp_local_address(pair.accepted, octets), 4);
    cr_assert_arr_eq(octets, ((uint8_t[]){127, 0, 0, 1}), 4);
    close_pair(&pair);
}

Test(tcp, CEX_04_local_address_has_sixteen_octets_over_ipv6)
{
    union conf_socket address = loopback6(), source;
    int probe = tcp_listen(&address);
    if (probe < 0)
        cr_skip_test("no IPv6 here");
    close(probe);
    int listener = listen_on(&address);
    int dialled = tcp_dial(&address);
    int accepted = tcp_accept(wait_for(listener, POLLIN), &source);
    uint8_t octets[16];
    cr_assert_eq(tcp_local_address(accepted, octets), 16);
    cr_assert_arr_eq(octets, &in6addr_loopback, 16);
    close(listener);
    close(dialled);
    close(accepted);
}

Test(tcp, no_connection_has_no_local_address)
{
    uint8_t octets[16];
    cr_assert_eq(tcp_local_address(-1, octets), 0);
    cr_assert_eq(tcp_connect_result(-1), -EBADF);
}

Test(tcp, address_is_shown_with_its_port)
{
    char text[64];
    union conf_socket address = loopback();
    address.v4.sin_port = htons(3868);
    tcp_address_text(&address, text, sizeof text);
    cr_assert_str_eq(text, "127.0.0.1:3868");
    address = loopback6();
    address.v6.sin6_port = htons(5658);
    tcp_address_text(&address, text, sizeof text);
    cr_assert_str_eq(text, "[::1]:5658");
}
