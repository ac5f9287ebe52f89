/* decide_user.c — whom a request is about, and who serves him: step 11 of docs/ROUTING.md.
 *
 * The order is that of sip-app.md §9.1: what is found first stands. What was learnt is a name's
 * hash, which means a member or a group only within the pool that serves the user. */
#include "routing/bindings.h"
#include "routing/deciding.h"
#include "routing/subscribers.h"

/* --- whom is it about? --- */

static bool is_keyed(const struct deciding *it, const struct rt_route *route)
{
    const struct rt_pool *pool = &it->tables->pools[route->pool];
    return pool->select == RT_STICKY || pool->is_partitioned || route->subscribers >= 0 ||
           it->world->redirected;
}

static void read_slot(struct deciding *it, struct user *user)
{
    names_read(it);
    user->slot = rt_slot(&it->names.key, it->tables->seed);
    if (it->reasons)
        rt_say_key(it->reasons, &it->names.key, user->slot);
}

void user_init(struct deciding *it, const struct rt_route *route, struct user *user)
{
    user->pool = route->pool;
    user->member = user->group = user->peer = -1;
    user->is_provisioned = false;
    user->slot = 0;
    user->why = RT_BY_HASH;
    user->is_settled = false;
    if (is_keyed(it, route)) {
        read_slot(it, user);
        rt_pool_expect(&it->tables->pools[user->pool], user->slot);
    }
}

/* --- what is provisioned --- */

const struct rt_subscriber_table *rt_subscribers_of(const struct rt_tables *tables, int32_t number)
{
    bool is_there = number >= 0 && (uint32_t)number < tables->subscriber_count;
    return is_there ? &tables->subscribers[number] : NULL;
}

/* Under the identity that counts, or under the private one beside it. */
static bool find_row(const struct deciding *it, const struct rt_subscriber_table *table,
                     struct rt_subscriber *row, const char **how)
{
    const struct names *names = &it->names;
    return rt_subscribers_find(table->rows, &names->key, row, how) ||
           (names->second.size > 0 && rt_subscribers_find(table->rows, &names->second, row, how));
}

static dm_bytes name_of_peer(const struct deciding *it, uint32_t number)
{
    return number < it->tables->peer_count ? it->tables->peers[number] : dm_text("a peer");
}

static void say_row(const struct deciding *it, const struct rt_subscriber_table *table,
                    const struct rt_subscriber *row, const char *how)
{
    const struct rt_pool *pools = it->tables->pools;
    const struct rt_target *target = &row->target;
    switch (target->kind) {
    case RT_TARGET_NONE:
        break;
    case RT_TARGET_POOL:
        rt_say(it->reasons, "subscribers %s: %s, pool %s", table->name, how,
               pools[target->pool].name);
        break;
    case RT_TARGET_GROUP:
        rt_say(it->reasons, "subscribers %s: %s, pool %s, group %s", table->name, how,
               pools[target->pool].name, pools[target->pool].groups[target->number].name);
        break;
    case RT_TARGET_PEER:
        rt_say(it->reasons, "subscribers %s: %s, peer %s", table->name, how,
               rt_show(name_of_peer(it, target->number)).text);
        break;
    }
    if (row->user)
        rt_say(it->reasons, "subscribers %s: slot %u of the row's user", table->name,
               (unsigned)row->slot);
}

/* A member of the pool has stand-ins; any other peer has none. */
static void aim_at_peer(const struct deciding *it, struct user *user, uint32_t number)
{
    const struct rt_pool *pool = &it->tables->pools[user->pool];
    int member = rt_pool_member_of(pool, number);
    if (member < 0)
        user->peer = (int)number;
    else
        user->member = member;
    if (member >= 0 && pool->is_partitioned)
        user->group = (int)pool->members[member].group;
}

static void take_row(const struct deciding *it, struct user *user, const struct rt_subscriber *row)
{
    user->slot = row->user ? row->slot : user->slot;
    user->is_provisioned = row->user != 0;
    if (row->target.kind == RT_TARGET_POOL || row->target.kind == RT_TARGET_GROUP)
        user->pool = row->target.pool;
    if (row->target.kind == RT_TARGET_GROUP)
        user->group = (int)row->target.number;
    if (row->target.kind == RT_TARGET_PEER)
        aim_at_peer(it, user, row->target.number);
    if (row->target.kind != RT_TARGET_POOL)
        user->why = RT_BY_SUBSCRIBER;
}

