/* stats.c — counters and the buckets of durations. */
#include "agent/stats.h"

#include <stdlib.h>
#include <string.h>

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)

const uint64_t stats_bounds[STATS_BUCKETS - 1] = {
    50 * US, 100 * US, 250 * US, 500 * US, 1 * MS,    2500 * US, 5 * MS,    10 * MS,    25 * MS,
    50 * MS, 100 * MS, 250 * MS, 500 * MS, 1000 * MS, 2500 * MS, 5000 * MS, 10000 * MS,
};

/* What takes longer than the bound of this bucket, a millisecond, is looked for behind it. */
enum { STATS_MIDDLE = 4 };

void stats_record(struct stats_histogram *histogram, uint64_t nanoseconds, uint64_t n)
{
    size_t i = nanoseconds > stats_bounds[STATS_MIDDLE] ? STATS_MIDDLE + 1 : 0;
    while (i < STATS_BUCKETS - 1 && nanoseconds > stats_bounds[i])
        i++;
    stats_add(&histogram->bucket[i], n);
    stats_add(&histogram->sum, nanoseconds * n);
}

enum stats_local stats_local_of(uint32_t result)
{
    switch (result) {
#define LOCAL_RESULT(code)                                                                         \
    case code:                                                                                     \
        return STATS_LOCAL_##code;
#include "agent/stats.def"
    default:
        return STATS_LOCAL_other;
    }
}

static void *zeroed(size_t size)
{
    void *memory = calloc(ROWS_PER_CHUNK, size);
    if (!memory)
        abort();
    return memory;
}

void stats_init(struct stats *stats, uint32_t peers, uint32_t routes)
{
    memset(stats, 0, sizeof *stats);
    stats_grow(stats, peers, routes);
}

void stats_grow(struct stats *stats, uint32_t peers, uint32_t routes)
{
    for (uint32_t i = 0; i * ROWS_PER_CHUNK < peers; i++)
        if (!stats->peers[i])
            stats->peers[i] = zeroed(sizeof *stats->peers[i]);
    for (uint32_t i = 0; i * ROWS_PER_CHUNK < routes; i++)
        if (!stats->routes[i])
            stats->routes[i] = zeroed(sizeof *stats->routes[i]);
}

void stats_fini(struct stats *stats)
{
    for (uint32_t i = 0; i < ROWS_CHUNKS; i++) {
        free(stats->peers[i]);
        free(stats->routes[i]);
    }
}
