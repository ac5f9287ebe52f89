/* wire_sctp.h — a wire over an accepted association. */
#pragma once

#include "agent/net/assoc_wire.h"

/* All-zero memory of sctp's or dtls's wire, to be given an association. NULL: no memory, or no
 * `tls` for dtls. */
struct assoc_wire *sctp_wire_accept(struct wire_loop *loop);
struct assoc_wire *dtls_wire_accept(struct wire_loop *loop);
