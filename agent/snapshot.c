/* snapshot.c — a configuration with what the running program adds: numbers that outlive it. */
#include "agent/snapshot.h"

#include <stdlib.h>

#include "agent/conf/snapshot.h"
#include "tls/context.h"

static struct conf_peer unknown_peer(const struct conf *conf)
{
    return (struct conf_peer){.identity = "*",
                              .is_pattern = true,
                              .role = CONF_ROLE_BY_CAPABILITIES,
                              .advertise = conf->advertise,
                              .timers = conf->timers,
                              .limits = conf->limits,
                              .compatibility = conf->compatibility};
}

struct snapshot *snapshot_new(struct conf *conf, struct tls_context *tls, uint16_t number)
{
    struct snapshot *snapshot = malloc(sizeof *snapshot);
    if (!snapshot)
        abort();
    *snapshot = (struct snapshot){conf, tls, number, 1, unknown_peer(conf)};
    return snapshot;
}

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
    snapshot->references++;
    return snapshot;
}

void snapshot_unref(struct snapshot *snapshot)
{
    if (!snapshot || --snapshot->references)
        return;
    tls_context_unref(snapshot->tls);
    conf_free(snapshot->conf);
    free(snapshot);
}

static bool number_peers(struct conf *conf, struct rows *rows)
{
    for (size_t i = 0; i < conf->peer_count; i++) {
        conf->seats[i].number = rows_number(rows, conf->peers[i].identity);
        if (!conf->seats[i].number)
            return false;
    }
    return true;
}

/* Row 0 is that of requests without a route: route numbers are one less than their rows. */
static bool number_routes(struct conf *conf, struct rt_route *routes, struct rows *rows)
{
    for (uint32_t i = 0; i < conf->tables.route_count; i++) {
        uint32_t row = rows_number(rows, routes[i].name);
        if (!row)
            return false;
        routes[i].number = row - 1;
    }
    return true;
}

static bool number_pools(struct conf *conf, uint32_t *numbers, struct rows *rows)
{
    for (uint32_t i = 0; i < conf->tables.pool_count; i++) {
        uint32_t row = rows_number(rows, conf->tables.pools[i].name);
        if (!row)
            return false;
        numbers[i] = row - 1;
    }
    return true;
}

/* Room for `count` numbers, in the snapshot. */
static uint32_t *numbers_new(struct conf *conf, uint32_t count)
{
    struct conf_arena *arena = &((struct conf_snapshot *)conf)->arena;
    uint32_t *numbers = conf_arena_new(arena, (count + 1) * sizeof *numbers);
    memset(numbers, 0xff, (count + 1) * sizeof *numbers);
    return numbers;
}

/* Number -> place in `routes`. */
static void find_routes(struct conf *conf, uint32_t count)
{
    struct rt_tables *tables = &conf->tables;
    uint32_t *places = numbers_new(conf, count);
    for (uint32_t i = 0; i < tables->route_count; i++)
        places[tables->routes[i].number] = i;
    tables->places = places;
    tables->place_count = count;
}

/* Number -> place in `pools`, and back. */
static void find_pools(struct conf *conf, const uint32_t *numbers, uint32_t count)
{
    struct rt_tables *tables = &conf->tables;
    uint32_t *places = numbers_new(conf, count);
    for (uint32_t i = 0; i < tables->pool_count; i++)
        places[numbers[i]] = i;
    tables->pool_numbers = numbers;
    tables->pool_places = places;
    tables->pool_place_count = count;
}

bool snapshot_number(struct snapshot *snapshot, struct snapshot_rows *rows)
{
    struct conf *conf = snapshot->conf;
    uint32_t *pools = numbers_new(conf, conf->tables.pool_count);
    if (!number_peers(conf, &rows->peers) ||
        !number_routes(conf, (struct rt_route *)conf->tables.routes, &rows->routes) ||
        !number_pools(conf, pools, &rows->pools))
        return false;
    find_routes(conf, rows->routes.count - 1);
    find_pools(conf, pools, rows->pools.count - 1);
    return true;
}

void snapshot_rows_init(struct snapshot_rows *rows)
{
    rows_init(&rows->peers);
    rows_init(&rows->routes);
    rows_init(&rows->pools);
}

void snapshot_rows_fini(struct snapshot_rows *rows)
{
    rows_fini(&rows->peers);
    rows_fini(&rows->routes);
    rows_fini(&rows->pools);
}

struct snapshot_row snapshot_row(const struct snapshot *snapshot, dm_bytes identity)
{
    const struct conf *conf = snapshot->conf;
    int row = conf_peer_for(conf, identity, NULL);
    if (row >= 0)
        return (struct snapshot_row){&conf->peers[row], conf->seats[row].number, true};
    bool accepts = conf->compatibility.unknown_peer == CONF_PEER_ACCEPT;
    return (struct snapshot_row){&snapshot->unknown, 0, accepts};
}
