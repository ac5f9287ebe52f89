/* decide.c — the front door of routing. The steps and their numbers are those of docs/ROUTING.md; 1
 * and 2 are behind us when a request comes here, 4 was looked for by the query. RFC 6733 §6.1. */
#include "routing/decide.h"

#include <assert.h>

#include "routing/reasons.h"

/* One decision while it is made. */
struct deciding {
    const struct rt_tables *tables;
    const struct rt_query *query;
    const struct rt_attempt *attempt;
    const struct rt_world *world;
    struct rt_chooser *chooser;
    struct rt_reasons *reasons;
    const struct rt_pool *pool; /* from which a member is chosen */
    bool was_busy;              /* somebody would have been taken but for his queue */
};

static bool has_destination_host(const struct deciding *it)
{
    return it->query->destination_host.at != NULL;
}

static bool has_destination_realm(const struct deciding *it)
{
    return it->query->destination_realm.at != NULL;
}

static struct rt_verdict answer(const struct deciding *it, int32_t route, enum dm_result result,
                                const char *why)
{
    if (it->reasons)
        rt_say(it->reasons, "answer %d: %s", (int)result, why);
    return (struct rt_verdict){.kind = RT_ANSWER, .result = result, .route = route, .member = -1};
}

/* --- 3, 6, 8: what is meant for this agent itself --- */

static struct rt_verdict answer_own(const struct deciding *it)
{
    if (it->query->header.application == 0)
        return answer(it, -1, DM_COMMAND_UNSUPPORTED, "this agent does not serve the command");
    return answer(it, -1, DM_APPLICATION_UNSUPPORTED, "this agent does not serve the application");
}

/* Is the request local by its P bit or its destination? Then `verdict` is the answer. */
static bool is_local(const struct deciding *it, struct rt_verdict *verdict)
{
    const struct rt_query *query = it->query;
    if (!(query->header.flags & DM_FLAG_PROXIABLE)) {
        *verdict = answer(it, -1, DM_APPLICATION_UNSUPPORTED, "P is clear: not to be forwarded");
        return true;
    }
    if (has_destination_host(it)) {
        bool is_own = dm_identity_equal(query->destination_host, it->tables->own_identity);
        if (is_own)
            *verdict = answer_own(it);
        return is_own;
    }
    if (has_destination_realm(it))
        return false;
    *verdict = answer(it, -1, DM_APPLICATION_UNSUPPORTED,
                      "neither Destination-Host nor Destination-Realm");
    return true;
}

/* --- 9, 14: may this peer have the request? --- */

static bool was_tried(const struct rt_attempt *attempt, rt_peer peer)
{
    for (uint8_t i = 0; i < attempt->tried_count; i++)
        if (rt_peer_equal(attempt->tried[i], peer))
            return true;
    return false;
}

/* What speaks against any peer, or NULL. */
static const char *objection(const struct deciding *it, dm_bytes identity,
                             const struct rt_seen *seen)
{
    if (seen->reach == RT_UNREACHABLE)
        return "not available";
    if (!seen->advertises)
        return "does not advertise the application";
    if (rt_peer_equal(seen->peer, it->attempt->ingress))
        return "the request came from it";
    if (was_tried(it->attempt, seen->peer))
        return "was tried before";
    if (it->query->route_records > 0 && rt_query_has_passed(it->query, identity))
        return "is in a Route-Record";
    return NULL;
}

/* What speaks against a member of a route's pool, or NULL. 14, 15, SRV-04. */
static const char *objection_to_member(const struct deciding *it, const struct rt_member *member,
                                       const struct rt_seen *seen)
{
    if (seen->reach != RT_UNREACHABLE && seen->is_client)
        return "is a client";
    if (seen->reach != RT_UNREACHABLE && has_destination_host(it) && !seen->is_agent)
        return "is no agent, and the request is for one host";
    return objection(it, member->identity, seen);
}

static void say_peer(const struct deciding *it, const char *what, dm_bytes identity,
                     const char *why)
{
    if (it->reasons)
        rt_say(it->reasons, "%s %s: %s", what, rt_show(identity).text, why);
}

static const char *name_of_reach(enum rt_reach reach)
{
    return reach == RT_REACHABLE ? "available" : "a last resort: back, but not trusted yet";
}

/* A member that is back serves its users again when the pool's `hold` is over; until then it is a
 * last resort. */
