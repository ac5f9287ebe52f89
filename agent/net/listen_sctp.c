/* listen_sctp.c — where associations are accepted: for sctp, and for dtls above it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/net/listen.h"
#include "agent/net/sctp_net.h"
#include "agent/net/wire_sctp.h"

typedef struct assoc_wire *wire_maker(struct wire_loop *loop);

struct assoc_listener {
    struct listener listener; /* first */
    struct sctp_woken woken;
    struct assoc *assoc; /* NULL once closed */
    bool waits;
    bool has_more; /* as far as we know: until nobody was there */
};

static struct assoc_listener *listener_of(struct listener *head)
{
    return (struct assoc_listener *)head;
}

/* Comes round again while somebody may be left. */
static void look(struct assoc_listener *listener)
{
    struct listener *head = &listener->listener;
    if (listener->waits && listener->has_more)
        head->on_acceptable(head);
    if (listener->assoc && listener->waits && listener->has_more)
        sctp_loop_post(head->loop, &listener->woken);
}

static void on_woken(struct sctp_woken *woken, bool by_stack)
{
    struct assoc_listener *listener =
        (struct assoc_listener *)(void *)((char *)woken - offsetof(struct assoc_listener, woken));
    if (by_stack)
        listener->has_more = true;
    if (listener->assoc)
        look(listener);
    else if (!by_stack)
        free(listener);
}

static void set_waiting(struct listener *head, bool waits)
{
    struct assoc_listener *listener = listener_of(head);
    listener->waits = waits;
    if (waits && listener->has_more)
        sctp_loop_post(head->loop, &listener->woken);
}

static struct assoc *listen_at(struct assoc_listener *listener, char *why)
{
    const struct listener *head = &listener->listener;
    struct assoc_setup setup = {.local = sctp_net_addresses(&head->at.addresses),
                                .is_authenticated = head->at.transport == CONF_DTLS,
                                .message_limit = sctp_net_message_size(head->loop->conf),
                                .owner = sctp_loop_owner(head->loop),
                                .user = &listener->woken};
    int error = -EPROTONOSUPPORT;
    struct assoc *assoc = sctp_stack_is_open() ? assoc_listen(&setup, &error) : NULL;
    if (!assoc)
        snprintf(why, LISTEN_WHY, "%s", uv_strerror(error));
    return assoc;
}

static struct listener *open_listener(const struct listen_kind *kind, struct wire_loop *loop,
                                      const struct conf_endpoint *at, char *why)
{
    struct assoc_listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        abort();
    listener->listener.kind = kind;
    listener->listener.loop = loop;
    listener->listener.at = *at;
    listener->woken.on_woken = on_woken;
    listener->has_more = true;
    listener->assoc = listen_at(listener, why);
    if (listener->assoc)
        return &listener->listener;
    free(listener);
    return NULL;
}

static struct wire *accept_for(struct listener *head, wire_maker *make, int *error)
{
    struct assoc_listener *listener = listener_of(head);
    struct assoc *assoc = assoc_accept(listener->assoc, NULL);
    listener->has_more = assoc;
    *error = UV_EAGAIN;
    if (!assoc)
        return NULL;
    struct assoc_wire *wire = make(head->loop);
    *error = UV_ECONNABORTED;
    if (!wire) {
        assoc_abort(assoc);
        return NULL;
    }
    wire->assoc = assoc;
    wire->has_input = true; /* what came before it was accepted has woken the listener only */
    assoc_set_limit(assoc, sctp_net_message_size(head->loop->conf));
    assoc_join(assoc, sctp_loop_owner(head->loop), &wire->woken);
    sctp_loop_post(head->loop, &wire->woken);
    return &wire->wire;
}

static void bound(const struct listener *head, struct conf_addresses *addresses)
{
    struct assoc_addresses found;
    assoc_local(((const struct assoc_listener *)head)->assoc, &found);
    addresses->count = (uint8_t)found.count;
    for (size_t i = 0; i < found.count; i++)
        addresses->at[i] = sctp_net_socket(&found.at[i]);
}

static void close_listener(struct listener *head)
{
    struct assoc_listener *listener = listener_of(head);
    assoc_abort(listener->assoc);
    listener->assoc = NULL;
    sctp_loop_post(head->loop, &listener->woken);
}

/* --- the two ------------------------------------------------------------------------------------
 */

static struct listener *open_sctp(struct wire_loop *loop, const struct conf_endpoint *at, char *why)
{
    return open_listener(&sctp_listen_kind, loop, at, why);
}

static struct wire *accept_sctp(struct listener *head, int *error)
{
    return accept_for(head, sctp_wire_accept, error);
}

const struct listen_kind sctp_listen_kind = {.transport = CONF_SCTP,
                                             .open = open_sctp,
                                             .accept = accept_sctp,
                                             .wait = set_waiting,
                                             .bound = bound,
                                             .close = close_listener};

static struct listener *open_dtls(struct wire_loop *loop, const struct conf_endpoint *at, char *why)
{
    return open_listener(&dtls_listen_kind, loop, at, why);
}

static struct wire *accept_dtls(struct listener *head, int *error)
{
    return accept_for(head, dtls_wire_accept, error);
}

const struct listen_kind dtls_listen_kind = {.transport = CONF_DTLS,
                                             .open = open_dtls,
                                             .accept = accept_dtls,
                                             .wait = set_waiting,
                                             .bound = bound,
                                             .close = close_listener};
