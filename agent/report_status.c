/* report_status.c — how the agent is: who it is, what it does, and the ledger of its requests. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/log.h"
#include "agent/ready.h"
#include "agent/report.h"

static const char *const stages[] = {"running", "draining", "parting", "ending"};

/* --- the ledger
 * ----------------------------------------------------------------------------------- */

static uint64_t sum(const struct agent *agent, size_t field)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < agent->worker_count; i++) {
        const char *stats = (const char *)&agent->workers[i]->stats;
        sum += stats_read((const stats_counter *)(const void *)(stats + field));
    }
    return sum;
}

/* What has ended is summed first and what was received last: of counters that go on while they are
 * read nothing seems to have ended that was not received. */
json_t *report_ledger(const struct agent *agent)
{
    uint64_t ended = sum(agent, offsetof(struct stats, requests_ended));
    stats_fence();
    uint64_t opened = sum(agent, offsetof(struct stats, letters_opened));
    uint64_t posted = sum(agent, offsetof(struct stats, letters_posted));
    uint64_t pending = sum(agent, offsetof(struct stats, held_pending));
    uint64_t parked = sum(agent, offsetof(struct stats, held_parked));
    uint64_t received = sum(agent, offsetof(struct stats, requests_received));
    int64_t in_flight = (int64_t)(received - ended);
    int64_t mail = (int64_t)(posted - opened);
    int64_t unaccounted = in_flight - (int64_t)pending - mail - (int64_t)parked;
    json_t *places = report_made(json_pack("{s:I, s:I, s:I}", "pending", (json_int_t)pending,
                                           "mail", (json_int_t)mail, "parked", (json_int_t)parked));
    return report_made(json_pack("{s:I, s:I, s:I, s:o, s:I}", "received", (json_int_t)received,
                                 "ended", (json_int_t)ended, "in_flight", (json_int_t)in_flight,
                                 "places", places, "unaccounted", (json_int_t)unaccounted));
}

static json_t *outcomes(const struct agent *agent)
{
    static const char *const names[] = {
#define ROUTE_OUTCOME(field, outcome) outcome,
#include "agent/stats.def"
    };
    json_t *json = report_made(json_object());
    uint32_t routes = agent->rows.routes.count;
    for (unsigned k = 0; k < STATS_OUTCOMES; k++) {
        uint64_t count = 0;
        for (unsigned i = 0; i < agent->worker_count; i++)
            for (uint32_t route = 0; route < routes; route++)
                count += stats_read(&stats_route_row(&agent->workers[i]->stats, route)->outcome[k]);
        json_object_set_new(json, names[k], json_integer((json_int_t)count));
    }
    return json;
}

/* --- the parts
 * ------------------------------------------------------------------------------------ */

static json_t *not_ready(const struct agent *agent)
{
    json_t *reasons = report_made(json_array());
    char *text = NULL;
    char *rest = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        abort();
    ready_explain(agent, to);
    fclose(to);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        json_array_append_new(reasons, report_made(json_string(line)));
    free(text);
    return reasons;
}

static json_t *workers(const struct agent *agent)
{
    json_t *list = report_made(json_array());
    for (unsigned i = 0; i < agent->worker_count; i++) {
        const struct stats *stats = &agent->workers[i]->stats;
        json_array_append_new(
            list, report_made(json_pack("{s:i, s:i, s:I, s:I, s:I}", "worker", (int)i,
                                        "busy_percent", (int)agent->workers[i]->busy, "connections",
                                        (json_int_t)stats_connections(stats), "pending",
                                        (json_int_t)stats_read(&stats->held_pending), "memory",
                                        (json_int_t)stats_read(&stats->memory))));
    }
    return list;
}

static json_t *memory(const struct agent *agent)
{
    int64_t used = (int64_t)stats_read(&agent->stats.memory);
    for (unsigned i = 0; i < agent->worker_count; i++)
        used += (int64_t)stats_read(&agent->workers[i]->stats.memory);
    return report_made(json_pack("{s:I, s:I}", "used", (json_int_t)(used > 0 ? used : 0), "limit",
                                 (json_int_t)agent->conf->limits.memory));
}

static json_t *connections(const struct agent *agent)
{
    return report_made(json_pack(
        "{s:I, s:i, s:I}", "open", (json_int_t)sum(agent, offsetof(struct stats, connections)),
        "half_open", (int)agent->front.half_open, "limit", (json_int_t)agent->connections));
}

static json_t *log_state(void)
{
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    enum log_level level = LOG_DEBUG;
    while (level > LOG_ERROR && !log_is_on(level))
        level--;
    return report_made(
        json_pack("{s:s, s:I}", "level", levels[level], "dropped", (json_int_t)log_dropped()));
}

json_t *report_orders(const struct agent *agent)
{
    json_t *list = report_made(json_array());
    for (size_t i = 0; i < agent->orders.count; i++) {
        const struct order *order = &agent->orders.at[i];
        json_array_append_new(
            list, report_made(json_pack("{s:o, s:s}", "peer", report_name(order->identity), "order",
                                        order->is_disabled ? "disabled" : "drained")));
    }
    return list;
}

/* When what is in use was read. */
static json_t *loaded(const struct agent *agent)
{
    uint64_t then = stats_read(&agent->reload.loaded);
    uint64_t now = (uint64_t)time(NULL);
    return report_moment(now > then ? (now - then) * NS_PER_S : 0);
}

static void put(json_t *json, const char *name, json_t *value)
{
    json_object_set_new(json, name, report_made(value));
}

json_t *report_status(const struct agent *agent)
{
    const struct conf *conf = agent->conf;
    uint64_t uptime = clock_real() - agent->began;
    json_t *json = report_made(json_object());
    json_t *reasons = not_ready(agent);
    put(json, "identity", report_name(conf->identity));
    put(json, "realm", report_name(conf->realm));
    put(json, "version", json_string(ANTIPODE_VERSION));
    put(json, "pid", json_integer(getpid()));
    put(json, "started", report_moment(uptime));
    put(json, "uptime_s", report_seconds(uptime));
    put(json, "stage", json_string(stages[agent->stage]));
    put(json, "ready", json_boolean(json_array_size(reasons) == 0));
    put(json, "not_ready", reasons);
    put(json, "configuration",
        json_pack("{s:o, s:s, s:o}", "file", report_name(conf->file), "hash", conf->hash, "loaded",
                  loaded(agent)));
    put(json, "requests", outcomes(agent));
    put(json, "ledger", report_ledger(agent));
    put(json, "connections", connections(agent));
    put(json, "memory", memory(agent));
    put(json, "workers", workers(agent));
    put(json, "orders", report_orders(agent));
    put(json, "log", log_state());
    return json;
}
