/* proxy_session.h — the end of a session that the client does not know of. */
#pragma once

#include "agent/peer.h"

/* Sends an STR to the server that gave this answer of success, which a policy made a failure;
 * nothing where it keeps no state. RFC 6733 §6.2.2, §8.4; PXY-06. */
void proxy_end_session(struct peer *from, dm_bytes request, dm_bytes answer);
