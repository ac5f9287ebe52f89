/* schema_json.c — the pieces of a JSON Schema. */
#include "agent/conf/schema_json.h"

#include <stdlib.h>
#include <string.h>

#include "agent/conf/key.h"
#include "proto/dict.h"

json_t *schema_made(json_t *json)
{
    if (json == NULL)
        abort();
    return json;
}

json_t *schema_text_of_pattern(const char *pattern)
{
    return schema_made(json_pack("{s:s, s:s, s:i}", "type", "string", "pattern", pattern,
                                 "maxLength", SCHEMA_NAME_MAX));
}

json_t *schema_integer(uint64_t least, uint64_t most)
{
    return schema_made(json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)least,
                                 "maximum", (json_int_t)most));
}

static uint64_t size_of(const char *text)
{
    uint64_t size = 0;
    if (!conf_parse_size(text, &size))
        abort();
    return size;
}

json_t *schema_integer_of(const char *least, const char *most)
{
    return schema_integer(size_of(least), size_of(most));
}

json_t *schema_any_of(json_t *first, json_t *second)
{
    return schema_made(json_pack("{s:[o, o]}", "anyOf", first, second));
}

json_t *schema_word(const char *text)
{
    return schema_made(json_pack("{s:s}", "const", text));
}

json_t *schema_list(json_t *items, int least, int most)
{
    json_t *json = schema_made(
        json_pack("{s:s, s:o, s:i}", "type", "array", "items", items, "minItems", least));
    if (most)
        json_object_set_new(json, "maxItems", json_integer(most));
    return json;
}

json_t *schema_words(const char *words)
{
    json_t *all = json_array();
    for (const char *at = words; *at;) {
        size_t size = strcspn(at, "|");
        json_array_append_new(all, json_stringn(at, size));
        at += size + (at[size] == '|');
    }
    return schema_made(json_pack("{s:o}", "enum", all));
}

json_t *schema_application(bool with_relay)
{
    json_t *names = json_array();
#define APPLICATION(id, name, title, vendor, accounting)                                           \
    if (with_relay || (id) != DM_APPLICATION_RELAY)                                                \
        json_array_append_new(names, json_string(name));
#include "proto/applications.def"
#undef APPLICATION
    return schema_any_of(schema_made(json_pack("{s:o}", "enum", names)),
                         schema_integer(0, UINT32_MAX - !with_relay));
}
