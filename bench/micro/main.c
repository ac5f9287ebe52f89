/* main.c — micro: what each part of a message's way costs, in nanoseconds and, with --callgrind, in
 * instructions. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/micro/callgrind.h"

enum { REPETITIONS_MOST = 1000000 };

struct options {
    uint32_t repetitions;
    bool callgrind;
    bool json;
};

struct figure {
    double median, least; /* ns a message */
    uint64_t instructions;
};

/* ---- measuring ---- */

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static uint64_t time_step(struct micro *micro, const struct micro_step *step)
{
    if (step->prepare)
        step->prepare(micro);
    uint64_t begin = now_ns();
    step->run(micro);
    return now_ns() - begin;
}

static void measure(struct micro *micro, uint32_t repetitions, struct figure figures[MICRO_STEPS])
{
    uint64_t *times = malloc(MICRO_STEPS * (size_t)repetitions * sizeof(*times));
    if (!times)
        abort();
    for (uint32_t n = 0; n < repetitions; n++)
        for (int i = 0; i < MICRO_STEPS; i++)
            times[(size_t)i * repetitions + n] = time_step(micro, &micro_steps[i]);
    for (int i = 0; i < MICRO_STEPS; i++) {
        uint64_t *mine = times + (size_t)i * repetitions;
        qsort(mine, repetitions, sizeof(*mine), by_size);
        size_t middle = repetitions / 2;
        figures[i].median = (double)mine[middle] / MICRO_BATCH;
        figures[i].least = (double)mine[0] / MICRO_BATCH;
    }
    free(times);
}

/* ---- the report ---- */

static json_t *json_step(int i, const struct figure *figure, bool has_instructions)
{
    json_t *step = json_object();
    json_object_set_new(step, "name", json_string(micro_steps[i].name));
    json_object_set_new(step, "ns", json_real(figure->median));
    json_object_set_new(step, "ns_least", json_real(figure->least));
    if (has_instructions)
        json_object_set_new(step, "instructions", json_integer((json_int_t)figure->instructions));
    return step;
}

static void print_json(const struct micro *micro, const struct figure figures[MICRO_STEPS],
                       const struct options *options)
{
    json_t *all = json_object();
    json_t *steps = json_array();
    for (int i = 0; i < MICRO_STEPS; i++)
        json_array_append_new(steps, json_step(i, &figures[i], options->callgrind));
    json_object_set_new(all, "request_octets", json_integer((int)micro_request_octets(micro)));
    json_object_set_new(all, "answer_octets", json_integer((int)micro_answer_octets(micro)));
    json_object_set_new(all, "repetitions", json_integer(options->repetitions));
    json_object_set_new(all, "batch", json_integer(MICRO_BATCH));
    json_object_set_new(all, "steps", steps);
    json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(all);
}

static void print_text(const struct micro *micro, const struct figure figures[MICRO_STEPS],
                       const struct options *options)
{
    printf("a UAR of %zu octets, a UAA of %zu; median of %u batches of %d\n\n",
           micro_request_octets(micro), micro_answer_octets(micro), options->repetitions,
           MICRO_BATCH);
    printf("%-8s %8s %8s%s\n", "step", "ns", "least", options->callgrind ? "  instructions" : "");
    for (int i = 0; i < MICRO_STEPS; i++) {
        printf("%-8s %8.1f %8.1f", micro_steps[i].name, figures[i].median, figures[i].least);
        if (options->callgrind)
            printf("  %12llu", (unsigned long long)figures[i].instructions);
        printf("  %s\n", micro_steps[i].what);
    }
}

/* ---- the command line ---- */

static const char usage[] =
    "usage: micro [--repetitions N] [--callgrind] [--report text|json]\n"
    "Nanoseconds a message of each step of relaying; --callgrind adds instructions (wants "
    "valgrind).\n";

static bool read_repetitions(const char *text, uint32_t *repetitions)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    *repetitions = (uint32_t)value;
    return !errno && end != text && !*end && value >= 1 && value <= REPETITIONS_MOST;
}

static bool read_report(const char *text, bool *json)
{
    *json = strcmp(text, "json") == 0;
    return *json || strcmp(text, "text") == 0;
}

/* -1: go on; else the exit status. */
static int read_options(int count, char **arguments, struct options *options)
{
    static const struct option known[] = {{"repetitions", required_argument, NULL, 'n'},
                                          {"callgrind", no_argument, NULL, 'c'},
                                          {"report", required_argument, NULL, 'r'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    bool good = true;
    for (int option; good && (option = getopt_long(count, arguments, "", known, NULL)) != -1;) {
        if (option == 'h')
            return fputs(usage, stdout) < 0;
        if (option == 'n')
            good = read_repetitions(optarg, &options->repetitions);
        else if (option == 'r')
            good = read_report(optarg, &options->json);
        else if (option == 'c')
            options->callgrind = true;
        else
            good = false;
    }
    if (good && optind == count)
        return -1;
    fputs(usage, stderr);
    return 2;
}

static bool count_instructions(struct figure figures[MICRO_STEPS])
{
    uint64_t instructions[MICRO_STEPS];
    if (!callgrind_run(instructions))
        return false;
    for (int i = 0; i < MICRO_STEPS; i++)
        figures[i].instructions = instructions[i];
    return true;
}

int main(int count, char **arguments)
{
    struct options options = {.repetitions = 4001};
    struct figure figures[MICRO_STEPS] = {0};
    int status = read_options(count, arguments, &options);
    if (status >= 0)
        return status;
    struct micro *micro = micro_new();
    if (callgrind_is_counting()) {
        callgrind_count(micro);
        micro_free(micro);
        return 0;
    }
    measure(micro, options.repetitions, figures);
    bool good = !options.callgrind || count_instructions(figures);
    if (good)
        (options.json ? print_json : print_text)(micro, figures, &options);
    micro_free(micro);
    return good ? 0 : 1;
}
