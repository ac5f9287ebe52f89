/* wire.c — what all transports have in common. */
#include "agent/net/wire.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/net/sctp_loop.h"

static wire_dialler *const diallers[CONF_TRANSPORTS] = {
    [CONF_TCP] = tcp_wire_dial,
    [CONF_TLS] = tls_wire_dial,
    [CONF_SCTP] = sctp_wire_dial,
    [CONF_DTLS] = dtls_wire_dial,
};

struct wire *wire_dial(struct wire_loop *loop, const struct conf_endpoint *to, const char *peer,
                       int *error)
{
    *error = -EPROTONOSUPPORT;
    return diallers[to->transport] ? diallers[to->transport](loop, to, peer, error) : NULL;
}

/* --- moving and ending --------------------------------------------------------------------------
 */

void wire_close(struct wire *wire, bool reset, void (*then)(void *holder))
{
    wire->then = then;
    wire->events = NULL;
    wire->kind->close(wire, reset);
}

void wire_detach(struct wire *wire, void (*then)(void *holder))
{
    wire->then = then;
    wire->events = NULL;
    wire->kind->detach(wire);
}

int wire_attach(struct wire *wire, struct wire_loop *loop)
{
    wire->loop = loop;
    return wire->kind->attach(wire);
}

void wire_bury(struct wire *wire)
{
    wire->kind->bury(wire);
}

void wire_is_gone(struct wire *wire)
{
    if (wire->then)
        wire->then(wire->holder);
}

void wire_is_loose(struct wire *wire)
{
    void *holder = wire->holder;
    wire->holder = NULL;
    wire->loop = NULL;
    wire->then(holder);
}

/* --- what it knows ------------------------------------------------------------------------------
 */

struct wire_addresses wire_local(const struct wire *wire)
{
    struct wire_addresses addresses = {0};
    wire->kind->local(wire, &addresses);
    return addresses;
}

struct dm_addresses wire_advertised(const struct wire_addresses *local)
{
    static const uint8_t nowhere[4];
    struct dm_addresses addresses = {.count = local->count};
    for (unsigned i = 0; i < local->count; i++)
        addresses.at[i] = dm_bytes_of(local->at[i], local->size[i]);
    if (!local->count)
        addresses.at[addresses.count++] = dm_bytes_of(nowhere, sizeof nowhere);
    return addresses;
}

bool wire_remote(const struct wire *wire, union conf_socket *address)
{
    return wire->kind->remote(wire, address);
}

enum wire_proof wire_speaks_for(const struct wire *wire, dm_bytes identity)
{
    return wire->kind->speaks_for ? wire->kind->speaks_for(wire, identity) : WIRE_UNPROVED;
}

void wire_security(const struct wire *wire, char *text, size_t size)
{
    if (wire->kind->security)
        wire->kind->security(wire, text, size);
    else
        snprintf(text, size, "none");
}

int64_t wire_expiry(const struct wire *wire)
{
    return wire->kind->expiry ? wire->kind->expiry(wire) : 0;
}

/* --- loops --------------------------------------------------------------------------------------
 */

/* A descriptor wakes its wire by itself; the SCTP stack wakes the loop. */
void wire_loop_open(struct wire_loop *loop)
{
    sctp_loop_open(loop);
}

void wire_loop_close(struct wire_loop *loop)
{
    sctp_loop_close(loop);
}

void wire_loop_fini(struct wire_loop *loop)
{
    sctp_loop_fini(loop);
    free(loop->ciphertext);
}
