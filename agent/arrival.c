/* arrival.c — who is it, and where is he at home? */
#include "agent/arrival.h"

#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/log.h"
#include "agent/net/tcp.h"

enum { FIRST_ROOM = 1024, ANSWER_ROOM = 4096 };
#define LINGER NS_PER_S

struct arrival {
    struct crowd_member member; /* first: it is found by it */
    struct front *front;
    struct arrival *next;
    struct arrival **link; /* the pointer that points here */
    struct wire *wire;
    union conf_socket source;
    bool is_waiting;   /* its CER is read; a slot is about to be free */
    bool is_lingering; /* it was answered and shut; what still comes is discarded */
    uint64_t until;    /* clock_now; of a lingering one clock_real */
    uint8_t *octets;
    uint32_t have;
    uint32_t room;
    rt_peer peer; /* whose connection it turned out to be */
    const struct registry_slot *slot;
    uint32_t cer_size;
};

struct arrival *arrival_next(const struct arrival *arrival)
{
    return arrival->next;
}

/* --- its end ------------------------------------------------------------------------------------
 */

static void on_gone(void *holder)
{
    struct arrival *arrival = holder;
    memory_count(&arrival->front->agent->memory, -(int64_t)arrival->room);
    free(arrival->octets);
    free(arrival);
}

static void forget(struct arrival *arrival)
{
    struct front *front = arrival->front;
    *arrival->link = arrival->next;
    if (arrival->next)
        arrival->next->link = arrival->link;
    crowds_leave(&arrival->member);
    front_has_left(front);
}

static void end(struct arrival *arrival, bool reset)
{
    forget(arrival);
    wire_close(arrival->wire, reset, on_gone);
}

void arrival_end(struct arrival *arrival)
{
    end(arrival, false);
}

static void refuse(struct arrival *arrival, enum stats_refusal reason, const char *why)
{
    char source[64];
    tcp_address_text(&arrival->source, source, sizeof source);
    stats_add(&arrival->front->agent->stats.refused[reason], 1);
    log_warn("-", "refused", log_words("{source}: {why}"), log_text("source", source),
             log_text("why", why));
}

void arrival_crowd_out(struct crowd_member *member)
{
    struct arrival *arrival = (struct arrival *)(void *)member;
    if (!arrival->is_lingering)
        refuse(arrival, STATS_REFUSED_crowd, "too many of its address have sent no CER");
    end(arrival, false);
}

static bool say(struct arrival *arrival, uint8_t *octets, size_t size)
{
    struct iovec piece = {octets, size};
    return wire_write(arrival->wire, &piece, 1) == (ssize_t)size;
}

/* Answers with a CEA and closes: the answer is on the wire before its end. */
static void answer(struct arrival *arrival, dm_bytes cer, enum dm_result result,
                   const struct dm_fault *fault)
{
    struct agent *agent = arrival->front->agent;
    uint8_t octets[ANSWER_ROOM];
    struct dm_header header;
    dm_header_read(&header, cer.at);
    struct wire_addresses local = wire_local(arrival->wire);
    struct dm_addresses addresses = wire_advertised(&local);
    size_t size = dm_cea_write(octets, sizeof octets, &agent->self, &agent->conf->advertise,
                               &addresses, &header, result, fault);
    if (!size) /* the offending AVP is too long to be shown */
        size = dm_cea_write(octets, sizeof octets, &agent->self, &agent->conf->advertise,
                            &addresses, &header, result, NULL);
    if (!say(arrival, octets, size)) {
        end(arrival, true);
        return;
    }
    wire_shut(arrival->wire);
    arrival->is_lingering = true;
    arrival->until = clock_real() + LINGER;
}

/* --- a CER --------------------------------------------------------------------------------------
 */

/* The letter is posted from here: nothing of this loop knows the wire any more. */
static void on_loose(void *holder)
{
    struct arrival *arrival = holder;
    struct agent *agent = arrival->front->agent;
    const struct registry_slot *slot = arrival->slot;
    struct arrival_letter *letter =
        post_letter(&agent->post, slot->home, MAIL_ARRIVAL, sizeof *letter + arrival->have, true);
    letter->peer = arrival->peer;
    letter->name = name_ref(slot->name);
    letter->is_drained = orders_find(&agent->orders, name_bytes(slot->name)).is_drained;
    letter->wire = arrival->wire;
    letter->cer_size = arrival->cer_size;
    letter->rest_size = arrival->have - arrival->cer_size;
    memcpy(letter->octets, arrival->octets, arrival->have);
    on_gone(arrival);
}

static void send_home(struct arrival *arrival, const struct registry_slot *slot, uint32_t cer_size)
{
    arrival->slot = slot;
    arrival->peer = registry_peer(&arrival->front->agent->registry, slot);
    arrival->cer_size = cer_size;
    forget(arrival);
    wire_detach(arrival->wire, on_loose);
}

