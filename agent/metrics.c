/* metrics.c — sums the counters of all threads, then writes family by family. Any thread.
 *
 * What ended is read before what was received, so at any time received = ended + in flight holds in
 * one scrape, and nothing in flight is negative. */
#include "agent/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "agent/log.h"
#include "agent/metrics_text.h"
#include "agent/process.h"
#include "tls/context.h"

struct rendering {
    const struct metrics_source *source;
    struct stats sum;
    bool *is_present;    /* of each row of peers */
    bool *has_durations; /* likewise */
    FILE *to;
};

/* --- sums
 * ------------------------------------------------------------------------------------------- */

_Static_assert(sizeof(struct stats_peer) % sizeof(stats_counter) == 0, "counters only");
_Static_assert(sizeof(struct stats_route) % sizeof(stats_counter) == 0, "counters only");

static void add(void *to, const void *from, size_t octets)
{
    stats_counter *sums = to;
    const stats_counter *counters = from;
    for (size_t i = 0; i < octets / sizeof *sums; i++)
        stats_add(&sums[i], stats_read(&counters[i]));
}

static void add_ended(struct rendering *rendering, const struct stats *of)
{
    for (uint32_t row = 0; row < rendering->source->route_count; row++)
        add(stats_route_row(&rendering->sum, row), stats_route_row(of, row),
            sizeof(struct stats_route));
}

static void add_others(struct rendering *rendering, const struct stats *of)
{
    struct stats *sum = &rendering->sum;
    size_t begin = offsetof(struct stats, requests_received);
    for (uint32_t row = 0; row < rendering->source->peer_count; row++)
        add(stats_peer_at(sum, row), stats_peer_at(of, row), sizeof(struct stats_peer));
    add((char *)sum + begin, (const char *)of + begin, sizeof *of - begin);
}

static void sum_up(struct rendering *rendering)
{
    const struct metrics_source *source = rendering->source;
    for (unsigned i = 0; i <= source->worker_count; i++)
        add_ended(rendering, source->stats[i]);
    atomic_thread_fence(memory_order_acquire);
    for (unsigned i = 0; i <= source->worker_count; i++)
        add_others(rendering, source->stats[i]);
}

/* --- rows
 * Those that were removed go on being shown, so that sums are of all there ever was.
 * ---------------------------------------------------------------------------------- */

static struct metrics_label peer_label(const struct rendering *rendering, uint32_t row)
{
    return metrics_label("peer", rows_name(rendering->source->peers, row));
}

static struct metrics_label route_label(const struct rendering *rendering, uint32_t row)
{
    return metrics_label("route", rows_name(rendering->source->routes, row));
}

static const struct stats_peer *peer_at(const struct rendering *rendering, uint32_t row)
{
    return stats_peer_at(&rendering->sum, row);
}

static struct metrics_family family(const struct rendering *rendering, const char *name,
                                    const char *type, const char *help)
{
    return metrics_family(rendering->to, name, type, help);
}

static void single(const struct rendering *rendering, const char *name, const char *type,
                   const char *help, uint64_t value)
{
    metrics_sample(family(rendering, name, type, help), metrics_no_label(), metrics_no_label(),
                   value);
}

static void one(struct metrics_family family, struct metrics_label label, uint64_t value)
{
    metrics_sample(family, label, metrics_no_label(), value);
}

/* --- the program and its configuration
 * -------------------------------------------------------------- */

static void put_program(const struct rendering *rendering)
{
    const struct metrics_source *source = rendering->source;
    one(family(rendering, "build_info", "gauge", "1, with the version of the program"),
        metrics_label("version", ANTIPODE_VERSION), 1);
    struct metrics_family reloads =
        family(rendering, "config_reloads_total", "counter", "Reloads of the configuration");
    one(reloads, metrics_label("result", "success"), source->reloads);
    one(reloads, metrics_label("result", "failure"), source->failed_reloads);
    single(rendering, "config_last_reload_success_timestamp_seconds", "gauge",
           "When the configuration in use was loaded", source->loaded);
    one(family(rendering, "config_info", "gauge", "1, with the hash of the configuration file"),
        metrics_label("hash", source->conf->hash), 1);
}

/* --- peers: gauges
 * ---------------------------------------------------------------------------------- */

