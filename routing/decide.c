/* decide.c — the front door of routing. The steps and their numbers are those of docs/ROUTING.md; 1
 * and 2 are behind us when a request comes here, 4 was looked for by the query. RFC 6733 §6.1. */
#include "routing/decide.h"

#include "routing/deciding.h"
#include "routing/learn.h"

struct rt_verdict deciding_answer(const struct deciding *it, int32_t route, enum dm_result result,
                                  const char *why)
{
    if (it->reasons)
        rt_say(it->reasons, "answer %d: %s", (int)result, why);
    return (struct rt_verdict){
        .kind = RT_ANSWER, .result = result, .route = route, .pool = -1, .member = -1};
}

/* --- 3, 6, 8: what is meant for this agent itself --- */

static struct rt_verdict answer_own(const struct deciding *it)
{
    if (it->query->header.application == 0)
        return deciding_answer(it, -1, DM_COMMAND_UNSUPPORTED,
                               "this agent does not serve the command");
    return deciding_answer(it, -1, DM_APPLICATION_UNSUPPORTED,
                           "this agent does not serve the application");
}

/* Is the request local by its P bit or its destination? Then `verdict` is the answer. */
static bool is_local(const struct deciding *it, struct rt_verdict *verdict)
{
    const struct rt_query *query = it->query;
    if (!(query->header.flags & DM_FLAG_PROXIABLE)) {
        *verdict =
            deciding_answer(it, -1, DM_APPLICATION_UNSUPPORTED, "P is clear: not to be forwarded");
        return true;
    }
    if (deciding_has_host(it)) {
        bool is_own = dm_identity_equal(query->destination_host, it->tables->own_identity);
        if (is_own)
            *verdict = answer_own(it);
        return is_own;
    }
    if (deciding_has_realm(it))
        return false;
    *verdict = deciding_answer(it, -1, DM_APPLICATION_UNSUPPORTED,
                               "neither Destination-Host nor Destination-Realm");
    return true;
}

/* --- 12, 13: the route --- */

const struct rt_route *rt_route_numbered(const struct rt_tables *tables, int32_t number)
{
    if (number < 0)
        return NULL;
    uint32_t place = (uint32_t)number;
    if (tables->places)
        place = place < tables->place_count ? tables->places[place] : UINT32_MAX;
    return place < tables->route_count ? &tables->routes[place] : NULL;
}

static const struct rt_route *find_route(const struct deciding *it, enum dm_result *result)
{
    return rt_table_find(it->tables->realms, it->query, &it->chooser->memo, result);
}

/* The route redirects: to whom its table names, or to its own list. RDR-01, RDR-04. */
static void tell(struct deciding *it, const struct rt_route *route, struct rt_verdict *verdict)
{
    *verdict = (struct rt_verdict){
        .kind = RT_TELL, .route = (int32_t)route->number, .pool = -1, .member = -1};
    if (user_find_target(it, route, verdict) == USER_UNKNOWN) {
        *verdict = deciding_reject_user(it, route);
        return;
    }
    if (it->reasons)
        rt_say(it->reasons, "redirect: to %s",
               verdict->target.kind == RT_TARGET_NONE ? "the hosts of the route"
                                                      : "who serves the user");
}

static void follow(struct deciding *it, const struct rt_route *route, struct rt_verdict *verdict)
{
    if (it->reasons)
        rt_say_route(it->reasons, route);
    switch (route->action) {
    case RT_REJECT:
        *verdict = deciding_answer(it, (int32_t)route->number, (enum dm_result)route->result,
                                   "the route rejects");
        return;
    case RT_REDIRECT:
        tell(it, route, verdict);
        return;
    case RT_RELAY:
    case RT_PROXY:
        deciding_serve(it, route, verdict);
        return;
    }
}

static void decide_by_realm(struct deciding *it, struct rt_verdict *verdict)
{
    enum dm_result wrong = DM_UNABLE_TO_DELIVER;
    const char *why = "no Destination-Realm to go by";
    if (deciding_has_realm(it)) {
        const struct rt_route *route = find_route(it, &wrong);
        if (it->reasons)
            rt_say_passed_over(it->reasons, it->tables, it->query, route);
        if (route) {
            follow(it, route, verdict);
            return;
        }
        why = wrong == DM_UNABLE_TO_DELIVER ? "no route of the realm takes the request"
                                            : "no route for the realm";
    }
    *verdict = deciding_answer(it, -1, wrong, why);
}

