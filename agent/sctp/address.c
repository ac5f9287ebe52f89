/* address.c — addresses of ours and of others. */
#include "agent/sctp/address.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

socklen_t address_size(const union sctp_address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
}

bool address_is_any(const union sctp_address *address)
{
    return address->any.sa_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr)
                                              : address->v4.sin_addr.s_addr == INADDR_ANY;
}

uint16_t address_port(const union sctp_address *address)
{
    return ntohs(address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
}

void address_set_port(union sctp_address *address, uint16_t port)
{
    if (address->any.sa_family == AF_INET6)
        address->v6.sin6_port = htons(port);
    else
        address->v4.sin_port = htons(port);
}

/* --- lists --------------------------------------------------------------------------------------
 */

void addresses_add(struct assoc_addresses *addresses, const union sctp_address *address)
{
    for (size_t i = 0; i < addresses->count; i++)
        if (!memcmp(&addresses->at[i], address, address_size(address)))
            return;
    if (addresses->count < ASSOC_ADDRESSES_MAX)
        addresses->at[addresses->count++] = *address;
}

bool addresses_hold_v6(const struct assoc_addresses *addresses)
{
    for (size_t i = 0; i < addresses->count; i++)
        if (addresses->at[i].any.sa_family == AF_INET6)
            return true;
    return false;
}

void addresses_pack(const struct assoc_addresses *addresses, uint8_t packed[ADDRESSES_PACKED_MAX])
{
    for (size_t i = 0; i < addresses->count; i++) {
        memcpy(packed, &addresses->at[i], address_size(&addresses->at[i]));
        packed += address_size(&addresses->at[i]);
    }
}

void addresses_unpack(const void *packed, int count, struct assoc_addresses *addresses)
{
    const uint8_t *at = packed;
    *addresses = (struct assoc_addresses){0};
    for (int i = 0; i < count && addresses->count < ASSOC_ADDRESSES_MAX; i++) {
        union sctp_address *address = &addresses->at[addresses->count++];
        memcpy(&address->any, at, sizeof address->any);
        memcpy(address, at, address_size(address));
        at += address_size(address);
    }
}

/* --- of the system ------------------------------------------------------------------------------
 */

/* A socket that is connected and never used shows which address the system would send from. */
bool sctp_source_for(const union sctp_address *remote, union sctp_address *source)
{
    union sctp_address there = *remote;
    socklen_t size = sizeof *source;
    int udp = socket(remote->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (udp < 0)
        return false;
    if (!address_port(&there))
        address_set_port(&there, 9);
    *source = (union sctp_address){0};
    bool works = connect(udp, &there.any, address_size(&there)) == 0 &&
                 getsockname(udp, &source->any, &size) == 0;
    close(udp);
    address_set_port(source, 0);
    return works;
}

static bool is_usable(const struct ifaddrs *interface, int family)
{
    if (!interface->ifa_addr || interface->ifa_addr->sa_family != family ||
        !(interface->ifa_flags & IFF_UP))
        return false;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)interface->ifa_addr;
    return family != AF_INET6 || !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr);
}

size_t sctp_interface_addresses(int family, union sctp_address *addresses, size_t room)
{
    struct ifaddrs *first;
    size_t count = 0;
    if (getifaddrs(&first))
        return 0;
    for (const struct ifaddrs *at = first; at && count < room; at = at->ifa_next) {
        if (!is_usable(at, family))
            continue;
        addresses[count] = (union sctp_address){0};
        memcpy(&addresses[count].any, at->ifa_addr,
               family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
        count++;
    }
    freeifaddrs(first);
    return count;
}

static void add_interfaces(struct assoc_addresses *addresses, const union sctp_address *any)
{
    union sctp_address found[ASSOC_ADDRESSES_MAX];
    size_t count = sctp_interface_addresses(any->any.sa_family, found, ASSOC_ADDRESSES_MAX);
    for (size_t i = 0; i < count; i++) {
        address_set_port(&found[i], address_port(any));
        addresses_add(addresses, &found[i]);
    }
}

struct assoc_addresses addresses_explicit(const struct assoc_addresses *addresses)
{
    struct assoc_addresses result = {0};
    for (size_t i = 0; i < addresses->count; i++) {
        if (address_is_any(&addresses->at[i]))
            add_interfaces(&result, &addresses->at[i]);
        else
            addresses_add(&result, &addresses->at[i]);
    }
    return result;
}

struct assoc_addresses addresses_towards(const struct assoc_addresses *remote)
{
    struct assoc_addresses result = {0};
    union sctp_address source;
    for (size_t i = 0; i < remote->count; i++)
        if (sctp_source_for(&remote->at[i], &source))
            addresses_add(&result, &source);
    return result;
}
