/* main_load.c — antipode-load: reads the command line, runs the threads, reports. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench/flow.h"
#include "bench/report.h"

enum { EXIT_GOOD = 0, EXIT_BAD = 1, EXIT_USAGE = 2 };

static struct load_world world; /* the signal handler needs it */

static void on_interrupt(int signal)
{
    (void)signal;
    atomic_store(&world.interrupted, true);
}

static void raise_descriptor_limit(uint64_t connections)
{
    struct rlimit limit;
    uint64_t need = connections + 64;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= need)
        return;
    limit.rlim_cur = need < limit.rlim_max ? need : limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* a connection that does not fit will say so */
}

/* The application named, not the relay's: peers look for it in a CER. */
static int world_init(const struct load_options *options)
{
    world.options = options;
    world.player = options->flow ? &load_player_flow : &load_player_mix;
    world.flow = options->flow ? flow_named(options->flow) : NULL;
    world.unit_requests = options->flow ? flow_requests(world.flow, options) : 1;
    world.setup.events = load_link_events;
    world.setup.handshake = 10 * LOOP_SECOND;
    world.setup.greedy = true;
    world.session_time = (uint64_t)time(NULL);
    dm_applications_add(&world.setup.applications, options->cx ? CX_APPLICATION : SIP_APPLICATION);
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    raise_descriptor_limit(options->connections + options->server2_connections +
                           2 * options->threads);
    return -pthread_barrier_init(&world.ready, NULL, (unsigned)options->threads);
}

static void show_progress(const struct load_thread *threads, uint64_t count, uint64_t *before)
{
    uint64_t answered = 0;
    for (uint64_t i = 0; i < count; i++)
        answered += atomic_load_explicit(&threads[i].answered, memory_order_relaxed);
    fprintf(stderr, "\r%llu answers, %llu in the last second ", (unsigned long long)answered,
            (unsigned long long)(answered - *before));
    *before = answered;
}

static void wait_for(struct load_thread *threads, uint64_t count)
{
    bool terminal = isatty(STDERR_FILENO);
    uint64_t before = 0;
    for (uint64_t i = 0; i < count;) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec++;
        if (pthread_timedjoin_np(threads[i].id, NULL, &until) == 0)
            i++;
        else if (terminal)
            show_progress(threads, count, &before);
    }
    if (terminal)
        fputc('\n', stderr);
}

static void add_up(struct load_report *report, const struct load_thread *thread)
{
    tally_merge(&report->measured, &thread->tally[1]);
    tally_merge(&report->warmup, &thread->tally[0]);
    users_merge(&report->users, &thread->users);
    uint64_t ns = thread->last > thread->measure ? thread->last - thread->measure : 0;
    report->ns = ns > report->ns ? ns : report->ns;
    report->cpu += thread->cpu;
    report->lost += thread->lost;
}

static int finish(struct load_report *report)
{
    const char *file;
    tally_sort(&report->measured);
    report_print(report, stdout);
    int failed = report_files(report, &file);
    if (failed)
        fprintf(stderr, "antipode-load: %s: %s\n", file, strerror(-failed));
    return report_is_good(report) && !failed ? EXIT_GOOD : EXIT_BAD;
}

static bool connected(const struct load_thread *threads, uint64_t count)
{
    bool all = true;
    for (uint64_t i = 0; i < count; i++) {
        if (threads[i].why[0])
            fprintf(stderr, "antipode-load: %s\n", threads[i].why);
        all = all && threads[i].begin;
    }
    return all;
}

static int run(const struct load_options *options, struct load_thread *threads)
{
    static struct load_report report;
    report.options = options;
    for (uint64_t i = 0; i < options->threads; i++) {
        int failed = load_thread_init(&threads[i], &world, (uint32_t)i);
        if (!failed)
            failed = -pthread_create(&threads[i].id, NULL, load_thread_main, &threads[i]);
        if (failed) {
            fprintf(stderr, "antipode-load: %s\n", strerror(-failed));
            exit(EXIT_BAD); /* the other threads wait for this one */
        }
    }
    wait_for(threads, options->threads);
    bool good = connected(threads, options->threads);
    link_carrier_close(&world.carrier);
    users_init(&report.users, options->users);
    for (uint64_t i = 0; i < options->threads; i++) {
        add_up(&report, &threads[i]);
        load_thread_fini(&threads[i]);
    }
    int status = good ? finish(&report) : EXIT_BAD;
    users_fini(&report.users);
    return status;
}

int main(int argc, char **argv)
{
    static struct load_options options;
    char wrong[512], why[LINK_WHY_SIZE];
    enum load_verdict verdict = load_options_read(&options, argc, argv, wrong, sizeof(wrong));
    if (verdict == LOAD_HELP) {
        load_options_help(stdout);
        return EXIT_GOOD;
    }
    if (verdict == LOAD_WRONG) {
        fprintf(stderr, "antipode-load: %s\n", wrong);
        return EXIT_USAGE;
    }
    int failed = world_init(&options);
    if (!link_carrier_open(&world.carrier, &options.carrier, why)) {
        fprintf(stderr, "antipode-load: %s\n", why);
        return EXIT_BAD;
    }
    struct load_thread *threads = calloc(options.threads, sizeof(*threads));
    if (failed || !threads) {
        fprintf(stderr, "antipode-load: %s\n", strerror(failed ? -failed : ENOMEM));
        free(threads);
        return EXIT_BAD;
    }
    int status = run(&options, threads);
    pthread_barrier_destroy(&world.ready);
    free(threads);
    return status;
}