/* Of the rows that a configuration has not any more, gauges are shown while they say something. */
static void find_present(struct rendering *rendering)
{
    const struct conf *conf = rendering->source->conf;
    rendering->is_present[0] = true;
    for (size_t i = 0; i < conf->peer_count; i++)
        rendering->is_present[conf->seats[i].number] = true;
    for (uint32_t row = 0; row < rendering->source->peer_count; row++)
        for (unsigned state = 0; state < DM_STATES; state++)
            if (stats_read(&peer_at(rendering, row)->in_state[state]))
                rendering->is_present[row] = true;
}

static void put_up(const struct rendering *rendering)
{
    const struct conf *conf = rendering->source->conf;
    struct metrics_family up =
        family(rendering, "peer_up", "gauge",
               "Is the configured peer open, and its watchdog content? 1 or 0");
    for (size_t i = 0; i < conf->peer_count; i++) {
        uint32_t row = conf->seats[i].number;
        const struct stats_peer *peer = peer_at(rendering, row);
        bool is_up = stats_read(&peer->open) && stats_read(&peer->in_watch[DM_WATCH_OKAY]);
        if (!conf->peers[i].is_pattern)
            one(up, peer_label(rendering, row), is_up);
    }
}

/* Of a peer's counters by state. I-Open and R-Open are one state to the user. */
static void put_states(const struct rendering *rendering, struct metrics_family family,
                       const char *label, size_t field)
{
    bool is_gauge = field == offsetof(struct stats_peer, in_state);
    for (uint32_t row = 0; row < rendering->source->peer_count; row++) {
        const char *peer = (const char *)peer_at(rendering, row);
        const stats_counter *of = (const stats_counter *)(const void *)(peer + field);
        if (is_gauge && !rendering->is_present[row])
            continue;
        for (unsigned state = 0; state < DM_STATES; state++) {
            uint64_t value = stats_read(&of[state]);
            if (state == DM_I_OPEN)
                continue;
            if (state == DM_R_OPEN)
                value += stats_read(&of[DM_I_OPEN]);
            metrics_sample(family, peer_label(rendering, row),
                           metrics_label(label, dm_state_metric(state)), value);
        }
    }
}

static void put_watchdogs(const struct rendering *rendering)
{
    struct metrics_family watchdog =
        family(rendering, "peer_watchdog", "gauge", "Peers by state of their watchdog (RFC 3539)");
    for (uint32_t row = 0; row < rendering->source->peer_count; row++)
        for (unsigned state = 0; state < DM_WATCH_STATES && rendering->is_present[row]; state++)
            metrics_sample(watchdog, peer_label(rendering, row),
                           metrics_label("state", dm_watch_state_name(state)),
                           stats_read(&peer_at(rendering, row)->in_watch[state]));
}

static void put_peer_states(const struct rendering *rendering)
{
    uint32_t rows = rendering->source->peer_count;
    struct metrics_family open = family(rendering, "peers_open", "gauge",
                                        "Peers in state open, by the row that admits them");
    for (uint32_t row = 0; row < rows; row++)
        if (rendering->is_present[row])
            one(open, peer_label(rendering, row), stats_read(&peer_at(rendering, row)->open));
    put_up(rendering);
    put_states(rendering,
               family(rendering, "peer_state", "gauge", "Peers by state (RFC 6733, section 5.6)"),
               "state", offsetof(struct stats_peer, in_state));
    put_watchdogs(rendering);
    put_states(rendering,
               family(rendering, "peer_transitions_total", "counter", "Changes to a peer state"),
               "to", offsetof(struct stats_peer, transitions));
    struct metrics_family pending = family(rendering, "peer_pending_requests", "gauge",
                                           "Requests sent to the peer and not yet answered");
    for (uint32_t row = 0; row < rows; row++)
        if (rendering->is_present[row])
            one(pending, peer_label(rendering, row), stats_read(&peer_at(rendering, row)->pending));
}

/* --- peers: counters of stats.def
 * ------------------------------------------------------------------- */

static const struct peer_counter {
    size_t field;
    const char *metric;
    const char *label;
    const char *value;
    const char *help; /* empty: goes on with the metric before */
} peer_counters[] = {
#define PEER_COUNTER(field, metric, label, value, help)                                            \
    {offsetof(struct stats_peer, field), metric, label, value, help},
#include "agent/stats.def"
};

static void put_peer_counter(const struct rendering *rendering, struct metrics_family family,
                             const struct peer_counter *counter)
{
    struct metrics_label label =
        *counter->label ? metrics_label(counter->label, counter->value) : metrics_no_label();
    for (uint32_t row = 0; row < rendering->source->peer_count; row++) {
        const char *peer = (const char *)peer_at(rendering, row);
        const stats_counter *value = (const stats_counter *)(const void *)(peer + counter->field);
        metrics_sample(family, peer_label(rendering, row), label, stats_read(value));
    }
}

