/* listen.h — a place to listen at: accepted connections come out as wires. Main thread.
 *
 * Of tcp and tls it is a descriptor and its poll, of sctp and dtls a socket of the stack and a mark
 * in its list. What is accepted may still have its handshake before it: wire.h. */
#pragma once

#include "agent/net/wire.h"

struct listener;

enum { LISTEN_WHY = 160 };

struct listen_kind {
    enum conf_transport transport;
    /* Opens it, not yet listening to events. NULL: `why`, of LISTEN_WHY octets, says why not. */
    struct listener *(*open)(struct wire_loop *loop, const struct conf_endpoint *at, char *why);
    /* The next connection, attached to the loop, without a holder. NULL: `error` is -EAGAIN: none;
     * -EMFILE, -ENFILE, -ENOMEM: it should rest a while; others: that one is lost, try the next. */
    struct wire *(*accept)(struct listener *listener, int *error);
    /* Calls on_acceptable while somebody knocks, or stops doing so. */
    void (*wait)(struct listener *listener, bool waits);
    /* Where it listens indeed: port 0 was any that is free. */
    void (*bound)(const struct listener *listener, struct conf_addresses *addresses);
    /* Frees it, later. */
    void (*close)(struct listener *listener);
};

/* The head of each kind's own struct. */
struct listener {
    const struct listen_kind *kind;
    struct wire_loop *loop;
    struct conf_endpoint at; /* as configured */
    void (*on_acceptable)(struct listener *listener);
    void *owner;
    struct listener *next;
    bool is_wanted;
};

/* The kinds by transport; NULL: not built. */
extern const struct listen_kind *const listen_kinds[CONF_TRANSPORTS];
extern const struct listen_kind tcp_listen_kind;
extern const struct listen_kind tls_listen_kind;
extern const struct listen_kind sctp_listen_kind;
extern const struct listen_kind dtls_listen_kind;
