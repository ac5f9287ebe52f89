/* link.c — one connection to a Diameter peer, from octets to whole messages.
 *
 * Reading takes one buffer of the loop and frames in place; writing happens once, at the end of the
 * turn. A link that fails is unplugged at once and says on_closed at the end of the turn, so that
 * no callback meets a dead one. What carries the octets is the kind's business (link_kind.h), what
 * peers say to each other only (RFC 6733 §5.3–§5.5) is in link_base.c. */
#include "bench/link_base.h"
#include "bench/link_kind.h"
#include "bench/link_net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OWNER(type, member, at) ((type *)(void *)((char *)(at)-offsetof(type, member)))

static void on_ready(struct loop_watch *watch, uint32_t events);
static void on_timer(struct loop_timer *timer);
static void on_turn_end(struct loop_task *task);

static const struct link_kind *kind_of(const struct link_net *net)
{
    return net ? net->carrier->kind : &link_tcp;
}

/* ---- life ---- */

static void link_start(struct link *link, struct loop *loop, const struct link_setup *setup,
                       const struct dm_self *self)
{
    void *owner = link->owner;
    *link = (struct link){.loop = loop, .setup = setup, .self = self, .owner = owner};
    link->kind = kind_of(setup->net);
    link->watch.fd = -1;
    link->watch.ready = on_ready;
    link->timer.fire = on_timer;
    link->flush.run = on_turn_end;
    dm_framer_init(&link->framer);
    loop_timer_at(loop, &link->timer, loop_clock() + link_patience(link));
}

void link_connect(struct link *link, struct loop *loop, const struct link_setup *setup,
                  const struct dm_self *self, const struct link_address *address)
{
    link_start(link, loop, setup, self);
    link->state = LINK_CONNECTING;
    int failed = link->kind->dial(link, address);
    if (failed)
        link_close(link, strerror(-failed));
}

void link_accept(struct link *link, struct loop *loop, const struct link_setup *setup,
                 const struct dm_self *self, struct link_arrival arrival)
{
    link_start(link, loop, setup, self);
    link->state = LINK_WAIT_CER;
    int failed = link->kind->adopt(link, arrival);
    if (failed)
        link_close(link, strerror(-failed));
}

void link_close(struct link *link, const char *why)
{
    if (link->state == LINK_CLOSED)
        return;
    link->state = LINK_CLOSED;
    if (!link->why[0]) /* the first reason is the true one */
        snprintf(link->why, sizeof(link->why), "%s", why);
    loop_timer_stop(link->loop, &link->timer);
    if (link->watch.fd >= 0)
        loop_unwatch(link->loop, &link->watch);
    loop_post(link->loop, &link->flush);
}

/* Not before the turn's end: the message that on_message holds may be in the framer. */
static void link_bury(struct link *link)
{
    link->kind->bury(link);
    link->carrier = NULL;
    if (link->watch.fd >= 0)
        close(link->watch.fd);
    link->watch.fd = -1;
    dm_framer_fini(&link->framer);
    free(link->out);
    link->out = NULL;
    link->sent = link->filled = link->room = 0;
    link->setup->events.on_closed(link, link->why);
}

/* ---- writing ---- */

static void link_grow(struct link *link, size_t size)
{
    size_t left = link_queued(link);
    if (link->sent)
        memmove(link->out, link->out + link->sent, left);
    link->sent = 0;
    link->filled = left;
    if (left + size <= link->room)
        return;
    link->room = link->room ? link->room : LOOP_BUFFER / 4;
    while (link->room < left + size)
        link->room *= 2;
    link->out = realloc(link->out, link->room);
    if (!link->out)
        abort();
}

uint8_t *link_room(struct link *link, size_t size)
{
    if (link->filled + size > link->room)
        link_grow(link, size);
    return link->out + link->filled;
}

void link_commit(struct link *link, size_t size)
{
    link->filled += size;
    loop_post(link->loop, &link->flush);
}

void link_send(struct link *link, dm_bytes message)
{
    memcpy(link_room(link, message.size), message.at, message.size);
    link_commit(link, message.size);
}

bool link_is_full(const struct link *link)
{
    return !link->setup->greedy && link_queued(link) > LINK_QUEUED_MAX;
}

void link_wish(struct link *link)
{
    link->kind->wish(link, !link_is_full(link));
}

static void link_write(struct link *link)
{
    if (link_queued(link) == 0 || link->state == LINK_CONNECTING)
        return;
    ssize_t sent = link->kind->write(link, dm_bytes_of(link->out + link->sent, link_queued(link)));
    if (sent < 0) {
        link_close(link, strerror((int)-sent));
        return;
    }
    link->sent += (size_t)sent;
    if (link->sent == link->filled)
        link->sent = link->filled = 0;
    link_wish(link);
}

static void on_turn_end(struct loop_task *task)
{
    struct link *link = OWNER(struct link, flush, task);
    if (link->state == LINK_CLOSED)
        link_bury(link);
    else
        link_write(link);
}

/* ---- reading ---- */

static void link_take(struct link *link, const struct dm_header *header, dm_bytes message)
{
    link->heard = true;
    if (link->state == LINK_OPEN && !dm_command_is_base(header->command))
        link->setup->events.on_message(link, header, message);
    else
        link_base_message(link, header, message);
}

void link_take_octets(struct link *link, dm_bytes octets)
{
    dm_bytes message;
    struct dm_header header;
    while (link->state != LINK_CLOSED) {
        enum dm_frame frame =
            dm_framer_next(&link->framer, &octets, LINK_MESSAGE_MAX, &message, &header);
        if (frame == DM_FRAME_MORE)
            return;
        if (frame == DM_FRAME_MESSAGE)
            link_take(link, &header, message);
        else
            link_close(link, "the peer sent what is no Diameter");
    }
}

void link_take_message(struct link *link, dm_bytes message)
{
    if (message.size < DM_HEADER_SIZE || dm_get24(message.at + 1) != message.size)
        link_close(link, "the peer sent a message of another length than it says");
    else
        link_take_octets(link, message);
}

void link_ended(struct link *link)
{
    link_close(link, link->state == LINK_CLOSING ? "disconnected" : "closed by the peer");
}

void link_connected(struct link *link)
{
    link->state = LINK_WAIT_CEA;
    link_send_cer(link);
}

static void on_ready(struct loop_watch *watch, uint32_t events)
{
    struct link *link = OWNER(struct link, watch, watch);
    link->kind->ready(link, events);
}

static void on_timer(struct loop_timer *timer)
{
    link_tick(OWNER(struct link, timer, timer));
}

/* ---- listeners ---- */

int link_listen(struct link_listener *listener, struct loop *loop, struct link_net *net,
                const struct link_address *address)
{
    listener->loop = loop;
    listener->kind = kind_of(net);
    return listener->kind->listen(listener, net, address);
}

void link_unlisten(struct link_listener *listener)
{
    listener->kind->unlisten(listener);
}
