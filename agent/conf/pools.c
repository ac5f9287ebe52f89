/* pools.c — readers of the pools and their members. */
#include "agent/conf/key.h"
#include "agent/conf/suggest.h"

static const struct conf_peer *find_peer(struct conf_reading *reading, const char *identity)
{
    const struct conf_name *name = conf_names_find(reading->peers, identity, strlen(identity));
    return name ? &reading->conf->peers[name->number] : NULL;
}

static void complain_of_peer(struct conf_reading *reading, const struct conf_node *node)
{
    const char *near = conf_suggest_name(reading->peers, node->text);
    if (near)
        conf_complain(reading, node, "`%s` is not in `peers`; did you mean `%s`?", node->text,
                      near);
    else
        conf_complain(reading, node, "`%s` is not in `peers`", node->text);
}

/* A member may be dialled or dial us, but it is one node: not a pattern. */
void conf_read_member_peer(struct conf_reading *reading, const struct conf_key *key,
                           const struct conf_node *node, void *field)
{
    struct rt_member *member = conf_record_of(key, field);
    const char *identity = conf_identity(reading, node, true);
    if (identity == NULL)
        return;
    const struct conf_peer *peer = find_peer(reading, identity);
    if (*identity == '*')
        conf_complain(reading, node, "a member is one peer, not a pattern");
    else if (peer == NULL)
        complain_of_peer(reading, node);
    if (peer == NULL)
        return;
    member->identity = dm_text(identity);
    member->peer_number = (uint32_t)(peer - reading->conf->peers);
    reading->conf->peers[member->peer_number].in_pool = true;
}

static void read_member(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *element)
{
    (void)key;
    struct rt_member *member = element;
    conf_read_map(reading, node, CONF_MEMBER, member);
    const struct rt_member *first = member - reading->path->index;
    for (const struct rt_member *at = first; at < member && member->identity.at; at++)
        if (at->identity.at && at->peer_number == member->peer_number)
            conf_complain_key(reading, node, "peer", "is a member already, members[%td]",
                              at - first);
}

/* Groups: a name is met at its first member. Which member is of which group is settled when all of
 * the pool is known. */

void conf_read_group(struct conf_reading *reading, const struct conf_key *key,
                     const struct conf_node *node, void *field)
{
    (void)field;
    const char *ignored;
    conf_read_text(reading, key, node, &ignored);
}

static uint32_t find_group(const struct rt_pool *pool, const char *name)
{
    uint32_t i = 0;
    while (i < pool->group_count && strcmp(pool->groups[i].name, name) != 0)
        i++;
    return i;
}

static void join_group(struct conf_reading *reading, const struct conf_node *node,
                       struct rt_pool *pool, struct rt_member *member)
{
    const struct conf_node *group = conf_node_find(node, "group");
    if (!pool->is_partitioned && group)
        conf_complain_key(reading, node, "group", "`data: mirrored` has no groups");
    if (pool->is_partitioned && !group)
        conf_complain_key(reading, node, "group", "is missing: `data: partitioned` needs one");
    if (!pool->is_partitioned || !group || group->kind != CONF_SCALAR)
        return;
    member->group = find_group(pool, group->text);
    if (member->group == pool->group_count)
        pool->groups[pool->group_count++].name =
            conf_arena_text(reading->arena, group->text, group->size);
}

static void settle_groups(struct conf_reading *reading, const struct conf_node *node,
                          struct rt_pool *pool)
{
    if (pool->members == NULL)
        return;
    pool->groups = conf_arena_new(reading->arena, pool->count * sizeof *pool->groups);
    struct conf_path list = {reading->path, "members", 0};
    struct conf_path inner = {&list, NULL, 0};
    reading->path = &inner;
    for (const struct conf_node *at = conf_node_find(node, "members")->first; at; at = at->next) {
        join_group(reading, at, pool, &pool->members[inner.index]);
        inner.index++;
    }
    reading->path = list.up;
}

static void check_search(struct conf_reading *reading, const struct conf_node *node,
                         const struct rt_pool *pool)
{
    if (pool->searches && !pool->is_partitioned)
        conf_complain_key(reading, node, "unknown_user",
                          "`search` is for `data: partitioned`: mirrors all know the same users");
    if (pool->searches && pool->group_count > RT_GROUPS_SEARCHED_MAX)
        conf_complain_key(reading, node, "unknown_user", "`search` is for at most %d groups",
                          RT_GROUPS_SEARCHED_MAX);
}

void conf_read_members(struct conf_reading *reading, const struct conf_key *key,
                       const struct conf_node *node, void *field)
{
    struct rt_pool *pool = conf_record_of(key, field);
    size_t count = conf_list_count(node);
    if (node->kind == CONF_LIST && (count == 0 || count > RT_MEMBERS_MAX)) {
        conf_complain(reading, node, "1 to %d members are wanted here", RT_MEMBERS_MAX);
        return;
    }
    pool->members = conf_read_list(reading, key, node, sizeof *pool->members, read_member);
    pool->count = (uint32_t)count;
}

/* Retry. */

static void read_result(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *element)
{
    if (!conf_is_word(node, "timeout"))
        conf_read_number(reading, key, node, element);
}

void conf_read_results(struct conf_reading *reading, const struct conf_key *key,
                       const struct conf_node *node, void *field)
{
    struct rt_retry *retry = conf_record_of(key, field);
    const uint32_t *results = conf_read_list(reading, key, node, sizeof *results, read_result);
    retry->result_count = 0;
    retry->on_timeout = false;
    for (size_t i = 0; i < conf_list_count(node); i++) {
        if (results[i] && retry->result_count < RT_RETRY_RESULTS_MAX)
            retry->results[retry->result_count++] = results[i];
        else if (results[i])
            conf_complain(reading, node, "more than %d results", RT_RETRY_RESULTS_MAX);
    }
    for (const struct conf_node *at = node->first; at; at = at->next)
        retry->on_timeout |= conf_is_word(at, "timeout");
}

void conf_read_retry(struct conf_reading *reading, const struct conf_key *key,
                     const struct conf_node *node, void *field)
{
    (void)key;
    conf_read_map(reading, node, CONF_RETRY, field);
}

/* Pools. */

static void read_pool(struct conf_reading *reading, const struct conf_key *key,
                      const struct conf_node *node, void *element)
{
    (void)key;
    struct rt_pool *pool = element;
    conf_read_map(reading, node, CONF_POOL, pool);
    if (node->kind == CONF_MAP) {
        settle_groups(reading, node, pool);
        check_search(reading, node, pool);
    }
    conf_add_name(reading, node, &reading->pools, pool->name);
}

void conf_read_pools(struct conf_reading *reading, const struct conf_key *key,
                     const struct conf_node *node, void *field)
{
    struct rt_tables *tables = field;
    size_t count = conf_list_count(node);
    conf_names_init(&reading->pools, (uint32_t)count, reading->scratch);
    tables->pools = conf_read_list(reading, key, node, sizeof *tables->pools, read_pool);
    tables->pool_count = (uint32_t)count;
}
