/* schema_maps.c — shapes that are maps or lists of them, with what one key asks of the others. */
#include "agent/conf/schema_shape.h"

enum { LISTENERS_MAX = 64, DERIVE_MAX = 64 };

static json_t *map(const struct schema_asked *asked)
{
    return schema_of_map(asked->shape->map, asked->for_one);
}

static json_t *map_for_one(const struct schema_asked *asked)
{
    return schema_of_map(asked->shape->map, true);
}

static json_t *map_or_none(const struct schema_asked *asked)
{
    return schema_any_of(schema_word("none"), map(asked));
}

static json_t *maps(const struct schema_asked *asked)
{
    return schema_list(map(asked), asked->shape->least, asked->shape->most);
}

/* A map of which more is said in JSON. */
static json_t *ruled(const struct schema_asked *asked, const char *word, const char *rules)
{
    json_t *json = map(asked);
    json_object_set_new(json, word, schema_made(json_loads(rules, 0, NULL)));
    return json;
}

static json_t *redirect(const struct schema_asked *asked)
{
    return ruled(asked, "oneOf", "[{\"required\": [\"to\"]}, {\"required\": [\"subscribers\"]}]");
}

/* What an action needs, and what it has no use for: the rules of routes.c. */
static const char rules_of_actions[] =
    "[{\"if\": {\"properties\": {\"action\": {\"const\": \"relay\"}}},"
    "  \"then\": {\"required\": [\"pool\"], \"properties\": {\"result\": false,"
    "                                                   \"policies\": false}}},"
    " {\"if\": {\"properties\": {\"action\": {\"const\": \"proxy\"}}},"
    "  \"then\": {\"required\": [\"pool\"], \"properties\": {\"result\": false}}},"
    " {\"if\": {\"properties\": {\"action\": {\"const\": \"reject\"}}},"
    "  \"then\": {\"required\": [\"result\"], \"properties\": {\"pool\": false,"
    "                          \"policies\": false, \"subscribers\": false}}},"
    " {\"if\": {\"properties\": {\"action\": {\"const\": \"redirect\"}}},"
    "  \"then\": {\"required\": [\"redirect\"], \"properties\": {\"pool\": false,"
    "                          \"result\": false, \"policies\": false, \"subscribers\": false}},"
    "  \"else\": {\"properties\": {\"redirect\": false}}}]";

static json_t *routes(const struct schema_asked *asked)
{
    return schema_list(ruled(asked, "allOf", rules_of_actions), 0, 0);
}

static json_t *conditions(const struct schema_asked *asked)
{
    static const char rules[] = "[{\"required\": [\"present\"]}, {\"required\": [\"matches\"]},"
                                " {\"required\": [\"not\"]}]";
    return schema_list(ruled(asked, "oneOf", rules), 0, 0);
}

/* Which keys go with which action: the table of policy_action.c. */
static const char rules_of_changes[] =
    "[{\"required\": [\"set\", \"to\"], \"properties\": {\"matches\": false, \"by\": false,"
    "  \"message\": false}},"
    " {\"required\": [\"add\", \"to\"], \"properties\": {\"matches\": false, \"by\": false,"
    "  \"message\": false}},"
    " {\"required\": [\"remove\"], \"maxProperties\": 1},"
    " {\"required\": [\"replace\", \"matches\", \"by\"], \"properties\": {\"to\": false,"
    "  \"mandatory\": false, \"message\": false}},"
    " {\"required\": [\"reject\"], \"properties\": {\"to\": false, \"type\": false,"
    "  \"mandatory\": false, \"matches\": false, \"by\": false}}]";

static json_t *changes(const struct schema_asked *asked)
{
    return schema_list(ruled(asked, "oneOf", rules_of_changes), 1, 0);
}

#define MAP(reader, make, name)                                                                    \
    {                                                                                              \
        conf_read_##reader, make, CONF_##name, 0, 0                                                \
    }
#define MAPS(reader, name, least, most)                                                            \
    {                                                                                              \
        conf_read_##reader, maps, CONF_##name, least, most                                         \
    }

const struct conf_shape conf_map_shapes[] = {
    MAP(tls, map, TLS_MAP),
    MAP(sctp, map, SCTP_MAP),
    MAP(rto, map, RTO),
    MAP(dns, map, DNS),
    MAPS(listen, LISTENER, 1, LISTENERS_MAX),
    MAP(timers, map, TIMERS),
    MAP(reconnect, map, RECONNECT),
    MAP(limits, map, LIMITS),
    MAP(admin, map, ADMIN),
    MAP(http, map_or_none, HTTP),
    MAP(log, map, LOG),
    MAP(compatibility, map, COMPATIBILITY),
    MAP(users, map, USERS),
    MAP(bindings, map, BINDINGS),
    MAPS(derive, DERIVE, 0, DERIVE_MAX),
    MAPS(peers, PEER, 0, 0),
    MAP(connect, map, CONNECT),
    MAP(peer_timers, map_for_one, TIMERS),
    MAP(peer_limits, map_for_one, LIMITS),
    MAP(peer_compatibility, map_for_one, COMPATIBILITY),
    MAP(screen, map, SCREEN),
    MAP(rate, map, RATE),
    MAPS(pools, POOL, 0, 0),
    MAP(retry, map, RETRY),
    MAPS(members, MEMBER, 1, RT_MEMBERS_MAX),
    MAPS(subscribers, SUBSCRIBERS, 0, 0),
    MAP(redirects, map, REDIRECTS),
    MAP(redirect, redirect, REDIRECT),
    MAP(routes, routes, ROUTE),
    MAPS(policies, POLICY, 0, 0),
    MAP(when, conditions, CONDITION),
    MAP(do, changes, ACTION),
};
const size_t conf_map_shape_count = sizeof conf_map_shapes / sizeof *conf_map_shapes;
