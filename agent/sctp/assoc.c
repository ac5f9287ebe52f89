/* assoc.c — associations come, and move from owner to owner. */
#include "agent/sctp/assoc_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <usrsctp.h>

#include "agent/sctp/address.h"
#include "agent/sctp/gate.h"

enum { BACKLOG = 64 }; /* each holds a receive buffer, and no timer of ours runs for it */

/* Of a message that is longer, the stack hands on what has come: so it is seen (assoc_held), and
 * thrown away as soon as it is past the limit. */
enum { PIECE = 64 * 1024 };

/* On a thread of the stack, which may hold locks: nothing of the stack is called from here. */
static void on_upcall(struct socket *socket, void *name, int flags)
{
    (void)socket;
    (void)flags;
    slot_wake(name);
}

/* --- sockets ------------------------------------------------------------------------------------
 */

static bool switch_on(struct socket *socket, int option)
{
    int on = 1;
    return usrsctp_setsockopt(socket, IPPROTO_SCTP, option, &on, sizeof on) == 0;
}

static bool take_pieces(struct socket *socket)
{
    uint32_t piece = PIECE;
    return usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_PARTIAL_DELIVERY_POINT, &piece,
                              sizeof piece) == 0;
}

/* RFC 6083 §4.8: DATA and FORWARD-TSN are to be authenticated. */
static bool demand_authentication(struct socket *socket)
{
    const uint8_t chunks[] = {SCTP_DATA, SCTP_FORWARD_CUM_TSN};
    for (size_t i = 0; i < sizeof chunks; i++) {
        struct sctp_authchunk chunk = {chunks[i]};
        if (usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_AUTH_CHUNK, &chunk, sizeof chunk))
            return false;
    }
    return true;
}

static bool encapsulate(struct socket *socket, int family, uint16_t port)
{
    struct sctp_udpencaps udp = {.sue_port = htons(port)};
    udp.sue_address.ss_family = (sa_family_t)family;
    return usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_REMOTE_UDP_ENCAPS_PORT, &udp,
                              sizeof udp) == 0;
}

static bool tune(struct socket *socket, int family, const struct assoc_setup *setup)
{
    return usrsctp_set_non_blocking(socket, 1) == 0 && switch_on(socket, SCTP_NODELAY) &&
           switch_on(socket, SCTP_RECVRCVINFO) && take_pieces(socket) && assoc_subscribe(socket) &&
           (!setup->is_authenticated || demand_authentication(socket)) &&
           (!setup->udp_port || encapsulate(socket, family, setup->udp_port));
}

/* One by one: the first may have been given a port, which the others then have. */
static bool bind_all(struct socket *socket, const struct assoc_addresses *local)
{
    uint16_t port = address_port(&local->at[0]);
    for (size_t i = 0; i < local->count; i++) {
        union sctp_address address = local->at[i];
        struct sockaddr *bound;
        address_set_port(&address, port);
        if (usrsctp_bindx(socket, &address.any, 1, SCTP_BINDX_ADD_ADDR))
            return false;
        if (port || usrsctp_getladdrs(socket, 0, &bound) < 1)
            continue;
        port = ntohs(((struct sockaddr_in *)(void *)bound)->sin_port); /* as in sockaddr_in6 */
        usrsctp_freeladdrs(bound);
    }
    return true;
}

static struct socket *fail(struct socket *socket, int *error)
{
    *error = errno ? -errno : -EINVAL;
    if (socket)
        assoc_close_socket(socket);
    return NULL;
}

