/* hosts.h — a host's name becomes its addresses: A and AAAA. Main thread.
 *
 * An address as a name is itself; localhost is loopback (RFC 6761 §6.3); then comes the system's
 * file of hosts, then DNS, both families at once. */
#pragma once

#include "agent/dns/resolver.h"

struct dns_addresses {
    enum dns_outcome outcome;
    uint32_t ttl; /* s; UINT32_MAX: for ever */
    struct conf_addresses list;
};

typedef void (*dns_found)(void *context, const struct dns_addresses *addresses);

/* `found` is called once, perhaps before this returns. The addresses bear the port (in host order),
 * and stand in the order in which they are to be tried: IPv6 and IPv4 in turn. `until` as with
 * resolver_ask. */
void hosts_find(struct resolver *resolver, const char *host, uint16_t port, uint64_t until,
                dns_found found, void *context);
