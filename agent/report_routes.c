/* report_routes.c — routes, and how their requests have ended. */
#include "agent/agent.h"
#include "agent/report.h"
#include "proto/dict.h"
#include "routing/policy.h"

static const char *const actions[] = {"relay", "proxy", "redirect", "reject"};

static const char *const outcomes[] = {
#define ROUTE_OUTCOME(field, outcome) outcome,
#include "agent/stats.def"
};

static const char *const local_results[] = {
#define LOCAL_RESULT(code) #code,
#include "agent/stats.def"
    "other",
};

static void put(json_t *json, const char *name, json_t *value)
{
    json_object_set_new(json, name, report_made(value));
}

/* --- what it takes
 * -------------------------------------------------------------------------------- */

static json_t *pattern(dm_bytes pattern)
{
    return pattern.size ? report_text(pattern) : json_null();
}

static json_t *commands_of(const struct rt_route *route)
{
    if (!route->command_count)
        return json_null();
    json_t *list = report_made(json_array());
    for (uint32_t i = 0; i < route->command_count; i++) {
        const struct dm_command_info *known =
            dm_dict_command(route->application, route->commands[i]);
        json_array_append_new(list, report_made(known ? json_string(known->request)
                                                      : json_integer(route->commands[i])));
    }
    return list;
}

static void put_matches(json_t *json, const struct rt_route *route)
{
    put(json, "realm", report_text(route->realm));
    put(json, "application",
        route->any_application ? json_null() : report_application(route->application));
    put(json, "commands", commands_of(route));
    put(json, "origin_host", pattern(route->origin_host));
    put(json, "origin_realm", pattern(route->origin_realm));
}

/* What a redirect names, and for how long. */
static json_t *redirect_of(const struct rt_route *route)
{
    static const char *const usages[RT_USAGES] = {
        "DONT_CACHE",      "ALL_SESSION", "ALL_REALM", "REALM_AND_APPLICATION",
        "ALL_APPLICATION", "ALL_HOST",    "ALL_USER"};
    const struct rt_redirect_rule *rule = &route->redirect;
    if (route->action != RT_REDIRECT)
        return json_null();
    json_t *hosts = report_made(json_array());
    for (uint32_t i = 0; i < rule->to_count; i++)
        json_array_append_new(hosts, report_text(rule->to[i]));
    return report_made(json_pack("{s:o, s:s, s:o}", "to", hosts, "usage", usages[rule->usage],
                                 "cache_s", report_seconds(rule->cache)));
}

static json_t *policies_of(const struct rt_route *route)
{
    json_t *names = report_made(json_array());
    for (size_t i = 0; route->policies && i < route->policies->count; i++)
        json_array_append_new(names, report_name(route->policies->policies[i]->name));
    return names;
}

static const char *table_of(const struct conf *conf, const struct rt_route *route)
{
    int32_t number =
        route->action == RT_REDIRECT ? route->redirect.subscribers : route->subscribers;
    return number < 0 ? NULL : conf->tables.subscribers[number].name;
}

static void put_action(json_t *json, const struct conf *conf, const struct rt_route *route)
{
    bool forwards = route->action == RT_RELAY || route->action == RT_PROXY;
    put(json, "action", json_string(actions[route->action]));
    put(json, "pool", forwards ? report_name(conf->tables.pools[route->pool].name) : json_null());
    put(json, "subscribers", report_name(table_of(conf, route)));
    put(json, "policies", policies_of(route));
    put(json, "redirect", redirect_of(route));
    put(json, "result", route->action == RT_REJECT ? json_integer(route->result) : json_null());
}

/* --- what became of it
 * ---------------------------------------------------------------------------- */

static uint64_t sum_of(const struct agent *agent, int32_t number, size_t field)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < agent->worker_count; i++) {
        const char *route = (const char *)stats_route_at(&agent->workers[i]->stats, number);
        sum += stats_read((const stats_counter *)(const void *)(route + field));
    }
    return sum;
}

static void put_counters(json_t *json, const struct agent *agent, int32_t number)
{
    json_t *requests = report_made(json_object());
    json_t *local = report_made(json_object());
    for (size_t i = 0; i < STATS_OUTCOMES; i++) {
        size_t field = offsetof(struct stats_route, outcome) + i * sizeof(stats_counter);
        put(requests, outcomes[i], json_integer((json_int_t)sum_of(agent, number, field)));
    }
    for (size_t i = 0; i < STATS_LOCALS; i++) {
        size_t field = offsetof(struct stats_route, local) + i * sizeof(stats_counter);
        uint64_t count = sum_of(agent, number, field);
        if (count)
            put(local, local_results[i], json_integer((json_int_t)count));
    }
    put(json, "requests", requests);
    put(json, "local_answers", local);
}

static json_t *route_of(const struct agent *agent, const struct conf *conf,
                        const struct rt_route *route)
{
    json_t *json = report_made(json_pack("{s:o}", "name", report_name(route->name)));
    put_matches(json, route);
    put_action(json, conf, route);
    put_counters(json, agent, (int32_t)route->number);
    return json;
}

/* Requests for which no route was chosen. */
static json_t *no_route(const struct agent *agent)
{
    json_t *json = report_made(json_pack("{s:s}", "name", "-"));
    put_counters(json, agent, -1);
    return json;
}

json_t *report_routes(const struct agent *agent, const struct conf *conf)
{
    json_t *list = report_made(json_array());
    for (uint32_t i = 0; i < conf->tables.route_count; i++)
        json_array_append_new(list, route_of(agent, conf, &conf->tables.routes[i]));
    json_array_append_new(list, no_route(agent));
    return report_made(json_pack("{s:o}", "routes", list));
}
