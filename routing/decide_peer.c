/* decide_peer.c — may this peer have the request? Steps 9, 14 and 15 of docs/ROUTING.md. */
#include "routing/deciding.h"

static bool was_tried(const struct rt_attempt *attempt, rt_peer peer)
{
    for (uint8_t i = 0; i < attempt->tried_count; i++)
        if (rt_peer_equal(attempt->tried[i], peer))
            return true;
    return false;
}

const char *deciding_objection(const struct deciding *it, dm_bytes identity,
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

const char *deciding_objection_to_choice(const struct deciding *it, dm_bytes identity,
                                         const struct rt_seen *seen)
{
    bool is_push = deciding_is_push(it);
    if (seen->reach != RT_UNREACHABLE && seen->is_client && !is_push) /* SRV-04 */
        return "is a client";
    if (seen->reach != RT_UNREACHABLE && !seen->is_client && is_push) /* SRV-03 */
        return "is no client, and the request is for one";
    if (seen->reach != RT_UNREACHABLE && seen->is_drained)
        return "is drained";
    if (seen->reach != RT_UNREACHABLE && deciding_has_host(it) && !seen->is_agent)
        return "is no agent, and the request is for one host";
    return deciding_objection(it, identity, seen);
}

void deciding_say_peer(const struct deciding *it, const char *what, dm_bytes identity,
                       const char *why)
{
    if (it->reasons)
        rt_say(it->reasons, "%s %s: %s", what, rt_show(identity).text, why);
}

const char *rt_reach_name(enum rt_reach reach)
{
    return reach == RT_REACHABLE ? "available" : "a last resort: back, but not trusted yet";
}
