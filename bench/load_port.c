/* load_port.c — one SIP server: stamps requests, keeps their slots, finds and verifies answers.
 *
 * A request ends once: with its answer, its time-out or its connection. What comes beside that is
 * counted by name. */
#include "bench/load.h"

#include <assert.h>
#include <stdlib.h>

enum { SLOTS_MIN = 256 };

/* ---- life ---- */

static void port_templates(struct load_port *port)
{
    const struct load_options *options = port->thread->world->options;
    const struct load_names names = {
        .cx = options->cx,
        .keeps_sessions = options->auth_session_state == 0,
        .origin_host = port->host,
        .origin_realm = options->realm,
        .destination_realm = options->destination_realm,
        .destination_host = options->destination_host,
        .server_uri = port->server_uri,
        .session = port->session_start,
    };
    for (int kind = 0; kind < KIND_COUNT; kind++)
        template_init(&port->templates[kind], &names, (enum load_kind)kind);
}

/* A mix asks in the name of the one SIP server 2, else a user's server would change with each MAR.
 */
static void port_name(struct load_port *port, uint64_t number)
{
    const struct load_world *world = port->thread->world;
    const struct load_options *options = world->options;
    char server2[256];
    load_identity(port->host, port->second ? options->server2 : options->origin, number);
    load_identity(server2, options->server2, port->second ? number : 1);
    snprintf(port->server_uri, sizeof(port->server_uri), "sip:%s", server2);
    snprintf(port->session_start, sizeof(port->session_start), "%s;%llu;", port->host,
             (unsigned long long)world->session_time);
    port->session_start_size = strlen(port->session_start);
    memcpy(port->session, "1000000000", SESSION_DIGITS);
    port->self = (struct dm_self){
        .origin_host = dm_text(port->host),
        .origin_realm = dm_text(options->realm),
        .product_name = "antipode-load",
        .origin_state_id = (uint32_t)world->session_time,
    };
}

void load_port_init(struct load_port *port, struct load_thread *thread, uint64_t number,
                    bool second)
{
    const struct load_options *options = thread->world->options;
    *port = (struct load_port){.thread = thread, .second = second};
    port->link.owner = port;
    port->target_index = (number - 1) % options->connect.count;
    port->target = options->connect.at[port->target_index];
    port_name(port, number);
    port_templates(port);
    port->hop_by_hop = (uint32_t)load_random(thread);
    /* RFC 6733 §3: the low order of the time in the high bits, then random. */
    port->end_to_end =
        (uint32_t)(thread->world->session_time << 20) | (load_random(thread) & 0xfffff);
    uint32_t slots = SLOTS_MIN;
    while (slots < 4 * options->window)
        slots *= 2;
    port->mask = slots - 1;
    port->slots = calloc(slots, sizeof(*port->slots));
    if (!port->slots)
        abort();
}

void load_port_fini(struct load_port *port)
{
    for (int kind = 0; kind < KIND_COUNT; kind++)
        template_fini(&port->templates[kind]);
    free(port->slots);
}

void load_port_dial(struct load_port *port)
{
    struct load_thread *thread = port->thread;
    const struct load_options *options = thread->world->options;
    link_connect(&port->link, &thread->loop, &thread->setup, &port->self,
                 &options->address[port->target_index]);
}

/* ---- sending ---- */

/* Twice the slots: each request keeps its Hop-by-Hop, so its new place is where that says. */
static void port_grow(struct load_port *port)
{
    uint32_t mask = port->mask * 2 + 1;
    struct load_slot *slots = calloc((size_t)mask + 1, sizeof(*slots));
    if (!slots)
        abort();
    for (uint32_t i = 0; i <= port->mask; i++)
        if (port->slots[i].state != SLOT_FREE)
            slots[port->slots[i].hop_by_hop & mask] = port->slots[i];
    free(port->slots);
    port->slots = slots;
    port->mask = mask;
}

/* The place of the next Hop-by-Hop that is not in use. */
static struct load_slot *port_claim(struct load_port *port)
{
    if ((port->pending + port->timed_out) * 2 > port->mask)
        port_grow(port);
    struct load_slot *slot;
    do
        slot = &port->slots[++port->hop_by_hop & port->mask];
    while (slot->state == SLOT_PENDING || slot->state == SLOT_TIMED_OUT);
    return slot;
}

