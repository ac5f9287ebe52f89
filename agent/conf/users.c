/* users.c — readers of what is known of users: rules that derive names, tables of subscribers. */
#include <ctype.h>
#include <stdlib.h>

#include <xxhash.h>

#include "agent/conf/conf_subscribers.h"
#include "agent/conf/key.h"
#include "agent/conf/snapshot.h"
#include "agent/conf/suggest.h"
#include "routing/derive.h"

static struct conf_snapshot *snapshot_of(struct conf_reading *reading)
{
    return (struct conf_snapshot *)reading->conf;
}

/* --- users --- */

/* What is said of users, so that rows whose keys would be others are not shared. */
static uint64_t hash_of(const struct conf_node *node, uint64_t seed)
{
    uint64_t hash = XXH3_64bits_withSeed(node->text, node->text ? node->size : 0, seed);
    for (const struct conf_node *at = node->first; at; at = at->next)
        hash = hash_of(at, hash + (uint64_t)node->kind);
    return hash;
}

void conf_read_users(struct conf_reading *reading, const struct conf_key *key,
                     const struct conf_node *node, void *field)
{
    (void)key;
    conf_read_map(reading, node, CONF_USERS, field);
    snapshot_of(reading)->users = hash_of(node, 0);
}

/* --- derive --- */

void conf_read_private_name(struct conf_reading *reading, const struct conf_key *key,
                            const struct conf_node *node, void *field)
{
    struct rt_derive_rule *rule = conf_record_of(key, field);
    const char *text = conf_scalar(reading, node);
    const char *why = NULL;
    if (text)
        rule->private_name = rt_pattern_new(dm_bytes_of(text, node->size), true, &why);
    if (why)
        conf_complain(reading, node, "`%s` is refused as a pattern: %s", text, why);
}

static bool is_uri(const char *text)
{
    return strncmp(text, "sip:", 4) == 0 || strncmp(text, "sips:", 5) == 0 ||
           strncmp(text, "tel:", 4) == 0;
}

void conf_read_public_name(struct conf_reading *reading, const struct conf_key *key,
                           const struct conf_node *node, void *field)
{
    struct rt_derive_rule *rule = conf_record_of(key, field);
    const char *text = conf_scalar(reading, node);
    const char *why;
    if (text == NULL)
        return;
    rule->public_name = dm_bytes_of(conf_arena_text(reading->arena, text, node->size), node->size);
    if (!is_uri(text) || node->size > RT_PATTERN_MAX)
        conf_complain(reading, node, "a sip:, sips: or tel: URI is wanted here, like sip:\\1@\\2");
    else if (rule->private_name && !rt_pattern_takes(rule->private_name, rule->public_name, &why))
        conf_complain(reading, node, "`%s`: %s", text, why);
}

static void read_rule(struct conf_reading *reading, const struct conf_key *key,
                      const struct conf_node *node, void *element)
{
    (void)key;
    conf_read_map(reading, node, CONF_DERIVE, element);
}

/* Leaves those that can be applied: tables are read by them, also where a rule has a mistake. */
static size_t keep_whole_rules(struct rt_derive_rule *rules, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; rules && i < count; i++) {
        if (rules[i].private_name && rules[i].public_name.at)
            rules[kept++] = rules[i];
        else
            rt_pattern_free(rules[i].private_name);
    }
    return kept;
}

void conf_read_derive(struct conf_reading *reading, const struct conf_key *key,
                      const struct conf_node *node, void *field)
{
    enum { RULES_MAX = 64 };
    struct rt_derive *derive = conf_arena_new(reading->arena, sizeof *derive);
    if (conf_list_count(node) > RULES_MAX) {
        conf_complain(reading, node, "more than %d rules", RULES_MAX);
        return;
    }
    struct rt_derive_rule *rules = conf_read_list(reading, key, node, sizeof *rules, read_rule);
    derive->rules = rules;
    derive->count = keep_whole_rules(rules, conf_list_count(node));
    *(const struct rt_derive **)field = derive->count > 0 ? derive : NULL;
}

void conf_derive_free(const struct rt_derive *derive)
{
    for (size_t i = 0; derive && i < derive->count; i++)
        rt_pattern_free(derive->rules[i].private_name);
}

/* --- names of targets: a pool, pool/group, or a peer's identity --- */

static bool find_pool(struct conf_reading *reading, dm_bytes name, struct rt_target *target)
{
    const struct conf_name *pool =
        conf_names_find(&reading->pools, (const char *)name.at, name.size);
    if (pool)
        *target = (struct rt_target){RT_TARGET_POOL, pool->number, 0};
    return pool != NULL;
}

static bool find_group(struct conf_reading *reading, dm_bytes name, struct rt_target *target)
{
    const uint8_t *slash = name.size > 0 ? memrchr(name.at, '/', name.size) : NULL;
    size_t size = slash ? (size_t)(slash - name.at) : 0;
    if (!slash || !find_pool(reading, dm_bytes_of(name.at, size), target))
        return false;
    const struct rt_pool *pool = &reading->conf->tables.pools[target->pool];
    dm_bytes group = dm_bytes_of(slash + 1, name.size - size - 1);
    for (uint32_t i = 0; i < pool->group_count; i++) {
        const char *known = pool->groups[i].name;
        if (!known || !dm_bytes_equal(dm_text(known), group))
            continue;
        *target = (struct rt_target){RT_TARGET_GROUP, target->pool, i};
        return true;
    }
    return false;
}

