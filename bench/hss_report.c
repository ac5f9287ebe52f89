/* hss_report.c — the counts of all threads together. Names are part of the contract of
 * antipode-hss(1). */
#include "bench/hss_report.h"

#include <jansson.h>
#include <stdlib.h>

struct sums {
    struct hss_counts counts;
    uint64_t pushes, push_answers;
    uint64_t push_results[HSS_CODES], push_experimental[HSS_CODES];
};

static void add(struct sums *sums, const struct station *station)
{
    const struct hss_counts *counts = &station->worker.counts;
    sums->counts.requests += counts->requests;
    sums->counts.retransmitted += counts->retransmitted;
    sums->counts.bad += counts->bad;
    sums->counts.silent += counts->silent;
    for (size_t i = 0; i <= HSS_COMMANDS; i++)
        sums->counts.by_command[i] += counts->by_command[i];
    sums->pushes += station->pusher.sent;
    sums->push_answers += station->pusher.answered;
    for (size_t i = 0; i < HSS_CODES; i++) {
        sums->counts.by_result[i] += counts->by_result[i];
        sums->counts.by_experimental[i] += counts->by_experimental[i];
        sums->push_results[i] += station->pusher.by_result[i];
        sums->push_experimental[i] += station->pusher.by_experimental[i];
    }
}

static void set(json_t *object, const char *name, uint64_t value)
{
    json_object_set_new(object, name, json_integer((json_int_t)value));
}

/* UAR of both applications count together. */
static json_t *commands(const uint64_t counts[HSS_COMMANDS + 1])
{
    json_t *object = json_object();
    for (size_t i = 0; i <= HSS_COMMANDS; i++) {
        const char *name = hss_command_name((enum hss_command)i);
        if (counts[i])
            set(object, name,
                counts[i] + (uint64_t)json_integer_value(json_object_get(object, name)));
    }
    return object;
}

static void add_codes(json_t *object, const uint64_t counts[HSS_CODES], const char *prefix)
{
    char name[24];
    for (unsigned i = 0; i < HSS_CODES; i++) {
        snprintf(name, sizeof(name), "%s%u", prefix, i);
        if (counts[i])
            set(object, name, counts[i]);
    }
}

static json_t *report_of(const struct hss *hss, const struct sums *sums)
{
    json_t *report = json_object(), *results = json_object(), *pushes = json_object();
    json_t *push_results = json_object();
    add_codes(results, sums->counts.by_result, "");
    add_codes(results, sums->counts.by_experimental, "10415:");
    add_codes(push_results, sums->push_results, "");
    add_codes(push_results, sums->push_experimental, "10415:");
    set(pushes, "sent", sums->pushes);
    set(pushes, "answered", sums->push_answers);
    json_object_set_new(pushes, "results", push_results);
    set(report, "requests", sums->counts.requests);
    json_object_set_new(report, "by_command", commands(sums->counts.by_command));
    json_object_set_new(report, "by_result", results);
    set(report, "users", hss->users.count);
    set(report, "registered", hss_users_registered(&hss->users));
    set(report, "retransmitted", sums->counts.retransmitted);
    set(report, "bad", sums->counts.bad);
    set(report, "silent", sums->counts.silent);
    json_object_set_new(report, "pushes", pushes);
    return report;
}

void hss_report(FILE *to, const struct hss *hss, const struct station *stations, uint32_t count)
{
    struct sums *sums = calloc(1, sizeof(*sums));
    if (!sums)
        abort();
    for (uint32_t i = 0; i < count; i++)
        add(sums, &stations[i]);
    json_t *report = report_of(hss, sums);
    json_dumpf(report, to, JSON_COMPACT);
    fputc('\n', to);
    json_decref(report);
    free(sums);
}