static bool is_held(const struct deciding *it, const struct rt_seen *seen)
{
    return it->pool->hold && seen->returned && seen->reach == RT_REACHABLE &&
           it->attempt->now - seen->returned < it->pool->hold;
}

/* Called by the choice for each member it thinks of. */
static enum rt_reach usable(void *context, const struct rt_member *member, struct rt_seen *seen)
{
    struct deciding *it = context;
    *seen = (struct rt_seen){0};
    it->world->member(it->world->context, member->peer_number, it->query->header.application, seen);
    const char *why_not = objection_to_member(it, member, seen);
    if (!why_not && seen->is_busy) {
        it->was_busy = true;
        why_not = "busy";
    }
    if (is_held(it, seen))
        seen->reach = RT_LAST_RESORT;
    say_peer(it, "member", member->identity, why_not ? why_not : name_of_reach(seen->reach));
    return why_not ? RT_UNREACHABLE : seen->reach;
}

/* --- 12, 13: the route --- */

static bool forwards(const struct rt_route *route)
{
    return route->action == RT_RELAY || route->action == RT_PROXY;
}

/* The route of this number, or NULL where a reload has removed it. Numbers are places unless a
 * reload kept them. */
static const struct rt_route *route_numbered(const struct rt_tables *tables, int32_t number)
{
    uint32_t wanted = (uint32_t)number;
    if (wanted < tables->route_count && tables->routes[wanted].number == wanted)
        return &tables->routes[wanted];
    for (uint32_t i = 0; i < tables->route_count; i++)
        if (tables->routes[i].number == wanted)
            return &tables->routes[i];
    return NULL;
}

static const struct rt_pool *pool_of(const struct rt_tables *tables, const struct rt_route *route)
{
    assert(route->pool < tables->pool_count);
    return &tables->pools[route->pool];
}

/* --- 14, 15: the member --- */

/* The user's slot. Without a user it is the session's, without a session the sender's. */
static uint16_t slot_of(const struct deciding *it)
{
    struct rt_key key;
    rt_key_of(&key, it->query, &it->tables->domains);
    if (key.size == 0 && it->query->origin_host.size > 0)
        rt_key_session(&key, it->query->origin_host);
    uint16_t slot = rt_slot(&key, it->tables->seed);
    if (it->reasons)
        rt_say_key(it->reasons, &key, slot);
    return slot;
}

static struct rt_verdict choose_in(struct deciding *it, const struct rt_route *route)
{
    const struct rt_pool *pool = pool_of(it->tables, route);
    uint16_t slot = pool->select == RT_STICKY ? slot_of(it) : 0;
    struct rt_seen seen;
    it->pool = pool;
    int member = rt_pool_choose(pool, route->pool, slot, it->chooser, usable, it, &seen);
    int32_t number = (int32_t)route->number;
    if (member < 0 && it->was_busy)
        return answer(it, number, DM_TOO_BUSY, "whoever could take the request is busy");
    if (member < 0)
        return answer(it, number, DM_UNABLE_TO_DELIVER, "no member can take the request");
    say_peer(it, "forward to", pool->members[member].identity, pool->name);
    return (struct rt_verdict){
        .kind = RT_FORWARD, .route = number, .member = member, .peer = seen.peer};
}

static struct rt_verdict follow(struct deciding *it, const struct rt_route *route)
{
    if (it->reasons)
        rt_say_route(it->reasons, route);
    if (route->action == RT_REJECT)
        return answer(it, (int32_t)route->number, (enum dm_result)route->result,
                      "the route rejects");
    assert(forwards(route)); /* the configuration takes no other action */
    return choose_in(it, route);
}

static struct rt_verdict decide_by_realm(struct deciding *it)
{
    if (!has_destination_realm(it))
        return answer(it, -1, DM_UNABLE_TO_DELIVER, "no Destination-Realm to go by");
    enum dm_result wrong;
    const struct rt_route *route = rt_table_find(it->tables->realms, it->query, &wrong);
    if (route)
        return follow(it, route);
    if (wrong == DM_UNABLE_TO_DELIVER)
        return answer(it, -1, wrong, "no route of the realm takes the request");
    return answer(it, -1, wrong, "no route for the realm");
}

/* --- 9, 10: the host that was named --- */

