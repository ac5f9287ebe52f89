/* metrics.h — what /metrics says: the counters of all threads, summed and named.
 *
 * The names are a contract (docs/man/antipode.8.scd): add freely, rename nothing. Any thread may
 * render; it reads the counters relaxed while their writers go on. */
#pragma once

#include "agent/conf/conf.h"
#include "agent/stats.h"
#include "routing/bindings.h"

struct tls_context;

struct metrics_source {
    const struct conf *conf;
    const struct tls_context *tls; /* NULL: there is none */
    uint64_t started;              /* wall clock, seconds */
    unsigned worker_count;
    const struct stats **stats; /* those of the workers and, last, of the front desk */
    const struct rt_bindings *bindings;
    const struct rows *peers; /* names of the rows of counters; as many as are read: */
    const struct rows *routes;
    uint32_t peer_count;
    uint32_t route_count;
    uint64_t reloads;
    uint64_t failed_reloads;
    uint64_t loaded; /* wall clock, seconds: the configuration in use */
};

/* Writes all metrics in the Prometheus text format. */
void metrics_render(const struct metrics_source *source, FILE *to);