/* A peer that serves users is a server, as if it were in a pool. */
static bool find_peer(struct conf_reading *reading, dm_bytes name, struct rt_target *target)
{
    char lower[RT_IDENTITY_MAX];
    if (name.size > sizeof lower)
        return false;
    for (size_t i = 0; i < name.size; i++)
        lower[i] = (char)tolower(name.at[i]);
    const struct conf_name *peer = conf_names_find(reading->peers, lower, name.size);
    if (!peer || reading->conf->peers[peer->number].is_pattern)
        return false;
    reading->conf->peers[peer->number].in_pool = true;
    *target = (struct rt_target){RT_TARGET_PEER, 0, peer->number};
    return true;
}

static bool find_target(void *context, dm_bytes name, struct rt_target *target)
{
    struct conf_reading *reading = context;
    return find_pool(reading, name, target) || find_group(reading, name, target) ||
           find_peer(reading, name, target);
}

/* --- subscribers --- */

const char *conf_path(struct conf_reading *reading, const char *text)
{
    const char *slash = strrchr(reading->conf->file, '/');
    size_t folder = *text != '/' && slash ? (size_t)(slash - reading->conf->file) + 1 : 0;
    char *path = conf_arena_new(reading->arena, folder + strlen(text) + 1);
    memcpy(path, reading->conf->file, folder);
    strcpy(path + folder, text);
    return path;
}

void conf_read_table_file(struct conf_reading *reading, const struct conf_key *key,
                          const struct conf_node *node, void *field)
{
    const char *text = NULL;
    conf_read_text(reading, key, node, &text);
    if (text)
        *(const char **)field = conf_path(reading, text);
}

/* What is wrong with a table is said at the place of its key, in lines of its own. */
struct table_complaints {
    char *text;
    size_t size;
    FILE *to;
};

static void complaints_open(struct table_complaints *complaints)
{
    *complaints = (struct table_complaints){0};
    complaints->to = open_memstream(&complaints->text, &complaints->size);
    if (complaints->to == NULL)
        abort();
}

static void complaints_close(struct table_complaints *complaints, struct conf_reading *reading,
                             const struct conf_node *node)
{
    fclose(complaints->to);
    if (complaints->size > 0)
        conf_complaints_add_lines(reading->complaints, node->place, complaints->text);
    free(complaints->text);
}

static void load_rows(struct conf_reading *reading, const struct conf_node *node,
                      struct rt_subscriber_table *table, FILE *complaints)
{
    struct conf_rows **rows = &snapshot_of(reading)->rows[reading->path->index];
    struct rt_target_names names = {reading, find_target};
    struct conf_table_source source = {table->file, snapshot_of(reading)->users,
                                       &reading->conf->tables, &names};
    const char *why;
    *rows = conf_rows_load(&source, reading->before, &why, complaints);
    if (why)
        conf_complain_key(reading, node, "table", "%s: %s", table->file, why);
    if (*rows == NULL)
        return;
    table->rows = rt_subscribers_new(conf_rows_of(*rows), table->file, &names, complaints);
    table->count = rt_rows_count(conf_rows_of(*rows));
    table->file_hash = conf_rows_hash(*rows);
}

static void read_table(struct conf_reading *reading, const struct conf_key *key,
                       const struct conf_node *node, void *element)
{
    (void)key;
    struct rt_subscriber_table *table = element;
    struct table_complaints complaints;
    conf_read_map(reading, node, CONF_SUBSCRIBERS, table);
    reading->conf->tables.subscriber_count = (uint32_t)reading->path->index + 1;
    if (table->file) {
        complaints_open(&complaints);
        load_rows(reading, node, table, complaints.to);
        complaints_close(&complaints, reading, conf_node_find(node, "table"));
    }
    conf_add_name(reading, node, &reading->tables, table->name);
}

void conf_read_subscribers(struct conf_reading *reading, const struct conf_key *key,
                           const struct conf_node *node, void *field)
{
    struct rt_tables *tables = field;
    size_t count = conf_list_count(node);
    conf_names_init(&reading->tables, (uint32_t)count, reading->scratch);
    snapshot_of(reading)->rows =
        conf_arena_new(reading->arena, (count + 1) * sizeof(struct conf_rows *));
    tables->subscribers =
        conf_read_list(reading, key, node, sizeof *tables->subscribers, read_table);
}

void conf_subscribers_free(struct conf_snapshot *snapshot)
{
    const struct rt_tables *tables = &snapshot->conf.tables;
    for (uint32_t i = 0; i < tables->subscriber_count; i++) {
        if (tables->subscribers)
            rt_subscribers_free(tables->subscribers[i].rows);
        conf_rows_unref(snapshot->rows[i]);
    }
}

/* The number of a table, of a route or its redirect. */
void conf_read_table_name(struct conf_reading *reading, const struct conf_key *key,
                          const struct conf_node *node, void *field)
{
    (void)key;
    const char *text = conf_scalar(reading, node);
    if (text == NULL)
        return;
    const struct conf_name *table = conf_names_find(&reading->tables, text, node->size);
    const char *near = table ? NULL : conf_suggest_name(&reading->tables, text);
    if (table)
        *(int32_t *)field = (int32_t)table->number;
    else if (near)
        conf_complain(reading, node, "there is no table `%s`; did you mean `%s`?", text, near);
    else
        conf_complain(reading, node, "there is no table `%s`", text);
}
