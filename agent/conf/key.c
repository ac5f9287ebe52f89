/* key.c — a map of the file read by the rows of the schema.
 *
 * First every key that is there finds its row, or is complained about; then the rows are read in
 * the table's order, with the default where nothing is given. */
#include "agent/conf/key.h"

#include <assert.h>
#include <stdlib.h>

#include "agent/conf/endpoint.h"
#include "agent/conf/policy.h"
#include "agent/conf/suggest.h"
#include "routing/derive.h"

enum { KEYS_MAX = 32, PATH_MAX_SIZE = 256 }; /* rows of a map; octets of a path in a complaint */

/* No literal has this content: a compiler may give one its address. */
const char CONF_REQUIRED[] = "\001required";

#define KEY(map, name, reader, record, field, fallback)                                            \
    {CONF_##map, name, conf_read_##reader, offsetof(struct record, field), fallback, 0, 0, 0},
#define RANGE(map, name, reader, record, field, fallback, least, most)                             \
    {CONF_##map, name, conf_read_##reader, offsetof(struct record, field), fallback, least,        \
     most,       0},
#define WORDS(map, name, reader, record, field, fallback, words)                                   \
    {CONF_##map, name, conf_read_##reader, offsetof(struct record, field), fallback, 0, 0, words},
const struct conf_key conf_keys[] = {
#include "agent/conf/keys.def"
};
#undef KEY
#undef RANGE
#undef WORDS
const size_t conf_key_count = sizeof conf_keys / sizeof conf_keys[0];

/* The rows of one map stand together. */
struct rows {
    const struct conf_key *first;
    size_t count;
};

static struct rows rows_of(enum conf_map map)
{
    struct rows rows = {conf_keys, 0};
    while (rows.first->map != map)
        rows.first++;
    const struct conf_key *end = conf_keys + conf_key_count;
    while (rows.first + rows.count < end && rows.first[rows.count].map == map)
        rows.count++;
    assert(rows.count <= KEYS_MAX);
    return rows;
}

/* Complaints. */

static size_t put_path(char *text, size_t room, const struct conf_path *path)
{
    if (path == NULL)
        return 0;
    size_t used = put_path(text, room, path->up);
    if (used >= room)
        return used;
    int size = path->key
                   ? snprintf(text + used, room - used, "%s%s", path->up ? "." : "", path->key)
                   : snprintf(text + used, room - used, "[%zu]", path->index);
    return used + (size_t)size;
}

static void complain(struct conf_reading *reading, conf_place place, const struct conf_path *path,
                     const char *format, va_list values)
{
    char text[PATH_MAX_SIZE] = "";
    put_path(text, sizeof text, path);
    conf_complaints_add(reading->complaints, place, text, format, values);
}

void conf_complain(struct conf_reading *reading, const struct conf_node *node, const char *format,
                   ...)
{
    va_list values;
    va_start(values, format);
    complain(reading, node->place, reading->path, format, values);
    va_end(values);
}

void conf_complain_key(struct conf_reading *reading, const struct conf_node *map, const char *key,
                       const char *format, ...)
{
    const struct conf_node *node = conf_node_find(map, key);
    struct conf_path path = {reading->path, key, 0};
    va_list values;
    va_start(values, format);
    complain(reading, (node ? node : map)->place, &path, format, values);
    va_end(values);
}

const struct conf_node *conf_node_find(const struct conf_node *map, const char *key)
{
    if (map->kind != CONF_MAP)
        return NULL;
    for (const struct conf_node *at = map->first; at; at = at->next->next)
        if (conf_is_word(at, key))
            return at->next;
    return NULL;
}

/* The keys that are there. */

static size_t find_row(struct rows rows, const struct conf_node *name)
{
    size_t i = 0;
    while (i < rows.count && !conf_is_word(name, rows.first[i].name))
        i++;
    return i;
}

static void complain_unknown(struct conf_reading *reading, struct rows rows,
                             const struct conf_node *name)
{
    if (name->kind != CONF_SCALAR) {
        conf_complain(reading, name, "a key must be a word");
        return;
    }
    const char *names[KEYS_MAX];
    for (size_t i = 0; i < rows.count; i++)
        names[i] = rows.first[i].name;
    const char *near = conf_suggest(name->text, names, rows.count);
    struct conf_path inner = {reading->path, name->text, 0};
    reading->path = &inner;
    if (near)
        conf_complain(reading, name, "no such key; did you mean `%s`?", near);
    else
        conf_complain(reading, name, "no such key");
    reading->path = inner.up;
}

static void note_key(struct conf_reading *reading, struct rows rows, const struct conf_node *name,
                     const struct conf_node *given[KEYS_MAX])
{
    size_t row = find_row(rows, name);
    if (row == rows.count) {
        complain_unknown(reading, rows, name);
        return;
    }
    if (given[row]) {
        struct conf_path inner = {reading->path, name->text, 0};
        reading->path = &inner;
        conf_complain(reading, name, "given twice, first in line %u", given[row]->place.line);
        reading->path = inner.up;
        return;
    }
    given[row] = name;
}

/* The rows in order. */

/* The default as if it stood in the file: a scalar at once, anything else by way of YAML. */
static struct conf_node fallback_of(struct conf_reading *reading, const struct conf_key *key)
{
    size_t size = strlen(key->fallback);
    if (*key->fallback != '[' && *key->fallback != '{')
        return (struct conf_node){.kind = CONF_SCALAR, .text = key->fallback, .size = size};
    const struct conf_node *node =
        conf_node_read(key->fallback, size, reading->scratch, reading->complaints);
    assert(node);
    return *node;
}

static void read_default(struct conf_reading *reading, const struct conf_key *key,
                         const struct conf_node *map, void *field)
{
    if (key->fallback == CONF_REQUIRED) {
        conf_complain(reading, map, "is missing");
        return;
    }
    struct conf_node fallback = fallback_of(reading, key);
    fallback.place = map->place;
    key->read(reading, key, &fallback, field);
}

static void read_rows(struct conf_reading *reading, const struct conf_node *node, struct rows rows,
                      uint8_t *at)
{
    const struct conf_node *given[KEYS_MAX] = {NULL};
    for (const struct conf_node *name = node->first; name; name = name->next->next)
        note_key(reading, rows, name, given);
    for (size_t i = 0; i < rows.count; i++) {
        const struct conf_key *key = &rows.first[i];
        struct conf_path inner = {reading->path, key->name, 0};
        reading->path = &inner;
        if (given[i])
            key->read(reading, key, given[i]->next, at + key->offset);
        else if (!reading->changes_only && key->fallback)
            read_default(reading, key, node, at + key->offset);
        reading->path = inner.up;
    }
}

void conf_read_map(struct conf_reading *reading, const struct conf_node *node, enum conf_map map,
                   void *at)
{
    if (node->kind == CONF_MAP)
        read_rows(reading, node, rows_of(map), at);
    else
        conf_complain(reading, node, "a map of keys is wanted here");
}

size_t conf_list_count(const struct conf_node *node)
{
    return node->kind == CONF_LIST ? node->count : 0;
}

void *conf_read_list(struct conf_reading *reading, const struct conf_key *key,
                     const struct conf_node *node, size_t size, conf_read *read)
{
    if (node->kind != CONF_LIST) {
        conf_complain(reading, node, "a list is wanted here");
        return NULL;
    }
    uint8_t *elements = node->count ? conf_arena_new(reading->arena, node->count * size) : NULL;
    struct conf_path inner = {reading->path, NULL, 0};
    reading->path = &inner;
    for (const struct conf_node *at = node->first; at; at = at->next) {
        read(reading, key, at, elements + inner.index * size);
        inner.index++;
    }
    reading->path = inner.up;
    return elements;
}

void conf_add_name(struct conf_reading *reading, const struct conf_node *map,
                   struct conf_names *names, const char *name)
{
    if (name == NULL)
        return;
    conf_place place = conf_node_find(map, "name")->place;
    const struct conf_name *before =
        conf_names_add(names, name, (uint32_t)reading->path->index, place);
    if (before)
        conf_complain_key(reading, map, "name", "`%s` is given twice, first in line %u", name,
                          before->place.line);
}
