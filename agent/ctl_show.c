/* ctl_show.c — what a command answered, for people: tables, and lines of a name and a value. */
#include "agent/ctl_show.h"

#include <stdlib.h>
#include <string.h>

#include "agent/ctl_table.h"

/* --- values
 * --------------------------------------------------------------------------------------- */

struct shown {
    char text[160];
};

static struct shown shown(const char *text)
{
    struct shown it;
    snprintf(it.text, sizeof it.text, "%s", text);
    return it;
}

/* Elements of a list with commas between them, as far as there is room. */
static struct shown list(const json_t *elements)
{
    struct shown it = shown(json_array_size(elements) ? "" : "-");
    for (size_t i = 0; i < json_array_size(elements); i++) {
        const json_t *element = json_array_get(elements, i);
        size_t size = strlen(it.text);
        if (json_is_string(element))
            snprintf(it.text + size, sizeof it.text - size, "%s%s", i ? "," : "",
                     json_string_value(element));
        else
            snprintf(it.text + size, sizeof it.text - size, "%s%lld", i ? "," : "",
                     (long long)json_integer_value(element));
    }
    return it;
}

static struct shown value(const json_t *json, const char *name)
{
    const json_t *field = json_object_get(json, name);
    struct shown it = shown("-");
    if (json_is_string(field))
        it = shown(json_string_value(field));
    else if (json_is_integer(field))
        snprintf(it.text, sizeof it.text, "%lld", (long long)json_integer_value(field));
    else if (json_is_boolean(field))
        it = shown(json_is_true(field) ? "yes" : "no");
    else if (json_is_array(field))
        it = list(field);
    return it;
}

static struct shown share(const json_t *json, const char *name)
{
    struct shown it;
    double part = json_real_value(json_object_get(json, name));
    snprintf(it.text, sizeof it.text, "%.1f%%", part * 100);
    return it;
}

/* "850ms", "12.3s", "4m07s", "3h20m", "5d11h". */
static struct shown time_of(double seconds)
{
    struct shown it;
    long whole = (long)seconds;
    if (seconds < 1)
        snprintf(it.text, sizeof it.text, "%.0fms", seconds * 1e3);
    else if (whole < 60)
        snprintf(it.text, sizeof it.text, "%.1fs", seconds);
    else if (whole < 3600)
        snprintf(it.text, sizeof it.text, "%ldm%02lds", whole / 60, whole % 60);
    else if (whole < 86400)
        snprintf(it.text, sizeof it.text, "%ldh%02ldm", whole / 3600, whole / 60 % 60);
    else
        snprintf(it.text, sizeof it.text, "%ldd%02ldh", whole / 86400, whole / 3600 % 24);
    return it;
}

static struct shown duration(const json_t *json, const char *name)
{
    const json_t *field = json_object_get(json, name);
    return json_is_number(field) ? time_of(json_number_value(field)) : shown("-");
}

#define TABLE(...)                                                                                 \
    ctl_table_new(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *),               \
                  (const char *const[]){__VA_ARGS__})

static void put(struct ctl_table *table, struct shown cell)
{
    ctl_table_put(table, "%s", cell.text);
}

static void finish(struct ctl_table *table, FILE *to)
{
    ctl_table_print(table, to);
    ctl_table_free(table);
}

/* A line of a name and a value. */
static void line(FILE *to, const char *name, struct shown value)
{
    fprintf(to, "%-14s %s\n", name, value.text);
}

/* --- peers
 * ---------------------------------------------------------------------------------------- */

static struct shown state_of(const json_t *peer)
{
    struct shown state = value(peer, "state");
    struct shown order = value(peer, "order");
    if (strcmp(order.text, "drained") != 0 && strcmp(order.text, "disabled") != 0)
        return state;
    strncat(state.text, ",", sizeof state.text - strlen(state.text) - 1);
    strncat(state.text, order.text, sizeof state.text - strlen(state.text) - 1);
    return state;
}

static void show_peers(const json_t *answer, FILE *to)
{
    struct ctl_table *table =
        TABLE("PEER", "STATE", "WATCHDOG", "FOR ", "ROLE", "TYPE", "PENDING ", "OLDEST ",
              "IN FLIGHT ", "TRANSPORT", "SECURITY", "ADDRESS", "APPLICATIONS");
    size_t i;
    json_t *peer;
    json_array_foreach(json_object_get(answer, "peers"), i, peer) {
        put(table, value(peer, "identity"));
        put(table, state_of(peer));
        put(table, value(peer, "watchdog"));
        put(table, duration(peer, "for_s"));
        put(table, value(peer, "role"));
        put(table, value(peer, "type"));
        put(table, value(peer, "pending"));
        put(table, duration(peer, "oldest_pending_s"));
        put(table, value(peer, "in_flight"));
        put(table, value(peer, "transport"));
        put(table, value(peer, "security"));
        put(table, value(peer, "address"));
        put(table, value(peer, "applications"));
    }
    finish(table, to);
}

