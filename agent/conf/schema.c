/* schema.c — keys.def as a JSON Schema, for editors.
 *
 * A row's reader says what its value looks like: shapes[] has one line for each. What the schema
 * cannot say (names that must be defined elsewhere, the range of a duration) `antipode check` does.
 */
#include "agent/conf/schema.h"

#include <stdlib.h>
#include <string.h>

#include "agent/conf/key.h"
#include "proto/dict.h"

#define LABELS   "[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)*"
#define IDENTITY "^" LABELS "$"
#define PATTERN  "^([*]|([*][.])?" LABELS ")$"

enum { NAME_MAX_SIZE = 255, COMMAND_MAX = 0xffffff, LISTENERS_MAX = 64 };

/* `for_one`: within a peer nothing has a default, since it inherits the program's, and what only
 * the program has is not there. */
static json_t *schema_of_map(enum conf_map map, bool for_one);

/* json_pack with what is built here only: it never fails. */
static json_t *made(json_t *json)
{
    if (json == NULL)
        abort();
    return json;
}

/* --- values --- */

static json_t *text_of_pattern(const char *pattern)
{
    return made(json_pack("{s:s, s:s, s:i}", "type", "string", "pattern", pattern, "maxLength",
                          NAME_MAX_SIZE));
}

static json_t *integer(uint64_t least, uint64_t most)
{
    return made(json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)least,
                          "maximum", (json_int_t)most));
}

static json_t *any_of(json_t *first, json_t *second)
{
    return made(json_pack("{s:[o, o]}", "anyOf", first, second));
}

static json_t *word(const char *text)
{
    return made(json_pack("{s:s}", "const", text));
}

static json_t *list(json_t *items, int least, int most)
{
    json_t *json =
        made(json_pack("{s:s, s:o, s:i}", "type", "array", "items", items, "minItems", least));
    if (most)
        json_object_set_new(json, "maxItems", json_integer(most));
    return json;
}

static uint64_t size_of(const char *text)
{
    uint64_t size = 0;
    if (!conf_parse_size(text, &size))
        abort();
    return size;
}

/* The words that are built. */
static json_t *words_of(const struct conf_key *key)
{
    json_t *words = json_array();
    for (const char *at = key->words; *at;) {
        size_t size = strcspn(at, "|");
        if (*at != '*')
            json_array_append_new(words, json_stringn(at, size));
        at += size + (at[size] == '|');
    }
    return made(json_pack("{s:o}", "enum", words));
}

static json_t *applications(bool with_relay)
{
    json_t *names = json_array();
#define APPLICATION(id, name, title, vendor, accounting)                                           \
    if (with_relay || (id) != DM_APPLICATION_RELAY)                                                \
        json_array_append_new(names, json_string(name));
#include "proto/applications.def"
#undef APPLICATION
    return any_of(made(json_pack("{s:o}", "enum", names)), integer(0, UINT32_MAX - !with_relay));
}

/* --- a shape for each reader --- */

typedef json_t *shape(const struct conf_key *key, bool for_one);

static json_t *shape_version(const struct conf_key *key, bool for_one)
{
    (void)key;
    (void)for_one;
    return made(json_pack("{s:i}", "const", 1));
}

static json_t *shape_text(const struct conf_key *key, bool for_one)
{
    (void)key;
    (void)for_one;
    return made(
        json_pack("{s:s, s:i, s:i}", "type", "string", "minLength", 1, "maxLength", NAME_MAX_SIZE));
}

static json_t *shape_identity(const struct conf_key *key, bool for_one)
{
    (void)key;
    (void)for_one;
    return text_of_pattern(IDENTITY);
}

static json_t *shape_pattern(const struct conf_key *key, bool for_one)
{
    (void)key;
    (void)for_one;
    return text_of_pattern(PATTERN);
}

static json_t *shape_number(const struct conf_key *key, bool for_one)
{
    (void)for_one;
    return integer(size_of(key->least), size_of(key->most));
}

static json_t *shape_workers(const struct conf_key *key, bool for_one)
{
    return any_of(word("auto"), shape_number(key, for_one));
}

static json_t *shape_duration(const struct conf_key *key, bool for_one)
{
    (void)for_one;
    return made(json_pack("{s:s, s:s, s:o}", "type", "string", "pattern", "^[0-9]+(ms|s|m|h|d)$",
                          "description", json_sprintf("%s to %s", key->least, key->most)));
}