/* SRV-03: without a client that is known, by realm to clients; without those, 3002. */
static void decide_push(struct deciding *it, struct rt_verdict *verdict)
{
    if (deciding_push(it, verdict))
        return;
    decide_by_realm(it, verdict);
    if (verdict->kind == RT_ANSWER && verdict->result == DM_REALM_NOT_SERVED)
        *verdict = deciding_answer(it, verdict->route, DM_UNABLE_TO_DELIVER,
                                   "the client of the user is not known");
}

/* --- 9, 10: the host that was named --- */

/* The number of the route that the realm has: nothing but counters hang on it here. */
static int32_t route_for_counters(const struct deciding *it)
{
    if (!deciding_has_realm(it))
        return -1;
    enum dm_result ignored;
    const struct rt_route *route = find_route(it, &ignored);
    return route && rt_route_forwards(route) ? (int32_t)route->number : -1;
}

static struct rt_verdict forward_to_host(const struct deciding *it, rt_peer host)
{
    deciding_say_peer(it, "forward to", it->query->destination_host, "the Destination-Host");
    return (struct rt_verdict){.kind = RT_FORWARD,
                               .route = route_for_counters(it),
                               .pool = -1,
                               .member = -1,
                               .peer = host,
                               .why = RT_BY_HOST,
                               .teaches = RT_TEACHES,
                               .is_fixed = true};
}

/* How the Destination-Host can be reached without another agent. Nobody's peer has generation 0. */
static enum rt_reach reach_of_host(const struct deciding *it, struct rt_seen *seen)
{
    dm_bytes name = it->query->destination_host;
    *seen = (struct rt_seen){0};
    const char *why_not = "no peer of this name";
    if (it->world->host(it->world->context, name, it->query->header.application, seen))
        why_not = deciding_objection(it, name, seen);
    deciding_say_peer(it, "destination host", name, why_not ? why_not : rt_reach_name(seen->reach));
    return why_not ? RT_UNREACHABLE : seen->reach;
}

static bool is_absent_peer(const struct deciding *it, const struct rt_seen *host)
{
    const struct rt_world *world = it->world;
    return host->peer.generation ||
           (world->admits && world->admits(world->context, it->query->destination_host));
}

static void decide_by_host(struct deciding *it, struct rt_verdict *verdict)
{
    struct rt_seen host;
    enum rt_reach reach = reach_of_host(it, &host);
    if (reach != RT_UNREACHABLE && host.is_busy) {
        *verdict = deciding_answer(it, route_for_counters(it), DM_TOO_BUSY,
                                   "the Destination-Host is busy");
        return;
    }
    if (reach == RT_REACHABLE) {
        *verdict = forward_to_host(it, host.peer);
        return;
    }
    decide_by_realm(it, verdict);
    if (verdict->kind != RT_ANSWER)
        return;
    if (reach == RT_LAST_RESORT) /* WDG-13 */
        *verdict = forward_to_host(it, host.peer);
    else if (verdict->result == DM_REALM_NOT_SERVED && is_absent_peer(it, &host))
        *verdict = deciding_answer(it, -1, DM_UNABLE_TO_DELIVER,
                                   "the host is a peer, only not reachable now");
}

/* --- the door --- */

/* A request that was sent already: only the member is chosen anew. FOV-08. */
static void decide_again(struct deciding *it, struct rt_verdict *verdict)
{
    const struct rt_route *route = rt_route_numbered(it->tables, it->attempt->route);
    if (route && rt_route_forwards(route))
        deciding_serve(it, route, verdict);
    else
        *verdict = deciding_answer(it, -1, DM_UNABLE_TO_DELIVER, "its route is gone");
}

static void decide(struct deciding *it, struct rt_verdict *verdict)
{
    if (it->attempt->route >= 0) {
        decide_again(it, verdict);
        return;
    }
    if (is_local(it, verdict))
        return;
    if (deciding_has_host(it)) {
        decide_by_host(it, verdict);
        return;
    }
    names_expect(it);
    if (deciding_is_push(it))
        decide_push(it, verdict);
    else
        decide_by_realm(it, verdict);
}

void rt_decide(const struct rt_tables *tables, const struct rt_query *query,
               const struct rt_attempt *attempt, const struct rt_world *world,
               struct rt_chooser *chooser, struct rt_reasons *reasons, struct rt_verdict *verdict)
{
    struct deciding it; /* its keys are long: only what has a meaning is set */
    it.tables = tables;
    it.query = query;
    it.attempt = attempt;
    it.world = world;
    it.chooser = chooser;
    it.reasons = reasons;
    it.pool = NULL;
    it.was_busy = false;
    it.names.is_read = it.names.is_session_read = it.names.is_user = false;
    it.names.key.size = it.names.second.size = 0;
    decide(&it, verdict);
}
