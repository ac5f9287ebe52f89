/* policy_action.c — readers of what a policy does: set, add, remove, replace, reject.
 *
 * keys.def has the keys in the order in which they are understood: first the AVP, then its type,
 * then what it becomes. */
#include <inttypes.h>

#include "agent/avp_text.h"
#include "agent/conf/policy.h"
#include "routing/pattern.h"

enum { RESULT_LEAST = 3000, RESULT_MOST = 5999, SHOWN_MAX = 40 };

static const struct {
    const char *name;
    enum rt_change_kind kind;
    const char *wants[2];
    const char *takes; /* the keys that go with it, each between blanks */
} kinds[] = {
    {"set", RT_SET, {"to"}, " to type mandatory "},
    {"add", RT_ADD, {"to"}, " to type mandatory "},
    {"remove", RT_REMOVE, {NULL}, " "},
    {"replace", RT_REPLACE, {"matches", "by"}, " matches by type "},
    {"reject", RT_REFUSE, {NULL}, " message "},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static size_t kind_named(const char *name)
{
    size_t i = 0;
    while (strcmp(kinds[i].name, name) != 0)
        i++;
    return i;
}

static struct dm_avp_info *info_of(struct conf_action *action)
{
    return &action->avp.info[action->avp.path.depth - 1];
}

/* --- the AVP --- */

void conf_read_target(struct conf_reading *reading, const struct conf_key *key,
                      const struct conf_node *node, void *field)
{
    struct conf_action *action = conf_record_of(key, field);
    action->change.kind = kinds[kind_named(key->name)].kind;
    if (!conf_find_avp(reading, node, &action->avp))
        action->avp.path.depth = 0;
}

void conf_read_avp_type(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *field)
{
    struct conf_action *action = conf_record_of(key, field);
    conf_read_word(reading, key, node, field);
    if (action->type < 0 || action->avp.path.depth == 0)
        return;
    struct dm_avp_info *info = info_of(action);
    enum dm_type type = (enum dm_type)action->type;
    if (info->name && info->type != type)
        conf_complain(reading, node, "`type` is for AVPs that are not known: `%s` has its own",
                      info->name);
    info->type = action->avp.path.type = type;
    action->avp.path.is_unknown = false;
}

void conf_read_mandatory(struct conf_reading *reading, const struct conf_key *key,
                         const struct conf_node *node, void *field)
{
    struct conf_action *action = conf_record_of(key, field);
    conf_read_boolean(reading, key, node, &action->mandatory);
    action->says_mandatory = true;
    if (action->avp.path.depth)
        info_of(action)->mandatory = action->mandatory;
}

/* --- set, add: the AVP as it will stand in the message --- */

static bool is_chain(dm_bytes chain)
{
    struct dm_avps walk = dm_avps_in(chain);
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp))
        ;
    return !walk.error;
}

/* What the type wants beyond what its octets can hold. */
static const char *objection(enum dm_type type, dm_bytes value)
{
    if (type == DM_TYPE_IDENTITY && !dm_identity_is_valid(value))
        return "is no name of a host or realm";
    if (type == DM_TYPE_GROUPED && !is_chain(value))
        return "are no AVPs";
    bool is_uri = value.size > 6 && (memcmp(value.at, "aaa://", 6) == 0 ||
                                     (value.size > 7 && memcmp(value.at, "aaas://", 7) == 0));
    return type == DM_TYPE_URI && !is_uri ? "is no DiameterURI: aaa://… or aaas://…" : NULL;
}

static void write_groups(struct conf_action *action, struct dm_writer *writer)
{
    for (uint32_t i = 0; i + 1 < action->avp.path.depth; i++) {
        const struct dm_avp_info *info = &action->avp.info[i];
        action->change.inner[i] = dm_write_group(writer, info->vendor, info->code,
                                                 info->mandatory ? DM_AVP_MANDATORY : 0);
    }
    action->change.inner[action->avp.path.depth - 1] = (size_t)(writer->at - writer->start);
}