/* Never unbound: the stack would announce every interface, and pick any of them. */
static struct socket *open_socket(const struct assoc_setup *setup,
                                  const struct assoc_addresses *local, int *error)
{
    int family = addresses_hold_v6(local) ? AF_INET6 : AF_INET;
    errno = local->count ? 0 : EADDRNOTAVAIL;
    struct socket *socket =
        errno ? NULL : usrsctp_socket(family, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
    if (!socket || !tune(socket, family, setup) || !bind_all(socket, local))
        return fail(socket, error);
    return socket;
}

/* --- beginnings ---------------------------------------------------------------------------------
 */

/* Takes the socket; closes it where there is no memory. From here on it wakes its owner. */
static struct assoc *new_assoc(struct socket *socket, const struct assoc_setup *setup)
{
    struct assoc *assoc = calloc(1, sizeof *assoc);
    struct sctp_slot *slot = assoc ? slot_take(assoc) : NULL;
    if (!slot) {
        assoc_abandon(socket);
        free(assoc);
        return NULL;
    }
    assoc->socket = socket;
    assoc->slot = slot;
    assoc->limit = setup->message_limit;
    assoc_join(assoc, setup->owner, setup->user);
    usrsctp_set_upcall(socket, on_upcall, slot_name(slot));
    return assoc;
}

struct assoc *assoc_listen(const struct assoc_setup *setup, int *error)
{
    struct assoc_addresses local = addresses_explicit(&setup->local);
    struct socket *socket = open_socket(setup, &local, error);
    if (!socket)
        return NULL;
    struct assoc *assoc = new_assoc(socket, setup);
    *error = -ENFILE;
    if (!assoc)
        return NULL;
    assoc->is_listener = true;
    if (usrsctp_listen(socket, BACKLOG)) {
        *error = -errno;
        assoc_abort(assoc);
        return NULL;
    }
    return assoc;
}

/* One that was lost before it was accepted is told as an error: the next one may be there. */
static struct socket *accept_next(struct socket *listener)
{
    struct socket *socket;
    gate_shut();
    do
        socket = usrsctp_accept(listener, NULL, NULL);
    while (!socket && (errno == ECONNRESET || errno == ECONNABORTED));
    gate_open();
    return socket;
}

struct assoc *assoc_accept(struct assoc *listener, void *user)
{
    struct assoc_setup setup = {
        .message_limit = listener->limit, .owner = listener->owner, .user = user};
    struct socket *socket = accept_next(listener->socket);
    if (!socket)
        return NULL;
    usrsctp_set_non_blocking(socket, 1);
    return new_assoc(socket, &setup);
}

static bool connect_all(struct socket *socket, const struct assoc_addresses *remote)
{
    _Alignas(struct sockaddr_in6) uint8_t packed[ADDRESSES_PACKED_MAX];
    sctp_assoc_t id = 0;
    addresses_pack(remote, packed);
    return usrsctp_connectx(socket, (struct sockaddr *)(void *)packed, (int)remote->count, &id) ==
               0 ||
           errno == EINPROGRESS;
}

struct assoc *assoc_dial(const struct assoc_setup *setup, int *error)
{
    struct assoc_addresses local =
        setup->local.count ? addresses_explicit(&setup->local) : addresses_towards(&setup->remote);
    if (!local.count) {
        *error = -ENETUNREACH;
        return NULL;
    }
    struct socket *socket = open_socket(setup, &local, error);
    if (!socket)
        return NULL;
    struct assoc *assoc = new_assoc(socket, setup);
    *error = -ENFILE;
    if (assoc && !connect_all(socket, &setup->remote)) {
        *error = -errno;
        assoc_abort(assoc);
        return NULL;
    }
    return assoc;
}

/* --- owners -------------------------------------------------------------------------------------
 */

void assoc_leave(struct assoc *assoc)
{
    assoc->owner = NULL;
    slot_set_owner(assoc->slot, NULL);
}

void assoc_join(struct assoc *assoc, struct sctp_owner *owner, void *user)
{
    assoc->owner = owner;
    assoc->user = user;
    slot_set_owner(assoc->slot, owner);
}

void *assoc_user(const struct assoc *assoc)
{
    return assoc->user;
}

void assoc_set_limit(struct assoc *assoc, uint32_t message_limit)
{
    assoc->limit = message_limit;
}

/* --- state --------------------------------------------------------------------------------------
 */

static bool read_status(const struct assoc *assoc, struct sctp_status *status)
{
    socklen_t size = sizeof *status;
    *status = (struct sctp_status){0};
    return usrsctp_getsockopt(assoc->socket, IPPROTO_SCTP, SCTP_STATUS, status, &size) == 0;
}

enum assoc_stage assoc_stage(const struct assoc *assoc)
{
    struct sctp_status status;
    if (!read_status(assoc, &status))
        return ASSOC_GONE;
    switch (status.sstat_state) {
    case SCTP_CLOSED:
    case SCTP_COOKIE_WAIT:
    case SCTP_COOKIE_ECHOED:
        return ASSOC_PASSING;
    default:
        return ASSOC_STANDING;
    }
}

bool assoc_is_ending(const struct assoc *assoc)
{
    struct sctp_status status;
    return !read_status(assoc, &status) || status.sstat_state == SCTP_SHUTDOWN_RECEIVED ||
           status.sstat_state == SCTP_SHUTDOWN_ACK_SENT;
}

int assoc_error(const struct assoc *assoc)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (usrsctp_getsockopt(assoc->socket, SOL_SOCKET, SO_ERROR, &error, &size))
        return -errno;
    return -error;
}

/* --- addresses ----------------------------------------------------------------------------------
 */

void assoc_local(const struct assoc *assoc, struct assoc_addresses *addresses)
{
    struct sockaddr *found;
    int count = usrsctp_getladdrs(assoc->socket, 0, &found);
    *addresses = (struct assoc_addresses){0};
    if (count < 0)
        return;
    addresses_unpack(found, count, addresses);
    usrsctp_freeladdrs(found);
}

void assoc_remote(const struct assoc *assoc, struct assoc_addresses *addresses)
{
    struct sockaddr *found;
    int count = usrsctp_getpaddrs(assoc->socket, 0, &found);
    *addresses = (struct assoc_addresses){0};
    if (count < 0)
        return;
    addresses_unpack(found, count, addresses);
    usrsctp_freepaddrs(found);
}

bool assoc_primary(const struct assoc *assoc, union sctp_address *address)
{
    struct sctp_status status;
    if (!read_status(assoc, &status))
        return false;
    memcpy(address, &status.sstat_primary.spinfo_address, sizeof *address);
    return true;
}
