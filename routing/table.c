/* table.c — the realm table, as a hash of what a route asks for.
 *
 * Realms and origins of routes are patterns; each gets a number. A route then is one row for each
 * of its commands, under the key (realm, application, command, origin host, origin realm), where 0
 * or a flag stands for "any". To find the route of a request its possible keys are asked for from
 * the most to the least particular, in the order of docs/ROUTING.md: a handful of look-ups, however
 * many routes there are. RFC 6733 §2.7, §6.1.6. */
#include "routing/table.h"

#include <stdlib.h>

#include "routing/names.h"

/* Counting up from 0 gives the order in which they are compared. */
enum { ANY_COMMAND = 1, ANY_APPLICATION = 2, ANY_BOTH = 3 };

struct key {
    uint32_t realm;
    uint32_t application;
    uint32_t command;
    uint32_t origin_host;
    uint32_t origin_realm;
    uint32_t any;
};

struct row {
    struct key key;
    const struct rt_route *route; /* NULL: the row is free */
};

struct rt_table {
    struct rt_names realms;
    struct rt_names hosts;   /* of origin_host */
    struct rt_names origins; /* of origin_realm */
    struct row *rows;
    uint32_t size;          /* a power of two */
    bool has[ANY_BOTH + 1]; /* are there rows with these flags? Spares look-ups in vain */
    bool has_origins;
};

