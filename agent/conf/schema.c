/* schema.c — keys.def as a JSON Schema, for editors.
 *
 * A row's reader says what its value looks like: schema_values.c and schema_maps.c have a line for
 * each. What the schema cannot say (names that must be defined elsewhere, the range of a duration,
 * files) `antipode check` does. */
#include "agent/conf/schema.h"

#include <stdlib.h>
#include <string.h>

#include "agent/conf/schema_shape.h"

/* --- shapes --- */

static const struct conf_shape *find(const struct conf_shape *shapes, size_t count,
                                     conf_read *reader)
{
    for (size_t i = 0; i < count; i++)
        if (shapes[i].reader == reader)
            return &shapes[i];
    return NULL;
}

/* Of a reader without a line, anything; a test finds that. */
static json_t *shape_of(const struct conf_key *key, bool for_one)
{
    struct schema_asked asked = {key, NULL, for_one};
    asked.shape = find(conf_value_shapes, conf_value_shape_count, key->read);
    if (!asked.shape)
        asked.shape = find(conf_map_shapes, conf_map_shape_count, key->read);
    return asked.shape ? asked.shape->make(&asked) : json_object();
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
    json_t *json = shape_of(key, for_one);
    json_object_set_new(properties, key->name, json);
    if (for_one || key->fallback == NULL)
        return;
    json_t *fallback = key->fallback == CONF_REQUIRED ? NULL : default_of(key->fallback);
    if (key->fallback == CONF_REQUIRED)
        json_array_append_new(required, json_string(key->name));
    else if (fallback)
        json_object_set_new(json, "default", fallback);
}

json_t *schema_of_map(enum conf_map map, bool for_one)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    for (size_t i = 0; i < conf_key_count; i++) {
        const struct conf_key *key = &conf_keys[i];
        if (key->map == map && !(for_one && is_program_only(key)))
            add_key(properties, required, key, for_one);
    }
    json_t *json = schema_made(json_pack("{s:s, s:b, s:o}", "type", "object",
                                         "additionalProperties", 0, "properties", properties));
    if (json_array_size(required))
        json_object_set_new(json, "required", required);
    else
        json_decref(required);
    return json;
}

json_t *conf_schema(void)
{
    json_t *root = schema_of_map(CONF_ROOT, false);
    json_t *json = schema_made(json_pack("{s:s, s:s}", "$schema",
                                         "https://json-schema.org/draft/2020-12/schema", "title",
                                         "antipode.yaml " ANTIPODE_VERSION));
    json_object_update(json, root);
    json_decref(root);
    return json;
}