static void put_peer_counters(const struct rendering *rendering)
{
    struct metrics_family current = {0};
    for (size_t i = 0; i < sizeof peer_counters / sizeof *peer_counters; i++) {
        const struct peer_counter *counter = &peer_counters[i];
        if (*counter->help)
            current = family(rendering, counter->metric, "counter", counter->help);
        put_peer_counter(rendering, current, counter);
    }
}

/* A client that is never asked has no durations: twenty lines less for each. */
static void find_servers(struct rendering *rendering)
{
    const struct conf *conf = rendering->source->conf;
    for (size_t i = 0; i < conf->peer_count; i++)
        if (conf->peers[i].in_pool || conf->peers[i].dials)
            rendering->has_durations[conf->seats[i].number] = true;
    for (uint32_t row = 0; row < rendering->source->peer_count; row++)
        for (size_t i = 0; i < STATS_BUCKETS; i++)
            if (stats_read(&peer_at(rendering, row)->duration.bucket[i]))
                rendering->has_durations[row] = true;
}

static void put_peer_durations(const struct rendering *rendering)
{
    struct metrics_family durations = family(rendering, "request_duration_seconds", "histogram",
                                             "From sending a request to a peer to its answer");
    for (uint32_t row = 0; row < rendering->source->peer_count; row++)
        if (rendering->has_durations[row])
            metrics_histogram(durations, peer_label(rendering, row),
                              &peer_at(rendering, row)->duration);
}

/* --- requests: the ledger
 * --------------------------------------------------------------------------- */

static const char *const outcomes[] = {
#define ROUTE_OUTCOME(field, outcome) outcome,
#include "agent/stats.def"
};

static const char *const local_results[] = {
#define LOCAL_RESULT(code) #code,
#include "agent/stats.def"
    "other",
};

static uint64_t put_outcomes(const struct rendering *rendering)
{
    uint64_t ended = 0;
    struct metrics_family requests =
        family(rendering, "requests_total", "counter", "Requests that have ended, by how they did");
    for (uint32_t route = 0; route < rendering->source->route_count; route++)
        for (unsigned i = 0; i < STATS_OUTCOMES; i++) {
            uint64_t count = stats_read(&stats_route_row(&rendering->sum, route)->outcome[i]);
            metrics_sample(requests, route_label(rendering, route),
                           metrics_label("outcome", outcomes[i]), count);
            ended += count;
        }
    return ended;
}

static uint64_t difference(uint64_t more, uint64_t less)
{
    return more > less ? more - less : 0;
}

/* A gauge whose parts were read at different moments may seem to be a little below nothing. */
static uint64_t at_least_zero(uint64_t gauge)
{
    return gauge >> 63 ? 0 : gauge;
}

static uint64_t received(const struct rendering *rendering)
{
    uint64_t received = 0;
    for (uint32_t row = 0; row < rendering->source->peer_count; row++)
        received += stats_read(&peer_at(rendering, row)->received_request);
    return received;
}

static void put_requests(const struct rendering *rendering)
{
    const struct stats *sum = &rendering->sum;
    uint64_t ended = put_outcomes(rendering);
    single(rendering, "requests_in_flight", "gauge", "Requests received and not yet ended",
           difference(received(rendering), ended));
    struct metrics_family held =
        family(rendering, "requests_held", "gauge", "Requests, and answers on their way, by place");
    one(held, metrics_label("place", "pending"), stats_read(&sum->held_pending));
    one(held, metrics_label("place", "parked"), stats_read(&sum->held_parked));
    one(held, metrics_label("place", "mail"),
        difference(stats_read(&sum->letters_posted), stats_read(&sum->letters_opened)));
}

/* What a route rejects with may be no row of LOCAL_RESULT: then it is the route that says it. */
static struct metrics_label result_label(const struct rendering *rendering, uint32_t row,
                                         unsigned local, char code[16])
{
    const struct rt_tables *tables = &rendering->source->conf->tables;
    const struct rt_route *route = rt_route_numbered(tables, (int32_t)row - 1);
    if (local != STATS_LOCAL_other || !route || route->action != RT_REJECT)
        return metrics_label("result", local_results[local]);
    snprintf(code, 16, "%u", (unsigned)route->result);
    return metrics_label("result", code);
}

