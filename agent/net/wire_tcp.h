/* wire_tcp.h — a wire over a descriptor: what tcp is, and what tls stands on. */
#pragma once

#include <errno.h>

#include "agent/net/wire.h"

struct tcp_wire {
    struct wire wire; /* first */
    uv_poll_t poll;
    int descriptor;
    int armed; /* what the poll waits for */
};

static inline struct tcp_wire *tcp_wire_of(struct wire *wire)
{
    return (struct tcp_wire *)wire;
}

/* A wire of a descriptor that is connected or connecting; takes it. NULL: without memory or poll
 * (the descriptor is closed). */
struct wire *tcp_wire_new(struct wire_loop *loop, int descriptor, bool is_connecting);

/* --- for tls ------------------------------------------------------------------------------------
 */

/* Polls for `wanted` from now on. */
void tcp_wire_arm(struct tcp_wire *tcp, int wanted, uv_poll_cb on_poll);
int tcp_wire_attach(struct wire *wire);
bool tcp_wire_has_ended(struct wire *wire);
void tcp_wire_local(const struct wire *wire, struct wire_addresses *addresses);
bool tcp_wire_remote(const struct wire *wire, union conf_socket *address);
/* Its descriptor goes when libuv has forgotten it, which calls `on_closed` later. */
void tcp_wire_end(struct tcp_wire *tcp, bool reset, uv_close_cb on_closed);
/* What the errno of a read or a write means: nothing now, or broken. */
static inline bool tcp_is_busy(int error)
{
    return error == EAGAIN || error == EINTR || error == ENOBUFS;
}