static json_t *shape_size(const struct conf_key *key, bool for_one)
{
    json_t *text =
        made(json_pack("{s:s, s:s}", "type", "string", "pattern", "^[0-9]+(KiB|MiB|GiB)$"));
    json_t *json = any_of(shape_number(key, for_one), text);
    json_object_set_new(json, "description", json_sprintf("%s to %s", key->least, key->most));
    return json;
}

static json_t *shape_words(const struct conf_key *key, bool for_one)
{
    (void)for_one;
    return words_of(key);
}

static json_t *shape_boolean(const struct conf_key *key, bool for_one)
{
    (void)key;
    (void)for_one;
    return made(json_pack("{s:s}", "type", "boolean"));
}

static json_t *shape_address(const struct conf_key *key, bool for_one)
{
    (void)key;
    (void)for_one;
    return made(json_pack("{s:s, s:[{s:s}, {s:s}]}", "type", "string", "anyOf", "format", "ipv4",
                          "format", "ipv6"));
}

static json_t *shape_networks(const struct conf_key *key, bool for_one)
{
    (void)key;
    (void)for_one;
    return list(text_of_pattern("^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$"), 1, 0);
}

static json_t *shape_transports(const struct conf_key *key, bool for_one)
{
    (void)for_one;
    return list(words_of(key), 1, 0);
}

static json_t *shape_applications(const struct conf_key *key, bool for_one)
{
    (void)key;
    (void)for_one;
    return list(applications(true), 1, DM_APPLICATIONS_MAX);
}

static json_t *shape_application(const struct conf_key *key, bool for_one)
{
    (void)key;
    (void)for_one;
    return applications(false);
}

static json_t *shape_commands(const struct conf_key *key, bool for_one)
{
    (void)key;
    (void)for_one;
    return list(any_of(text_of_pattern("^[A-Z]+$"), integer(0, COMMAND_MAX)), 1, 0);
}

static json_t *shape_results(const struct conf_key *key, bool for_one)
{
    return list(any_of(word("timeout"), shape_number(key, for_one)), 0, RT_RETRY_RESULTS_MAX);
}

static json_t *shape_domains(const struct conf_key *key, bool for_one)
{
    return list(shape_identity(key, for_one), 0, 0);
}

static json_t *shape_socket(const struct conf_key *key, bool for_one)
{
    (void)key;
    (void)for_one;
    return any_of(word("none"), text_of_pattern("^/.+$"));
}

/* --- shapes that are maps, or lists of them --- */

static json_t *shape_reconnect(const struct conf_key *key, bool for_one)
{
    (void)key;
    return schema_of_map(CONF_RECONNECT, for_one);
}

static json_t *shape_timers(const struct conf_key *key, bool for_one)
{
    (void)key;
    return schema_of_map(CONF_TIMERS, for_one);
}

static json_t *shape_limits(const struct conf_key *key, bool for_one)
{
    (void)key;
    return schema_of_map(CONF_LIMITS, for_one);
}

static json_t *shape_compatibility(const struct conf_key *key, bool for_one)
{
    (void)key;
    return schema_of_map(CONF_COMPATIBILITY, for_one);
}

static json_t *shape_peer_timers(const struct conf_key *key, bool for_one)
{
    (void)for_one;
    return shape_timers(key, true);
}

static json_t *shape_peer_limits(const struct conf_key *key, bool for_one)
{
    (void)for_one;
    return shape_limits(key, true);
}

static json_t *shape_peer_compatibility(const struct conf_key *key, bool for_one)
{
    (void)for_one;
    return shape_compatibility(key, true);
}

static json_t *shape_admin(const struct conf_key *key, bool for_one)
{
    (void)key;
    return schema_of_map(CONF_ADMIN, for_one);
}

static json_t *shape_http(const struct conf_key *key, bool for_one)
{
    (void)key;
    return any_of(word("none"), schema_of_map(CONF_HTTP, for_one));
}

static json_t *shape_log(const struct conf_key *key, bool for_one)
{
    (void)key;
    return schema_of_map(CONF_LOG, for_one);
}

static json_t *shape_bindings(const struct conf_key *key, bool for_one)
{
    (void)key;
    return schema_of_map(CONF_BINDINGS, for_one);
}