static uint64_t mix(uint64_t hash, uint32_t a, uint32_t b)
{
    hash = (hash ^ ((uint64_t)a << 32 | b)) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

static uint32_t key_hash(const struct key *key)
{
    uint64_t hash = mix(0, key->realm, key->application);
    hash = mix(hash, key->command, key->any);
    return (uint32_t)mix(hash, key->origin_host, key->origin_realm);
}

static bool key_equal(const struct key *a, const struct key *b)
{
    return a->realm == b->realm && a->application == b->application && a->command == b->command &&
           a->origin_host == b->origin_host && a->origin_realm == b->origin_realm &&
           a->any == b->any;
}

/* The row of this key, or the free one where it would stand. */
static struct row *row_of(const struct rt_table *table, const struct key *key)
{
    uint32_t mask = table->size - 1;
    uint32_t at = key_hash(key) & mask;
    while (table->rows[at].route && !key_equal(&table->rows[at].key, key))
        at = (at + 1) & mask;
    return &table->rows[at];
}

static void add_row(struct rt_table *table, const struct key *key, const struct rt_route *route)
{
    struct row *row = row_of(table, key);
    if (row->route) /* of two that ask for the same the first in the file wins */
        return;
    *row = (struct row){*key, route};
    table->has[key->any] = true;
    table->has_origins |= key->origin_host != 0 || key->origin_realm != 0;
}

static void add_route(struct rt_table *table, const struct rt_route *route)
{
    struct key key = {
        .realm = rt_names_add(&table->realms, route->realm),
        .application = route->any_application ? 0 : route->application,
        .origin_host = rt_names_add(&table->hosts, route->origin_host),
        .origin_realm = rt_names_add(&table->origins, route->origin_realm),
        .any = route->any_application ? ANY_APPLICATION : 0,
    };
    for (uint32_t i = 0; i < route->command_count; i++) {
        key.command = route->commands[i];
        add_row(table, &key, route);
    }
    if (route->command_count > 0)
        return;
    key.any |= ANY_COMMAND;
    add_row(table, &key, route);
}

static uint64_t count_rows(const struct rt_route *routes, uint32_t count)
{
    uint64_t rows = 0;
    for (uint32_t i = 0; i < count; i++)
        rows += routes[i].command_count > 0 ? routes[i].command_count : 1;
    return rows;
}

static bool table_reserve(struct rt_table *table, uint64_t rows, uint32_t routes)
{
    table->size = 4;
    while (table->size < 2 * rows && table->size < UINT32_C(1) << 31)
        table->size *= 2;
    table->rows = calloc(table->size, sizeof *table->rows);
    return table->rows && rt_names_init(&table->realms, routes) &&
           rt_names_init(&table->hosts, routes) && rt_names_init(&table->origins, routes);
}

struct rt_table *rt_table_new(const struct rt_route *routes, uint32_t count)
{
    struct rt_table *table = calloc(1, sizeof *table);
    if (!table)
        return NULL;
    if (!table_reserve(table, count_rows(routes, count), count)) {
        rt_table_free(table);
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++)
        add_route(table, &routes[i]);
    return table;
}

void rt_table_free(struct rt_table *table)
{
    if (!table)
        return;
    rt_names_fini(&table->realms);
    rt_names_fini(&table->hosts);
    rt_names_fini(&table->origins);
    free(table->rows);
    free(table);
}

/* The origins are the last to be compared: host, then realm. */
static const struct rt_route *find_by_origin(const struct rt_table *table,
                                             const struct rt_query *query, struct key *key)
{
    struct rt_fits hosts = rt_fits_of(&table->hosts, query->origin_host);
    while (rt_fits_next(&hosts, &key->origin_host)) {
        struct rt_fits realms = rt_fits_of(&table->origins, query->origin_realm);
        while (rt_fits_next(&realms, &key->origin_realm)) {
            const struct rt_route *route = row_of(table, key)->route;
            if (route)
                return route;
        }
    }
    return NULL;
}

/* The first of the routes with this pattern of realms: named application before any, listed command
 * before any. */
static const struct rt_route *find_in_realm(const struct rt_table *table,
                                            const struct rt_query *query, uint32_t realm)
{
    for (uint32_t any = 0; any <= ANY_BOTH; any++) {
        if (!table->has[any])
            continue;
        struct key key = {
            .realm = realm,
            .application = any & ANY_APPLICATION ? 0 : query->header.application,
            .command = any & ANY_COMMAND ? 0 : query->header.command,
            .any = any,
        };
        const struct rt_route *route =
            table->has_origins ? find_by_origin(table, query, &key) : row_of(table, &key)->route;
        if (route)
            return route;
    }
    return NULL;
}

static const struct rt_route *find(const struct rt_table *table, const struct rt_query *query,
                                   enum dm_result *result)
{
    struct rt_fits realms = rt_fits_of(&table->realms, query->destination_realm);
    uint32_t realm;
    *result = DM_REALM_NOT_SERVED;
    /* Every number but 0 is a realm that has routes: the first that fits is the request's realm. */
    if (rt_fits_next(&realms, &realm) && realm != 0) {
        const struct rt_route *route = find_in_realm(table, query, realm);
        if (route)
            return route;
        *result = DM_UNABLE_TO_DELIVER;
    }
    return find_in_realm(table, query, 0);
}

/* --- what was found lately --- */

static bool is_noted(const struct rt_memo_route *noted, const struct rt_table *table,
                     const struct rt_query *query)
{
    dm_bytes realm = query->destination_realm;
    return noted->table == table && noted->command == query->header.command &&
           noted->application == query->header.application && noted->size == realm.size &&
           memcmp(noted->realm, realm.at, realm.size) == 0;
}

static void note(struct rt_memo_route *noted, const struct rt_table *table,
                 const struct rt_query *query, const struct rt_route *route)
{
    dm_bytes realm = query->destination_realm;
    if (!route || realm.size > RT_MEMO_REALM)
        return;
    noted->table = table;
    noted->route = route;
    noted->application = query->header.application;
    noted->command = query->header.command;
    noted->size = (uint32_t)realm.size;
    memcpy(noted->realm, realm.at, realm.size);
}

/* Where a route asks for origins, too, nothing is noted: there may be as many as clients. */
const struct rt_route *rt_table_find(const struct rt_table *table, const struct rt_query *query,
                                     struct rt_memo *memo, enum dm_result *result)
{
    if (!memo || table->has_origins)
        return find(table, query, result);
    struct rt_memo_route *noted = &memo->at[query->header.command % RT_MEMOS];
    if (is_noted(noted, table, query))
        return noted->route;
    const struct rt_route *route = find(table, query, result);
    note(noted, table, query, route);
    return route;
}
