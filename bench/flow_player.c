/* flow_player.c — walks users through the steps of a flow. Users take turns; each thread has its
 * own, so that no two flows of different threads meet in one. */
#include <stdlib.h>

#include "bench/flow.h"

enum { MORE_ROOM = 4096 };

/* ---- flows in a dense array with a free list ---- */

static const uint32_t NONE = UINT32_MAX;

static void flows_grow(struct load_thread *thread)
{
    uint32_t room = thread->flow_room ? thread->flow_room * 2 : 64;
    thread->flows = realloc(thread->flows, room * sizeof(*thread->flows));
    if (!thread->flows)
        abort();
    for (uint32_t i = thread->flow_room; i < room; i++)
        thread->flows[i] = (struct load_flow){.next_free = i + 1 < room ? i + 1 : NONE};
    thread->flow_free = thread->flow_room;
    thread->flow_room = room;
}

static uint32_t flow_claim(struct load_thread *thread)
{
    if (thread->flow_room == 0 || thread->flow_free == NONE)
        flows_grow(thread);
    uint32_t which = thread->flow_free;
    thread->flow_free = thread->flows[which].next_free;
    return which;
}

static void flow_end(struct load_thread *thread, uint32_t which, bool good)
{
    struct load_flow *flow = &thread->flows[which];
    struct load_port *first = flow->first;
    bool measured = flow->measured;
    uint32_t requests = flow->requests;
    thread->tally[measured].flows += good;
    flow->next_free = thread->flow_free;
    thread->flow_free = which;
    load_unit_ended(thread, first, measured, requests); /* may move the flows */
}

static void flow_fail(struct load_thread *thread, uint32_t which)
{
    thread->tally[thread->flows[which].measured].errors[LOAD_flow]++;
    flow_end(thread, which, false);
}

/* ---- a step ---- */

static struct load_port *second_of(struct load_thread *thread, struct load_flow *flow)
{
    if (!flow->second)
        flow->second = load_second_of(thread, flow->user);
    return flow->second && load_port_is_open(flow->second) ? flow->second : NULL;
}

static struct load_port *step_port(struct load_thread *thread, struct load_flow *flow,
                                   const struct flow_step *step)
{
    switch (step->sender) {
    case FLOW_FIRST:
        return load_port_is_open(flow->first) ? flow->first : NULL;
    case FLOW_OTHER_FIRST:
        return load_next_first(thread, flow->first);
    case FLOW_SECOND:
        return second_of(thread, flow);
    }
    return NULL;
}

static bool has_fixed_destination(const struct load_options *options, const struct flow_step *step)
{
    if (options->destination_host) /* the template says it */
        return false;
    return step->session == FLOW_SENT_ON ||
           (step->session == FLOW_SAME_SESSION && !options->no_fixed_destination);
}

/* What the request has beside its template. */
static dm_bytes write_more(struct load_thread *thread, const struct load_flow *flow,
                           const struct flow_step *step, uint8_t room[MORE_ROOM])
{
    struct dm_writer writer;
    bool fixed = has_fixed_destination(thread->world->options, step);
    if (!fixed && !step->add)
        return (dm_bytes){0};
    dm_writer_init(&writer, room, MORE_ROOM);
    if (fixed)
        dm_write_avp(&writer, 0, DM_AVP_DESTINATION_HOST, DM_AVP_MANDATORY, flow_kept(&flow->host));
    if (step->add)
        step->add(&writer, thread, flow, step);
    return dm_bytes_of(room, (size_t)(writer.at - writer.start));
}

static void step_send(struct load_thread *thread, uint32_t which, uint64_t due)
{
    uint8_t room[MORE_ROOM];
    struct load_flow *flow = &thread->flows[which];
    const struct flow_step *step = &thread->world->flow->steps[flow->step];
    struct load_port *port = step_port(thread, flow, step);
    if (!port) { /* no server of that kind is left */
        flow_fail(thread, which);
        return;
    }
    flow->requests++;
    load_port_send(port, &(struct load_request){
                             .kind = step->kind,
                             .user = step->nobody ? LOAD_NOBODY : flow->user,
                             .unit = which,
                             .start = due,
                             .measured = flow->measured,
                             .takes_redirect = step->takes_redirect,
                             .session = step->session == FLOW_SAME_SESSION ? flow->session : NULL,
                             .more = write_more(thread, flow, step, room),
                         });
}

/* ---- from step to step ---- */

static void flow_wait(struct load_thread *thread, uint32_t which)
{
    struct load_flow *flow = &thread->flows[which];
    flow->waits = true;
    flow->until = thread->loop.now + thread->world->options->timeout;
    thread->pending++;
}

static void flow_stop_waiting(struct load_thread *thread, uint32_t which)
{
    thread->flows[which].waits = false;
    thread->pending--;
}

/* Takes the next step that this load has. */
static void flow_go_on(struct load_thread *thread, uint32_t which)
{
    const struct flow_table *table = thread->world->flow;
    struct load_flow *flow = &thread->flows[which];
    bool sessions = thread->world->options->auth_session_state == 0;
    while (flow->step < table->count && table->steps[flow->step].for_sessions && !sessions)
        flow->step++;
    if (flow->step == table->count)
        flow_end(thread, which, true);
    else if (table->steps[flow->step].hear)
        flow_wait(thread, which);
    else
        step_send(thread, which, thread->loop.now);
}

