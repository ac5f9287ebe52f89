/* store.h — where bindings are kept: in this process alone (memory), or shared with other agents.
 *
 * Whatever the store, the table of routing/bindings.h is the local copy that is asked first; a
 * store that shares sends on what is learnt and fetches what is not known. All functions run on any
 * worker's thread, none blocks. Owned by the agent, outlives reloads. */
#pragma once

#include "routing/bindings.h"
#include "routing/bindings_wildcard.h"

struct conf;
struct store;
struct worker;

struct store_methods {
    const char *name; /* as in users.bindings.store */
    bool is_shared;   /* others may know what the table does not */

    /* What is known of this key. RT_ASKING: others were asked; park_wake(worker, key, …) follows on
     * this worker, or never where the request's patience is shorter. */
    enum rt_lookup (*find)(struct store *store, struct worker *worker, uint64_t key,
                           struct rt_bound *bound);

    /* Keeps a lesson: in the table now, elsewhere without waiting. Called before the answer that
     * taught it is queued. */
    void (*learn)(struct store *store, struct worker *worker, const struct rt_lesson *lesson);

    /* Binds one key alone: a session, a user's client, a pattern. */
    void (*bind)(struct store *store, struct worker *worker, uint64_t key, uint32_t target,
                 uint32_t realm);

    /* This target does not know the user: drop the binding if it is to it. */
    void (*forget)(struct store *store, struct worker *worker, uint64_t key, uint32_t target);

    /* Each worker, before its loop runs, and when it ends. These three may be NULL. */
    void (*open)(struct store *store, struct worker *worker);
    void (*close)(struct store *store, struct worker *worker);
    /* What was learnt in this turn leaves: before the answers do. */
    void (*flush)(struct store *store, struct worker *worker);

    /* Ten times a second, on each worker. */
    void (*tick)(struct store *store, struct worker *worker);

    void (*free)(struct store *store);
};

/* A store begins with this; a store of another kind is a larger struct. */
struct store {
    const struct store_methods *methods;
    struct rt_bindings *table;      /* never NULL */
    struct rt_wildcards *wildcards; /* never NULL; of this agent alone */
};

/* The store of users.bindings. Main thread; fatal without memory. */
struct store *store_new(const struct conf *conf);
void store_free(struct store *store);

/* Is there nothing that could be found? Then nobody need ask. */
static inline bool store_is_empty(const struct store *store)
{
    return !store->methods->is_shared && rt_bindings_count(store->table) == 0;
}

/* The same of sessions: most servers keep none, and every request of a session would look in vain.
 */
static inline bool store_knows_sessions(const struct store *store)
{
    return store->methods->is_shared || rt_bindings_has_sessions(store->table);
}

/* Bindings in this process alone. */
struct store *store_memory_new(const struct conf *conf);

/* What every store has: its table; what is over in it is freed by the first worker's ticks. */
void store_init(struct store *store, const struct store_methods *methods, const struct conf *conf);
void store_sweep(struct store *store, const struct worker *worker);
void store_fini(struct store *store);
