/* diff.c — two configurations beside each other: lists by name, peers by identity, pools by what
 * becomes of their users. */
#include "agent/conf/diff.h"

#include <stdlib.h>

#include "agent/conf/endpoint.h"
#include "agent/conf/names.h"
#include "agent/conf/snapshot.h"

/* --- peers -------------------------------------------------------------------------------------
 */

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_same_endpoint(const struct conf_peer *a, const struct conf_peer *b)
{
    return a->dials == b->dials && (!a->dials || conf_is_same_endpoint(&a->connect, &b->connect));
}

/* If the connection that is there is of a transport by which it may not come any more, it ends;
 * which one that is cannot be seen here. */
static bool loses_transport(const struct conf_peer *from, const struct conf_peer *to)
{
    for (enum conf_transport i = 0; i < CONF_TRANSPORTS; i++)
        if (conf_peer_takes_transport(from, i) && !conf_peer_takes_transport(to, i))
            return true;
    return false;
}

/* Its capabilities were checked against the realm that was asked for then. */
static bool wants_realm(const struct conf_peer *from, const struct conf_peer *to)
{
    return to->realm && !is_same_text(from->realm, to->realm);
}

static bool is_same_set(const struct dm_applications *a, const struct dm_applications *b)
{
    return a->relay == b->relay && a->count == b->count &&
           memcmp(a->id, b->id, a->count * sizeof a->id[0]) == 0;
}

bool conf_peer_reconnects(const struct conf_peer *from, const struct conf_peer *to)
{
    return !is_same_endpoint(from, to) || wants_realm(from, to) ||
           !is_same_set(&from->advertise, &to->advertise);
}

static bool is_same_limits(const struct conf_limits *a, const struct conf_limits *b)
{
    return a->memory == b->memory && a->message_size == b->message_size &&
           a->pending_per_peer == b->pending_per_peer &&
           a->in_flight_per_peer == b->in_flight_per_peer &&
           a->outbound_per_peer == b->outbound_per_peer && a->connections == b->connections &&
           a->half_open == b->half_open;
}

static bool is_same_strictness(const struct dm_strictness *a, const struct dm_strictness *b)
{
    return a->refuse_reserved_bits == b->refuse_reserved_bits &&
           a->refuse_unknown_mandatory == b->refuse_unknown_mandatory &&
           a->refuse_unexpected == b->refuse_unexpected &&
           a->refuse_avp_flags == b->refuse_avp_flags;
}

static bool is_same_compatibility(const struct conf_compatibility *a,
                                  const struct conf_compatibility *b)
{
    return is_same_strictness(&a->strictness, &b->strictness) &&
           a->unknown_peer == b->unknown_peer && a->reopen_last_resort == b->reopen_last_resort &&
           a->error_echo == b->error_echo;
}

/* What a row has from the whole program may differ though the row says the same. */
static bool is_same_peer(const struct conf_peer *a, const struct conf_peer *b)
{
    return !conf_peer_reconnects(a, b) && a->in_pool == b->in_pool &&
           !memcmp(&a->timers, &b->timers, sizeof a->timers) &&
           is_same_limits(&a->limits, &b->limits) &&
           is_same_compatibility(&a->compatibility, &b->compatibility);
}

/* --- pools -------------------------------------------------------------------------------------
 */

/* Of each member of `to`, its place in `from`; or one that nobody has. */
static void match_members(const struct rt_pool *from, const struct rt_pool *to,
                          uint16_t place[RT_MEMBERS_MAX])
{
    for (uint32_t i = 0; i < to->count; i++) {
        place[i] = UINT16_MAX;
        for (uint32_t j = 0; j < from->count; j++)
            if (dm_identity_equal(to->members[i].identity, from->members[j].identity))
                place[i] = (uint16_t)j;
    }
}

/* Slots mean other users: of those of each old member, so many find their member again as the new
 * one has slots. */
