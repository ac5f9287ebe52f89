/* report.c — the account of a load in words and in JSON. interfaces of scripts hang on the JSON
 * names. */
#include "bench/report.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "bench/plot.h"
#include "proto/result.h"

enum { SPLIT_NAMED = 10 }; /* so many split users are named */

static const struct {
    const char *name;
    double q;
} quantiles[] = {{"min", 0},    {"p50", 0.5},     {"p90", 0.9},
                 {"p99", 0.99}, {"p99_9", 0.999}, {"max", 1}};

enum { QUANTILES = sizeof(quantiles) / sizeof(quantiles[0]) };

static double seconds(const struct load_report *report)
{
    return (double)report->ns / 1e9;
}

static double rate(const struct load_report *report)
{
    return report->ns ? (double)report->measured.answers / seconds(report) : 0;
}

static double cpu_us_per_pair(const struct load_report *report)
{
    uint64_t pairs = report->measured.answers + report->warmup.answers;
    return pairs ? (double)report->cpu / 1000 / (double)pairs : 0;
}

static double latency_us(const struct load_report *report, double q)
{
    return histogram_quantile(&report->measured.latency, q) / 1000;
}

bool report_is_good(const struct load_report *report)
{
    const struct load_options *options = report->options;
    const struct tally *tally = &report->measured;
    bool lost = report->lost && !(options->allowed & 1u << LOAD_disconnected);
    bool split = options->verify_stickiness && users_split(&report->users);
    return tally->requests && tally->requests == tally_ended(tally) && !lost && !split &&
           tally_errors(tally, options->allowed) == 0 &&
           tally_errors(&report->warmup, options->allowed) == 0;
}

/* ---- JSON ---- */

static json_t *json_count(uint64_t count)
{
    return json_integer((json_int_t)count);
}

static json_t *json_errors(const struct tally *tally)
{
    json_t *errors = json_object();
    for (int i = 0; i < LOAD_ERRORS; i++)
        json_object_set_new(errors, load_error_names[i], json_count(tally->errors[i]));
    return errors;
}

static void result_key(char key[32], const struct tally_result *result)
{
    if (result->vendor)
        snprintf(key, 32, "%u:%u", result->vendor, result->code);
    else
        snprintf(key, 32, "%u", result->code);
}

static json_t *json_results(const struct tally *tally)
{
    json_t *results = json_object();
    for (size_t i = 0; i < tally->results; i++) {
        char key[32];
        result_key(key, &tally->result[i]);
        json_object_set_new(results, key, json_count(tally->result[i].count));
    }
    return results;
}

static json_t *json_latency(const struct load_report *report)
{
    json_t *latency = json_object();
    for (size_t i = 0; i < QUANTILES; i++)
        json_object_set_new(latency, quantiles[i].name,
                            json_real(latency_us(report, quantiles[i].q)));
    json_object_set_new(latency, "mean",
                        json_real(histogram_mean(&report->measured.latency) / 1000));
    return latency;
}

static json_t *json_servers(const struct load_users *users)
{
    json_t *servers = json_object();
    for (size_t i = 0; i < users->hosts; i++)
        json_object_set_new(servers, users->host[i], json_count(users_of(users, i)));
    return servers;
}

static json_t *json_split(const struct load_users *users)
{
    json_t *names = json_array();
    for (uint64_t user = 0; user < users->count && json_array_size(names) < SPLIT_NAMED; user++)
        if (users->home[user] == USERS_SPLIT)
            json_array_append_new(names, json_sprintf("user%llu", (unsigned long long)user));
    return names;
}

static json_t *json_report(const struct load_report *report)
{
    const struct tally *tally = &report->measured;
    const struct load_options *options = report->options;
    json_t *all = json_object();
    json_object_set_new(all, "requests", json_count(tally->requests));
    json_object_set_new(all, "answers", json_count(tally->answers));
    json_object_set_new(all, "errors", json_errors(tally));
    json_object_set_new(all, "results", json_results(tally));
    json_object_set_new(all, "rate", json_real(rate(report)));
    json_object_set_new(all, "latency_us", json_latency(report));
    json_object_set_new(
        all, "connections",
        json_count(options->connections + (options->flow ? options->server2_connections : 0)));
    json_object_set_new(all, "users", json_count(options->users));
    json_object_set_new(all, "split_users", json_count(users_split(&report->users)));
    json_object_set_new(all, "duration_s", json_real(seconds(report)));
    json_object_set_new(all, "flows", json_count(tally->flows));
    json_object_set_new(all, "pushes", json_count(tally->pushes));
    json_object_set_new(all, "servers", json_servers(&report->users));
    json_object_set_new(all, "split", json_split(&report->users));
    json_object_set_new(all, "connections_lost", json_count(report->lost));
    json_object_set_new(all, "warmup_requests", json_count(report->warmup.requests));
    json_object_set_new(all, "warmup_errors", json_count(tally_errors(&report->warmup, 0)));
    json_object_set_new(all, "cpu_us_per_pair", json_real(cpu_us_per_pair(report)));
    return all;
}