static void refuse_unknown(struct arrival *arrival, dm_bytes cer)
{
    refuse(arrival, STATS_REFUSED_unknown_peer, "no row of `peers` admits its Origin-Host");
    if (arrival->front->agent->conf->compatibility.unknown_peer == CONF_PEER_CLOSE)
        end(arrival, false);
    else
        answer(arrival, cer, DM_UNKNOWN_PEER, NULL);
}

/* Somebody (perhaps its own former self) is giving a slot back: it is asked for again at the next
 * tick. */
static void wait_for_slot(struct arrival *arrival)
{
    arrival->is_waiting = true;
    wire_wait(arrival->wire, 0);
}

/* Its row admits the name; what else does the row ask, and does the certificate say the same? */
static const char *objection(const struct arrival *arrival, int row, dm_bytes identity,
                             enum stats_refusal *reason)
{
    const struct agent *agent = arrival->front->agent;
    const struct conf_peer *peers = agent->conf->peers;
    *reason = STATS_REFUSED_source;
    if (row == -2)
        return "its address is not in `from`";
    if (row >= 0 && !conf_peer_takes_transport(&peers[row], wire_transport(arrival->wire)))
        return "its transport is not in `transports`";
    *reason = STATS_REFUSED_wrong_identity;
    if (wire_speaks_for(arrival->wire, identity) == WIRE_DENIES)
        return "its certificate does not speak for its Origin-Host"; /* SEC-05 */
    *reason = STATS_REFUSED_disabled;
    return orders_find(&agent->orders, identity).is_disabled ? "an operator has disabled it" : NULL;
}

static void seat(struct arrival *arrival, dm_bytes cer, dm_bytes identity)
{
    struct registry *registry = &arrival->front->agent->registry;
    struct registry_slot *slot = registry_admit(registry, identity);
    if (!slot && registry->leaving) {
        wait_for_slot(arrival);
        return;
    }
    if (!slot) {
        refuse(arrival, STATS_REFUSED_limit, "no slot is free");
        answer(arrival, cer, DM_TOO_BUSY, NULL);
        return;
    }
    send_home(arrival, slot, (uint32_t)cer.size);
}

static void admit(struct arrival *arrival, dm_bytes cer, dm_bytes identity)
{
    const struct conf *conf = arrival->front->agent->conf;
    bool accepts = conf->compatibility.unknown_peer == CONF_PEER_ACCEPT;
    int row = conf_peer_for(conf, identity, &arrival->source);
    if (dm_identity_equal(identity, dm_text(conf->identity)) || (row == -1 && !accepts)) {
        refuse_unknown(arrival, cer);
        return;
    }
    enum stats_refusal reason;
    const char *why = objection(arrival, row, identity, &reason);
    if (why) {
        refuse(arrival, reason, why);
        answer(arrival, cer, DM_UNKNOWN_PEER, NULL);
        return;
    }
    seat(arrival, cer, identity);
}

/* Only the name is needed here; the whole CER is checked at the peer's home, as strictly as its row
 * says. */
static void read_cer(struct arrival *arrival, dm_bytes cer)
{
    struct dm_avp origin_host;
    if (dm_avp_find(cer, 0, DM_AVP_ORIGIN_HOST, &origin_host) &&
        dm_identity_is_valid(origin_host.data)) {
        admit(arrival, cer, origin_host.data);
        return;
    }
    struct dm_fault fault = {0};
    struct dm_caps caps;
    enum dm_result wrong =
        dm_check(cer, arrival->front->agent->conf->compatibility.strictness, &fault);
    if (!wrong)
        wrong = dm_caps_read(&caps, cer, &fault);
    refuse(arrival, STATS_REFUSED_malformed, "a CER without a usable Origin-Host");
    answer(arrival, cer, wrong ? wrong : DM_INVALID_AVP_VALUE, &fault);
}

static bool begins_a_cer(const struct arrival *arrival)
{
    const uint8_t *octets = arrival->octets;
    uint32_t have = arrival->have;
    if (have >= 1 && octets[0] != DM_VERSION)
        return false;
    if (have >= 4) {
        uint32_t length = dm_get24(octets + 1);
        if (length < DM_HEADER_SIZE || length % 4 ||
            length > arrival->front->agent->conf->limits.message_size)
            return false;
    }
    if (have >= 5 && !(octets[4] & DM_FLAG_REQUEST))
        return false;
    return have < 8 || dm_get24(octets + 5) == DM_CAPABILITIES_EXCHANGE;
}