static uint32_t expect_moved(const struct rt_pool *from, const struct rt_pool *to,
                             const uint16_t place[RT_MEMBERS_MAX])
{
    uint64_t had[RT_MEMBERS_MAX + 1] = {0};
    uint64_t has[RT_MEMBERS_MAX + 1] = {0};
    uint64_t stay = 0;
    for (uint32_t slot = 0; slot < RT_SLOTS; slot++) {
        had[from->ranks[slot]]++;
        has[to->ranks[slot]]++;
    }
    for (uint32_t i = 0; i < to->count; i++)
        if (place[i] != UINT16_MAX)
            stay += had[place[i]] * has[i];
    return RT_SLOTS - (uint32_t)(stay / RT_SLOTS);
}

uint32_t conf_pool_moved(const struct rt_pool *from, const struct rt_pool *to)
{
    uint16_t place[RT_MEMBERS_MAX];
    uint32_t moved = 0;
    if (!from->depth || !to->depth)
        return 0; /* nobody was served by his name, or nobody is any more */
    match_members(from, to, place);
    if (from->seed != to->seed)
        return expect_moved(from, to, place);
    for (uint32_t slot = 0; slot < RT_SLOTS; slot++)
        moved += place[to->ranks[slot]] != from->ranks[slot];
    return moved;
}

/* --- lists by name -----------------------------------------------------------------------------
 */

struct comparison {
    const struct conf *from;
    const struct conf *to;
    struct conf_diff *diff;
    FILE *text;
    struct conf_arena arena;
    struct conf_names before; /* of the list in hand: name -> place in `from` */
};

static void index_list(struct comparison *it, const struct conf_items *items)
{
    conf_names_init(&it->before, items->count, &it->arena);
    for (uint32_t i = 0; i < items->count; i++)
        conf_names_add(&it->before, items->at[i].name, i, (conf_place){0});
}

static const struct conf_name *find(const struct comparison *it, const char *name)
{
    return conf_names_find(&it->before, name, strlen(name));
}

/* Has the file of a table other octets? */
static bool is_same_table(const struct rt_subscriber_table *from,
                          const struct rt_subscriber_table *to)
{
    return from->file_hash == to->file_hash;
}

/* The rows of a list and the elements of its digest are the same, in the same order. */
static bool is_changed(struct comparison *it, enum conf_list_of list, uint32_t before, uint32_t now)
{
    const struct conf_items *from = &it->from->digest.lists[list];
    const struct conf_items *to = &it->to->digest.lists[list];
    bool says_other = from->at[before].hash != to->at[now].hash;
    if (list == CONF_LIST_SUBSCRIBERS)
        return says_other || !is_same_table(&it->from->tables.subscribers[before],
                                            &it->to->tables.subscribers[now]);
    if (list != CONF_LIST_PEERS)
        return says_other;
    return says_other || !is_same_peer(&it->from->peers[before], &it->to->peers[now]);
}

/* Of the connection of a peer. */
static const char *what_becomes(struct conf_diff *diff, const struct conf_peer *from,
                                const struct conf_peer *to)
{
    bool reconnects = conf_peer_reconnects(from, to);
    diff->reconnected += reconnects;
    if (reconnects)
        return ", its connection is made anew";
    return loses_transport(from, to) ? ", a connection by a transport that it lost ends" : "";
}

static void say_change(struct comparison *it, enum conf_list_of list, uint32_t before, uint32_t now)
{
    const char *name = it->to->digest.lists[list].at[now].name;
    const char *more = "";
    it->diff->lists[list].changed++;
    if (list == CONF_LIST_PEERS)
        more = what_becomes(it->diff, &it->from->peers[before], &it->to->peers[now]);
    fprintf(it->text, "%s: %s is changed%s\n", conf_list_name(list), name, more);
}

static void compare_items(struct comparison *it, enum conf_list_of list)
{
    const struct conf_items *from = &it->from->digest.lists[list];
    const struct conf_items *to = &it->to->digest.lists[list];
    bool *stays = conf_arena_new(&it->arena, from->count + 1);
    for (uint32_t i = 0; i < to->count; i++) {
        const struct conf_name *before = find(it, to->at[i].name);
        if (!before) {
            it->diff->lists[list].added++;
            fprintf(it->text, "%s: %s is added\n", conf_list_name(list), to->at[i].name);
            continue;
        }
        stays[before->number] = true;
        if (is_changed(it, list, before->number, i))
            say_change(it, list, before->number, i);
    }
    for (uint32_t i = 0; i < from->count; i++) {
        if (stays[i])
            continue;
        it->diff->lists[list].removed++;
        fprintf(it->text, "%s: %s is removed\n", conf_list_name(list), from->at[i].name);
    }
}

