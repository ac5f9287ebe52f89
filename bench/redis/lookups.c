/* lookups.c — how many look-ups a second the agent's own client makes at one Redis, and what one
 * costs: `lookups PORT SECONDS`. bench/redis.sh starts the server. One worker, its loop, its
 * connection; so many questions are under way as the window says. Every key is asked for once. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/park.h"
#include "agent/store/redis.h"
#include "agent/store/redis_client.h"

enum { MOST = 3900000 }; /* keys, that the table need not forget any */

static const char text[] = "version: 1\nidentity: a.example\nrealm: example\n"
                           "listen: [{ transport: tcp, address: 127.0.0.1, port: 0 }]\n"
                           "users: { bindings: { store: redis, nodes: [ '127.0.0.1:%s' ], timeout: "
                           "10s, capacity: 4000000 } }\n"
                           "routes: [{ name: none, realm: '*', action: reject, result: 3003 }]\n";

static struct worker *worker;
static struct store *store;
static uint64_t next_key;

static uint64_t cpu_now(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NS_PER_S +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

/* A number each, spread over all 64 bits. */
static uint64_t key_of(uint64_t number)
{
    return (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static void turn(uv_run_mode mode)
{
    store->methods->flush(store, worker);
    uv_run(&worker->loop, mode);
    worker_begin(worker);
}

static void open_store(const struct conf *conf)
{
    store = store_redis_new(conf);
    store->methods->open(store, worker);
    uint64_t ticked = 0;
    while (stats_read(&worker->stats.store_connections) == 0 || clock_now() - ticked < NS_PER_S) {
        if (!ticked && stats_read(&worker->stats.store_connections))
            ticked = clock_now(); /* and a second for the table to be emptied once */
        store->methods->tick(store, worker);
        turn(UV_RUN_NOWAIT);
    }
}

static void close_store(void)
{
    store->methods->close(store, worker);
    store->methods->free(store);
    while (uv_run(&worker->loop, UV_RUN_NOWAIT))
        continue;
    memset(&worker->stats.store_connections, 0, sizeof worker->stats.store_connections);
}

/* Keys that Redis knows. */
static void fill(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        store->methods->bind(store, worker, key_of(i), 7, 1);
        if (i % 256 == 255)
            turn(UV_RUN_NOWAIT);
    }
    uint64_t until = clock_now() + NS_PER_S;
    while (clock_now() < until)
        turn(UV_RUN_NOWAIT);
}

/* Asked and not answered. Some answers leave no trace in the table: what was changed meanwhile is
 * not kept. */
static uint64_t under_way(void)
{
    return redis_client_of(store, worker)->asked.count;
}

/* A store that is gone is asked nothing, and answers nothing. */
static void turn_with_store(void)
{
    turn(UV_RUN_ONCE);
    if (stats_read(&worker->stats.store_connections))
        return;
    fputs("lookups: the store is gone\n", stderr);
    exit(1);
}

/* Asks for new keys, `window` at a time, until the time is over. */
static void measure(const char *name, uint32_t window, uint64_t nanoseconds, uint64_t known)
{
    struct rt_bound bound;
    uint64_t begin = clock_now(), cpu = cpu_now(), asked = 0, end = known ? known : MOST;
    while (clock_now() - begin < nanoseconds && next_key < end) {
        while (under_way() < window && next_key < end) /* some are known, from before */
            asked += store->methods->find(store, worker, key_of(next_key++), &bound) == RT_ASKING;
        if (under_way())
            turn_with_store();
    }
    uint64_t time = clock_now() - begin, done = asked - under_way();
    printf("%-6s  window %4u  %8.0f a second  %5.2f us of CPU each\n", name, window,
           (double)done * 1e9 / (double)time, (double)(cpu_now() - cpu) / 1e3 / (double)(done + 1));
    while (under_way())
        turn_with_store();
}

static struct conf *conf_for(const char *port)
{
    char yaml[sizeof text + 16];
    snprintf(yaml, sizeof yaml, text, port);
    return conf_load_octets("lookups", yaml, strlen(yaml), stderr);
}

int main(int count, char **arguments)
{
    struct conf *conf = count == 3 ? conf_for(arguments[1]) : NULL;
    if (!conf)
        return 2;
    uint64_t nanoseconds = (uint64_t)(atof(arguments[2]) * 1e9);
    uint64_t known = 1000000;
    worker = calloc(1, sizeof *worker);
    worker->conf = conf;
    uv_loop_init(&worker->loop);
    worker->park = park_new(worker);
    worker_begin(worker);
    open_store(conf);
    fill(known);
    close_store();
    open_store(conf);
    for (uint32_t window = 1; window <= 1024; window *= 4)
        measure("hit", window, nanoseconds, known);
    next_key = known;
    for (uint32_t window = 64; window <= 1024; window *= 4)
        measure("miss", window, nanoseconds, 0);
    close_store();
    park_free(worker->park);
    conf_free(conf);
    free(worker);
    return 0;
}