static void print_json(const struct load_report *report, FILE *to)
{
    json_t *all = json_report(report);
    json_dumpf(all, to, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    fputc('\n', to);
    json_decref(all);
}

/* ---- text ---- */

static void print_errors(const struct tally *tally, const char *title, FILE *to)
{
    fprintf(to, "%-12s", title);
    for (int i = 0; i < LOAD_ERRORS; i++)
        if (tally->errors[i])
            fprintf(to, " %s %llu", load_error_names[i], (unsigned long long)tally->errors[i]);
    fputs(tally_errors(tally, 0) ? "\n" : " none\n", to);
}

static void print_results(const struct tally *tally, FILE *to)
{
    for (size_t i = 0; i < tally->results; i++) {
        const struct tally_result *result = &tally->result[i];
        char key[32];
        result_key(key, result);
        const char *name = result->vendor ? dm_experimental_name(result->vendor, result->code)
                                          : dm_result_name(result->code);
        fprintf(to, "%-12s %10llu  %s %s\n", i ? "" : "results", (unsigned long long)result->count,
                key, name ? name : "");
    }
}

static void print_users(const struct load_users *users, FILE *to)
{
    for (size_t i = 0; i < users->hosts; i++)
        fprintf(to, "%-12s %10llu  %s\n", i ? "" : "users", (unsigned long long)users_of(users, i),
                users->host[i]);
    uint64_t split = users_split(users);
    fprintf(to, "%-12s %10llu  %s\n", "split users", (unsigned long long)split,
            split ? "users answered by more than one host"
                  : "every user was always answered by the same host");
}

static void print_text(const struct load_report *report, FILE *to)
{
    const struct tally *tally = &report->measured;
    fprintf(to, "%-12s %10llu", "requests", (unsigned long long)tally->requests);
    if (report->options->flow)
        fprintf(to, "  in %llu flows that came to their end", (unsigned long long)tally->flows);
    fprintf(to, "\n%-12s %10llu  in %.3f s: %.0f a second\n", "answers",
            (unsigned long long)tally->answers, seconds(report), rate(report));
    print_errors(tally, "errors", to);
    if (report->warmup.requests)
        print_errors(&report->warmup, "in warm-up", to);
    if (report->lost)
        fprintf(to, "%-12s %10llu  connections ended by themselves\n", "lost",
                (unsigned long long)report->lost);
    print_results(tally, to);
    if (tally->pushes)
        fprintf(to, "%-12s %10llu\n", "pushes", (unsigned long long)tally->pushes);
    fprintf(to, "%-12s", "latency us");
    for (size_t i = 0; i < QUANTILES; i++)
        fprintf(to, " %s %.1f", quantiles[i].name, latency_us(report, quantiles[i].q));
    fprintf(to, " mean %.1f\n", histogram_mean(&tally->latency) / 1000);
    print_users(&report->users, to);
    fprintf(to, "%-12s %10.3f  us of this program a pair\n", "cpu", cpu_us_per_pair(report));
}

void report_print(const struct load_report *report, FILE *to)
{
    if (report->options->json)
        print_json(report, to);
    else
        print_text(report, to);
}

/* ---- files ---- */

static int close_written(FILE *to, int failed)
{
    return fclose(to) == 0 || failed ? failed : -errno;
}

static int write_histogram(const struct load_report *report)
{
    FILE *to = fopen(report->options->histogram, "w");
    return to ? close_written(to, histogram_print(&report->measured.latency, to, 1000)) : -errno;
}

static int write_plot(const struct load_report *report)
{
    const struct load_options *options = report->options;
    const struct plot_line line = {options->flow ? "flow registration" : options->mix,
                                   &report->measured.latency};
    char title[128];
    snprintf(title, sizeof(title), "Latency at %.0f requests a second over %llu connections",
             rate(report), (unsigned long long)options->connections);
    FILE *to = fopen(options->plot, "w");
    return to ? close_written(to, plot_write(to, title, &line, 1)) : -errno;
}

int report_files(const struct load_report *report, const char **failed)
{
    int wrong = 0;
    *failed = report->options->histogram;
    if (report->options->histogram)
        wrong = write_histogram(report);
    if (wrong || !report->options->plot)
        return wrong;
    *failed = report->options->plot;
    return write_plot(report);
}
