/* schema.c — the JSON Schema has every key, and nothing else. That it takes what the
 * program takes is shown by tests/system/test_rehearsal.py. */
#include "agent/conf/schema.h"

#include "agent/command_schema.h"
#include "agent/conf/key.h"
#include "heard.h"

static json_t *at(json_t *from, const char *first, const char *second)
{
    json_t *found = json_object_get(json_object_get(from, first), second);
    cr_assert_not_null(found, "%s.%s", first, second);
    return found;
}

/* The schema of one peer, pool or route. */
static json_t *element(json_t *schema, const char *list)
{
    return json_object_get(at(schema, "properties", list), "items");
}

static bool is_required(json_t *schema, const char *key)
{
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(schema, "required"), i, name)
        if (strcmp(json_string_value(name), key) == 0)
            return true;
    return false;
}

Test(schema, the_command_writes_it)
{
    struct heard *it = HEAR(command_schema, "schema");
    cr_assert_eq(it->status, 0);
    json_t *schema = json_loads(it->out, 0, NULL);
    cr_assert_str_eq(json_string_value(json_object_get(schema, "$schema")),
                     "https://json-schema.org/draft/2020-12/schema");
    json_decref(schema);
    free(it);
    it = HEAR(command_schema, "schema", "x");
    cr_assert_eq(it->status, 2);
    free(it);
}

Test(schema, every_key_of_the_root_is_in_it)
{
    json_t *schema = conf_schema();
    json_t *properties = json_object_get(schema, "properties");
    for (size_t i = 0; i < conf_key_count && conf_keys[i].map == CONF_ROOT; i++) {
        const struct conf_key *key = &conf_keys[i];
        cr_assert_not_null(json_object_get(properties, key->name), "%s", key->name);
        cr_assert_eq(is_required(schema, key->name), key->fallback == CONF_REQUIRED, "%s",
                     key->name);
    }
    json_decref(schema);
}

/* The properties of all maps, however deep they stand, say something. */
static void claim_shapes(json_t *json)
{
    const char *key;
    json_t *value;
    size_t i;
    json_object_foreach(json_object_get(json, "properties"), key, value) {
        json_t *shape = json_deep_copy(value);
        json_object_del(shape, "default");
        cr_assert(json_is_false(value) || json_object_size(shape) > 0,
                  "the reader of `%s` has no line in schema_values.c or schema_maps.c", key);
        json_decref(shape);
    }
    json_object_foreach(json, key, value)
        claim_shapes(value);
    json_array_foreach(json, i, value)
        claim_shapes(value);
}

Test(schema, every_reader_of_the_table_has_a_shape)
{
    json_t *schema = conf_schema();
    claim_shapes(schema);
    json_decref(schema);
}

/* No map is left open, however deep it stands. */
static size_t count_objects(json_t *json)
{
    const char *key;
    json_t *value;
    size_t i;
    size_t count = 0;
    json_t *type = json_object_get(json, "type");
    if (json_is_string(type) && strcmp(json_string_value(type), "object") == 0) {
        cr_assert(json_is_false(json_object_get(json, "additionalProperties")));
        count = 1;
    }
    json_object_foreach(json, key, value)
        count += count_objects(value);
    json_array_foreach(json, i, value)
        count += count_objects(value);
    return count;
}

Test(schema, no_map_takes_keys_that_are_not_named)
{
    json_t *schema = conf_schema();
    cr_assert_geq(count_objects(schema), 16);
    json_decref(schema);
}

Test(schema, defaults_ranges_and_words_are_those_of_the_table)
{
    json_t *schema = conf_schema();
    json_t *timers = at(schema, "properties", "timers");
    json_t *watchdog = at(timers, "properties", "watchdog");
    cr_assert_str_eq(json_string_value(json_object_get(watchdog, "default")), "30s");
    cr_assert_str_eq(json_string_value(json_object_get(watchdog, "description")), "6s to 1d");
    json_t *route = element(schema, "routes");
    json_t *result = at(route, "properties", "result");
    cr_assert_eq(json_integer_value(json_object_get(result, "minimum")), 3000);
    json_t *actions = json_object_get(at(route, "properties", "action"), "enum");
    cr_assert_geq(json_array_size(actions), 2);
    json_t *advertise = at(schema, "properties", "advertise");
    cr_assert_eq(json_array_size(json_object_get(advertise, "default")), 4);
    json_decref(schema);
}

Test(schema, what_is_the_programs_is_not_a_peers)
{
    json_t *schema = conf_schema();
    json_t *limits = at(element(schema, "peers"), "properties", "limits");
    json_t *properties = json_object_get(limits, "properties");
    cr_assert_null(json_object_get(properties, "memory"));
    json_t *pending = json_object_get(properties, "pending_per_peer");
    cr_assert_not_null(pending);
    cr_assert_null(json_object_get(pending, "default"));
    json_decref(schema);
}
