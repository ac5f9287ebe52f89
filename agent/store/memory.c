/* memory.c — bindings in this process alone: the table, and no more. */
#include <stdlib.h>

#include <uv.h>

#include "agent/conf/conf.h"
#include "agent/store/store.h"
#include "agent/worker.h"

static enum rt_lookup find(struct store *store, struct worker *worker, uint64_t key,
                           struct rt_bound *bound)
{
    bool is_known = rt_bindings_find(store->table, key, worker->now, bound);
    stats_add(&worker->stats.lookups[is_known ? STATS_LOOKUP_hit : STATS_LOOKUP_miss], 1);
    return is_known ? RT_KNOWN : RT_UNKNOWN;
}

static void learn(struct store *store, struct worker *worker, const struct rt_lesson *lesson)
{
    rt_bindings_learn(store->table, lesson, worker->now, NULL);
}

static void bind_one(struct store *store, struct worker *worker, uint64_t key, uint32_t target,
                     uint32_t realm)
{
    rt_bindings_bind(store->table, key, target, realm, worker->now);
}

static void forget(struct store *store, struct worker *worker, uint64_t key, uint32_t target)
{
    rt_bindings_forget(store->table, key, target, worker->now, NULL);
}

/* One worker is enough to free what is over. */
void store_sweep(struct store *store, const struct worker *worker)
{
    if (worker->index == 0)
        rt_bindings_tick(store->table, worker->now);
}

static void tick(struct store *store, struct worker *worker)
{
    store_sweep(store, worker);
}

void store_fini(struct store *store)
{
    rt_bindings_free(store->table);
    rt_wildcards_free(store->wildcards);
}

static void memory_free(struct store *store)
{
    store_fini(store);
    free(store);
}

static const struct store_methods methods = {
    .name = "memory",
    .find = find,
    .learn = learn,
    .bind = bind_one,
    .forget = forget,
    .tick = tick,
    .free = memory_free,
};

void store_init(struct store *store, const struct store_methods *its, const struct conf *conf)
{
    uint64_t seed = 0;
    uv_random(NULL, NULL, &seed, sizeof seed, 0, NULL);
    store->methods = its;
    store->table = rt_bindings_new(conf->bindings.capacity, conf->bindings.lifetime, seed);
    store->wildcards = rt_wildcards_new();
    if (!store->table || !store->wildcards)
        abort();
}

struct store *store_memory_new(const struct conf *conf)
{
    struct store *store = calloc(1, sizeof *store);
    if (!store)
        abort();
    store_init(store, &methods, conf);
    return store;
}