static void put_local_answers(const struct rendering *rendering)
{
    char code[16];
    struct metrics_family local = family(rendering, "local_answers_total", "counter",
                                         "Answers the agent made itself, by Result-Code");
    for (uint32_t route = 0; route < rendering->source->route_count; route++)
        for (unsigned i = 0; i < STATS_LOCALS; i++) {
            uint64_t count = stats_read(&stats_route_row(&rendering->sum, route)->local[i]);
            if (count)
                metrics_sample(local, route_label(rendering, route),
                               result_label(rendering, route, i, code), count);
        }
}

static const char *const terminations[] = {
#define TERMINATION(field, outcome) outcome,
#include "agent/stats.def"
};

static void put_terminations(const struct rendering *rendering)
{
    struct metrics_family family_of =
        family(rendering, "session_terminations_total", "counter",
               "Sessions that a server was told to end, since a policy made its success a failure");
    for (unsigned i = 0; i < STATS_TERMINATIONS; i++)
        one(family_of, metrics_label("outcome", terminations[i]),
            stats_read(&rendering->sum.terminations[i]));
}

/* --- users
 * ----------------------------------------------------------------------------------------- */

static void put_subscribers(const struct rendering *rendering)
{
    const struct rt_tables *tables = &rendering->source->conf->tables;
    struct metrics_family entries = family(rendering, "subscribers_entries", "gauge",
                                           "Rows of a table of subscribers that differ");
    for (uint32_t i = 0; i < tables->subscriber_count; i++)
        one(entries, metrics_label("table", tables->subscribers[i].name),
            tables->subscribers[i].count);
}

/* --- the agent as a whole
 * --------------------------------------------------------------------------- */

static const char *const drops[] = {
#define DROP(field, reason) reason,
#include "agent/stats.def"
};

static const char *const refusals[] = {
#define REFUSAL(field, reason) reason,
#include "agent/stats.def"
};

static const char *const lookups[] = {
#define LOOKUP(result) #result,
#include "agent/stats.def"
};

static const char *const resolutions[] = {
#define RESOLUTION(result) #result,
#include "agent/stats.def"
};

static const char *const paths[] = {
#define DURATION(field, path) path,
#include "agent/stats.def"
};

static void put_reasons(struct metrics_family family, const char *const *reasons,
                        const stats_counter *counters, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        one(family, metrics_label("reason", reasons[i]), stats_read(&counters[i]));
}

static void put_connections(const struct rendering *rendering)
{
    const struct stats *sum = &rendering->sum;
    struct metrics_family connections =
        family(rendering, "connections", "gauge", "Connections of known peers, by transport");
    for (unsigned i = 0; i < CONF_TRANSPORTS; i++)
        one(connections, metrics_label("transport", conf_transport_name((enum conf_transport)i)),
            stats_read(&sum->connections[i]));
    put_reasons(family(rendering, "connections_refused_total", "counter",
                       "Connections that were closed by the agent"),
                refusals, sum->refused, STATS_REFUSALS);
    put_reasons(family(rendering, "dropped_total", "counter", "Messages that went nowhere"), drops,
                sum->dropped, STATS_DROPS);
}

static void put_handshakes(const struct rendering *rendering)
{
    struct metrics_family family_of = family(rendering, "tls_handshakes_total", "counter",
                                             "Handshakes of TLS and DTLS, by how they ended");
    for (unsigned i = 0; i < TLS_REASON_COUNT; i++)
        one(family_of, metrics_label("result", tls_reason_label((enum tls_reason)i)),
            stats_read(&rendering->sum.handshakes[i]));
}

static void put_certificates(const struct rendering *rendering)
{
    const struct tls_file *files = NULL;
    const struct tls_context *tls = rendering->source->tls;
    size_t count = tls ? tls_context_files(tls, &files) : 0;
    struct metrics_family expiry =
        family(rendering, "tls_certificate_expiry_timestamp_seconds", "gauge",
               "When what a file of `tls` says is over; 0: never");
    for (size_t i = 0; i < count; i++)
        one(expiry, metrics_label("file", files[i].path), (uint64_t)files[i].expires);
}

static void put_orders(const struct rendering *rendering)
{
    struct metrics_family orders = family(rendering, "peers_ordered", "gauge",
                                          "Peers that an operator has drained or disabled");
    one(orders, metrics_label("order", "drained"), stats_read(&rendering->sum.drained));
    one(orders, metrics_label("order", "disabled"), stats_read(&rendering->sum.disabled));
}

