/* decide_serve.c — the member that gets a request whose route forwards: step 14 of docs/ROUTING.md.
 *
 * A member may be preferred (a binding of a mirrored pool): then the others stand in for it. A
 * group may be demanded (partitioned data): then nobody else does. */
#include <assert.h>

#include "routing/deciding.h"
#include "routing/learn.h"

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
    const char *why_not = deciding_objection_to_choice(it, member->identity, seen);
    if (!why_not && seen->is_busy) {
        it->was_busy = true;
        why_not = "busy";
    }
    if (is_held(it, seen))
        seen->reach = RT_LAST_RESORT;
    deciding_say_peer(it, "member", member->identity,
                      why_not ? why_not : rt_reach_name(seen->reach));
    return why_not ? RT_UNREACHABLE : seen->reach;
}

/* --- the group of a second attempt --- */

int rt_member_of(const struct rt_pool *pool, const struct rt_world *world, rt_peer peer)
{
    for (uint32_t i = 0; i < pool->count; i++) {
        struct rt_seen seen = {0};
        world->member(world->context, pool->members[i].peer_number, 0, &seen);
        if (rt_peer_equal(seen.peer, peer))
            return (int)i;
    }
    return -1;
}

/* The group of the member that was asked last, or -1: a request stays in its group. FOV-08. */
static int group_of_last(const struct deciding *it)
{
    rt_peer last = it->attempt->tried[it->attempt->tried_count - 1];
    int member = rt_member_of(it->pool, it->world, last);
    return member >= 0 ? (int)it->pool->members[member].group : -1;
}

/* --- the choice --- */

/* Among all that may serve the user, his own member aside. */
static int choose_any(struct deciding *it, const struct user *user, struct rt_seen *seen)
{
    if (user->group >= 0)
        return rt_pool_choose_in(it->pool, user->pool, (uint32_t)user->group, user->slot,
                                 it->chooser, usable, it, seen);
    return rt_pool_choose(it->pool, user->pool, user->slot, it->chooser, usable, it, seen);
}

static int choose(struct deciding *it, const struct user *user, struct rt_seen *seen)
{
    struct rt_seen own = {0};
    enum rt_reach reach = RT_UNREACHABLE;
    if (user->member >= 0)
        reach = usable(it, &it->pool->members[user->member], &own);
    int other = reach == RT_REACHABLE ? -1 : choose_any(it, user, seen);
    bool is_better = other >= 0 && seen->reach > reach;
    if (reach == RT_UNREACHABLE || is_better)
        return other;
    *seen = own;
    return user->member;
}

/* The next group that was not asked yet: in the order that the hash gives, so that all agents ask
 * alike. A group that cannot be asked now is passed over. sip-app.md §9.6. */
static int choose_unsearched(struct deciding *it, struct user *user, struct rt_seen *seen)
{
    uint8_t order[RT_MEMBERS_MAX];
    rt_pool_group_order(it->pool, user->slot, order);
    for (uint32_t i = 0; i < it->pool->group_count; i++) {
        user->group = order[i];
        if (it->attempt->searched >> user->group & 1)
            continue;
        int member = choose_any(it, user, seen);
        if (member >= 0)
            return member;
    }
    return -1;
}

static int choose_again(struct deciding *it, struct user *user, struct rt_seen *seen)
{
    bool is_search = it->attempt->searched != 0;
    user->why = is_search ? RT_BY_SEARCH : user->why;
    if (is_search && it->attempt->tried_count == 0)
        return choose_unsearched(it, user, seen);
    int last = it->attempt->tried_count > 0 ? group_of_last(it) : -1;
    user->group = last >= 0 ? last : user->group;
    return choose(it, user, seen);
}

static struct rt_verdict nobody(const struct deciding *it, int32_t route)
{
    if (it->was_busy)
        return deciding_answer(it, route, DM_TOO_BUSY, "whoever could take the request is busy");
    if (it->pool && it->pool->is_partitioned)
        return deciding_answer(it, route, DM_UNABLE_TO_DELIVER,
                               "no member of the user's group can take the request");
    return deciding_answer(it, route, DM_UNABLE_TO_DELIVER, "no member can take the request");
}

/* Field by field: a copy of what was just written in small pieces makes the processor wait. */
static void forward_to(struct rt_verdict *verdict, const struct rt_route *route, rt_peer peer,
                       enum rt_why why)
{
    memset(verdict, 0, sizeof *verdict);
    verdict->kind = RT_FORWARD;
    verdict->route = (int32_t)route->number;
    verdict->pool = verdict->member = -1;
    verdict->peer = peer;
    verdict->why = why;
}