enum user_found user_find_row(struct deciding *it, const struct rt_subscriber_table *table,
                              struct user *user)
{
    struct rt_subscriber row;
    const char *how;
    if (!table || !it->names.is_user)
        return USER_FOUND;
    if (find_row(it, table, &row, &how)) {
        if (it->reasons)
            say_row(it, table, &row, how);
        take_row(it, user, &row);
        return USER_FOUND;
    }
    if (it->reasons)
        rt_say(it->reasons, "subscribers %s: the user is in no row", table->name);
    return table->unknown_rejects ? USER_UNKNOWN : USER_FOUND;
}

/* Of a partitioned pool the user's group, whose members alone have him. */
static struct rt_target narrow(const struct rt_tables *tables, struct rt_target target,
                               uint16_t slot)
{
    if (target.kind != RT_TARGET_POOL || !tables->pools[target.pool].is_partitioned)
        return target;
    uint8_t order[RT_MEMBERS_MAX];
    rt_pool_group_order(&tables->pools[target.pool], slot, order);
    return (struct rt_target){RT_TARGET_GROUP, target.pool, order[0]};
}

enum user_found user_find_target(struct deciding *it, const struct rt_route *route,
                                 struct rt_verdict *verdict)
{
    const struct rt_subscriber_table *table =
        rt_subscribers_of(it->tables, route->redirect.subscribers);
    if (!table)
        return USER_FOUND;
    struct user user;
    struct rt_subscriber row;
    const char *how;
    read_slot(it, &user);
    bool is_known = it->names.is_user && find_row(it, table, &row, &how);
    if (!is_known && it->names.is_user && (table->unknown_rejects || route->redirect.to_count == 0))
        return USER_UNKNOWN;
    if (!is_known)
        return USER_FOUND;
    if (it->reasons)
        say_row(it, table, &row, how);
    verdict->slot = row.user ? row.slot : user.slot;
    verdict->target = narrow(it->tables, row.target, verdict->slot);
    return USER_FOUND;
}

struct rt_verdict deciding_reject_user(const struct deciding *it, const struct rt_route *route)
{
    enum { UNKNOWN_OF_3GPP = 5001, UNKNOWN_OF_SIP = 5032 };
    uint32_t application = it->query->header.application;
    bool is_3gpp = application == RT_APPLICATION_CX || application == RT_APPLICATION_SH;
    struct rt_verdict verdict = deciding_answer(
        it, (int32_t)route->number, (enum dm_result)(is_3gpp ? UNKNOWN_OF_3GPP : UNKNOWN_OF_SIP),
        is_3gpp ? "of 3GPP: the user is unknown" : "the user is unknown");
    verdict.experimental_vendor = is_3gpp ? RT_VENDOR_3GPP : 0;
    verdict.is_application_error = true;
    return verdict;
}

/* --- what was learnt --- */

/* A request that was sent before does not wait: it has somebody to go to. */
enum rt_lookup deciding_look_up(const struct deciding *it, uint64_t hash, struct rt_bound *bound)
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
    user->group = pool->is_partitioned ? found : -1;
    user->member = pool->is_partitioned ? -1 : found;
    return true;
}

static const char *name_of_aim(const struct deciding *it, const struct user *user)
{
    const struct rt_pool *pool = &it->tables->pools[user->pool];
    if (user->group >= 0)
        return pool->groups[user->group].name;
    return (const char *)pool->members[user->member].identity.at;
}

enum user_found user_find_session(struct deciding *it, struct user *user, uint64_t *key_hash)
{
    if (!it->world->bound || !names_session(it))
        return USER_FOUND;
    struct rt_bound bound;
    *key_hash = it->names.session_hash;
    enum rt_lookup found = deciding_look_up(it, *key_hash, &bound);
    if (found == RT_ASKING)
        return USER_ASKED;
    if (found == RT_UNKNOWN || bound.target == 0 || !aim(it, user, bound.target))
        return USER_FOUND;
    user->peer = -1;
    user->why = RT_BY_SESSION;
    if (it->reasons)
        rt_say(it->reasons, "session: goes on at %s", name_of_aim(it, user));
    return USER_FOUND;
}

