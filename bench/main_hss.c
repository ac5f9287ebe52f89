/* main_hss.c — antipode-hss: a stand-in HSS. Starts the stations, waits for the signal, prints what
 * was done. */
#include "bench/hss_report.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static struct program {
    struct hss_options options;
    struct hss hss;
    struct hss_mirror mirror;
    struct link_carrier carrier;
    struct station *stations;
    pthread_t threads[HSS_THREADS_MAX];
    struct link_listener listeners[HSS_ADDRESSES_MAX];
    struct station_dialler diallers[HSS_ADDRESSES_MAX + 1];
    struct loop_watch signals;
    uint32_t next_station;
} program;

static int fail(const char *what, int error)
{
    fprintf(stderr, "antipode-hss: %s: %s\n", what, strerror(error));
    return EXIT_FAILURE;
}

/* ---- connections ---- */

static void on_accept(struct link_listener *listener, struct link_arrival arrival)
{
    uint32_t number = program.next_station++ % program.options.threads;
    (void)listener;
    if (number == 0)
        station_accept(&program.stations[0], arrival);
    else
        station_mail(&program.stations[number], arrival);
}

/* Returns the address that failed, or NULL; `error` is a negative errno then. */
static const char *listen_all(int *error)
{
    struct hss_options *options = &program.options;
    if (program.carrier.udp_port)
        printf("udp-port %u\n", (unsigned)program.carrier.udp_port);
    for (size_t i = 0; i < options->listens; i++) {
        struct link_listener *listener = &program.listeners[i];
        listener->on_accept = on_accept;
        *error = link_listen(listener, &program.stations[0].loop, &program.stations[0].net,
                             &options->listen[i]);
        if (*error)
            return options->listen[i].text;
        printf("listening %s\n", listener->name);
    }
    fflush(stdout);
    return NULL;
}

static void dial_all(void)
{
    const struct hss_options *options = &program.options;
    size_t count = 0;
    for (; count < options->connects; count++)
        program.diallers[count].address = &options->connect[count];
    if (options->has_peer)
        program.diallers[count++] =
            (struct station_dialler){.address = &options->peer_of, .to_mate = true};
    for (size_t i = 0; i < count; i++)
        station_dial(&program.stations[0], &program.diallers[i]);
}

/* ---- the end ---- */

static void on_signal(struct loop_watch *watch, uint32_t events)
{
    struct signalfd_siginfo ignored;
    (void)events;
    if (read(watch->fd, &ignored, sizeof(ignored)) < 0)
        return;
    for (size_t i = 0; i < program.options.listens; i++)
        link_unlisten(&program.listeners[i]);
    program.options.listens = 0;
    for (uint32_t i = 1; i < program.options.threads; i++)
        station_mail(&program.stations[i], (struct link_arrival){.fd = -1});
    station_end(&program.stations[0]);
}

static sigset_t end_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

/* Before any thread is started, also of the SCTP stack: all inherit the mask, and the signals come
 * to the first loop only. */
static void mask_signals(void)
{
    const sigset_t set = end_signals();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static int hear_signals(void)
{
    const sigset_t set = end_signals();
    program.signals = (struct loop_watch){.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC),
                                          .events = EPOLLIN,
                                          .ready = on_signal};
    return program.signals.fd < 0 ? -errno
                                  : loop_watch(&program.stations[0].loop, &program.signals);
}

/* ---- the beginning ---- */

static void make_hss(void)
{
    const struct hss_options *options = &program.options;
    struct hss *hss = &program.hss;
    hss->self = (struct dm_self){.origin_host = dm_text(options->identity),
                                 .origin_realm = dm_text(options->realm),
                                 .product_name = "antipode-hss",
                                 .firmware_revision = 1,
                                 .origin_state_id = (uint32_t)time(NULL)};
    hss->policy = options->policy;
    hss->remembers_hosts = options->push != HSS_PUSH_NONE;
    hss->on_change = hss_mirror_note;
    hss->change_context = &program.mirror;
    hss_init(hss, options->users, options->registered);
}

static int make_stations(void)
{
    uint32_t count = program.options.threads;
    program.stations = calloc(count, sizeof(*program.stations));
    if (!program.stations)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++) {
        int error = station_init(&program.stations[i], &program.options, &program.hss,
                                 &program.mirror, &program.carrier, i);
        if (error)
            return error;
    }
    return 0;
}

static void *run_station(void *station)
{
    loop_run(&((struct station *)station)->loop);
    return NULL;
}

static int start_threads(void)
{
    for (uint32_t i = 1; i < program.options.threads; i++) {
        int error = pthread_create(&program.threads[i], NULL, run_station, &program.stations[i]);
        if (error)
            return -error;
    }
    return 0;
}

static int serve(void)
{
    int error;
    const char *refused = listen_all(&error);
    if (refused)
        return fail(refused, -error);
    error = start_threads();
    if (error)
        exit(fail("starting threads", -error)); /* those that run end with the process */
    dial_all();
    loop_run(&program.stations[0].loop);
    for (uint32_t i = 1; i < program.options.threads; i++)
        pthread_join(program.threads[i], NULL);
    hss_report(stdout, &program.hss, program.stations, program.options.threads);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : fail("writing the report", errno);
}

/* A descriptor for each connection: as many as we may have. */
static void raise_limits(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files); /* then fewer connections fit, that is all */
}

static int run(void)
{
    char why[LINK_WHY_SIZE];
    raise_limits();
    mask_signals();
    if (!link_carrier_open(&program.carrier, &program.options.carrier, why)) {
        fprintf(stderr, "antipode-hss: %s\n", why);
        return EXIT_FAILURE;
    }
    make_hss();
    if (!hss_mirror_init(&program.mirror, program.options.users))
        return fail("starting", errno);
    int error = make_stations();
    if (!error)
        error = hear_signals();
    if (error)
        return fail("starting", -error);
    int status = serve();
    link_carrier_close(&program.carrier);
    for (uint32_t i = 0; i < program.options.threads; i++)
        station_fini(&program.stations[i]);
    free(program.stations);
    close(program.signals.fd);
    hss_mirror_fini(&program.mirror);
    hss_fini(&program.hss);
    return status;
}

int main(int argc, char **argv)
{
    char wrong[512];
    switch (hss_options_read(&program.options, argc, argv, wrong, sizeof(wrong))) {
    case HSS_HELP:
        hss_options_help(stdout);
        return EXIT_SUCCESS;
    case HSS_WRONG:
        fprintf(stderr, "antipode-hss: %s\n", wrong);
        return 2;
    case HSS_GO:
        break;
    }
    return run();
}
