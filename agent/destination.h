/* destination.h — another Destination-Host or -Realm in a request: what proxies write. The rest of
 * the octets stays. 29.229 §5.5, RFC 7075 §3.2.2; RDR-07, RDR-18. */
#pragma once

#include "agent/memory.h"
#include "proto/msg.h"

/* A copy of `message`, a whole request, with this Destination-Host: in the place of the one it has,
 * or at the end. */
struct image *destination_with_host(struct memory *memory, dm_bytes message, dm_bytes host);

/* A copy with this Destination-Realm in the place of its own, and without Destination-Host. NULL:
 * it has no Destination-Realm. */
struct image *destination_with_realm(struct memory *memory, dm_bytes message, dm_bytes realm);
