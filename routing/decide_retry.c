/* decide_retry.c — may a request that was answered with an error be tried at another member? */
#include "routing/deciding.h"

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

const struct rt_pool *rt_pool_numbered(const struct rt_tables *tables, int32_t route, int32_t pool)
{
    uint32_t place = pool < 0 ? UINT32_MAX : (uint32_t)pool;
    if (tables->pool_places)
        place = place < tables->pool_place_count ? tables->pool_places[place] : UINT32_MAX;
    if (place < tables->pool_count)
        return &tables->pools[place];
    const struct rt_route *it = rt_route_numbered(tables, route);
    return it && rt_route_forwards(it) ? &tables->pools[it->pool] : NULL;
}

bool rt_is_retried(const struct rt_tables *tables, int32_t route, int32_t pool, uint32_t result,
                   uint8_t tried_count)
{
    const struct rt_route *it = rt_route_numbered(tables, route);
    if (!it || !rt_route_forwards(it) || is_final(result) || tried_count >= RT_TRIED_MAX)
        return false;
    const struct rt_retry *retry = &rt_pool_numbered(tables, route, pool)->retry;
    if (tried_count >= retry->attempts)
        return false;
    for (uint32_t i = 0; i < retry->result_count; i++)
        if (retry->results[i] == result)
            return true;
    return false;
}
