/* address.h — lists of addresses as the stack takes and gives them: packed, one behind the other.
 */
#pragma once

#include "agent/sctp/assoc.h"

enum { ADDRESSES_PACKED_MAX = ASSOC_ADDRESSES_MAX * sizeof(struct sockaddr_in6) };

socklen_t address_size(const union sctp_address *address);
bool address_is_any(const union sctp_address *address);
uint16_t address_port(const union sctp_address *address);
void address_set_port(union sctp_address *address, uint16_t port);

void addresses_add(struct assoc_addresses *addresses, const union sctp_address *address);
bool addresses_hold_v6(const struct assoc_addresses *addresses);

/* Any-addresses become those of all interfaces. */
struct assoc_addresses addresses_explicit(const struct assoc_addresses *addresses);
/* Our addresses towards all of `remote`, as the system routes; none: it knows no way. */
struct assoc_addresses addresses_towards(const struct assoc_addresses *remote);

void addresses_pack(const struct assoc_addresses *addresses, uint8_t packed[ADDRESSES_PACKED_MAX]);
void addresses_unpack(const void *packed, int count, struct assoc_addresses *addresses);
