/* link_assoc.c — a link's association: dialled, accepted, read until there is nothing more, closed.
 * RFC 6733 §2.1.1; SCT-02 to SCT-08. */
#include "bench/link_assoc.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define OWNER(type, member, at) ((type *)(void *)((char *)(at)-offsetof(type, member)))

/* ---- reading ---- */

static void take_event(struct link_assoc *mine, const struct assoc_event *event)
{
    struct link *link = mine->link;
    switch (event->what) {
    case ASSOC_MESSAGE:
        mine->kind->message(link, event);
        return;
    case ASSOC_UP:
        mine->kind->up(link);
        return;
    case ASSOC_DRY:
        mine->kind->dry(link);
        return;
    case ASSOC_OVERSIZED:
        link_close(link, "the peer sent too long a message");
        return;
    case ASSOC_RESTARTED:
        link_close(link, "the peer began anew");
        return;
    case ASSOC_SHUT:
    case ASSOC_ENDED:
        link_ended(link);
        return;
    case ASSOC_LOST:
        link_close(link, strerror(-event->error));
        return;
    case ASSOC_NOTHING:
    case ASSOC_PATH:
    case ASSOC_SEND_FAILED: /* the end follows */
    case ASSOC_REMOTE_ERROR:
    case ASSOC_KEY:
        return;
    }
}

static void drain(struct link_assoc *mine)
{
    struct link *link = mine->link;
    struct assoc_event event;
    link->loop->now = loop_clock(); /* others were served before in this turn */
    while (link->state != LINK_CLOSED && !mine->is_stopped &&
           assoc_receive(mine->assoc, link->loop->buffer, LOOP_BUFFER, &event) != ASSOC_NOTHING) {
        take_event(mine, &event);
        mine->is_stopped = link_is_full(link);
    }
    if (link->state == LINK_CLOSED)
        return;
    mine->kind->woken(link);
    if (link_queued(link))
        loop_post(link->loop, &link->flush);
}

static void on_woken(struct link_woken *woken)
{
    drain(OWNER(struct link_assoc, head, woken));
}

static void on_again(struct loop_task *task)
{
    drain(OWNER(struct link_assoc, again, task));
}

void link_assoc_wish(struct link *link, bool reading)
{
    struct link_assoc *mine = link_assoc_of(link);
    if (!reading || !mine->is_stopped)
        return;
    mine->is_stopped = false;
    loop_post(link->loop, &mine->again);
}

void link_assoc_take(struct link *link, dm_bytes message)
{
    struct link_assoc *mine = link_assoc_of(link);
    mine->is_proven |= link->state == LINK_OPEN;
    link_take_message(link, message);
    mine->is_proven |= mine->is_dialler && link->state == LINK_OPEN;
}

struct assoc_manner link_assoc_manner(const struct link *link)
{
    const struct link_assoc *mine = link_assoc_of(link);
    return (struct assoc_manner){.ppid = mine->kind->ppid, .is_unordered = mine->is_proven};
}

int link_assoc_send(struct link *link, const uint8_t *octets, size_t size,
                    struct assoc_manner manner)
{
    int failed = assoc_send(link_assoc_of(link)->assoc, octets, size, manner);
    return failed && failed != -EMSGSIZE ? -EAGAIN : failed;
}

/* ---- addresses ---- */

static union sctp_address sctp_of(const struct sockaddr_storage *address)
{
    union sctp_address to = {.any = {.sa_family = AF_UNSPEC}};
    memcpy(&to, address, link_address_size(address));
    return to;
}

static struct assoc_addresses all_of(const struct link_address *address)
{
    struct assoc_addresses all = {.count = address->count};
    for (size_t i = 0; i < all.count; i++)
        all.at[i] = sctp_of(&address->at[i]);
    return all;
}

/* Whatever their ports are. */
static bool is_host(const union sctp_address *one, const union sctp_address *other)
{
    if (one->any.sa_family != other->any.sa_family)
        return false;
    return one->any.sa_family == AF_INET6
               ? memcmp(&one->v6.sin6_addr, &other->v6.sin6_addr, sizeof(one->v6.sin6_addr)) == 0
               : one->v4.sin_addr.s_addr == other->v4.sin_addr.s_addr;
}

static bool has_address(const struct assoc_addresses *all, const union sctp_address *address)
{
    for (size_t i = 0; i < all->count; i++)
        if (is_host(&all->at[i], address))
            return true;
    return false;
}

/* Towards several addresses from as many of ours as the system has ways. */
static struct assoc_addresses sources_for(const struct assoc_addresses *remote)
{
    struct assoc_addresses local = {.count = 0};
    for (size_t i = 0; remote->count > 1 && i < remote->count; i++) {
        union sctp_address source = {.any = {.sa_family = AF_UNSPEC}};
        if (sctp_source_for(&remote->at[i], &source) && !has_address(&local, &source))
            local.at[local.count++] = source;
    }
    return local;
}

