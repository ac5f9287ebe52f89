/* link_address.h — where a peer is, as the command lines say it. */
#pragma once

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

enum { LINK_ADDRESSES_MAX = 4 };

struct link_address {
    const char *text;
    uint8_t count;     /* more than one: of a multi-homed association */
    uint16_t udp_port; /* where the other side takes SCTP in UDP; 0: it takes it in IP. RFC 6951 */
    struct sockaddr_storage at[LINK_ADDRESSES_MAX];
};

/* "127.0.0.1:3868", "[::1]:3868", "name:3868", or several hosts, "10.0.0.1,10.0.1.1:3868". Returns
 * NULL, or what is wrong. `text` is kept. */
const char *link_address(struct link_address *address, const char *text);

static inline socklen_t link_address_size(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                          : sizeof(struct sockaddr_in);
}

/* "HOST:PORT" of a socket address, in `room` octets at `to`. */
void link_address_write(char *to, size_t room, const struct sockaddr_storage *address);
