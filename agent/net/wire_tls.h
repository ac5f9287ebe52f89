/* wire_tls.h — TLS over TCP: a descriptor, its poll and a session of tls/session.h. */
#pragma once

#include "agent/net/wire.h"

/* A wire of a descriptor that was accepted; takes it. NULL without memory or poll. */
struct wire *tls_wire_accept(struct wire_loop *loop, int descriptor);