static void close_groups(const struct conf_action *action, struct dm_writer *writer)
{
    for (uint32_t i = action->avp.path.depth - 1; i > 0; i--)
        dm_write_group_end(writer, action->change.inner[i - 1]);
}

/* False with a complaint. */
static bool write_value(struct conf_reading *reading, const struct conf_node *node,
                        struct conf_action *action, struct dm_writer *writer)
{
    char why[AVP_TEXT_WHY];
    const uint8_t *at = writer->at;
    if (!avp_text_write_as(writer, info_of(action), node->text, why)) {
        conf_complain(reading, node, "%s", why);
        return false;
    }
    struct dm_avps walk = dm_avps_in(dm_bytes_of(at, (size_t)(writer->at - at)));
    struct dm_avp avp = {0};
    dm_avps_next(&walk, &avp);
    const char *what = objection(info_of(action)->type, avp.data);
    if (what)
        conf_complain(reading, node, "`%s` %s", node->text, what);
    return !what;
}

void conf_read_to(struct conf_reading *reading, const struct conf_key *key,
                  const struct conf_node *node, void *field)
{
    struct conf_action *action = conf_record_of(key, field);
    if (!conf_scalar(reading, node))
        return;
    action->value = conf_arena_text(reading->arena, node->text, node->size);
    if (action->avp.path.depth == 0)
        return;
    size_t room = node->size + 12 * (RT_PATH_MAX + 1) + 32;
    uint8_t *octets = conf_arena_new(reading->arena, room);
    struct dm_writer writer;
    dm_writer_init(&writer, octets, room);
    write_groups(action, &writer);
    if (!write_value(reading, node, action, &writer))
        return;
    close_groups(action, &writer);
    action->change.avp = dm_bytes_of(octets, (size_t)(writer.at - writer.start));
}

/* --- replace --- */

static bool is_text(const struct rt_path *path)
{
    return path->type == DM_TYPE_UTF8 || path->type == DM_TYPE_URI ||
           path->type == DM_TYPE_IDENTITY || (path->type == DM_TYPE_OCTETS && !path->is_unknown);
}

void conf_read_expression(struct conf_reading *reading, const struct conf_key *key,
                          const struct conf_node *node, void *field)
{
    struct conf_action *action = conf_record_of(key, field);
    if (!conf_scalar(reading, node))
        return;
    if (!conf_is_expression(node))
        conf_complain(reading, node, "an expression between slashes is wanted here, not `%s`",
                      node->text);
    else if (action->avp.path.depth)
        action->change.pattern = conf_expression(reading, node, action->avp.path.type);
}

void conf_read_by(struct conf_reading *reading, const struct conf_key *key,
                  const struct conf_node *node, void *field)
{
    struct conf_action *action = conf_record_of(key, field);
    if (!conf_scalar(reading, node))
        return;
    dm_bytes by = dm_text(conf_arena_text(reading->arena, node->text, node->size));
    const char *why = NULL;
    if (action->change.pattern && !rt_pattern_takes(action->change.pattern, by, &why))
        conf_complain(reading, node, "`%s`: %s", node->text, why);
    action->change.by = by;
}

/* --- reject --- */

static bool read_result(const struct conf_node *node, struct rt_rejection *rejection)
{
    const char *colon = memchr(node->text, ':', node->size);
    char vendor[16] = "0";
    uint64_t numbers[2] = {0, 0};
    if (colon && (size_t)(colon - node->text) < sizeof vendor) {
        memcpy(vendor, node->text, (size_t)(colon - node->text));
        vendor[colon - node->text] = '\0';
    }
    if (!conf_parse_number(vendor, &numbers[0]) || numbers[0] > UINT32_MAX ||
        (colon && numbers[0] == 0) ||
        !conf_parse_number(colon ? colon + 1 : node->text, &numbers[1]) ||
        numbers[1] < RESULT_LEAST || numbers[1] > RESULT_MOST)
        return false;
    rejection->vendor = (uint32_t)numbers[0];
    rejection->result = (uint32_t)numbers[1];
    return true;
}

