/* report_pools.c — pools: who is available, and which share of the users or requests he has.
 *
 * The rendezvous of the sticky choice, round robin and least pending all give a member what its
 * weight is of the weights of those beside it: those of the lowest priority number, of all members
 * or of those that are available now. In a partitioned pool that is so within a group, after the
 * groups have their share. */
#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/report.h"

struct report_member report_member_of(const struct agent *agent, const struct conf *conf,
                                      const struct rt_pool *pool, const struct rt_member *member)
{
    struct rt_seen seen;
    rt_peer peer = conf->seats[member->peer_number].peer;
    board_see(agent->board, peer.slot, UINT64_MAX, &seen);
    if (seen.peer.generation != peer.generation)
        seen = (struct rt_seen){0}; /* it has not settled in yet */
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

/* One pool while it is looked at. Members of a mirrored pool are all of group 0. */
struct look {
    const struct rt_pool *pool;
    struct report_member seen[RT_MEMBERS_MAX];
    struct circle all[RT_MEMBERS_MAX]; /* of each group */
    struct circle now[RT_MEMBERS_MAX];
    bool has_better[RT_MEMBERS_MAX]; /* somebody who is no last resort */
    uint64_t weight;                 /* of all groups */
    unsigned available;
};

static void join(struct circle *circle, const struct rt_member *member)
{
    if (circle->weight == 0 || member->priority < circle->priority)
        *circle = (struct circle){member->priority, 0};
    if (member->priority == circle->priority)
        circle->weight += member->weight;
}

/* A last resort counts where nobody is better. */
static bool counts(const struct look *look, uint32_t i)
{
    const struct report_member *seen = &look->seen[i];
    bool has_better = look->has_better[look->pool->members[i].group];
    return seen->is_available && !(has_better && seen->is_last_resort);
}

static void look_at(struct look *look, const struct agent *agent, const struct conf *conf)
{
    const struct rt_pool *pool = look->pool;
    for (uint32_t i = 0; i < pool->count; i++) {
        const struct rt_member *member = &pool->members[i];
        look->seen[i] = report_member_of(agent, conf, pool, member);
        look->available += look->seen[i].is_available;
        look->has_better[member->group] |=
            look->seen[i].is_available && !look->seen[i].is_last_resort;
        join(&look->all[member->group], member);
    }
    for (uint32_t i = 0; i < pool->count; i++)
        if (counts(look, i))
            join(&look->now[pool->members[i].group], &pool->members[i]);
    for (uint32_t i = 0; i < pool->group_count; i++)
        look->weight += pool->groups[i].weight;
}

/* Users of a group that nobody serves now are nobody's: they have no other. */
static double share_of_group(const struct look *look, uint32_t group)
{
    return look->pool->is_partitioned && look->weight
               ? (double)look->pool->groups[group].weight / (double)look->weight
               : 1;
}

static json_t *share(const struct look *look, const struct circle *circles, uint32_t i, bool is_in)
{
    const struct rt_member *member = &look->pool->members[i];
    const struct circle *circle = &circles[member->group];
    if (!is_in || !circle->weight || member->priority != circle->priority)
        return report_made(json_real(0));
    return report_made(json_real(share_of_group(look, member->group) * (double)member->weight /
                                 (double)circle->weight));
}

static json_t *member_of(const struct look *look, uint32_t i)
{
    const struct rt_pool *pool = look->pool;
    const struct rt_member *member = &pool->members[i];
    const char *group = pool->is_partitioned ? pool->groups[member->group].name : NULL;
    return report_made(
        json_pack("{s:o, s:o, s:I, s:I, s:s, s:I, s:o, s:o}", "peer", report_text(member->identity),
                  "group", report_name(group), "weight", (json_int_t)member->weight, "priority",
                  (json_int_t)member->priority, "state", look->seen[i].state, "pending",
                  (json_int_t)look->seen[i].pending, "share", share(look, look->all, i, true),
                  "share_now", share(look, look->now, i, counts(look, i))));
}

static json_t *members_of(const struct look *look)
{
    json_t *list = report_made(json_array());
    for (uint32_t i = 0; i < look->pool->count; i++)
        json_array_append_new(list, member_of(look, i));
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
    struct look look = {.pool = pool};
    look_at(&look, agent, conf);
    return report_made(json_pack(
        "{s:o, s:s, s:s, s:s, s:i, s:i, s:o, s:o, s:o}", "name", report_name(pool->name), "select",
        selects[pool->select], "data", pool->is_partitioned ? "partitioned" : "mirrored", "ready",
        pool->ready_required ? "required" : "optional", "size", (int)pool->count, "available",
        (int)look.available, "retry", retry_of(&pool->retry), "hold_s", report_seconds(pool->hold),
        "members", members_of(&look)));
}

json_t *report_pools(const struct agent *agent, const struct conf *conf)
{
    json_t *list = report_made(json_array());
    for (uint32_t i = 0; i < conf->tables.pool_count; i++)
        json_array_append_new(list, pool_of(agent, conf, &conf->tables.pools[i]));
    return report_made(json_pack("{s:o}", "pools", list));
}
