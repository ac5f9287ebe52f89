/* sockets.c — found among the descriptors of the process, since usrsctp names none of them. */
#include "agent/sctp/sockets.h"

#include <dirent.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "agent/sctp/gate.h"

enum { RECEIVE_BUFFER = 4 << 20 }; /* Linux gives no more than net.core.rmem_max, silently */

static int option_of(int descriptor, int option)
{
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(descriptor, SOL_SOCKET, option, &value, &size) ? -1 : value;
}

/* 0: none. */
static uint16_t port_of(int descriptor)
{
    struct sockaddr_in6 bound = {0}; /* the port stands where sockaddr_in has it */
    socklen_t size = sizeof bound;
    if (getsockname(descriptor, (struct sockaddr *)(void *)&bound, &size))
        return 0;
    return ntohs(bound.sin6_port);
}

static bool is_of_the_stack(int descriptor, uint16_t udp_port)
{
    int type = option_of(descriptor, SO_TYPE);
    if (type == SOCK_RAW)
        return option_of(descriptor, SO_PROTOCOL) == IPPROTO_SCTP;
    return type == SOCK_DGRAM && udp_port && port_of(descriptor) == udp_port;
}

static void prepare(int descriptor)
{
    const int size = RECEIVE_BUFFER;
    (void)setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    gate_guard(descriptor);
}

unsigned sctp_sockets_prepare(uint16_t udp_port)
{
    unsigned count = 0;
    DIR *all = opendir("/proc/self/fd");
    const struct dirent *entry;
    while (all && (entry = readdir(all))) {
        char *end;
        long descriptor = strtol(entry->d_name, &end, 10);
        if (end == entry->d_name || !is_of_the_stack((int)descriptor, udp_port))
            continue;
        prepare((int)descriptor);
        count++;
    }
    if (all)
        closedir(all);
    return count;
}