/* A peer of a row, outside the pool: nobody stands in for it. */
static void forward_to_peer(struct deciding *it, const struct rt_route *route,
                            const struct user *user, struct rt_verdict *verdict)
{
    struct rt_seen seen = {0};
    dm_bytes name = it->tables->peers[user->peer];
    it->world->member(it->world->context, (uint32_t)user->peer, it->query->header.application,
                      &seen);
    const char *why_not = deciding_objection_to_choice(it, name, &seen);
    deciding_say_peer(it, "peer", name, why_not ? why_not : rt_reach_name(seen.reach));
    if (why_not) {
        *verdict = deciding_answer(it, (int32_t)route->number, DM_UNABLE_TO_DELIVER,
                                   "the user's server cannot take the request");
    } else if (seen.is_busy) {
        *verdict =
            deciding_answer(it, (int32_t)route->number, DM_TOO_BUSY, "the user's server is busy");
    } else {
        deciding_say_peer(it, "forward to", name, "the user's server");
        forward_to(verdict, route, seen.peer, RT_BY_SUBSCRIBER);
        verdict->teaches = rt_learn_expects(it->query, true); /* at least who his client is */
    }
}

/* The group of a partitioned pool, and who would be asked if it did not know the user. */
static void say_groups(const struct deciding *it, const struct rt_route *route,
                       const struct user *user)
{
    uint8_t order[RT_MEMBERS_MAX];
    rt_pool_group_order(it->pool, user->slot, order);
    uint32_t first = user->group >= 0 ? (uint32_t)user->group : order[0];
    rt_say(it->reasons, "group %s of pool %s: %s", it->pool->groups[first].name, it->pool->name,
           user->group >= 0 ? "as it is known" : "by the hash");
    if (!it->pool->searches || route->action != RT_PROXY || user->group >= 0 ||
        deciding_has_host(it))
        return;
    for (uint32_t i = 1; i < it->pool->group_count; i++)
        rt_say(it->reasons, "group %s of pool %s: asked if the user is unknown there",
               it->pool->groups[order[i]].name, it->pool->name);
}

static void choose_member(struct deciding *it, const struct rt_route *route, struct user *user,
                          struct rt_verdict *verdict)
{
    struct rt_seen seen;
    it->pool = &it->tables->pools[user->pool];
    bool is_again = it->pool->is_partitioned && it->attempt->route >= 0;
    if (it->reasons && it->pool->is_partitioned && !is_again)
        say_groups(it, route, user);
    int member = is_again ? choose_again(it, user, &seen) : choose(it, user, &seen);
    if (member < 0) {
        *verdict = nobody(it, (int32_t)route->number);
        return;
    }
    /* Of whom nothing is learnt; a mirror of the user's group is none. */
    bool is_stand_in = user->member >= 0 && member != user->member && !it->pool->is_partitioned;
    deciding_say_peer(it, "forward to", it->pool->members[member].identity, it->pool->name);
    forward_to(verdict, route, seen.peer, is_stand_in ? RT_BY_HASH : user->why);
    verdict->pool = rt_pool_number(it->tables, user->pool);
    verdict->member = member;
    verdict->teaches = rt_learn_expects(it->query, user->is_settled);
}

/* --- redirects that were received --- */

/* There are some. Does one send the request to a peer that can take it? `chosen` of generation 0:
 * before the choice. RDR-11, RDR-14. */
static bool is_redirected(struct deciding *it, const struct rt_route *route, rt_peer chosen,
                          struct rt_verdict *verdict)
{
    struct rt_seen seen = {0};
    dm_bytes host;
    if (!it->world->redirected(it->world->context, it->query, &it->names.key, chosen, &seen, &host))
        return false;
    const char *why_not = deciding_objection_to_choice(it, host, &seen);
    if (!why_not && seen.is_busy)
        why_not = "busy";
    deciding_say_peer(it, "redirect", host, why_not ? why_not : "forward to");
    if (why_not)
        return false;
    forward_to(verdict, route, seen.peer, RT_BY_REDIRECT);
    verdict->teaches = RT_TEACHES;
    return true;
}

/* --- all together --- */

static struct rt_verdict wait_for(const struct rt_route *route, uint64_t key_hash)
{
    return (struct rt_verdict){.kind = RT_WAIT,
                               .route = (int32_t)route->number,
                               .pool = -1,
                               .member = -1,
                               .key_hash = key_hash};
}

void deciding_serve(struct deciding *it, const struct rt_route *route, struct rt_verdict *verdict)
{
    assert(route->pool < it->tables->pool_count);
    struct user user;
    uint64_t key_hash = 0;
    user_init(it, route, &user);
    enum user_found row =
        user_find_row(it, rt_subscribers_of(it->tables, route->subscribers), &user);
    if (user_find_session(it, &user, &key_hash) == USER_ASKED) {
        *verdict = wait_for(route, key_hash);
        return;
    }
    if (it->world->redirected && user.why != RT_BY_SESSION &&
        is_redirected(it, route, (rt_peer){0}, verdict))
        return;
    if (row == USER_UNKNOWN) {
        *verdict = deciding_reject_user(it, route);
        return;
    }
    if (user_find_binding(it, &user, &key_hash) == USER_ASKED) {
        *verdict = wait_for(route, key_hash);
        return;
    }
    if (user.peer >= 0)
        forward_to_peer(it, route, &user, verdict);
    else
        choose_member(it, route, &user, verdict);
    if (it->world->redirected && verdict->kind == RT_FORWARD)
        (void)is_redirected(it, route, verdict->peer, verdict);
}