static json_t *shape_users(const struct conf_key *key, bool for_one)
{
    (void)key;
    return schema_of_map(CONF_USERS, for_one);
}

static json_t *shape_connect(const struct conf_key *key, bool for_one)
{
    (void)key;
    return schema_of_map(CONF_CONNECT, for_one);
}

static json_t *shape_admitted(const struct conf_key *key, bool for_one)
{
    (void)key;
    (void)for_one;
    return list(applications(false), 1, DM_APPLICATIONS_MAX);
}

static json_t *shape_screen(const struct conf_key *key, bool for_one)
{
    (void)key;
    return schema_of_map(CONF_SCREEN, for_one);
}

static json_t *shape_rate(const struct conf_key *key, bool for_one)
{
    (void)key;
    return schema_of_map(CONF_RATE, for_one);
}

static json_t *shape_origin_realms(const struct conf_key *key, bool for_one)
{
    (void)key;
    (void)for_one;
    return list(text_of_pattern(PATTERN), 1, 0);
}

static json_t *shape_retry(const struct conf_key *key, bool for_one)
{
    (void)key;
    return schema_of_map(CONF_RETRY, for_one);
}

static json_t *shape_listen(const struct conf_key *key, bool for_one)
{
    (void)key;
    return list(schema_of_map(CONF_LISTENER, for_one), 1, LISTENERS_MAX);
}

static json_t *shape_peers(const struct conf_key *key, bool for_one)
{
    (void)key;
    return list(schema_of_map(CONF_PEER, for_one), 0, 0);
}

static json_t *shape_derive(const struct conf_key *key, bool for_one)
{
    (void)key;
    return list(schema_of_map(CONF_DERIVE, for_one), 0, 64);
}

static json_t *shape_public_name(const struct conf_key *key, bool for_one)
{
    (void)key;
    (void)for_one;
    return text_of_pattern("^(sips?|tel):.+$");
}

static json_t *shape_subscribers(const struct conf_key *key, bool for_one)
{
    (void)key;
    return list(schema_of_map(CONF_SUBSCRIBERS, for_one), 0, 0);
}

static json_t *shape_pools(const struct conf_key *key, bool for_one)
{
    (void)key;
    return list(schema_of_map(CONF_POOL, for_one), 0, 0);
}

static json_t *shape_members(const struct conf_key *key, bool for_one)
{
    (void)key;
    return list(schema_of_map(CONF_MEMBER, for_one), 1, RT_MEMBERS_MAX);
}

static json_t *shape_redirects(const struct conf_key *key, bool for_one)
{
    (void)key;
    return schema_of_map(CONF_REDIRECTS, for_one);
}

static json_t *shape_nodes(const struct conf_key *key, bool for_one)
{
    return list(shape_text(key, for_one), 1, 32);
}

static json_t *shape_redirect_hosts(const struct conf_key *key, bool for_one)
{
    return list(shape_pattern(key, for_one), 0, 64);
}

static json_t *shape_realm_redirect(const struct conf_key *key, bool for_one)
{
    return list(shape_application(key, for_one), 0, 16);
}

static json_t *shape_uris(const struct conf_key *key, bool for_one)
{
    (void)key;
    (void)for_one;
    return list(text_of_pattern("^([Aa]{3}[Ss]?://)?" LABELS "(:[0-9]+)?(;[a-z]+=[a-z]+)*$"), 1,
                RT_REDIRECT_HOSTS_MAX);
}