void conf_read_reject(struct conf_reading *reading, const struct conf_key *key,
                      const struct conf_node *node, void *field)
{
    struct conf_action *action = conf_record_of(key, field);
    action->change.kind = RT_REFUSE;
    if (conf_scalar(reading, node) && !read_result(node, &action->change.rejection))
        conf_complain(reading, node,
                      "a Result-Code from %d to %d is wanted here, or \"VENDOR:CODE\", not `%s`",
                      RESULT_LEAST, RESULT_MOST, node->text);
}

/* --- the whole --- */

static const struct conf_node *value_of(const struct conf_node *map, const char *key)
{
    return key ? conf_node_find(map, key) : NULL;
}

/* Which of the five is it? KINDS with a complaint where it is none or several. */
static size_t kind_of(struct conf_reading *reading, const struct conf_node *map)
{
    size_t found = KINDS;
    int count = 0;
    for (size_t i = 0; i < KINDS; i++)
        if (value_of(map, kinds[i].name)) {
            found = i;
            count++;
        }
    if (count != 1)
        conf_complain(reading, map,
                      "one of `set`, `add`, `remove`, `replace` and `reject` is "
                      "wanted here");
    return count == 1 ? found : KINDS;
}

static void check_keys(struct conf_reading *reading, const struct conf_node *map, size_t kind)
{
    static const char *const keys[] = {"to", "type", "mandatory", "matches", "by", "message"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char wanted[16];
        snprintf(wanted, sizeof wanted, " %s ", keys[i]);
        if (value_of(map, keys[i]) && !strstr(kinds[kind].takes, wanted))
            conf_complain_key(reading, map, keys[i], "`%s` has no use for it", kinds[kind].name);
    }
    for (size_t i = 0; i < 2 && kinds[kind].wants[i]; i++)
        if (!value_of(map, kinds[kind].wants[i]))
            conf_complain_key(reading, map, kinds[kind].wants[i], "is missing: `%s` needs it",
                              kinds[kind].name);
}

/* "add DRMP 10": what explain says. */
static const char *describe(struct conf_reading *reading, const struct conf_node *map, size_t kind,
                            struct conf_action *action)
{
    char text[256];
    const struct conf_node *node = value_of(map, kinds[kind].name);
    const char *what = node->kind == CONF_SCALAR ? node->text : "";
    bool has_value = action->value && action->avp.path.depth && !info_of(action)->secret;
    snprintf(text, sizeof text, "%s %.120s%s%.*s", kinds[kind].name, what, has_value ? " " : "",
             SHOWN_MAX, has_value ? action->value : "");
    return conf_arena_text(reading->arena, text, strlen(text));
}

static void check_replace(struct conf_reading *reading, const struct conf_node *map,
                          const struct conf_action *action)
{
    if (action->avp.path.depth && action->avp.path.is_unknown)
        conf_complain_key(reading, map, "type", "is missing: nothing is known of this AVP");
    else if (action->avp.path.depth && !is_text(&action->avp.path))
        conf_complain_key(reading, map, "replace", "only text can be replaced");
}

void conf_read_action(struct conf_reading *reading, const struct conf_node *node,
                      struct rt_change *change)
{
    struct conf_action action = {.type = -1};
    conf_read_map(reading, node, CONF_ACTION, &action);
    size_t kind = node->kind == CONF_MAP ? kind_of(reading, node) : KINDS;
    if (kind < KINDS) {
        check_keys(reading, node, kind);
        action.change.text = describe(reading, node, kind, &action);
    }
    if (action.change.kind == RT_REPLACE)
        check_replace(reading, node, &action);
    action.change.keeps_flags = !action.says_mandatory;
    action.change.path = action.avp.path;
    *change = action.change;
}
