/* decide_user.c — whom a request is about, and who serves him: step 11 of docs/ROUTING.md.
 *
 * The order is that of sip-app.md §9.1: what is found first stands. What was learnt is a name's
 * hash, which means a member or a group only within the pool that serves the user. */
#include "routing/bindings.h"
#include "routing/deciding.h"

enum { RAR = 258, ACR = 271, ASR = 274, STR = 275, SIP_MAR = 286 };

/* --- whom is it about? --- */

static bool is_keyed(const struct deciding *it, const struct rt_route *route)
{
    const struct rt_pool *pool = &it->tables->pools[route->pool];
    return pool->select == RT_STICKY || pool->is_partitioned || it->world->redirected;
}

static void read_key(struct deciding *it, struct user *user)
{
    rt_key_of(&user->key, it->query, &it->tables->domains);
    if (user->key.size == 0 && it->query->origin_host.size > 0)
        rt_key_session(&user->key, it->query->origin_host);
    user->slot = rt_slot(&user->key, it->tables->seed);
    if (it->reasons)
        rt_say_key(it->reasons, &user->key, user->slot);
}

void user_init(struct deciding *it, const struct rt_route *route, struct user *user)
{
    user->key.size = 0;
    user->pool = route->pool;
    user->member = user->group = user->peer = -1;
    user->slot = 0;
    user->why = RT_BY_HASH;
    if (is_keyed(it, route))
        read_key(it, user);
}

static bool is_session(const struct rt_key *key)
{
    return key->size == 0 || key->octets[0] == RT_KIND_SESSION;
}

/* --- what was learnt --- */

/* A request that was sent before does not wait: it has somebody to go to. */
static enum rt_lookup look_up(const struct deciding *it, uint64_t hash, struct rt_bound *bound)
{
    enum rt_lookup found = it->world->bound(it->world->context, hash, bound);
    bool may_wait = it->attempt->route < 0 && !it->attempt->without_store;
    return found == RT_ASKING && !may_wait ? RT_UNKNOWN : found;
}

/* Where this target is in the user's pool; false: nobody there has the name. */
static bool aim(const struct deciding *it, struct user *user, uint32_t target)
{
    const struct rt_pool *pool = &it->tables->pools[user->pool];
    int found = pool->is_partitioned ? rt_pool_group_named(pool, target)
                                     : rt_pool_member_named(pool, target);
    if (found < 0)
        return false;
    *(pool->is_partitioned ? &user->group : &user->member) = found;
    return true;
}

static const char *name_of_aim(const struct deciding *it, const struct user *user)
{
    const struct rt_pool *pool = &it->tables->pools[user->pool];
    if (user->group >= 0)
        return pool->groups[user->group].name;
    return (const char *)pool->members[user->member].identity.at;
}

/* Cx and Sh have a Session-Id for each request. 29.229 §5.3; sip-app.md §10. */
static bool has_session(const struct rt_query *query)
{
    switch (query->header.command) {
    case RAR:
    case ACR:
    case ASR:
    case STR:
        return query->session_id.size > 0 && query->header.application != RT_APPLICATION_CX &&
               query->header.application != RT_APPLICATION_SH;
    case SIP_MAR:
        return query->session_id.size > 0 && query->header.application == RT_APPLICATION_SIP;
    default:
        return false;
    }
}

enum user_found user_find_session(struct deciding *it, struct user *user, uint64_t *key_hash)
{
    if (!it->world->bound || !has_session(it->query))
        return USER_FOUND;
    struct rt_key key;
    struct rt_bound bound;
    rt_key_session(&key, it->query->session_id);
    *key_hash = rt_key_hash(&key);
    enum rt_lookup found = look_up(it, *key_hash, &bound);
    if (found == RT_ASKING)
        return USER_ASKED;
    if (found == RT_UNKNOWN || bound.target == 0 || !aim(it, user, bound.target))
        return USER_FOUND;
    user->why = RT_BY_SESSION;
    if (it->reasons)
        rt_say(it->reasons, "session: goes on at %s", name_of_aim(it, user));
    return USER_FOUND;
}

static void take_bound(const struct deciding *it, struct user *user, const struct rt_bound *bound)
{
    if (bound->has_slot)
        user->slot = bound->slot;
    if (it->reasons && bound->has_slot)
        rt_say(it->reasons, "binding: slot %u of the user's first identity", (unsigned)bound->slot);
    if (bound->target == 0 || !aim(it, user, bound->target))
        return;
    user->why = RT_BY_BINDING;
    if (it->reasons)
        rt_say(it->reasons, "binding: was served by %s", name_of_aim(it, user));
}

/* The private identity that comes with an unknown public one may be known: STK-04. */
static enum rt_lookup look_up_second(const struct deciding *it, struct rt_bound *bound,
                                     uint64_t *key_hash)
{
    struct rt_key second;
    rt_key_second(&second, it->query, &it->tables->domains);
    if (second.size == 0)
        return RT_UNKNOWN;
    *key_hash = rt_key_hash(&second);
    return look_up(it, *key_hash, bound);
}

enum user_found user_find_binding(struct deciding *it, struct user *user, uint64_t *key_hash)
{
    const struct rt_pool *pool = &it->tables->pools[user->pool];
    bool matters = pool->select == RT_STICKY || pool->is_partitioned;
    if (!it->world->bound || user->why != RT_BY_HASH || !matters || is_session(&user->key))
        return USER_FOUND;
    struct rt_bound bound;
    *key_hash = rt_key_hash(&user->key);
    enum rt_lookup found = look_up(it, *key_hash, &bound);
    if (found == RT_UNKNOWN && user->key.octets[0] != RT_KIND_PRIVATE)
        found = look_up_second(it, &bound, key_hash);
    if (found == RT_ASKING)
        return USER_ASKED;
    if (found == RT_KNOWN)
        take_bound(it, user, &bound);
    return USER_FOUND;
}