static json_t *shape_redirect(const struct conf_key *key, bool for_one)
{
    (void)key;
    json_t *json = schema_of_map(CONF_REDIRECT, for_one);
    static const char either[] = "[{\"required\": [\"to\"]}, {\"required\": [\"subscribers\"]}]";
    json_object_set_new(json, "oneOf", made(json_loads(either, 0, NULL)));
    return json;
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

static json_t *shape_avp(const struct conf_key *key, bool for_one)
{
    (void)key;
    (void)for_one;
    return made(json_pack("{s:s, s:i}", "type", "string", "minLength", 1));
}

/* A value of an AVP: text, or a number without quotes. */
static json_t *shape_value(const struct conf_key *key, bool for_one)
{
    (void)key;
    (void)for_one;
    return made(json_pack("{s:[s, s, s]}", "type", "string", "number", "boolean"));
}

static json_t *shape_expression(const struct conf_key *key, bool for_one)
{
    (void)key;
    (void)for_one;
    return made(json_pack("{s:s, s:s}", "type", "string", "pattern", "^/.*/$"));
}

/* A Result-Code, or "VENDOR:CODE". */
static json_t *shape_reject(const struct conf_key *key, bool for_one)
{
    return any_of(shape_number(key, for_one), text_of_pattern("^[0-9]+:[3-5][0-9]{3}$"));
}

static json_t *shape_when(const struct conf_key *key, bool for_one)
{
    (void)key;
    json_t *condition = schema_of_map(CONF_CONDITION, for_one);
    json_object_set_new(condition, "oneOf",
                        made(json_pack("[{s:[s]}, {s:[s]}, {s:[s]}]", "required", "present",
                                       "required", "matches", "required", "not")));
    return list(condition, 0, 0);
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

static json_t *shape_do(const struct conf_key *key, bool for_one)
{
    (void)key;
    json_t *action = schema_of_map(CONF_ACTION, for_one);
    json_object_set_new(action, "oneOf", made(json_loads(rules_of_changes, 0, NULL)));
    return list(action, 1, 0);
}

static json_t *shape_policies(const struct conf_key *key, bool for_one)
{
    (void)key;
    return list(schema_of_map(CONF_POLICY, for_one), 0, 0);
}

static json_t *shape_route_policies(const struct conf_key *key, bool for_one)
{
    return list(shape_text(key, for_one), 0, 0);
}

static json_t *shape_routes(const struct conf_key *key, bool for_one)
{
    (void)key;
    json_t *route = schema_of_map(CONF_ROUTE, for_one);
    json_object_set_new(route, "allOf", made(json_loads(rules_of_actions, 0, NULL)));
    return list(route, 0, 0);
}

static const struct {
    conf_read *reader;
    shape *shape;
} shapes[] = {
    {conf_read_version, shape_version},
    {conf_read_identity, shape_identity},
    {conf_read_workers, shape_workers},
    {conf_read_choice, shape_words},
    {conf_read_word, shape_words},
    {conf_read_built, shape_words},
    {conf_read_applications, shape_applications},
    {conf_read_listen, shape_listen},
    {conf_read_timers, shape_timers},
    {conf_read_limits, shape_limits},
    {conf_read_admin, shape_admin},
    {conf_read_log, shape_log},
    {conf_read_compatibility, shape_compatibility},
    {conf_read_users, shape_users},
    {conf_read_bindings, shape_bindings},
    {conf_read_peers, shape_peers},
    {conf_read_pools, shape_pools},
    {conf_read_routes, shape_routes},
    {conf_read_address, shape_address},
    {conf_read_number, shape_number},
    {conf_read_duration, shape_duration},
    {conf_read_reconnect, shape_reconnect},
    {conf_read_size, shape_size},
    {conf_read_size32, shape_size},
    {conf_read_http, shape_http},
    {conf_read_socket, shape_socket},
    {conf_read_boolean, shape_boolean},
    {conf_read_pattern, shape_pattern},
    {conf_read_match, shape_pattern},
    {conf_read_connect, shape_connect},
    {conf_read_networks, shape_networks},
    {conf_read_peer_timers, shape_peer_timers},
    {conf_read_peer_limits, shape_peer_limits},
    {conf_read_peer_compatibility, shape_peer_compatibility},
    {conf_read_transports, shape_transports},
    {conf_read_admitted, shape_admitted},
    {conf_read_screened, shape_admitted},
    {conf_read_screen, shape_screen},
    {conf_read_rate, shape_rate},
    {conf_read_origin_realms, shape_origin_realms},
    {conf_read_screened_commands, shape_commands},
    {conf_read_group, shape_text},
    {conf_read_text, shape_text},
    {conf_read_retry, shape_retry},
    {conf_read_members, shape_members},
    {conf_read_results, shape_results},
    {conf_read_member_peer, shape_identity},
    {conf_read_domains, shape_domains},
    {conf_read_hash_seed, shape_text},
    {conf_read_application, shape_application},
    {conf_read_commands, shape_commands},
    {conf_read_route_pool, shape_text},
    {conf_read_derive, shape_derive},
    {conf_read_private_name, shape_text},
    {conf_read_public_name, shape_public_name},
    {conf_read_subscribers, shape_subscribers},
    {conf_read_table_file, shape_text},
    {conf_read_table_name, shape_text},
    {conf_read_policies, shape_policies},
    {conf_read_route_policies, shape_route_policies},
    {conf_read_when, shape_when},
    {conf_read_do, shape_do},
    {conf_read_avp, shape_avp},
    {conf_read_present, shape_boolean},
    {conf_read_matching, shape_text},
    {conf_read_target, shape_avp},
    {conf_read_reject, shape_reject},
    {conf_read_avp_type, shape_words},
    {conf_read_mandatory, shape_boolean},
    {conf_read_to, shape_value},
    {conf_read_expression, shape_expression},
    {conf_read_by, shape_value},
    {conf_read_redirects, shape_redirects},
    {conf_read_redirect_hosts, shape_redirect_hosts},
    {conf_read_nodes, shape_nodes},
    {conf_read_password_file, shape_text},
    {conf_read_realm_redirect, shape_realm_redirect},
    {conf_read_uris, shape_uris},
    {conf_read_redirect, shape_redirect},
};

/* Of a reader without a line above, anything; a test finds that. */
static json_t *shape_unknown(const struct conf_key *key, bool for_one)
{
    (void)key;
    (void)for_one;
    return json_object();
}

static shape *shape_of(const struct conf_key *key)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (shapes[i].reader == key->read)
            return shapes[i].shape;
    return shape_unknown;
}

/* --- defaults --- */

static json_t *json_of_scalar(const struct conf_node *node)
{
    uint64_t number;
    if (conf_is_word(node, "true") || conf_is_word(node, "false"))
        return json_boolean(*node->text == 't');
    if (!node->is_quoted && conf_parse_number(node->text, &number))
        return json_integer((json_int_t)number);
    return json_stringn(node->text, node->size);
}

static json_t *json_of_list(const struct conf_node *node)
{
    json_t *all = json_array();
    for (const struct conf_node *at = node->first; at; at = at->next)
        json_array_append_new(all, json_of_scalar(at));
    return all;
}

/* NULL: a map, whose keys have defaults of their own. */
static json_t *default_of(const char *fallback)
{
    struct conf_arena arena = {0};
    struct conf_complaints none = {0};
    const struct conf_node *node = conf_node_read(fallback, strlen(fallback), &arena, &none);
    json_t *json = NULL;
    if (node && node->kind != CONF_MAP)
        json = node->kind == CONF_LIST ? json_of_list(node) : json_of_scalar(node);
    conf_arena_fini(&arena);
    conf_complaints_fini(&none);
    return json;
}

/* --- maps --- */

static bool is_program_only(const struct conf_key *key)
{
    for (const char *const *name = conf_program_only(key->map); *name; name++)
        if (strcmp(*name, key->name) == 0)
            return true;
    return false;
}

static void add_key(json_t *properties, json_t *required, const struct conf_key *key, bool for_one)
{
    json_t *json = shape_of(key)(key, for_one);
    json_object_set_new(properties, key->name, json);
    if (for_one || key->fallback == NULL)
        return;
    json_t *fallback = key->fallback == CONF_REQUIRED ? NULL : default_of(key->fallback);
    if (key->fallback == CONF_REQUIRED)
        json_array_append_new(required, json_string(key->name));
    else if (fallback)
        json_object_set_new(json, "default", fallback);
}

static json_t *schema_of_map(enum conf_map map, bool for_one)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    for (size_t i = 0; i < conf_key_count; i++) {
        const struct conf_key *key = &conf_keys[i];
        if (key->map == map && key->read != conf_read_later && !(for_one && is_program_only(key)))
            add_key(properties, required, key, for_one);
    }
    json_t *json = made(json_pack("{s:s, s:b, s:o}", "type", "object", "additionalProperties", 0,
                                  "properties", properties));
    if (json_array_size(required))
        json_object_set_new(json, "required", required);
    else
        json_decref(required);
    return json;
}

json_t *conf_schema(void)
{
    json_t *root = schema_of_map(CONF_ROOT, false);
    json_t *json =
        made(json_pack("{s:s, s:s}", "$schema", "https://json-schema.org/draft/2020-12/schema",
                       "title", "antipode.yaml " ANTIPODE_VERSION));
    json_object_update(json, root);
    json_decref(root);
    return json;
}