/* Counts up in decimal, in place. */
static void session_step(char digits[SESSION_DIGITS])
{
    for (int i = SESSION_DIGITS - 1; i >= 0 && ++digits[i] > '9'; i--)
        digits[i] = '0';
}

/* Behind the AVPs of a message of this size; returns how much longer it is. */
static size_t write_more(uint8_t *message, size_t size, dm_bytes more)
{
    if (more.size == 0)
        return 0;
    memcpy(message + size, more.at, more.size);
    dm_put24(message + 1, (uint32_t)(size + more.size));
    return more.size;
}

void load_port_send(struct load_port *port, const struct load_request *request)
{
    const struct load_template *template = &port->templates[request->kind];
    struct load_slot *slot = port_claim(port);
    if (!request->session)
        session_step(port->session);
    *slot = (struct load_slot){
        .start = request->start,
        .hop_by_hop = port->hop_by_hop,
        .end_to_end = ++port->end_to_end,
        .user = request->user,
        .unit = request->unit,
        .kind = (uint8_t)request->kind,
        .state = SLOT_PENDING,
        .measured = request->measured,
        .takes_redirect = request->takes_redirect,
    };
    memcpy(slot->session, request->session ? request->session : port->session, SESSION_DIGITS);
    const struct load_stamp stamp = {slot->hop_by_hop, slot->end_to_end, slot->user, slot->session};
    uint8_t *to = link_room(&port->link, template->size + TEMPLATE_USER_ROOM + request->more.size);
    size_t size = template_write(template, to, &stamp);
    link_commit(&port->link, size + write_more(to, size, request->more));
    port->pending++;
    port->thread->pending++;
    port->thread->tally[request->measured].requests++;
}

/* ---- endings ---- */

static void slot_end(struct load_port *port, struct load_slot *slot, enum slot_state state,
                     const struct load_answer *answer)
{
    assert(slot->state == SLOT_PENDING);
    slot->state = (uint8_t)state;
    const struct load_slot request = *slot; /* what follows may move the slots */
    port->pending--;
    port->thread->pending--;
    port->thread->world->player->ended(port->thread, port, &request, answer);
}

/* Its place stays taken for as long again, so that an answer that comes late is known. */
static void slot_time_out(struct load_port *port, struct load_slot *slot)
{
    port->thread->tally[slot->measured].errors[LOAD_timeout]++;
    port->timed_out++;
    slot_end(port, slot, SLOT_TIMED_OUT, NULL);
}

static void slot_forget(struct load_port *port, struct load_slot *slot)
{
    port->timed_out--;
    slot->state = SLOT_DONE;
}

void load_port_expire(struct load_port *port, uint64_t now)
{
    uint64_t timeout = port->thread->world->options->timeout;
    for (uint32_t i = 0; port->pending + port->timed_out && i <= port->mask; i++) {
        struct load_slot *slot = &port->slots[i];
        if (slot->state == SLOT_PENDING && slot->start + timeout < now)
            slot_time_out(port, slot);
        else if (slot->state == SLOT_TIMED_OUT && slot->start + 2 * timeout < now)
            slot_forget(port, slot);
    }
}

void load_port_lose(struct load_port *port)
{
    for (uint32_t i = 0; port->pending && i <= port->mask; i++) {
        struct load_slot *slot = &port->slots[i];
        if (slot->state != SLOT_PENDING)
            continue;
        port->thread->tally[slot->measured].errors[LOAD_disconnected]++;
        slot_end(port, slot, SLOT_DONE, NULL);
    }
}

/* ---- answers ---- */

static void read_experimental(struct load_answer *answer, dm_bytes group)
{
    struct dm_avp avp;
    if (dm_avp_find_in(group, 0, DM_AVP_VENDOR_ID, &avp) && avp.data.size == 4)
        answer->vendor = dm_get32(avp.data.at);
    if (dm_avp_find_in(group, 0, DM_AVP_EXPERIMENTAL_RESULT_CODE, &avp) && avp.data.size == 4)
        answer->code = dm_get32(avp.data.at);
}