static size_t local_of(const struct assoc *assoc, struct sockaddr_storage *at, size_t room)
{
    struct assoc_addresses local;
    assoc_local(assoc, &local);
    size_t count = local.count < room ? local.count : room;
    for (size_t i = 0; i < count; i++) {
        at[i] = (struct sockaddr_storage){.ss_family = AF_UNSPEC};
        memcpy(&at[i], &local.at[i], sizeof(local.at[i]));
    }
    return count;
}

size_t link_assoc_local(const struct link *link, struct sockaddr_storage at[LINK_ADDRESSES_MAX])
{
    return local_of(link_assoc_of(link)->assoc, at, LINK_ADDRESSES_MAX);
}

/* ---- life ---- */

static struct link_assoc *begin(struct link *link, const struct link_assoc_kind *kind)
{
    struct link_assoc *mine = calloc(1, sizeof(*mine));
    if (!mine)
        return NULL;
    mine->head.woken = on_woken;
    mine->again.run = on_again;
    mine->kind = kind;
    mine->link = link;
    link->carrier = mine;
    return mine;
}

int link_assoc_dial(struct link *link, const struct link_address *to,
                    const struct link_assoc_kind *kind)
{
    struct link_assoc *mine = begin(link, kind);
    int error = -ENOMEM;
    if (!mine)
        return error;
    struct assoc_setup setup = {.remote = all_of(to),
                                .udp_port = to->udp_port,
                                .is_authenticated = kind->is_authenticated,
                                .message_limit = kind->message_limit,
                                .owner = &link->setup->net->owner,
                                .user = &mine->head};
    setup.local = sources_for(&setup.remote);
    mine->is_dialler = true;
    mine->assoc = assoc_dial(&setup, &error);
    return mine->assoc ? 0 : error;
}

int link_assoc_adopt(struct link *link, struct link_arrival arrival,
                     const struct link_assoc_kind *kind)
{
    struct link_assoc *mine = begin(link, kind);
    if (!mine) {
        assoc_abort(arrival.assoc);
        return -ENOMEM;
    }
    mine->assoc = arrival.assoc;
    assoc_join(mine->assoc, &link->setup->net->owner, &mine->head);
    assoc_set_limit(mine->assoc, kind->message_limit);
    loop_post(link->loop, &mine->again); /* much may have come before we listened */
    return 0;
}

void link_turn_away(struct link_arrival arrival)
{
    if (arrival.fd >= 0)
        close(arrival.fd);
    if (arrival.assoc)
        assoc_abort(arrival.assoc);
}

/* What was sent is delivered before the association ends. */
void link_assoc_bury(struct link *link)
{
    struct link_assoc *mine = link_assoc_of(link);
    if (!mine)
        return;
    loop_unpost(link->loop, &mine->again);
    if (mine->assoc)
        assoc_close(mine->assoc);
    free(mine);
}

/* ---- listeners ---- */

struct assoc_listener {
    struct link_woken head;
    struct link_listener *listener;
    struct assoc *assoc;
};

static void on_arrival(struct link_woken *woken)
{
    struct assoc_listener *mine = OWNER(struct assoc_listener, head, woken);
    for (struct assoc *assoc; (assoc = assoc_accept(mine->assoc, NULL));) {
        assoc_leave(assoc);
        mine->listener->on_accept(mine->listener, (struct link_arrival){.fd = -1, .assoc = assoc});
    }
}

int link_assoc_listen(struct link_listener *listener, struct link_net *net,
                      const struct link_address *address, const struct link_assoc_kind *kind)
{
    struct assoc_listener *mine = calloc(1, sizeof(*mine));
    struct sockaddr_storage bound;
    int error = -ENOMEM;
    if (!mine)
        return error;
    *mine = (struct assoc_listener){.head = {on_arrival}, .listener = listener};
    const struct assoc_setup setup = {.local = all_of(address),
                                      .is_authenticated = kind->is_authenticated,
                                      .message_limit = kind->message_limit,
                                      .owner = &net->owner,
                                      .user = &mine->head};
    mine->assoc = assoc_listen(&setup, &error);
    if (!mine->assoc || local_of(mine->assoc, &bound, 1) == 0) {
        free(mine);
        return error;
    }
    link_address_write(listener->name, sizeof(listener->name), &bound);
    listener->carrier = mine;
    return 0;
}

void link_assoc_unlisten(struct link_listener *listener)
{
    struct assoc_listener *mine = listener->carrier;
    assoc_close(mine->assoc);
    free(mine);
}
