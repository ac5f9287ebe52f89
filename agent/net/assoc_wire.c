/* assoc_wire.c — a wire over an association: being woken, waiting, moving, ending.
 *
 * The stack does not say what has happened, only that something has. So a wire remembers what it
 * has not yet seen the end of (`has_input`, `may_write`), and tells its holder when that and what
 * the holder waits for come together. */
#include "agent/net/assoc_wire.h"

#include <stdlib.h>

#include "agent/log.h"
#include "agent/memory.h"
#include "agent/net/sctp_net.h"
#include "agent/net/tcp.h"

/* --- events -------------------------------------------------------------------------------------
 */

/* Whoever does not read learns of the end by asking. */
static void tell_end(struct assoc_wire *wire)
{
    struct wire *head = &wire->wire;
    int error = assoc_error(wire->assoc);
    if (error)
        head->events->on_broken(head, error);
    else if (wire->wanted & WIRE_ENDED && assoc_is_ending(wire->assoc))
        head->events->on_ready(head, WIRE_ENDED);
}

static int ready_events(const struct assoc_wire *wire)
{
    int events = 0;
    if (wire->has_input)
        events |= WIRE_READABLE;
    if (wire->may_write)
        events |= WIRE_WRITABLE;
    return events & wire->wanted;
}

static void look(struct assoc_wire *wire)
{
    struct wire *head = &wire->wire;
    int events = ready_events(wire);
    if (head->state != WIRE_OPEN)
        wire->proceed(wire);
    else if (events)
        head->events->on_ready(head, events);
    else if (!(wire->wanted & WIRE_READABLE))
        tell_end(wire);
}

void assoc_wire_post(struct assoc_wire *wire)
{
    sctp_loop_post(wire->wire.loop, &wire->woken);
}

/* The last that is done for it here. Nothing is posted for it, and the stack knows it no more. */
static void leave(struct assoc_wire *wire)
{
    if (wire->leaving == ASSOC_DETACHES) {
        wire->leaving = ASSOC_STAYS;
        wire_is_loose(&wire->wire);
        return;
    }
    wire_is_gone(&wire->wire);
    if (wire->release)
        wire->release(wire);
    free(wire);
}

static void on_woken(struct sctp_woken *woken, bool by_stack)
{
    struct assoc_wire *wire =
        (struct assoc_wire *)(void *)((char *)woken - offsetof(struct assoc_wire, woken));
    if (by_stack)
        wire->has_input = wire->may_write = true;
    if (wire->leaving == ASSOC_STAYS)
        look(wire);
    else if (!by_stack && !(wire->is_busy && wire->is_busy(wire)))
        leave(wire);
}

void assoc_wire_opened(struct assoc_wire *wire, int error)
{
    if (!error)
        wire->wire.state = WIRE_OPEN;
    wire->wire.events->on_open(&wire->wire, error);
}

void assoc_wire_wait(struct wire *head, int wanted)
{
    struct assoc_wire *wire = assoc_wire_of(head);
    if (wanted == wire->wanted)
        return;
    wire->wanted = wanted;
    if (head->state == WIRE_OPEN && (ready_events(wire) || !(wanted & WIRE_READABLE)))
        assoc_wire_post(wire);
}

/* --- in -----------------------------------------------------------------------------------------
 */

static void log_path(const struct assoc_event *event)
{
    char where[64];
    union conf_socket address = sctp_net_socket(&event->address);
    if (event->path == ASSOC_PATH_OTHER)
        return;
    tcp_address_text(&address, where, sizeof where);
    log_warn("-", "path", log_words("to {address}: {state}"), log_text("address", where),
             log_text("state", event->path == ASSOC_PATH_UP ? "up again" : "down"));
}

/* The end as a read tells it. */
static int end_of(struct assoc_wire *wire, const struct assoc_event *event)
{
    switch (event->what) {
    case ASSOC_SHUT:
    case ASSOC_ENDED:
        return UV_EOF;
    case ASSOC_RESTARTED: /* as if it had closed: it knows nothing of what was before */
        wire->wire.why = "the other side has begun anew";
        return UV_ECONNRESET;
    default:
        return event->error;
    }
}

static bool is_for_reader(enum assoc_news news)
{
    return news == ASSOC_MESSAGE || news == ASSOC_OVERSIZED || news == ASSOC_UP ||
           news == ASSOC_KEY || news == ASSOC_DRY;
}

static bool is_end(enum assoc_news news)
{
    return news == ASSOC_SHUT || news == ASSOC_ENDED || news == ASSOC_RESTARTED ||
           news == ASSOC_LOST;
}

