/* load_thread.c — a thread of the load: opens its connections, sends until the end, waits for what
 * is out, leaves.
 *
 * Closed loop: `window` units on each port, and the end of one starts the next. Open loop: unit k
 * of all threads, of n requests each, is due at begin + k n / rate; it is sent as soon as the loop
 * wakes, and its latency counts from when it was due. */
#include "bench/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

/* How many connections all threads open at a time; a small listen backlog loses more. */
enum { DIALS_AT_ONCE = 64 };
/* What may be queued on a connection nobody reads before units are not_sent. */
enum { PORT_QUEUED_MAX = 8 << 20 };

uint64_t load_random(struct load_thread *thread)
{
    uint64_t z = thread->random += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t thread_cpu(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * LOOP_SECOND + (uint64_t)used.tv_nsec;
}

/* ---- starting units ---- */

static bool may_start(const struct load_thread *thread, uint64_t due)
{
    return thread->phase == LOAD_RUNNING && thread->budget > 0 && due < thread->end &&
           !atomic_load_explicit(&thread->world->interrupted, memory_order_relaxed);
}

/* Measured requests are taken from what may be sent; a flow that ends early gives some back. */
static void spend(struct load_thread *thread, bool measured, int64_t requests)
{
    if (measured && thread->budget != INT64_MAX)
        thread->budget -= requests;
}

static void start_unit(struct load_thread *thread, struct load_port *port, uint64_t due)
{
    bool measured = due >= thread->measure;
    spend(thread, measured, (int64_t)thread->world->unit_requests);
    thread->world->player->start(thread, port, due, measured);
}

void load_unit_ended(struct load_thread *thread, struct load_port *port, bool measured,
                     uint32_t requests)
{
    if (!thread->world->options->flows) /* which counts flows, however long they are */
        spend(thread, measured, (int64_t)requests - (int64_t)thread->world->unit_requests);
    bool closed_loop = thread->world->options->rate == 0;
    if (closed_loop && load_port_is_open(port) && may_start(thread, thread->loop.now))
        start_unit(thread, port, thread->loop.now);
}

struct load_port *load_next_first(struct load_thread *thread, const struct load_port *but)
{
    struct load_port *found = NULL;
    for (size_t i = 0; i < thread->firsts; i++) {
        struct load_port *port = &thread->ports[thread->turn++ % thread->firsts];
        if (load_port_is_open(port) && port != but)
            return port;
        if (load_port_is_open(port))
            found = port;
    }
    return found;
}

struct load_port *load_second_of(struct load_thread *thread, uint32_t user)
{
    size_t turn = user / thread->world->options->threads;
    for (size_t i = 0; i < thread->seconds; i++) {
        struct load_port *port = &thread->ports[thread->firsts + (turn + i) % thread->seconds];
        if (load_port_is_open(port))
            return port;
    }
    return NULL;
}

/* ---- the open loop ---- */

static bool has_room(const struct load_port *port, uint64_t window)
{
    return load_port_is_open(port) && (window == 0 || port->pending < window) &&
           link_queued(&port->link) < PORT_QUEUED_MAX;
}

static struct load_port *port_with_room(struct load_thread *thread)
{
    for (size_t i = 0; i < thread->firsts; i++) {
        struct load_port *port = &thread->ports[thread->turn++ % thread->firsts];
        if (has_room(port, thread->world->options->window))
            return port;
    }
    return NULL;
}

static uint64_t due_of(const struct load_thread *thread, uint64_t unit)
{
    uint64_t rate = thread->world->options->rate;
    uint64_t before = unit * thread->world->unit_requests;
    return thread->begin + before / rate * LOOP_SECOND + before % rate * LOOP_SECOND / rate;
}

static void skip_unit(struct load_thread *thread, uint64_t due)
{
    bool measured = due >= thread->measure;
    uint64_t requests = thread->world->unit_requests;
    thread->tally[measured].errors[LOAD_not_sent] += requests;
    spend(thread, measured, (int64_t)requests);
}

/* Starts all that is due; returns when the next one is. */
static uint64_t start_due(struct load_thread *thread)
{
    uint64_t now = loop_clock();
    for (;; thread->scheduled += thread->world->options->threads) {
        uint64_t due = due_of(thread, thread->scheduled);
        if (due > now || !may_start(thread, due))
            return due;
        struct load_port *port = port_with_room(thread);
        if (port)
            start_unit(thread, port, due);
        else
            skip_unit(thread, due);
    }
}

/* ---- connections ---- */

static struct load_port *port_of(struct link *link)
{
    return link->owner;
}

static void dial_more(struct load_thread *thread)
{
    size_t count = thread->firsts + thread->seconds;
    size_t at_once = DIALS_AT_ONCE / thread->world->options->threads + 1;
    while (thread->dialled < count && thread->dialled - thread->opened < at_once)
        load_port_dial(&thread->ports[thread->dialled++]);
}

static void on_open(struct link *link)
{
    struct load_thread *thread = port_of(link)->thread;
    thread->opened++;
    thread->open++;
    dial_more(thread);
}

static void on_message(struct link *link, const struct dm_header *header, dm_bytes message)
{
    load_port_take(port_of(link), header, message);
}

static void note_why(struct load_thread *thread, const struct load_port *port, const char *why)
{
    if (!thread->why[0])
        snprintf(thread->why, sizeof(thread->why), "%s to %s: %s", port->host, port->target, why);
}

static void on_closed(struct link *link, const char *why)
{
    struct load_port *port = port_of(link);
    struct load_thread *thread = port->thread;
    if (thread->phase == LOAD_CONNECTING) {
        note_why(thread, port, why);
        atomic_store(&thread->world->failed, true);
        return;
    }
    thread->open--;
    if (thread->phase == LOAD_ENDING)
        return;
    note_why(thread, port, why);
    thread->lost++;
    load_port_lose(port);
}

/* ---- life ---- */

/* A time-out is noticed at most a fiftieth of it late. */
static uint64_t tick_time(const struct load_thread *thread)
{
    uint64_t time = thread->world->options->timeout / 50;
    return time < LOOP_MS ? LOOP_MS : time > 100 * LOOP_MS ? 100 * LOOP_MS : time;
}

const struct link_events load_link_events = {on_open, on_message, on_closed};

static void on_tick(struct loop_timer *timer)
{
    struct load_thread *thread =
        (struct load_thread *)(void *)((char *)timer - offsetof(struct load_thread, tick));
    uint64_t now = thread->loop.now;
    for (size_t i = 0; i < thread->firsts + thread->seconds; i++)
        load_port_expire(&thread->ports[i], now);
    if (thread->world->player->tick)
        thread->world->player->tick(thread, now);
    loop_timer_at(&thread->loop, timer, now + tick_time(thread));
}

/* What of `total` falls to this thread. */
static uint64_t share(const struct load_thread *thread, uint64_t total)
{
    uint64_t threads = thread->world->options->threads;
    return total / threads + (thread->index < total % threads);
}

/* In requests. --flows counts whole ones. */
static int64_t budget_of(const struct load_thread *thread)
{
    const struct load_options *options = thread->world->options;
    if (options->flows)
        return (int64_t)(share(thread, options->flows) * thread->world->unit_requests);
    return options->requests ? (int64_t)share(thread, options->requests) : INT64_MAX;
}

int load_thread_init(struct load_thread *thread, struct load_world *world, uint32_t index)
{
    const struct load_options *options = world->options;
    *thread = (struct load_thread){.world = world, .index = index};
    thread->random = options->seed * UINT64_C(0x2545f4914f6cdd1d) + index;
    thread->firsts = share(thread, options->connections);
    thread->seconds = options->flow ? share(thread, options->server2_connections) : 0;
    thread->ports = calloc(thread->firsts + thread->seconds, sizeof(*thread->ports));
    thread->setup = world->setup;
    thread->setup.net = &thread->net;
    int failed = loop_init(&thread->loop);
    if (!failed)
        failed = link_net_open(&thread->net, &thread->loop, &world->carrier);
    if (!failed && !digest_init(&thread->digest))
        failed = -ENOTSUP;
    if (failed || !thread->ports)
        return failed ? failed : -ENOMEM;
    for (size_t i = 0; i < thread->firsts; i++)
        load_port_init(&thread->ports[i], thread, 1 + index + i * options->threads, false);
    for (size_t i = 0; i < thread->seconds; i++)
        load_port_init(&thread->ports[thread->firsts + i], thread, 1 + index + i * options->threads,
                       true);
    users_init(&thread->users, options->users);
    thread->budget = budget_of(thread);
    thread->next_user = (uint32_t)(index % options->users);
    thread->tick.fire = on_tick;
    return 0;
}

void load_thread_fini(struct load_thread *thread)
{
    for (size_t i = 0; i < thread->firsts + thread->seconds; i++)
        load_port_fini(&thread->ports[i]);
    free(thread->ports);
    free(thread->flows);
    users_fini(&thread->users);
    digest_fini(&thread->digest);
    link_net_close(&thread->net);
    loop_fini(&thread->loop);
}

static void connect_all(struct load_thread *thread)
{
    dial_more(thread);
    while (thread->opened < thread->firsts + thread->seconds &&
           !atomic_load(&thread->world->failed) && !atomic_load(&thread->world->interrupted))
        loop_turn(&thread->loop, loop_clock() + 100 * LOOP_MS);
}

static void begin(struct load_thread *thread)
{
    const struct load_options *options = thread->world->options;
    thread->phase = LOAD_RUNNING;
    thread->begin = thread->last = thread->loop.now = loop_clock();
    thread->measure = thread->begin + options->warmup;
    thread->end = options->duration ? thread->measure + options->duration : UINT64_MAX;
    thread->scheduled = thread->index;
    thread->cpu = thread_cpu();
    loop_timer_at(&thread->loop, &thread->tick, thread->begin + tick_time(thread));
    for (uint64_t w = 0; !options->rate && w < options->window; w++)
        for (size_t i = 0; i < thread->firsts; i++)
            if (may_start(thread, thread->begin))
                start_unit(thread, &thread->ports[i], thread->begin);
}

static void run(struct load_thread *thread)
{
    bool open_loop = thread->world->options->rate != 0;
    for (;;) {
        uint64_t next = open_loop ? start_due(thread) : UINT64_MAX;
        bool more = open_loop && thread->open && may_start(thread, next);
        if (!more && !thread->pending)
            break;
        loop_turn(&thread->loop, more ? next : UINT64_MAX);
        atomic_store_explicit(&thread->answered,
                              thread->tally[0].answers + thread->tally[1].answers,
                              memory_order_relaxed);
    }
    thread->cpu = thread_cpu() - thread->cpu;
}

/* Whose units could not be sent at all since their connections are gone. */
static void count_unsent(struct load_thread *thread)
{
    if (thread->budget != INT64_MAX && thread->budget > 0 &&
        !atomic_load(&thread->world->interrupted))
        thread->tally[1].errors[LOAD_not_sent] += (uint64_t)thread->budget;
}

static void leave(struct load_thread *thread)
{
    thread->phase = LOAD_ENDING;
    loop_timer_stop(&thread->loop, &thread->tick);
    for (size_t i = 0; i < thread->firsts + thread->seconds; i++)
        link_disconnect(&thread->ports[i].link, 2);     /* DO_NOT_WANT_TO_TALK_TO_YOU */
    uint64_t patience = loop_clock() + 3 * LOOP_SECOND; /* links give up before */
    while (thread->open && loop_clock() < patience)
        loop_turn(&thread->loop, patience);
}

/* Those that never opened or never ended: without a word. */
static void close_all(struct load_thread *thread)
{
    for (size_t i = 0; i < thread->firsts + thread->seconds; i++)
        if (thread->ports[i].link.state != LINK_CLOSED)
            link_close(&thread->ports[i].link, "given up");
    loop_turn(&thread->loop, 0);
}

void *load_thread_main(void *argument)
{
    struct load_thread *thread = argument;
    (void)prctl(PR_SET_TIMERSLACK, 1000); /* an open loop wakes on time */
    connect_all(thread);
    pthread_barrier_wait(&thread->world->ready);
    bool good = !atomic_load(&thread->world->failed) && !atomic_load(&thread->world->interrupted);
    if (good) {
        begin(thread);
        run(thread);
        count_unsent(thread);
        leave(thread);
    }
    thread->phase = LOAD_ENDING;
    close_all(thread);
    return NULL;
}