static void show_order(const json_t *answer, FILE *to)
{
    const json_t *peer = json_object_get(answer, "peer");
    if (!json_is_object(peer)) {
        fputs("noted; the peer is not connected\n", to);
        return;
    }
    fprintf(to, "%s: %s, %s, %lld pending\n", value(peer, "identity").text,
            value(peer, "order").text, value(peer, "state").text,
            (long long)json_integer_value(json_object_get(peer, "pending")));
}

/* --- the ledger
 * ----------------------------------------------------------------------------------- */

static void show_ledger(const json_t *ledger, FILE *to)
{
    const char *name;
    json_t *count;
    fprintf(to, "%-14s %s received, %s ended, %s in flight:", "ledger",
            value(ledger, "received").text, value(ledger, "ended").text,
            value(ledger, "in_flight").text);
    json_object_foreach(json_object_get(ledger, "places"), name, count)
        fprintf(to, " %lld %s,", (long long)json_integer_value(count), name);
    fprintf(to, " %s unaccounted\n", value(ledger, "unaccounted").text);
}

static void show_pending(const json_t *answer, FILE *to)
{
    struct ctl_table *table = TABLE("PEER", "PENDING ", "OLDEST ");
    size_t i;
    json_t *peer;
    json_array_foreach(json_object_get(answer, "peers"), i, peer) {
        put(table, value(peer, "peer"));
        put(table, value(peer, "pending"));
        put(table, duration(peer, "oldest_s"));
    }
    finish(table, to);
    show_ledger(json_object_get(answer, "ledger"), to);
}

/* --- the agent
 * ------------------------------------------------------------------------------------ */

static void show_readiness(const json_t *answer, FILE *to)
{
    size_t i;
    json_t *reason;
    line(to, "ready", value(answer, "ready"));
    json_array_foreach(json_object_get(answer, "not_ready"), i, reason)
        fprintf(to, "%-14s %s\n", "", json_string_value(reason));
}

static void show_orders(const json_t *answer, FILE *to)
{
    size_t i;
    json_t *order;
    json_array_foreach(json_object_get(answer, "orders"), i, order)
        fprintf(to, "%-14s %s\n", value(order, "order").text, value(order, "peer").text);
}

static void show_workers(const json_t *answer, FILE *to)
{
    struct ctl_table *table = TABLE("WORKER ", "BUSY ", "CONNECTIONS ", "PENDING ", "MEMORY ");
    size_t i;
    json_t *worker;
    json_array_foreach(json_object_get(answer, "workers"), i, worker) {
        put(table, value(worker, "worker"));
        ctl_table_put(table, "%s%%", value(worker, "busy_percent").text);
        put(table, value(worker, "connections"));
        put(table, value(worker, "pending"));
        put(table, value(worker, "memory"));
    }
    finish(table, to);
}

static void show_status(const json_t *answer, FILE *to)
{
    const json_t *configuration = json_object_get(answer, "configuration");
    const json_t *requests = json_object_get(answer, "requests");
    const json_t *connections = json_object_get(answer, "connections");
    const json_t *memory = json_object_get(answer, "memory");
    const json_t *log = json_object_get(answer, "log");
    fprintf(to, "%-14s %s, realm %s, version %s, pid %s\n", "agent", value(answer, "identity").text,
            value(answer, "realm").text, value(answer, "version").text, value(answer, "pid").text);
    fprintf(to, "%-14s %s, for %s\n", "stage", value(answer, "stage").text,
            duration(answer, "uptime_s").text);
    show_readiness(answer, to);
    show_orders(answer, to);
    fprintf(to, "%-14s %s, hash %s\n", "configuration", value(configuration, "file").text,
            value(configuration, "hash").text);
    fprintf(to, "%-14s %s answered, %s answered locally, %s with their origin gone\n", "requests",
            value(requests, "answered").text, value(requests, "answered_locally").text,
            value(requests, "origin_gone").text);
    show_ledger(json_object_get(answer, "ledger"), to);
    fprintf(to, "%-14s %s of at most %s, %s without a CER so far\n", "connections",
            value(connections, "open").text, value(connections, "limit").text,
            value(connections, "half_open").text);
    fprintf(to, "%-14s %s of at most %s octets\n", "memory", value(memory, "used").text,
            value(memory, "limit").text);
    fprintf(to, "%-14s %s, %s lines dropped\n", "log", value(log, "level").text,
            value(log, "dropped").text);
    show_workers(answer, to);
}

