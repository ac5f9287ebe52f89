/* advertise.c — what the routes leave of the applications that are to be advertised.
 *
 * An agent that relays or redirects serves any application, and says so. One that only proxies
 * serves those of its routes; the relay application is none of them. RFC 6733 §2.8.2. */
#include "agent/conf/advertise.h"

struct serving {
    const struct rt_tables *tables;
    bool any;     /* the relay application, too */
    bool proxies; /* only what routes name, unless one is for any */
};

static struct serving serving_of(const struct rt_tables *tables)
{
    struct serving serving = {.tables = tables};
    for (uint32_t i = 0; i < tables->route_count; i++) {
        enum rt_action action = tables->routes[i].action;
        serving.any |= action == RT_RELAY || action == RT_REDIRECT;
        serving.proxies |= action == RT_PROXY;
    }
    return serving;
}

static bool is_proxied(const struct rt_tables *tables, uint32_t application)
{
    for (uint32_t i = 0; i < tables->route_count; i++) {
        const struct rt_route *route = &tables->routes[i];
        if (route->action == RT_PROXY &&
            (route->any_application || route->application == application))
            return true;
    }
    return false;
}

static void drop_unserved(const struct serving *serving, struct dm_applications *set)
{
    uint16_t kept = 0;
    for (size_t i = 0; i < set->count; i++)
        if (is_proxied(serving->tables, set->id[i]))
            set->id[kept++] = set->id[i];
    set->count = kept;
}

/* `map` is the one that may hold `advertise`, at the present path. */
static void settle(struct conf_reading *reading, const struct conf_node *map,
                   const struct serving *serving, struct dm_applications *set)
{
    set->relay = false;
    if (serving->proxies)
        drop_unserved(serving, set);
    if (set->count > 0)
        return;
    if (conf_node_find(map, "advertise"))
        conf_complain_key(reading, map, "advertise", "nothing is left: no route %s",
                          serving->proxies ? "is for any of them" : "relays or redirects");
    else if (serving->proxies && reading->path == NULL)
        conf_complain_key(reading, map, "advertise",
                          "is missing: the routes are for other applications than sip, cx and sh");
}

void conf_settle_advertised(struct conf_reading *reading, const struct conf_node *root)
{
    struct conf *conf = reading->conf;
    struct serving serving = serving_of(&conf->tables);
    if (serving.any)
        return;
    settle(reading, root, &serving, &conf->advertise);
    const struct conf_node *peers = conf_node_find(root, "peers");
    const struct conf_node *node = peers ? peers->first : NULL;
    struct conf_path list = {NULL, "peers", 0};
    struct conf_path element = {&list, NULL, 0};
    reading->path = &element;
    for (; node && element.index < conf->peer_count; element.index++, node = node->next)
        settle(reading, node, &serving, &conf->peers[element.index].advertise);
    reading->path = NULL;
}
