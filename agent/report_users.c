/* report_users.c — a user: his key and slot, and in each sticky pool who serves him. */
#include <string.h>
#include <strings.h>

#include "agent/agent.h"
#include "agent/report.h"
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

/* Who serves, as far as the walk over his members has come. */
struct search {
    const char *serves;
    const char *last_resort;
};

static json_t *place_of(struct search *search, const struct agent *agent, const struct conf *conf,
                        const struct rt_pool *pool, const struct rt_member *member)
{
    struct report_member seen = report_member_of(agent, conf, pool, member);
    const char *name = conf->peers[member->peer_number].identity;
    bool is_free = seen.is_available && strcmp(seen.state, "busy") != 0;
    if (!search->serves && is_free && !seen.is_last_resort)
        search->serves = name;
    if (!search->last_resort && is_free && seen.is_last_resort)
        search->last_resort = name;
    return report_made(json_pack("{s:o, s:s}", "peer", report_name(name), "state", seen.state));
}

/* His members in the order in which they are asked; in a partitioned pool those of his group. */
static json_t *order_in(const struct agent *agent, const struct conf *conf,
                        const struct rt_pool *pool, uint16_t slot)
{
    uint8_t order[RT_MEMBERS_MAX];
    uint8_t groups[RT_MEMBERS_MAX] = {0};
    struct search search = {0};
    json_t *list = report_made(json_array());
    rt_pool_order(pool, slot, order);
    if (pool->is_partitioned)
        rt_pool_group_order(pool, slot, groups);
    for (uint32_t i = 0; i < pool->count; i++) {
        const struct rt_member *member = &pool->members[order[i]];
        if (!pool->is_partitioned || member->group == groups[0])
            json_array_append_new(list, place_of(&search, agent, conf, pool, member));
    }
    const char *group = pool->is_partitioned ? pool->groups[groups[0]].name : NULL;
    return report_made(json_pack(
        "{s:o, s:o, s:o, s:o}", "pool", report_name(pool->name), "group", report_name(group),
        "serves", report_name(search.serves ? search.serves : search.last_resort), "order", list));
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
    json_t *pools = report_made(json_array());
    for (uint32_t i = 0; i < conf->tables.pool_count; i++)
        if (conf->tables.pools[i].select == RT_STICKY)
            json_array_append_new(pools, order_in(agent, conf, &conf->tables.pools[i], slot));
    return report_made(json_pack("{s:s, s:o, s:i, s:o, s:o}", "kind", rt_kind_name(key.octets[0]),
                                 "user", report_made(json_string(rt_show_key(&key).text)), "slot",
                                 (int)slot, "subscribers", tables_with(conf, &key), "pools",
                                 pools));
}