static void take_bound(const struct deciding *it, struct user *user, const struct rt_bound *bound)
{
    bool has_slot = bound->has_slot && !user->is_provisioned;
    if (has_slot)
        user->slot = bound->slot;
    if (it->reasons && has_slot)
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
    if (it->names.second.size == 0)
        return RT_UNKNOWN;
    *key_hash = it->names.second_hash;
    return deciding_look_up(it, *key_hash, bound);
}

/* The pattern that the request itself names, and the one that its identity fulfils: bound like a
 * user. sip-app.md §9.8. */
static enum rt_lookup look_up_named(const struct deciding *it, struct rt_bound *bound,
                                    uint64_t *key_hash)
{
    struct rt_key pattern;
    if (it->query->wildcard.size == 0)
        return RT_UNKNOWN;
    rt_key_wildcard(&pattern, it->query->wildcard);
    *key_hash = rt_key_hash(&pattern);
    return deciding_look_up(it, *key_hash, bound);
}

static enum rt_lookup look_up_fulfilled(const struct deciding *it, struct rt_bound *bound,
                                        uint64_t *key_hash)
{
    if (!it->world->wildcard || !it->world->wildcard(it->world->context, &it->names.key, key_hash))
        return RT_UNKNOWN;
    return deciding_look_up(it, *key_hash, bound);
}

/* What is known of the user, by the first of his names that is known. */
static enum rt_lookup look_up_user(const struct deciding *it, struct rt_bound *bound,
                                   uint64_t *key_hash, bool *is_first)
{
    enum rt_lookup found = look_up_named(it, bound, key_hash);
    *is_first = found == RT_KNOWN;
    if (found != RT_UNKNOWN)
        return found;
    *key_hash = it->names.hash;
    found = deciding_look_up(it, *key_hash, bound);
    if (found == RT_UNKNOWN)
        found = look_up_fulfilled(it, bound, key_hash);
    *is_first = found == RT_KNOWN;
    return found != RT_UNKNOWN ? found : look_up_second(it, bound, key_hash);
}

/* Nothing that this request bears is new where its second identity says what its first does. */
static bool is_second_alike(const struct deciding *it, const struct rt_bound *first)
{
    struct rt_bound bound;
    return it->names.second.size == 0 ||
           (deciding_look_up(it, it->names.second_hash, &bound) == RT_KNOWN && bound.has_slot &&
            bound.slot == first->slot && bound.target == first->target);
}

/* Where no rule makes one name of two, it is enough that there are two: of a command for which the
 * second counts nothing an answer is read in vain. */
static bool has_second(const struct deciding *it)
{
    const struct rt_query *query = it->query;
    if (query->user_name.size == 0 ||
        (query->public_identity.size == 0 && query->user_identity.size == 0))
        return false;
    return !it->tables->domains.derive || it->names.second.size > 0;
}

/* A single identity in a mirrored pool is settled by its hash. With partitioned data the hash is a
 * guess that an answer has to confirm. */
static bool is_settled(const struct deciding *it, const struct user *user, bool is_first_known,
                       const struct rt_bound *bound)
{
    bool is_partitioned = it->tables->pools[user->pool].is_partitioned;
    if (!is_first_known)
        return !is_partitioned && !has_second(it);
    return (!is_partitioned || user->group >= 0) && is_second_alike(it, bound);
}

enum user_found user_find_binding(struct deciding *it, struct user *user, uint64_t *key_hash)
{
    const struct rt_pool *pool = &it->tables->pools[user->pool];
    bool matters = pool->select == RT_STICKY || pool->is_partitioned;
    user->is_settled =
        !matters || !it->names.is_user || (user->why == RT_BY_SUBSCRIBER && !has_second(it));
    if (user->is_settled || user->why != RT_BY_HASH)
        return USER_FOUND;
    struct rt_bound bound = {0};
    bool is_first_known = false;
    enum rt_lookup found = RT_UNKNOWN;
    if (it->world->bound)
        found = look_up_user(it, &bound, key_hash, &is_first_known);
    if (found == RT_ASKING)
        return USER_ASKED;
    if (found == RT_KNOWN)
        take_bound(it, user, &bound);
    user->is_settled = is_settled(it, user, is_first_known, &bound);
    return USER_FOUND;
}