/* Routes that are equal otherwise are taken in their order. */
static void compare_order(struct comparison *it, enum conf_list_of list)
{
    const struct conf_items *to = &it->to->digest.lists[list];
    uint32_t least = 0;
    for (uint32_t i = 0; i < to->count; i++) {
        const struct conf_name *before = find(it, to->at[i].name);
        if (before && before->number < least) {
            fprintf(it->text, "%s: their order is changed\n", conf_list_name(list));
            return;
        }
        least = before ? before->number : least;
    }
}

/* --- the whole ---------------------------------------------------------------------------------
 */

static const struct rt_pool *pool_named(const struct conf *conf, const char *name)
{
    for (uint32_t i = 0; i < conf->tables.pool_count; i++)
        if (!strcmp(conf->tables.pools[i].name, name))
            return &conf->tables.pools[i];
    return NULL;
}

static void compare_users(struct comparison *it)
{
    const struct rt_tables *tables = &it->to->tables;
    struct conf_diff *diff = it->diff;
    diff->moved = calloc(tables->pool_count + 1, sizeof *diff->moved);
    if (!diff->moved)
        abort();
    for (uint32_t i = 0; i < tables->pool_count; i++) {
        const struct rt_pool *to = &tables->pools[i];
        const struct rt_pool *from = pool_named(it->from, to->name);
        uint32_t slots = from ? conf_pool_moved(from, to) : 0;
        if (!slots)
            continue;
        diff->moved[diff->moved_count++] = (struct conf_moved){to->name, slots};
        fprintf(it->text, "pools: %s: %.2f %% of its users move (%u of %d slots)\n", to->name,
                slots * 100.0 / RT_SLOTS, slots, RT_SLOTS);
    }
}

static void compare_keys(struct comparison *it)
{
    const struct conf_items *from = &it->from->digest.keys;
    const struct conf_items *to = &it->to->digest.keys;
    index_list(it, from);
    for (uint32_t i = 0; i < to->count; i++) {
        const struct conf_name *before = find(it, to->at[i].name);
        if (!before || from->at[before->number].hash != to->at[i].hash)
            fprintf(it->text, "%s: is %s\n", to->at[i].name, before ? "changed" : "given");
    }
    index_list(it, to);
    for (uint32_t i = 0; i < from->count; i++)
        if (!find(it, from->at[i].name))
            fprintf(it->text, "%s: is not given any more\n", from->at[i].name);
}

/* The paths are the same, and what they lead to is not. */
static void compare_files(struct comparison *it)
{
    const struct conf_tls *from = &it->from->tls;
    const struct conf_tls *to = &it->to->tls;
    if (from->is_given && to->is_given && from->files_hash != to->files_hash)
        fprintf(it->text, "tls: its files are changed\n");
}

static void compare_all(struct comparison *it)
{
    compare_keys(it);
    compare_files(it);
    for (enum conf_list_of list = 0; list < CONF_LISTS; list++) {
        index_list(it, &it->from->digest.lists[list]);
        compare_items(it, list);
        if (list == CONF_LIST_ROUTES)
            compare_order(it, list);
    }
    compare_users(it);
}

void conf_diff_init(struct conf_diff *diff, const struct conf *from, const struct conf *to)
{
    size_t size = 0;
    *diff = (struct conf_diff){0};
    struct comparison it = {.from = from, .to = to, .diff = diff};
    it.text = open_memstream(&diff->text, &size);
    if (!it.text)
        abort();
    compare_all(&it);
    fclose(it.text);
    conf_arena_fini(&it.arena);
}

void conf_diff_fini(struct conf_diff *diff)
{
    free(diff->moved);
    free(diff->text);
    *diff = (struct conf_diff){0};
}
