/* stats.h — counters: one writer each, read by all, summed when asked. The rows are in stats.def.
 *
 * Each worker has its own set; the front desk has one, too. Writers store relaxed, readers load
 * relaxed: a scrape sees values of slightly different moments, never torn ones. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/conf/conf.h"
#include "agent/rows.h"
#include "proto/fsm.h"
#include "proto/watchdog.h"
#include "tls/reason.h"

typedef _Atomic uint64_t stats_counter;

static inline void stats_add(stats_counter *counter, uint64_t n)
{
    uint64_t old = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, old + n, memory_order_relaxed);
}

static inline void stats_sub(stats_counter *counter, uint64_t n)
{
    uint64_t old = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, old - n, memory_order_relaxed);
}

static inline void stats_set(stats_counter *counter, uint64_t n)
{
    atomic_store_explicit(counter, n, memory_order_relaxed);
}

/* What was read before it is not younger than what is read after it. */
static inline void stats_fence(void)
{
    atomic_thread_fence(memory_order_acquire);
}

static inline uint64_t stats_read(const stats_counter *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* The buckets of both duration histograms; the last is +Inf. */
enum { STATS_BUCKETS = 18 };
extern const uint64_t stats_bounds[STATS_BUCKETS - 1]; /* nanoseconds */

struct stats_histogram {
    stats_counter bucket[STATS_BUCKETS]; /* not cumulative */
    stats_counter sum;                   /* nanoseconds */
};

/* Records `n` values of `nanoseconds`. */
void stats_record(struct stats_histogram *histogram, uint64_t nanoseconds, uint64_t n);

enum stats_drop {
#define DROP(field, reason) STATS_DROP_##field,
#include "agent/stats.def"
    STATS_DROPS
};

enum stats_refusal {
#define REFUSAL(field, reason) STATS_REFUSED_##field,
#include "agent/stats.def"
    STATS_REFUSALS
};

enum stats_outcome {
#define ROUTE_OUTCOME(field, outcome) STATS_##field,
#include "agent/stats.def"
    STATS_OUTCOMES
};

enum stats_lookup {
#define LOOKUP(result) STATS_LOOKUP_##result,
#include "agent/stats.def"
    STATS_LOOKUPS
};

enum stats_resolution {
#define RESOLUTION(result) STATS_RESOLUTION_##result,
#include "agent/stats.def"
    STATS_RESOLUTIONS
};

enum stats_termination {
#define TERMINATION(field, outcome) STATS_TERMINATION_##field,
#include "agent/stats.def"
    STATS_TERMINATIONS
};

enum stats_path {
#define DURATION(field, path) STATS_PATH_##field,
#include "agent/stats.def"
    STATS_PATHS
};

enum stats_local {
#define LOCAL_RESULT(code) STATS_LOCAL_##code,
#include "agent/stats.def"
    STATS_LOCAL_other,
    STATS_LOCALS
};

/* The place of a Result-Code among those the agent answers with. */
enum stats_local stats_local_of(uint32_t result);

struct stats_peer {
#define PEER_COUNTER(field, metric, label, value, help) stats_counter field;
#include "agent/stats.def"
    stats_counter open; /* gauges from here */
    stats_counter pending;
    stats_counter in_state[DM_STATES];
    stats_counter in_watch[DM_WATCH_STATES];
    stats_counter transitions[DM_STATES]; /* to this state */
    struct stats_histogram duration;      /* sent to the peer -> its answer */
};

struct stats_route {
    stats_counter outcome[STATS_OUTCOMES];
    stats_counter local[STATS_LOCALS];
};

/* Rows of peers and routes are numbered by agent/rows, and come in chunks that never move: the main
 * thread adds some before anybody is told of their numbers. */
struct stats {
    struct stats_peer *peers[ROWS_CHUNKS];
    struct stats_route *routes[ROWS_CHUNKS];
    stats_counter requests_received;
    stats_counter requests_ended;
    stats_counter held_pending; /* requests in pending tables: gauge */
    stats_counter held_parked;  /* requests that wait for a look-up or a host: gauge */
    stats_counter lookups[STATS_LOOKUPS];
    stats_counter resolutions[STATS_RESOLUTIONS]; /* the front desk's */
    stats_counter store_connections;              /* to nodes of Redis: gauge */
    stats_counter store_writes;                   /* sent */
    stats_counter store_dropped;  /* writes that nobody took, or of which nobody said that he did */
    stats_counter letters_posted; /* letters that hold a request or its answer */
    stats_counter letters_opened;
    stats_counter dropped[STATS_DROPS];
    stats_counter refused[STATS_REFUSALS];
    stats_counter redirects; /* remembered, by this worker: gauge */
    stats_counter terminations[STATS_TERMINATIONS];
    stats_counter connections[CONF_TRANSPORTS]; /* gauges */
    stats_counter handshakes[TLS_REASON_COUNT]; /* of TLS and DTLS, by how they ended */
    stats_counter drained; /* peers, by order of an operator: gauges, the front desk's */
    stats_counter disabled;
    stats_counter clients; /* those of them that are open to a client: gauge */
    stats_counter memory;  /* octets of messages, queues, bags and unfinished input: gauge */
    struct stats_histogram path[STATS_PATHS];
    struct stats_histogram lag; /* of the loop: how late a tick was */
};

/* Zeroed, with so many rows; fatal without memory. */
void stats_init(struct stats *stats, uint32_t peers, uint32_t routes);
void stats_fini(struct stats *stats);
/* Makes room for so many rows in all. Main thread; the writer goes on meanwhile. */
void stats_grow(struct stats *stats, uint32_t peers, uint32_t routes);

/* Connections of all transports. */
static inline uint64_t stats_connections(const struct stats *stats)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < CONF_TRANSPORTS; i++)
        sum += stats_read(&stats->connections[i]);
    return sum;
}

/* The counters of a row of peers; 0: of those that no row admits. */
static inline struct stats_peer *stats_peer_at(const struct stats *stats, uint32_t row)
{
    return &stats->peers[row / ROWS_PER_CHUNK][row % ROWS_PER_CHUNK];
}

/* Those of a row of routes; 0: of requests without a route. */
static inline struct stats_route *stats_route_row(const struct stats *stats, uint32_t row)
{
    return &stats->routes[row / ROWS_PER_CHUNK][row % ROWS_PER_CHUNK];
}

/* Route number -> its counters; -1 is that of requests without a route. */
static inline struct stats_route *stats_route_at(const struct stats *stats, int32_t route)
{
    return stats_route_row(stats, (uint32_t)(route + 1));
}