static void put_store(const struct rendering *rendering)
{
    const struct stats *sum = &rendering->sum;
    struct metrics_family found = family(rendering, "bindings_lookups_total", "counter",
                                         "Look-ups of what was learnt, by what came of them");
    for (unsigned i = 0; i < STATS_LOOKUPS; i++)
        one(found, metrics_label("result", lookups[i]), stats_read(&sum->lookups[i]));
    single(rendering, "bindings_store_connections", "gauge",
           "Connections of the workers to the nodes of Redis", stats_read(&sum->store_connections));
    single(rendering, "bindings_store_writes_total", "counter", "Writes sent to Redis",
           stats_read(&sum->store_writes));
    single(rendering, "bindings_store_writes_lost_total", "counter",
           "Writes that Redis did not take", stats_read(&sum->store_dropped));
}

static void put_dns(const struct rendering *rendering)
{
    struct metrics_family queries = family(rendering, "dns_queries_total", "counter",
                                           "Questions to name servers, by what came of them");
    for (unsigned i = 0; i < STATS_RESOLUTIONS; i++)
        one(queries, metrics_label("result", resolutions[i]),
            stats_read(&rendering->sum.resolutions[i]));
}

static void put_lag(const struct rendering *rendering)
{
    struct metrics_family lag = family(rendering, "worker_loop_lag_seconds", "histogram",
                                       "How late the ticks of a worker's loop are");
    for (unsigned i = 0; i < rendering->source->worker_count; i++) {
        char worker[16];
        snprintf(worker, sizeof worker, "%u", i);
        metrics_histogram(lag, metrics_label("worker", worker), &rendering->source->stats[i]->lag);
    }
}

/* Each worker remembers all of them. */
static uint64_t redirects(const struct metrics_source *source)
{
    return source->worker_count ? stats_read(&source->stats[0]->redirects) : 0;
}

static void put_bindings(const struct rendering *rendering)
{
    const struct rt_bindings *bindings = rendering->source->bindings;
    if (!bindings)
        return;
    single(rendering, "bindings_entries", "gauge", "Identities, sessions and patterns learnt",
           rt_bindings_count(bindings));
    single(rendering, "bindings_conflicts_total", "counter",
           "Successes that linked users who are bound to different servers",
           rt_bindings_conflicts(bindings));
    single(rendering, "bindings_evictions_total", "counter",
           "Entries forgotten before their time for want of room", rt_bindings_evictions(bindings));
}

static void put_agent(const struct rendering *rendering)
{
    const struct stats *sum = &rendering->sum;
    struct metrics_family path =
        family(rendering, "agent_duration_seconds", "histogram",
               "From the read that completed a message to the write that took its last octet");
    for (unsigned i = 0; i < STATS_PATHS; i++)
        metrics_histogram(path, metrics_label("path", paths[i]), &sum->path[i]);
    put_connections(rendering);
    put_handshakes(rendering);
    put_certificates(rendering);
    put_orders(rendering);
    put_store(rendering);
    put_dns(rendering);
    put_lag(rendering);
    put_bindings(rendering);
    single(rendering, "redirects_entries", "gauge", "Redirects that are remembered",
           redirects(rendering->source));
    single(rendering, "memory_used_bytes", "gauge",
           "Messages held, queues and unfinished input, as limits.memory bounds them",
           at_least_zero(stats_read(&sum->memory)));
    single(rendering, "log_lines_dropped_total", "counter", "Log lines for which there was no room",
           log_dropped());
}

static void init(struct rendering *rendering)
{
    const struct metrics_source *source = rendering->source;
    stats_init(&rendering->sum, source->peer_count, source->route_count);
    rendering->is_present = calloc(source->peer_count, 1);
    rendering->has_durations = calloc(source->peer_count, 1);
    if (!rendering->is_present || !rendering->has_durations)
        abort();
}

static void fini(struct rendering *rendering)
{
    stats_fini(&rendering->sum);
    free(rendering->is_present);
    free(rendering->has_durations);
}

void metrics_render(const struct metrics_source *source, FILE *to)
{
    struct rendering rendering = {.source = source, .to = to};
    init(&rendering);
    sum_up(&rendering);
    find_present(&rendering);
    find_servers(&rendering);
    put_program(&rendering);
    put_peer_states(&rendering);
    put_peer_counters(&rendering);
    put_peer_durations(&rendering);
    put_requests(&rendering);
    put_local_answers(&rendering);
    put_terminations(&rendering);
    put_subscribers(&rendering);
    put_agent(&rendering);
    process_render(source->started, to);
    fini(&rendering);
}
