/* reasons_routes.c — which routes of a realm were passed over, and why.
 *
 * The table finds the route that wins without a look at the others (table.c); whoever asks for
 * reasons has time for a walk. Never on the data path. */
#include "routing/reasons.h"

#include <string.h>

enum { LINES_MAX = 16 };

static bool is_any(dm_bytes pattern)
{
    return pattern.size == 0 || (pattern.size == 1 && pattern.at[0] == '*');
}

/* As names.c has it: "*.example.net" is any name below. */
static bool fits(dm_bytes pattern, dm_bytes name)
{
    if (is_any(pattern))
        return true;
    if (pattern.at[0] != '*')
        return dm_identity_equal(pattern, name);
    size_t size = pattern.size - 1;
    return name.size > size && dm_identity_equal(dm_bytes_of(pattern.at + 1, size),
                                                 dm_bytes_of(name.at + name.size - size, size));
}

static bool takes_application(const struct rt_route *route, const struct rt_query *query)
{
    return route->any_application || route->application == query->header.application;
}

static bool takes_command(const struct rt_route *route, const struct rt_query *query)
{
    for (uint32_t i = 0; i < route->command_count; i++)
        if (route->commands[i] == query->header.command)
            return true;
    return route->command_count == 0;
}

/* Did the realm of the request lead to this route at all? Where "*" or none took the request, those
 * of its realm did not. Another application than that of the route which takes it needs no word. */
static bool was_asked(const struct rt_route *route, const struct rt_query *query,
                      const struct rt_route *taken)
{
    if (taken && !takes_application(route, query))
        return false;
    if (taken && !is_any(taken->realm))
        return dm_bytes_equal(route->realm, taken->realm);
    return fits(route->realm, query->destination_realm);
}

/* False: it takes the request as far as it goes, and comes behind another. */
static bool say_objection(struct rt_reasons *reasons, const struct rt_route *route,
                          const struct rt_query *query)
{
    if (!takes_application(route, query))
        rt_say(reasons, "not route %s: it is for another application", route->name);
    else if (!takes_command(route, query))
        rt_say(reasons, "not route %s: the command is not listed", route->name);
    else if (!fits(route->origin_host, query->origin_host))
        rt_say(reasons, "not route %s: Origin-Host is not %s", route->name,
               rt_show(route->origin_host).text);
    else if (!fits(route->origin_realm, query->origin_realm))
        rt_say(reasons, "not route %s: Origin-Realm is not %s", route->name,
               rt_show(route->origin_realm).text);
    else
        return false;
    return true;
}

void rt_say_passed_over(struct rt_reasons *reasons, const struct rt_tables *tables,
                        const struct rt_query *query, const struct rt_route *taken)
{
    unsigned lines = 0;
    for (uint32_t i = 0; i < tables->route_count && lines < LINES_MAX; i++)
        if (was_asked(&tables->routes[i], query, taken))
            lines += say_objection(reasons, &tables->routes[i], query);
    if (lines == LINES_MAX)
        rt_say(reasons, "further routes are not listed");
}