/* The number of the route that the realm has: nothing but counters hang on it here. */
static int32_t route_for_counters(const struct deciding *it)
{
    if (!has_destination_realm(it))
        return -1;
    enum dm_result ignored;
    const struct rt_route *route = rt_table_find(it->tables->realms, it->query, &ignored);
    return route && forwards(route) ? (int32_t)route->number : -1;
}

static struct rt_verdict forward_to_host(const struct deciding *it, rt_peer host)
{
    say_peer(it, "forward to", it->query->destination_host, "the Destination-Host");
    return (struct rt_verdict){.kind = RT_FORWARD,
                               .route = route_for_counters(it),
                               .member = -1,
                               .peer = host,
                               .is_fixed = true};
}

/* How the Destination-Host can be reached without another agent. Nobody's peer has generation 0. */
static enum rt_reach reach_of_host(const struct deciding *it, struct rt_seen *seen)
{
    dm_bytes name = it->query->destination_host;
    *seen = (struct rt_seen){0};
    const char *why_not = "no peer of this name";
    if (it->world->host(it->world->context, name, it->query->header.application, seen))
        why_not = objection(it, name, seen);
    say_peer(it, "destination host", name, why_not ? why_not : name_of_reach(seen->reach));
    return why_not ? RT_UNREACHABLE : seen->reach;
}

static struct rt_verdict decide_by_host(struct deciding *it)
{
    struct rt_seen host;
    enum rt_reach reach = reach_of_host(it, &host);
    if (reach != RT_UNREACHABLE && host.is_busy)
        return answer(it, route_for_counters(it), DM_TOO_BUSY, "the Destination-Host is busy");
    if (reach == RT_REACHABLE)
        return forward_to_host(it, host.peer);
    struct rt_verdict verdict = decide_by_realm(it);
    if (verdict.kind == RT_ANSWER && reach == RT_LAST_RESORT) /* WDG-13 */
        return forward_to_host(it, host.peer);
    if (verdict.kind == RT_ANSWER && verdict.result == DM_REALM_NOT_SERVED && host.peer.generation)
        return answer(it, -1, DM_UNABLE_TO_DELIVER, "the host is a peer, only not reachable now");
    return verdict;
}

/* --- the door --- */

/* A request that was sent already: only the member is chosen anew. FOV-08. */
static struct rt_verdict decide_again(struct deciding *it)
{
    const struct rt_route *route = route_numbered(it->tables, it->attempt->route);
    if (route && forwards(route))
        return choose_in(it, route);
    return answer(it, -1, DM_UNABLE_TO_DELIVER, "its route is gone");
}

struct rt_verdict rt_decide(const struct rt_tables *tables, const struct rt_query *query,
                            const struct rt_attempt *attempt, const struct rt_world *world,
                            struct rt_chooser *chooser, struct rt_reasons *reasons)
{
    struct deciding it = {tables, query, attempt, world, chooser, reasons, NULL, false};
    struct rt_verdict local;
    if (attempt->route >= 0)
        return decide_again(&it);
    if (is_local(&it, &local))
        return local;
    if (has_destination_host(&it))
        return decide_by_host(&it);
    return decide_by_realm(&it);
}

/* 3001, 3003 and 3007..3009 would be no better elsewhere; 3006 is a redirect. ANS-07. */
static bool is_final(uint32_t result)
{
    switch (result) {
    case DM_COMMAND_UNSUPPORTED:
    case DM_REALM_NOT_SERVED:
    case DM_REDIRECT_INDICATION:
    case DM_APPLICATION_UNSUPPORTED:
    case DM_INVALID_HDR_BITS:
    case DM_INVALID_AVP_BITS:
        return true;
    default:
        return !dm_result_is_protocol_error(result);
    }
}

bool rt_is_retried(const struct rt_tables *tables, int32_t route, uint32_t result,
                   uint8_t tried_count)
{
    const struct rt_route *it = route < 0 ? NULL : route_numbered(tables, route);
    if (!it || !forwards(it) || is_final(result) || tried_count >= RT_TRIED_MAX)
        return false;
    const struct rt_retry *retry = &pool_of(tables, it)->retry;
    if (tried_count >= retry->attempts)
        return false;
    for (uint32_t i = 0; i < retry->result_count; i++)
        if (retry->results[i] == result)
            return true;
    return false;
}