/* False where the AVPs cannot be walked or Session-Id is not the first. */
static bool answer_read(struct load_answer *answer)
{
    struct dm_avps walk = dm_avps_of(answer->message);
    struct dm_avp avp;
    if (!dm_avps_next(&walk, &avp) || avp.code != DM_AVP_SESSION_ID || avp.vendor != 0)
        return false;
    answer->session = avp.data;
    while (dm_avps_next(&walk, &avp)) {
        if (avp.vendor != 0)
            continue;
        if (avp.code == DM_AVP_RESULT_CODE && avp.data.size == 4)
            answer->code = dm_get32(avp.data.at);
        else if (avp.code == DM_AVP_ORIGIN_HOST)
            answer->origin_host = avp.data;
        else if (avp.code == DM_AVP_EXPERIMENTAL_RESULT)
            read_experimental(answer, avp.data);
    }
    return !walk.error;
}

static bool answer_fits(const struct load_port *port, const struct load_slot *slot,
                        const struct load_answer *answer)
{
    const struct dm_header *header = answer->header;
    size_t start = port->session_start_size;
    return header->end_to_end == slot->end_to_end &&
           header->command == port->templates[slot->kind].command &&
           header->application == port->thread->world->setup.applications.id[0] &&
           answer->session.size == start + SESSION_DIGITS &&
           memcmp(answer->session.at + start, slot->session, SESSION_DIGITS) == 0 &&
           memcmp(answer->session.at, port->session_start, start) == 0;
}

bool load_is_protocol_error(const struct load_slot *request, const struct load_answer *answer)
{
    bool is_redirect = answer->vendor == 0 && answer->code == DM_REDIRECT_INDICATION;
    return (answer->header->flags & DM_FLAG_ERROR) && !(request->takes_redirect && is_redirect);
}

static void count_answer(struct load_thread *thread, const struct load_slot *slot,
                         const struct load_answer *answer)
{
    struct tally *tally = &thread->tally[slot->measured];
    tally->answers++;
    tally_result(tally, answer->vendor, answer->code, 1);
    thread->last = thread->loop.now;
    tally->errors[LOAD_protocol] += load_is_protocol_error(slot, answer);
    if (answer->header->flags & DM_FLAG_ERROR)
        return;
    histogram_record(&tally->latency, thread->loop.now - slot->start);
    users_saw(&thread->users, slot->user, answer->origin_host);
}

/* The clock decides, not when on_tick next looks. */
static bool is_in_time(const struct load_port *port, const struct load_slot *slot)
{
    const struct load_thread *thread = port->thread;
    return thread->loop.now <= slot->start + thread->world->options->timeout;
}

static void take_answer(struct load_port *port, struct load_answer *answer)
{
    struct load_slot *slot = &port->slots[answer->header->hop_by_hop & port->mask];
    uint64_t *errors = port->thread->tally[slot->measured].errors;
    if (slot->state == SLOT_FREE || slot->hop_by_hop != answer->header->hop_by_hop) {
        port->thread->tally[1].errors[LOAD_unknown]++; /* whenever it was sent */
    } else if (!answer_read(answer) || !answer_fits(port, slot, answer)) {
        errors[LOAD_mismatched]++; /* the request waits on for its own answer */
    } else if (slot->state == SLOT_DONE) {
        errors[LOAD_duplicate]++;
    } else if (slot->state == SLOT_TIMED_OUT) {
        errors[LOAD_late]++;
        slot_forget(port, slot);
    } else if (!is_in_time(port, slot)) {
        errors[LOAD_late]++;
        slot_time_out(port, slot); /* may move the slots */
        slot_forget(port, &port->slots[answer->header->hop_by_hop & port->mask]);
    } else {
        count_answer(port->thread, slot, answer);
        slot_end(port, slot, SLOT_DONE, answer);
    }
}

void load_port_take(struct load_port *port, const struct dm_header *header, dm_bytes message)
{
    struct load_answer answer = {.header = header, .message = message};
    if (dm_header_is_request(header))
        load_push(port, header, message);
    else
        take_answer(port, &answer);
}
