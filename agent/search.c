/* search.c — from group to group until one knows the user. sip-app.md §9.6. */
#include "agent/search.h"

#include "agent/clock.h"
#include "agent/local.h"
#include "proto/msg.h"

static bool is_3gpp(uint32_t application)
{
    return application == RT_APPLICATION_CX || application == RT_APPLICATION_SH;
}

/* Of the Experimental-Result, when it is 3GPP's; 0: none. */
static uint32_t result_of_3gpp(dm_bytes message)
{
    struct dm_avp group, avp;
    uint32_t vendor = 0;
    uint32_t result = 0;
    if (!dm_avp_find(message, 0, DM_AVP_EXPERIMENTAL_RESULT, &group))
        return 0;
    if (dm_avp_find_in(group.data, 0, DM_AVP_VENDOR_ID, &avp))
        dm_avp_get32(&avp, &vendor);
    if (dm_avp_find_in(group.data, 0, DM_AVP_EXPERIMENTAL_RESULT_CODE, &avp))
        dm_avp_get32(&avp, &result);
    return vendor == RT_VENDOR_3GPP ? result : 0;
}

static bool says_unknown(uint32_t application, dm_bytes message)
{
    struct dm_avp avp;
    uint32_t result = 0;
    if (is_3gpp(application))
        return result_of_3gpp(message) == SEARCH_UNKNOWN_3GPP;
    if (dm_avp_find(message, 0, DM_AVP_RESULT_CODE, &avp))
        dm_avp_get32(&avp, &result);
    return application == RT_APPLICATION_SIP && result == SEARCH_UNKNOWN_SIP;
}

/* The pool in which this request may be searched for, or NULL. */
static const struct rt_pool *pool_of(const struct worker *worker, int32_t route, int32_t pool)
{
    const struct rt_tables *tables = &worker->conf->tables;
    const struct rt_route *it = rt_route_numbered(tables, route);
    const struct rt_pool *found = rt_pool_numbered(tables, route, pool);
    return it && it->action == RT_PROXY && found && found->searches ? found : NULL;
}

static bool is_searched_for(const struct rt_waiting *waiting)
{
    struct dm_avp ignored;
    dm_bytes request = image_bytes(waiting->image);
    return (waiting->why == RT_BY_HASH || waiting->why == RT_BY_SEARCH) && !waiting->is_fixed &&
           !dm_avp_find(request, 0, DM_AVP_DESTINATION_HOST, &ignored);
}

static bool mark(struct worker *worker, struct relay_request *request, const struct rt_pool *pool,
                 rt_peer asked)
{
    int member = rt_member_of(pool, &worker->world, asked);
    if (member >= 0)
        request->searched |= UINT64_C(1) << pool->members[member].group;
    return member >= 0;
}

/* To the next group; false: no other can be asked. T as it was received: nobody there has seen the
 * request. */
static bool go_on(struct worker *worker, struct relay_request *request)
{
    request->tried_count = 0;
    if (request->deadline <= worker->now)
        return false;
    struct rt_verdict verdict = relay_decide_again(worker, request, true);
    if (verdict.kind != RT_FORWARD)
        return false;
    request->retransmit = false;
    request->pool = verdict.pool;
    request->why = (uint8_t)verdict.why;
    request->teaches = (uint8_t)verdict.teaches;
    relay_send(worker, request, verdict.peer);
    return true;
}

/* Was every group asked, and none has failed? Then the first answer is true. */
static bool is_finished(const struct relay_request *request, const struct rt_pool *pool)
{
    uint64_t groups = (UINT64_C(1) << pool->group_count) - 1;
    return request->searched == groups;
}

void search_forget(struct worker *worker, struct relay_request *request)
{
    memory_image_free(&worker->memory, request->last_error);
    request->last_error = NULL;
    request->searched = 0;
}

bool search_answer(struct peer *from, const struct rt_waiting *waiting, dm_bytes message)
{
    struct worker *worker = from->worker;
    const struct rt_pool *pool = pool_of(worker, waiting->route, waiting->pool);
    if (!pool || !is_searched_for(waiting) || !says_unknown(waiting->application, message))
        return false;
    struct relay_request request = relay_request_of(waiting);
    if (!mark(worker, &request, pool, from->self))
        return false;
    if (!waiting->searched) {
        memory_image_free(&worker->memory, request.last_error);
        request.last_error = memory_image(&worker->memory, message);
    }
    if (go_on(worker, &request)) {
        stats_add(&peer_stats(from)->resends_search, 1);
        return true;
    }
    if (is_finished(&request, pool))
        request.searched = 0;
    relay_end(worker, &request, DM_UNABLE_TO_DELIVER);
    return true;
}

bool search_pass_over(struct worker *worker, struct relay_request *request)
{
    const struct rt_pool *pool = pool_of(worker, request->route, request->pool);
    if (!pool || request->tried_count == 0 ||
        !mark(worker, request, pool, request->tried[request->tried_count - 1]))
        return false;
    request->searched |= RT_SEARCH_HAS_GAPS;
    return go_on(worker, request);
}
