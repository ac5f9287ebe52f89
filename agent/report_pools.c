/* report_pools.c — pools: who is available, and which share of the users or requests he has.
 *
 * The rendezvous of the sticky choice, round robin and least pending all give a member what its
 * weight is of the weights of those beside it: those of the lowest priority number, of all members
 * or of those that are available now. */
#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/report.h"

struct report_member report_member_of(const struct agent *agent, const struct conf *conf,
                                      const struct rt_pool *pool, const struct rt_member *member)
{
    struct rt_seen seen;
    (void)conf;
    board_see(agent->board, member->peer_number, UINT64_MAX, &seen);
    struct report_member it = {"available", true, false, seen.pending};
    uint64_t now = clock_now();
    if (seen.reach == RT_UNREACHABLE || seen.is_client || seen.is_drained)
        it = (struct report_member){seen.is_drained ? "drained" : "unavailable", false, false,
                                    seen.pending};
    else if (seen.reach == RT_LAST_RESORT)
        it.state = "last_resort";
    else if (pool->hold && seen.returned && now - seen.returned < pool->hold)
        it.state = "held";
    else if (seen.is_busy)
        it.state = "busy";
    it.is_last_resort = it.state[0] == 'l' || it.state[0] == 'h';
    return it;
}

static const char *const selects[] = {"sticky", "round_robin", "least_pending"};

/* Members that share what comes: those of the lowest priority number among them. */
struct circle {
    uint32_t priority;
    uint64_t weight; /* of all; 0: nobody */
};

static void join(struct circle *circle, const struct rt_member *member)
{
    if (circle->weight == 0 || member->priority < circle->priority)
        *circle = (struct circle){member->priority, 0};
    if (member->priority == circle->priority)
        circle->weight += member->weight;
}

static json_t *share(const struct circle *circle, const struct rt_member *member, bool is_in)
{
    bool has_one = is_in && circle->weight && member->priority == circle->priority;
    return report_made(json_real(has_one ? (double)member->weight / (double)circle->weight : 0));
}

/* A last resort counts where nobody is better. */
static bool counts(const struct report_member *member, bool has_better)
{
    return member->is_available && !(has_better && member->is_last_resort);
}

static json_t *member_of(const struct rt_member *member, const struct report_member *seen,
                         const struct circle *all, const struct circle *now, bool has_better)
{
    return report_made(json_pack(
        "{s:o, s:I, s:I, s:s, s:I, s:o, s:o}", "peer", report_text(member->identity), "weight",
        (json_int_t)member->weight, "priority", (json_int_t)member->priority, "state", seen->state,
        "pending", (json_int_t)seen->pending, "share", share(all, member, true), "share_now",
        share(now, member, counts(seen, has_better))));
}

static json_t *members_of(const struct agent *agent, const struct conf *conf,
                          const struct rt_pool *pool, unsigned *available)
{
    struct report_member seen[RT_MEMBERS_MAX];
    struct circle all = {0};
    struct circle now = {0};
    bool has_better = false;
    json_t *list = report_made(json_array());
    for (uint32_t i = 0; i < pool->count; i++) {
        seen[i] = report_member_of(agent, conf, pool, &pool->members[i]);
        *available += seen[i].is_available;
        has_better = has_better || (seen[i].is_available && !seen[i].is_last_resort);
        join(&all, &pool->members[i]);
    }
    for (uint32_t i = 0; i < pool->count; i++)
        if (counts(&seen[i], has_better))
            join(&now, &pool->members[i]);
    for (uint32_t i = 0; i < pool->count; i++)
        json_array_append_new(list, member_of(&pool->members[i], &seen[i], &all, &now, has_better));
    return list;
}

static json_t *retry_of(const struct rt_retry *retry)
{
    json_t *results = report_made(json_array());
    for (uint32_t i = 0; i < retry->result_count; i++)
        json_array_append_new(results, report_made(json_integer(retry->results[i])));
    if (retry->on_timeout)
        json_array_append_new(results, report_made(json_string("timeout")));
    return report_made(
        json_pack("{s:I, s:o}", "attempts", (json_int_t)retry->attempts, "results", results));
}

static json_t *pool_of(const struct agent *agent, const struct conf *conf,
                       const struct rt_pool *pool)
{
    unsigned available = 0;
    json_t *members = members_of(agent, conf, pool, &available);
    return report_made(json_pack(
        "{s:o, s:s, s:s, s:i, s:i, s:o, s:o, s:o}", "name", report_name(pool->name), "select",
        selects[pool->select], "ready", pool->ready_required ? "required" : "optional", "size",
        (int)pool->count, "available", (int)available, "retry", retry_of(&pool->retry), "hold_s",
        report_seconds(pool->hold), "members", members));
}

json_t *report_pools(const struct agent *agent, const struct conf *conf)
{
    json_t *list = report_made(json_array());
    for (uint32_t i = 0; i < conf->tables.pool_count; i++)
        json_array_append_new(list, pool_of(agent, conf, &conf->tables.pools[i]));
    return report_made(json_pack("{s:o}", "pools", list));
}