static void flow_next(struct load_thread *thread, uint32_t which)
{
    struct load_flow *flow = &thread->flows[which];
    flow->round = 0;
    flow->step++;
    flow_go_on(thread, which);
}

/* Its session, and who is at its other end: for the next round. */
static bool keep_session(struct load_flow *flow, const struct flow_step *step,
                         const struct load_slot *request, const struct load_answer *answer)
{
    if (step->session != FLOW_KEPT_SESSION && step->session != FLOW_SAME_SESSION)
        return true;
    memcpy(flow->session, request->session, SESSION_DIGITS);
    return flow_keep(&flow->host, answer->origin_host);
}

static enum flow_verdict judge(struct load_thread *thread, const struct load_slot *request,
                               const struct load_answer *answer)
{
    struct load_flow *flow = &thread->flows[request->unit];
    const struct flow_step *step = &thread->world->flow->steps[flow->step];
    if (!keep_session(flow, step, request, answer))
        return FLOW_WRONG;
    enum flow_verdict verdict = step->judge(thread, flow, answer);
    return verdict == FLOW_AGAIN && ++flow->round == FLOW_ROUNDS ? FLOW_WRONG : verdict;
}

/* ---- the player ---- */

static uint32_t next_user(struct load_thread *thread)
{
    uint32_t user = thread->next_user;
    uint64_t next = user + thread->world->options->threads;
    thread->next_user =
        (uint32_t)(next < thread->users.count ? next : thread->index % thread->users.count);
    return user;
}

static void flow_start(struct load_thread *thread, struct load_port *port, uint64_t due,
                       bool measured)
{
    uint32_t which = flow_claim(thread);
    thread->flows[which] = (struct load_flow){
        .user = next_user(thread),
        .measured = measured,
        .first = port,
    };
    step_send(thread, which, due);
}

static void flow_ended(struct load_thread *thread, struct load_port *port,
                       const struct load_slot *request, const struct load_answer *answer)
{
    (void)port;
    if (!answer || load_is_protocol_error(request, answer)) {
        flow_end(thread, request->unit, false);
        return;
    }
    switch (judge(thread, request, answer)) {
    case FLOW_WRONG:
        flow_fail(thread, request->unit);
        return;
    case FLOW_NEXT:
        flow_next(thread, request->unit);
        return;
    case FLOW_AGAIN:
        step_send(thread, request->unit, thread->loop.now);
        return;
    case FLOW_DONE:
        flow_end(thread, request->unit, true);
        return;
    }
}

/* ---- pushes ---- */

/* The flow of this user that waits for a push, or NONE. */
static uint32_t flow_waiting(const struct load_thread *thread, uint32_t user)
{
    for (uint32_t i = 0; i < thread->flow_room; i++)
        if (thread->flows[i].waits && thread->flows[i].user == user)
            return i;
    return NONE;
}

static uint32_t flow_pushed(struct load_thread *thread, uint32_t user,
                            const struct load_pushed *push, struct load_reply *reply)
{
    uint32_t which = flow_waiting(thread, user);
    if (which == NONE)
        return LOAD_NOBODY;
    struct load_flow *flow = &thread->flows[which];
    flow->heard = thread->world->flow->steps[flow->step].hear(flow, push, reply);
    return flow->heard == FLOW_AGAIN ? LOAD_NOBODY : which;
}

static void flow_replied(struct load_thread *thread, uint32_t which)
{
    thread->last = thread->loop.now;
    flow_stop_waiting(thread, which);
    if (thread->flows[which].heard == FLOW_NEXT)
        flow_next(thread, which);
    else
        flow_fail(thread, which);
}

/* Pushes that have not come in time. */
static void flow_tick(struct load_thread *thread, uint64_t now)
{
    for (uint32_t i = 0; i < thread->flow_room; i++)
        if (thread->flows[i].waits && thread->flows[i].until < now) {
            flow_stop_waiting(thread, i);
            flow_fail(thread, i);
        }
}

const struct load_player load_player_flow = {flow_start, flow_ended, flow_pushed, flow_replied,
                                             flow_tick};

uint64_t flow_requests(const struct flow_table *table, const struct load_options *options)
{
    uint64_t count = 0;
    for (size_t i = 0; i < table->count; i++)
        count += !table->steps[i].hear &&
                 (!table->steps[i].for_sessions || options->auth_session_state == 0);
    return count;
}

/* ---- names ---- */

#define FLOW(name, table, cx, help) extern const struct flow_table flow_##table;
#include "bench/flows.def"
#undef FLOW

const struct flow_table *flow_named(const char *name)
{
    static const struct {
        const char *name;
        const struct flow_table *table;
    } rows[] = {
#define FLOW(name, table, cx, help) {name, &flow_##table},
#include "bench/flows.def"
#undef FLOW
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].table;
    return NULL;
}
