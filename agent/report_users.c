/* report_users.c — a user: his key and slot, and in each sticky pool who serves him. */
#include <string.h>
#include <strings.h>

#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/report.h"
#include "agent/store/store.h"
#include "routing/bindings.h"
#include "routing/derive.h"
#include "routing/reasons.h"
#include "routing/subscribers.h"

static bool begins(const char *text, const char *with)
{
    return strncasecmp(text, with, strlen(with)) == 0;
}

/* A URI is a public identity, and so is a number; anything else is a User-Name. */
static void read_key(struct rt_key *key, const struct conf *conf, const char *text)
{
    char uri[RT_KEY_MAX + 8];
    bool is_number = text[0] == '+';
    snprintf(uri, sizeof uri, "%s%s", is_number ? "tel:" : "", text);
    if (is_number || begins(uri, "sip:") || begins(uri, "sips:") || begins(uri, "tel:"))
        rt_key_public(key, dm_text(uri), &conf->tables.domains);
    else
        rt_key_private(key, dm_text(uri), dm_text(conf->realm));
    if (key->size && key->octets[0] == RT_KIND_PRIVATE)
        (void)rt_derive_public(key, &conf->tables.domains); /* where no rule does, it stays */
}

/* --- tables
 * --------------------------------------------------------------------------------------- */

static json_t *target_of(const struct conf *conf, const struct rt_target *target)
{
    const struct rt_pool *pool = &conf->tables.pools[target->pool];
    switch (target->kind) {
    case RT_TARGET_POOL:
        return report_name(pool->name);
    case RT_TARGET_GROUP:
        return report_made(json_sprintf("%s/%s", pool->name, pool->groups[target->number].name));
    case RT_TARGET_PEER:
        return report_name(conf->peers[target->number].identity);
    case RT_TARGET_NONE:
        break;
    }
    return json_null();
}

static json_t *tables_with(const struct conf *conf, const struct rt_key *key)
{
    json_t *list = report_made(json_array());
    for (uint32_t i = 0; i < conf->tables.subscriber_count; i++) {
        const struct rt_subscriber_table *table = &conf->tables.subscribers[i];
        struct rt_subscriber found;
        const char *how = NULL;
        if (!rt_subscribers_find(table->rows, key, &found, &how))
            continue;
        json_t *slot = found.user ? json_integer(found.slot) : json_null();
        json_array_append_new(
            list,
            report_made(json_pack("{s:o, s:s, s:o, s:o}", "table", report_name(table->name), "row",
                                  how, "target", target_of(conf, &found.target), "slot", slot)));
    }
    return list;
}

/* --- pools
 * ---------------------------------------------------------------------------------------- */

/* One pool, for one user, while his members are walked over. */
struct search {
    const struct agent *agent;
    const struct conf *conf;
    const struct rt_pool *pool;
    int group;  /* his: of a partitioned pool; -1: a mirrored one */
    int member; /* to whom he is bound, or -1 */
    json_t *order;
    const char *serves;
    const char *last_resort;
};

static void visit(struct search *search, uint32_t number)
{
    const struct rt_member *member = &search->pool->members[number];
    struct report_member seen = report_member_of(search->agent, search->conf, search->pool, member);
    const char *name = search->conf->peers[member->peer_number].identity;
    bool is_free = seen.is_available && strcmp(seen.state, "busy") != 0;
    if (!search->serves && is_free && !seen.is_last_resort)
        search->serves = name;
    if (!search->last_resort && is_free && seen.is_last_resort)
        search->last_resort = name;
    json_array_append_new(
        search->order,
        report_made(json_pack("{s:o, s:s}", "peer", report_name(name), "state", seen.state)));
}

/* Whom he is bound to goes first; in a partitioned pool nobody but the members of his group can
 * serve him. */
static void walk(struct search *search, uint16_t slot)
{
    uint8_t order[RT_MEMBERS_MAX];
    rt_pool_order(search->pool, slot, order);
    if (search->member >= 0)
        visit(search, (uint32_t)search->member);
    for (uint32_t i = 0; i < search->pool->count; i++) {
        const struct rt_member *member = &search->pool->members[order[i]];
        bool is_his = search->group < 0 || member->group == (uint32_t)search->group;
        if (is_his && order[i] != search->member)
            visit(search, order[i]);
    }
}

static int group_of(const struct rt_pool *pool, uint16_t slot, uint32_t target)
{
    uint8_t order[RT_MEMBERS_MAX];
    int learnt = target ? rt_pool_group_named(pool, target) : -1;
    if (learnt >= 0)
        return learnt;
    rt_pool_group_order(pool, slot, order);
    return order[0];
}

static const char *name_of_bound(const struct rt_pool *pool, const struct conf *conf,
                                 uint32_t target)
{
    int group = target && pool->is_partitioned ? rt_pool_group_named(pool, target) : -1;
    int member = target && !pool->is_partitioned ? rt_pool_member_named(pool, target) : -1;
    return group >= 0    ? pool->groups[group].name
           : member >= 0 ? conf->peers[pool->members[member].peer_number].identity
                         : NULL;
}

static json_t *serve_in(const struct agent *agent, const struct conf *conf,
                        const struct rt_pool *pool, const struct rt_bound *bound)
{
    bool is_bound = bound->target && !pool->is_partitioned;
    struct search search = {
        .agent = agent,
        .conf = conf,
        .pool = pool,
        .group = pool->is_partitioned ? group_of(pool, bound->slot, bound->target) : -1,
        .member = is_bound ? rt_pool_member_named(pool, bound->target) : -1,
        .order = report_made(json_array()),
    };
    walk(&search, bound->slot);
    const char *group = search.group >= 0 ? pool->groups[search.group].name : NULL;
    return report_made(json_pack(
        "{s:o, s:o, s:o, s:o, s:o}", "pool", report_name(pool->name), "group", report_name(group),
        "bound_to", report_name(name_of_bound(pool, conf, bound->target)), "serves",
        report_name(search.serves ? search.serves : search.last_resort), "order", search.order));
}

/* What answers have taught of this user; the slot is then that of his first identity. */
static struct rt_bound find_bound(const struct agent *agent, const struct rt_key *key,
                                  uint16_t slot)
{
    struct rt_bound bound = {0};
    if (agent->store)
        (void)rt_bindings_find(agent->store->table, rt_key_hash(key), clock_now(), &bound);
    if (!bound.has_slot)
        bound.slot = slot;
    return bound;
}

json_t *report_users(const struct agent *agent, const struct conf *conf, const char *text)
{
    struct rt_key key;
    if (strlen(text) > RT_KEY_MAX)
        return report_error("a user's key has at most %d octets", RT_KEY_MAX);
    read_key(&key, conf, text);
    if (key.size == 0)
        return report_error("nobody's key");
    uint16_t slot = rt_slot(&key, conf->tables.seed);
    struct rt_bound bound = find_bound(agent, &key, slot);
    json_t *pools = report_made(json_array());
    for (uint32_t i = 0; i < conf->tables.pool_count; i++)
        if (conf->tables.pools[i].select == RT_STICKY || conf->tables.pools[i].is_partitioned)
            json_array_append_new(pools, serve_in(agent, conf, &conf->tables.pools[i], &bound));
    return report_made(
        json_pack("{s:s, s:o, s:i, s:b, s:i, s:o, s:o}", "kind", rt_kind_name(key.octets[0]),
                  "user", report_made(json_string(rt_show_key(&key).text)), "slot", (int)slot,
                  "learnt", (int)bound.is_known, "slot_of_group", (int)bound.slot, "subscribers",
                  tables_with(conf, &key), "pools", pools));
}
