/* ready.c — what /readyz says. */
#include "agent/ready.h"

/* A drained member serves nobody new. */
static bool is_available(struct board_view view)
{
    return (view.flags & (BOARD_REACHABLE | BOARD_DRAINED)) == BOARD_REACHABLE;
}

static bool has_member(const struct agent *agent, const struct rt_pool *pool)
{
    for (uint32_t i = 0; i < pool->count; i++) {
        rt_peer peer = agent->conf->seats[pool->members[i].peer_number].peer;
        struct board_view view = board_at(agent->board, peer.slot);
        if (view.generation == peer.generation && is_available(view))
            return true;
    }
    return false;
}

static bool pools_are_ready(const struct agent *agent, FILE *to)
{
    bool are_ready = true;
    const struct rt_tables *tables = &agent->conf->tables;
    for (uint32_t i = 0; i < tables->pool_count; i++) {
        const struct rt_pool *pool = &tables->pools[i];
        if (!pool->ready_required || has_member(agent, pool))
            continue;
        fprintf(to, "pool %s: no member is available\n", pool->name);
        are_ready = false;
    }
    return are_ready;
}

bool ready_explain(const struct agent *agent, FILE *to)
{
    bool is_ready = agent_is_ready(agent);
    if (!is_ready)
        fputs(agent->stage == AGENT_RUNS ? "not listening\n" : "draining\n", to);
    return pools_are_ready(agent, to) && is_ready;
}