/* --- pools, routes, users
 * ------------------------------------------------------------------------- */

static void show_pools(const json_t *answer, FILE *to)
{
    struct ctl_table *table = TABLE("POOL", "SELECT", "READY", "MEMBER", "GROUP", "STATE",
                                    "PRIORITY ", "WEIGHT ", "SHARE ", "NOW ", "PENDING ");
    size_t i;
    size_t k;
    json_t *pool;
    json_t *member;
    json_array_foreach(json_object_get(answer, "pools"), i, pool)
        json_array_foreach(json_object_get(pool, "members"), k, member) {
            put(table, value(pool, "name"));
            put(table, value(pool, "select"));
            put(table, value(pool, "ready"));
            put(table, value(member, "peer"));
            put(table, value(member, "group"));
            put(table, value(member, "state"));
            put(table, value(member, "priority"));
            put(table, value(member, "weight"));
            put(table, share(member, "share"));
            put(table, share(member, "share_now"));
            put(table, value(member, "pending"));
        }
    finish(table, to);
}

static void show_routes(const json_t *answer, FILE *to)
{
    struct ctl_table *table =
        TABLE("ROUTE", "REALM", "APPLICATION", "COMMANDS", "ORIGIN HOST", "ORIGIN REALM", "ACTION",
              "POOL", "ANSWERED ", "LOCALLY ", "ORIGIN GONE ");
    size_t i;
    json_t *route;
    json_array_foreach(json_object_get(answer, "routes"), i, route) {
        const json_t *requests = json_object_get(route, "requests");
        put(table, value(route, "name"));
        put(table, value(route, "realm"));
        put(table, value(route, "application"));
        put(table, value(route, "commands"));
        put(table, value(route, "origin_host"));
        put(table, value(route, "origin_realm"));
        put(table, value(route, "action"));
        put(table, value(route, "pool"));
        put(table, value(requests, "answered"));
        put(table, value(requests, "answered_locally"));
        put(table, value(requests, "origin_gone"));
    }
    finish(table, to);
}

static void show_users(const json_t *answer, FILE *to)
{
    struct ctl_table *table =
        TABLE("POOL", "GROUP", "BOUND TO", "SERVES", "PLACE ", "MEMBER", "STATE");
    size_t i;
    size_t k;
    json_t *row;
    json_t *pool;
    json_t *member;
    fprintf(to, "%s %s, slot %s\n", value(answer, "kind").text, value(answer, "user").text,
            value(answer, "slot").text);
    if (json_is_true(json_object_get(answer, "learnt")))
        fprintf(to, "learnt: slot %s\n", value(answer, "slot_of_group").text);
    json_array_foreach(json_object_get(answer, "subscribers"), i, row)
        fprintf(to, "subscribers %s: %s row, to %s\n", value(row, "table").text,
                value(row, "row").text, value(row, "target").text);
    json_array_foreach(json_object_get(answer, "pools"), i, pool)
        json_array_foreach(json_object_get(pool, "order"), k, member) {
            put(table, value(pool, "pool"));
            put(table, value(pool, "group"));
            put(table, value(pool, "bound_to"));
            put(table, k ? shown("") : value(pool, "serves"));
            ctl_table_put(table, "%zu", k + 1);
            put(table, value(member, "peer"));
            put(table, value(member, "state"));
        }
    finish(table, to);
}

static void show_log(const json_t *answer, FILE *to)
{
    line(to, "level", value(answer, "level"));
}

static void show_reload(const json_t *answer, FILE *to)
{
    size_t i;
    json_t *words;
    json_array_foreach(json_object_get(answer, "text"), i, words)
        fprintf(to, "%s\n", json_string_value(words));
    if (!i)
        fputs("nothing is different from what is in use\n", to);
}

static void show_stop(const json_t *answer, FILE *to)
{
    line(to, "stage", value(answer, "stage"));
}

void ctl_show(const char *command, const json_t *answer, FILE *to)
{
    static const struct {
        const char *command;
        void (*show)(const json_t *answer, FILE *to);
    } shows[] = {{"status", show_status},    {"peers", show_peers},     {"pools", show_pools},
                 {"routes", show_routes},    {"pending", show_pending}, {"users", show_users},
                 {"drain", show_order},      {"enable", show_order},    {"disable", show_order},
                 {"disconnect", show_order}, {"log", show_log},         {"reload", show_reload},
                 {"stop", show_stop}};
    for (size_t i = 0; i < sizeof shows / sizeof *shows; i++)
        if (!strcmp(shows[i].command, command))
            shows[i].show(answer, to);
}
