/* routes.c — readers of the realm table. */
#include "agent/conf/key.h"
#include "agent/conf/suggest.h"
#include "proto/dict.h"

/* An application that could not be read: its complaint is enough. */
#define UNREADABLE UINT32_MAX

void conf_read_application(struct conf_reading *reading, const struct conf_key *key,
                           const struct conf_node *node, void *field)
{
    struct rt_route *route = conf_record_of(key, field);
    route->any_application = false;
    route->application = UNREADABLE;
    uint32_t id;
    if (!conf_find_application(reading, node, &id))
        return;
    if (id == UINT32_MAX)
        conf_complain(reading, node, "no request is of the application `relay`");
    route->application = id;
}

/* Names of commands are looked up in the route's application. */

static void complain_of_command(struct conf_reading *reading, const struct rt_route *route,
                                const struct conf_node *node)
{
    if (route->any_application)
        conf_complain(reading, node, "`%s`: a name wants an `application`; its code would do",
                      node->text);
    else if (route->application != UNREADABLE)
        conf_complain(reading, node, "`%s` is no command of application %u; its code would do",
                      node->text, route->application);
}

static void read_command(struct conf_reading *reading, const struct rt_route *route,
                         const struct conf_node *node, uint32_t *command)
{
    enum { CODE_MAX = 0xffffff }; /* RFC 6733 §3: 24 bits */
    const char *text = conf_scalar(reading, node);
    if (text == NULL)
        return;
    uint64_t code;
    if (!node->is_quoted && conf_parse_number(text, &code)) {
        if (code > CODE_MAX)
            conf_complain(reading, node, "`%s` is no command code: they have 24 bits", text);
        *command = (uint32_t)code;
        return;
    }
    uint32_t application = route->any_application ? 0 : route->application;
    const struct dm_command_info *known =
        dm_dict_command_named(application, dm_bytes_of(text, node->size));
    if (known == NULL)
        complain_of_command(reading, route, node);
    else
        *command = known->code;
}

void conf_read_commands(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *field)
{
    struct rt_route *route = conf_record_of(key, field);
    if (node->kind != CONF_LIST || node->count == 0) {
        conf_complain(reading, node, "a list of commands is wanted here; left out: any");
        return;
    }
    uint32_t *commands = conf_arena_new(reading->arena, node->count * sizeof *commands);
    struct conf_path inner = {reading->path, NULL, 0};
    reading->path = &inner;
    for (const struct conf_node *at = node->first; at; at = at->next, inner.index++)
        read_command(reading, route, at, &commands[inner.index]);
    reading->path = inner.up;
    route->commands = commands;
    route->command_count = (uint32_t)node->count;
}

void conf_read_route_pool(struct conf_reading *reading, const struct conf_key *key,
                          const struct conf_node *node, void *field)
{
    (void)key;
    const char *text = conf_scalar(reading, node);
    if (text == NULL)
        return;
    const struct conf_name *pool = conf_names_find(&reading->pools, text, node->size);
    const char *near = pool ? NULL : conf_suggest_name(&reading->pools, text);
    if (pool)
        *(uint32_t *)field = pool->number;
    else if (near)
        conf_complain(reading, node, "there is no pool `%s`; did you mean `%s`?", text, near);
    else
        conf_complain(reading, node, "there is no pool `%s`", text);
}

/* What an action needs, and what it has no use for. */

static void check_action(struct conf_reading *reading, const struct conf_node *node)
{
    const struct conf_node *action = conf_node_find(node, "action");
    bool proxies = action && conf_is_word(action, "proxy");
    bool relays = action && conf_is_word(action, "relay");
    bool rejects = action && conf_is_word(action, "reject");
    bool forwards = relays || proxies;
    bool redirects = action && conf_is_word(action, "redirect");
    bool has_pool = conf_node_find(node, "pool") != NULL;
    bool has_redirect = conf_node_find(node, "redirect") != NULL;
    bool has_result = conf_node_find(node, "result") != NULL;
    if (forwards && !has_pool)
        conf_complain_key(reading, node, "pool", "is missing: `action: %s` needs one",
                          action->text);
    if (rejects && has_pool)
        conf_complain_key(reading, node, "pool", "`action: reject` has no use for a pool");
    if (rejects && !has_result)
        conf_complain_key(reading, node, "result", "is missing: `action: reject` needs one");
    if (action && !forwards && conf_node_find(node, "subscribers"))
        conf_complain_key(reading, node, "subscribers", "`action: %s` has no use for subscribers",
                          action->kind == CONF_SCALAR ? action->text : "");
    if (forwards && has_result)
        conf_complain_key(reading, node, "result", "`action: %s` has no use for a result",
                          action->text);
    if (action && !proxies && conf_node_find(node, "policies"))
        conf_complain_key(reading, node, "policies", "only a route with `action: proxy` has any");
    if (redirects && !has_redirect)
        conf_complain_key(reading, node, "redirect", "is missing: `action: redirect` needs one");
    if (redirects && has_pool)
        conf_complain_key(reading, node, "pool", "`action: redirect` has no use for a pool");
    if (redirects && has_result)
        conf_complain_key(reading, node, "result", "`action: redirect` has no use for a result");
    if (action && !redirects && has_redirect)
        conf_complain_key(reading, node, "redirect", "is for `action: redirect` only");
}

/* A relay passes on what it is answered. sip-app.md §9.6. */
static void check_search(struct conf_reading *reading, const struct conf_node *node,
                         const struct rt_route *route)
{
    const struct rt_tables *tables = &reading->conf->tables;
    const struct conf_node *action = conf_node_find(node, "action");
    const struct conf_node *pool = conf_node_find(node, "pool");
    if (!action || !pool || !conf_is_word(action, "relay") || pool->kind != CONF_SCALAR ||
        !conf_names_find(&reading->pools, pool->text, pool->size))
        return;
    if (tables->pools[route->pool].searches)
        conf_complain_key(reading, node, "pool",
                          "`%s` searches for unknown users, which only `action: proxy` does",
                          pool->text);
}

static void read_route(struct conf_reading *reading, const struct conf_key *key,
                       const struct conf_node *node, void *element)
{
    (void)key;
    struct rt_route *route = element;
    route->number = (uint32_t)reading->path->index;
    route->any_application = true;
    route->subscribers = -1;
    conf_read_map(reading, node, CONF_ROUTE, route);
    if (node->kind == CONF_MAP) {
        check_action(reading, node);
        check_search(reading, node, route);
    }
    conf_add_name(reading, node, &reading->routes, route->name);
}

void conf_read_routes(struct conf_reading *reading, const struct conf_key *key,
                      const struct conf_node *node, void *field)
{
    struct rt_tables *tables = field;
    size_t count = conf_list_count(node);
    conf_names_init(&reading->routes, (uint32_t)count, reading->scratch);
    tables->routes = conf_read_list(reading, key, node, sizeof *tables->routes, read_route);
    tables->route_count = (uint32_t)count;
}