/* True: it is not enough yet. */
static bool look(struct arrival *arrival)
{
    if (!begins_a_cer(arrival)) { /* CEX-21, HDR-06 */
        refuse(arrival, STATS_REFUSED_malformed, "what it sent first is no CER");
        end(arrival, true);
        return false;
    }
    if (arrival->have < DM_HEADER_SIZE)
        return true;
    uint32_t length = dm_get24(arrival->octets + 1);
    if (arrival->have < length)
        return true;
    read_cer(arrival, dm_bytes_of(arrival->octets, length));
    return false;
}

/* --- reading ------------------------------------------------------------------------------------
 */

static void make_room(struct arrival *arrival, size_t size)
{
    uint32_t room = arrival->room ? arrival->room : FIRST_ROOM;
    while (room - arrival->have < size)
        room *= 2;
    if (room == arrival->room)
        return;
    memory_count(&arrival->front->agent->memory, (int64_t)room - (int64_t)arrival->room);
    arrival->room = room;
    arrival->octets = realloc(arrival->octets, room);
    if (!arrival->octets)
        abort();
}

/* Takes what a read gave: where it lies already, or of the wire's own memory. */
static void keep(struct arrival *arrival, dm_bytes input)
{
    if (input.at != arrival->octets + arrival->have) {
        make_room(arrival, input.size);
        memcpy(arrival->octets + arrival->have, input.at, input.size);
    }
    arrival->have += (uint32_t)input.size;
}

static void discard(struct arrival *arrival)
{
    uint8_t octets[4096];
    dm_bytes input;
    if (wire_read(arrival->wire, octets, sizeof octets, &input) < 0)
        end(arrival, false);
}

/* One read. True: there is more, and it is wanted. */
static bool read_some(struct arrival *arrival)
{
    dm_bytes input;
    make_room(arrival, 1);
    int got = wire_read(arrival->wire, arrival->octets + arrival->have,
                        arrival->room - arrival->have, &input);
    if (got < 0) {
        end(arrival, false);
        return false;
    }
    if (got == WIRE_NOTHING)
        return false;
    keep(arrival, input);
    return look(arrival) && arrival->wire->is_ahead;
}

/* What lies in user space is never announced: it is read until there is a CER or nothing. */
static void read_on(struct arrival *arrival)
{
    while (read_some(arrival))
        continue;
}

/* --- what its wire says -------------------------------------------------------------------------
 */

static void on_open(struct wire *wire, int error)
{
    struct arrival *arrival = wire->holder;
    if (error) {
        refuse(arrival, STATS_REFUSED_tls, wire->why ? wire->why : uv_strerror(error));
        end(arrival, false); /* an alert may be on its way */
        return;
    }
    wire_wait(wire, WIRE_READABLE);
    read_on(arrival);
}

static void on_ready(struct wire *wire, int events)
{
    struct arrival *arrival = wire->holder;
    if (!(events & WIRE_READABLE))
        return;
    if (arrival->is_lingering)
        discard(arrival);
    else
        read_on(arrival);
}

static void on_broken(struct wire *wire, int error)
{
    (void)error;
    end(wire->holder, true);
}

static const struct wire_events events_of_wire = {on_open, on_ready, on_broken};

/* --- beginning, and time ------------------------------------------------------------------------
 */

/* A share is one at least, so it is never himself who goes. */
static void join_crowd(struct arrival *arrival)
{
    struct front *front = arrival->front;
    unsigned share = crowds_share(front->agent->conf->limits.half_open);
    uint64_t now = clock_now();
    crowds_enter(&front->crowds, &arrival->member, &arrival->source, now);
    struct crowd_member *oldest = crowds_excess(&arrival->member, share, now);
    if (oldest)
        arrival_crowd_out(oldest);
}

void arrival_begin(struct front *front, struct wire *wire)
{
    struct arrival *arrival = calloc(1, sizeof *arrival);
    if (!arrival)
        abort();
    arrival->front = front;
    arrival->wire = wire;
    arrival->until = clock_now() + front->agent->conf->timers.capabilities;
    arrival->next = front->first;
    arrival->link = &front->first;
    if (front->first)
        front->first->link = &arrival->next;
    front->first = arrival;
    front->half_open++;
    wire_hold(wire, &events_of_wire, arrival);
    (void)wire_remote(wire, &arrival->source); /* it may be gone already: the next read says so */
    join_crowd(arrival);
    wire_wait(wire, WIRE_READABLE);
}

static void try_again(struct arrival *arrival)
{
    arrival->is_waiting = false;
    wire_wait(arrival->wire, WIRE_READABLE);
    if (look(arrival))
        read_on(arrival);
}

void arrival_tick(struct arrival *arrival, uint64_t now, uint64_t real)
{
    if ((arrival->is_lingering ? real : now) < arrival->until) {
        if (arrival->is_waiting)
            try_again(arrival);
        return;
    }
    if (!arrival->is_lingering)
        refuse(arrival, STATS_REFUSED_timeout, "no CER in time");
    end(arrival, false);
}