/* What strangers leave unfinished counts for `limits.memory`, too. */
static void count_held(struct assoc_wire *wire, size_t held)
{
    if (held == wire->held)
        return;
    memory_count(wire->wire.loop->memory, (int64_t)held - (int64_t)wire->held);
    wire->held = held;
}

bool assoc_wire_next(struct assoc_wire *wire, uint8_t *room, size_t size, struct assoc_event *event,
                     int *result)
{
    for (;;) {
        enum assoc_news news = assoc_receive(wire->assoc, room, size, event);
        count_held(wire, assoc_held(wire->assoc));
        wire->has_input = news != ASSOC_NOTHING && !is_end(news);
        if (is_for_reader(news))
            return true;
        if (!wire->has_input) {
            *result = news ? end_of(wire, event) : WIRE_NOTHING;
            return false;
        }
        if (news == ASSOC_PATH)
            log_path(event);
    }
}

bool assoc_wire_has_ended(struct wire *head)
{
    return assoc_is_ending(assoc_wire_of(head)->assoc);
}

/* --- moving and ending --------------------------------------------------------------------------
 */

void assoc_wire_close(struct wire *head, bool reset)
{
    struct assoc_wire *wire = assoc_wire_of(head);
    count_held(wire, 0);
    if (wire->assoc && reset)
        assoc_abort(wire->assoc);
    else if (wire->assoc)
        assoc_close(wire->assoc);
    wire->assoc = NULL;
    wire->leaving = ASSOC_CLOSES;
    assoc_wire_post(wire);
}

void assoc_wire_detach(struct wire *head)
{
    struct assoc_wire *wire = assoc_wire_of(head);
    assoc_leave(wire->assoc);
    count_held(wire, 0);
    wire->leaving = ASSOC_DETACHES;
    assoc_wire_post(wire);
}

int assoc_wire_attach(struct wire *head)
{
    struct assoc_wire *wire = assoc_wire_of(head);
    assoc_join(wire->assoc, sctp_loop_owner(head->loop), &wire->woken);
    count_held(wire, assoc_held(wire->assoc));
    wire->has_input = wire->may_write = true;
    wire->wanted = 0;
    return 0;
}

void assoc_wire_bury(struct wire *head)
{
    struct assoc_wire *wire = assoc_wire_of(head);
    assoc_abort(wire->assoc);
    if (wire->release)
        wire->release(wire);
    free(wire);
}

/* --- what it knows ------------------------------------------------------------------------------
 */

void assoc_wire_local(const struct wire *head, struct wire_addresses *addresses)
{
    struct assoc_addresses found;
    assoc_local(((const struct assoc_wire *)head)->assoc, &found);
    addresses->count = 0;
    for (size_t i = 0; i < found.count && addresses->count < CONF_ADDRESSES_MAX; i++) {
        const union sctp_address *address = &found.at[i];
        bool is_v6 = address->any.sa_family == AF_INET6;
        uint8_t at = addresses->count++;
        addresses->size[at] = is_v6 ? 16 : 4;
        memcpy(addresses->at[at],
               is_v6 ? (const void *)&address->v6.sin6_addr : (const void *)&address->v4.sin_addr,
               addresses->size[at]);
    }
}

bool assoc_wire_remote(const struct wire *head, union conf_socket *address)
{
    union sctp_address primary;
    if (!assoc_primary(((const struct assoc_wire *)head)->assoc, &primary))
        return false;
    *address = sctp_net_socket(&primary);
    return true;
}

/* --- making one ---------------------------------------------------------------------------------
 */

void assoc_wire_init(struct assoc_wire *wire, const struct wire_kind *kind, struct wire_loop *loop,
                     bool is_dialled)
{
    wire->wire.kind = kind;
    wire->wire.loop = loop;
    wire->wire.state = is_dialled ? WIRE_CONNECTING : WIRE_OPEN;
    wire->woken.on_woken = on_woken;
    wire->is_dialled = is_dialled;
    wire->has_input = wire->may_write = true;
}

bool assoc_wire_connect(struct assoc_wire *wire, const struct conf_endpoint *to, int *error)
{
    const struct wire *head = &wire->wire;
    struct assoc_setup setup = {.remote = sctp_net_addresses(&to->addresses),
                                .udp_port = to->udp_port,
                                .is_authenticated = to->transport == CONF_DTLS,
                                .message_limit = sctp_net_message_size(head->loop->conf),
                                .owner = sctp_loop_owner(head->loop),
                                .user = &wire->woken};
    *error = -EPROTONOSUPPORT;
    if (!sctp_stack_is_open())
        return false;
    setup.local = sctp_net_sources(head->loop->conf, to->transport, &setup.remote);
    wire->assoc = assoc_dial(&setup, error);
    return wire->assoc;
}
