/* agent.c — the life of the program: start, serve, drain, end. Main thread. */
#include "agent/agent.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "agent/admin.h"
#include "agent/clock.h"
#include "agent/control.h"
#include "agent/dns/discoveries.h"
#include "agent/log.h"
#include "agent/net/sctp_net.h"
#include "agent/store/store.h"
#include "agent/roll.h"
#include "agent/whereabouts.h"

/* MORE_ROWS: how many peers with an exact identity reloads may add while all connections are taken.
 */
enum {
    TICK_MS = 100,
    OTHER_DESCRIPTORS = 512,
    BUSY_PERCENT = 70,
    BUSY_SECONDS = 3,
    MORE_ROWS = 1024,
    WORKERS_MAX = 64 /* as with `workers` in the file */
};
#define PARTING_GRACE (2 * NS_PER_S)

/* --- what workers ask
 * ----------------------------------------------------------------------------- */

const struct dm_self *agent_self(const struct agent *agent)
{
    return &agent->self;
}

uint32_t agent_next_link(struct agent *agent)
{
    uint32_t link = atomic_fetch_add_explicit(&agent->next_link, 1, memory_order_relaxed);
    return link ? link : agent_next_link(agent); /* 0 is no link */
}

uint32_t agent_next_end_to_end(struct agent *agent)
{
    return atomic_fetch_add_explicit(&agent->next_end_to_end, 1, memory_order_relaxed);
}

void agent_tell_idle(struct worker *worker, rt_peer peer, uint32_t arrivals, bool is_orderly)
{
    struct agent *agent = worker->agent;
    if (worker->stage != AGENT_RUNS)
        return;
    struct idle_letter *letter =
        post_letter(&worker->post, agent->worker_count, MAIL_IDLE, sizeof *letter, true);
    letter->peer = peer;
    letter->arrivals = arrivals;
    letter->is_orderly = is_orderly;
}

bool agent_is_ready(const struct agent *agent)
{
    return agent->is_listening && agent->stage == AGENT_RUNS;
}

/* --- placement
 * ------------------------------------------------------------------------------------ */

unsigned agent_least_busy(const struct agent *agent)
{
    if (agent->workers[0]->hot < BUSY_SECONDS)
        return 0;
    unsigned best = 0;
    for (unsigned i = 1; i < agent->worker_count; i++)
        if (agent->workers[i]->busy < agent->workers[best]->busy)
            best = i;
    return best;
}

static void measure(struct worker *worker)
{
    clockid_t clock;
    struct timespec used;
    if (pthread_getcpuclockid(worker->thread, &clock) || clock_gettime(clock, &used))
        return;
    uint64_t now = (uint64_t)used.tv_sec * NS_PER_S + (uint64_t)used.tv_nsec;
    worker->busy = (unsigned)((now - worker->cpu_before) / (NS_PER_S / 100));
    worker->cpu_before = now;
    worker->hot = worker->busy > BUSY_PERCENT ? worker->hot + 1 : 0;
}

/* --- the end, step by step
 * ------------------------------------------------------------------------ */

static void tell_stage(struct agent *agent, enum agent_stage stage)
{
    agent->stage = stage;
    for (unsigned i = 0; i < agent->worker_count; i++) {
        struct stage_letter *letter =
            post_letter(&agent->post, i, MAIL_STAGE, sizeof *letter, true);
        letter->stage = stage;
    }
    post_flush(&agent->post);
}

/* What has ended is summed first: the difference is never below what it was then. */
static uint64_t sum_in_flight(const struct agent *agent)
{
    uint64_t received = 0;
    uint64_t ended = 0;
    for (unsigned i = 0; i < agent->worker_count; i++)
        ended += stats_read(&agent->workers[i]->stats.requests_ended);
    for (unsigned i = 0; i < agent->worker_count; i++)
        received += stats_read(&agent->workers[i]->stats.requests_received);
    return received - ended;
}

static uint64_t sum_connections(const struct agent *agent)
{
    uint64_t connections = 0;
    for (unsigned i = 0; i < agent->worker_count; i++)
        connections += stats_connections(&agent->workers[i]->stats);
    return connections;
}

/* Clients have answered the DPR or are gone, so that no request can still be on its way to a worker
 * that has not read it. */
static bool is_drained(const struct agent *agent)
{
    uint64_t clients = 0;
    for (unsigned i = 0; i < agent->worker_count; i++)
        clients += stats_read(&agent->workers[i]->stats.clients);
    return clients == 0 && sum_in_flight(agent) == 0;
}

static void begin_to_drain(struct agent *agent)
{
    log_info("-", "stop", log_words("draining"));
    agent->is_listening = false;
    front_close(&agent->front);
    agent->stage_until = clock_now() + agent->conf->timers.drain;
    tell_stage(agent, AGENT_DRAINS);
}

static void part(struct agent *agent)
{
    uint64_t left = sum_in_flight(agent);
    if (left)
        log_warn("-", "stop", log_words("{count} requests were not answered in time"),
                 log_number("count", (int64_t)left));
    agent->stage_until = clock_now() + agent->conf->timers.disconnect + PARTING_GRACE;
    tell_stage(agent, AGENT_PARTS);
}

static void end(struct agent *agent)
{
    tell_stage(agent, AGENT_ENDS);
    admin_close(agent->admin);
    control_close(agent->control);
    uv_prepare_stop(&agent->prepare);
    uv_stop(&agent->loop);
}

static void mind_stage(struct agent *agent)
{
    bool is_over = clock_now() >= agent->stage_until;
    if (agent->stage == AGENT_DRAINS && (is_over || is_drained(agent)))
        part(agent);
    else if (agent->stage == AGENT_PARTS && (is_over || sum_connections(agent) == 0))
        end(agent);
}

void agent_stop(struct agent *agent)
{
    if (agent->stage == AGENT_RUNS)
        begin_to_drain(agent);
    else if (agent->stage != AGENT_ENDS)
        end(agent);
}

static void on_signal(uv_signal_t *handle, int signal)
{
    struct agent *agent = handle->data;
    if (signal == SIGHUP) {
        agent_reload(agent, false, NULL, NULL);
        return;
    }
    agent_stop(agent);
}

/* --- another snapshot
 * ----------------------------------------------------------------------------- */

static void has_switched(struct agent *agent)
{
    if (--agent->behind)
        return;
    snapshot_unref(agent->former);
    agent->former = NULL;
    registry_settle(&agent->registry);
    reload_go_on(agent);
}

static void grow_stats(struct agent *agent)
{
    uint32_t peers = agent->rows.peers.count;
    uint32_t routes = agent->rows.routes.count;
    for (unsigned i = 0; i < agent->worker_count; i++)
        stats_grow(&agent->workers[i]->stats, peers, routes);
    stats_grow(&agent->stats, peers, routes);
}

static void put_into_use(struct agent *agent, struct snapshot *snapshot)
{
    registry_seat(&agent->registry, snapshot->conf); /* those who come now get the new seats */
    agent->conf = snapshot->conf;
    agent->wires.conf = snapshot->conf;
    agent->wires.tls = snapshot->tls;
    agent->memory.limit = snapshot->conf->limits.memory;
    resolver_fit(agent->resolver, &snapshot->conf->dns);
    agent->former = agent->snapshot;
    agent->behind = agent->worker_count;
    atomic_store(&agent->snapshot, snapshot);
    agent->post.snapshot = snapshot->number;
    for (unsigned i = 0; i < agent->worker_count; i++)
        post_letter(&agent->post, i, MAIL_SNAPSHOT, sizeof(struct letter), true);
    post_flush(&agent->post);
}

bool agent_publish(struct agent *agent, struct conf *conf, struct tls_context *tls,
                   FILE *complaints)
{
    const struct snapshot *now = agent->snapshot;
    if (!registry_has_room(&agent->registry, conf)) {
        fprintf(complaints, "%s: no slots are left for so many peers more; a restart makes some\n",
                conf->file);
        return false;
    }
    struct snapshot *snapshot = snapshot_new(conf, tls, (uint16_t)(now->number + 1));
    if (!snapshot_number(snapshot, &agent->rows)) {
        fprintf(complaints, "%s: too many names of peers or routes since the start\n", conf->file);
        free(snapshot);
        return false;
    }
    grow_stats(agent);
    if (!front_listen(&agent->front, conf, complaints)) {
        free(snapshot);
        return false;
    }
    put_into_use(agent, snapshot);
    return true;
}

/* --- mail and ticks of the front desk
 * ------------------------------------------------------------- */

static void open_letter(void *context, const struct letter *letter)
{
    struct agent *agent = context;
    const struct idle_letter *idle = (const struct idle_letter *)(const void *)letter;
    if (letter->kind == MAIL_IDLE)
        registry_idle(&agent->registry, idle);
    else if (letter->kind == MAIL_DIAL)
        guests_open(agent, letter);
    else if (letter->kind == MAIL_SEEK)
        whereabouts_find(agent, letter);
    else if (letter->kind == MAIL_DISCOVER)
        discoveries_begin(agent, letter);
    else if (letter->kind == MAIL_REPORT)
        roll_take(agent, letter);
    else if (letter->kind == MAIL_RELEASED)
        registry_released(&agent->registry, idle->peer);
    else if (letter->kind == MAIL_SWITCHED)
        has_switched(agent);
    else
        assert(false);
}

static void on_mail(void *context)
{
    struct agent *agent = context;
    post_open(&agent->post, open_letter, agent);
}

static void on_prepare(uv_prepare_t *handle)
{
    struct agent *agent = handle->data;
    post_flush(&agent->post);
}

static void on_second(struct agent *agent)
{
    registry_tick(&agent->registry, clock_now());
    control_tick(agent->control);
    post_trim(&agent->post);
    for (unsigned i = 0; i < agent->worker_count; i++)
        measure(agent->workers[i]);
}

static void on_tick(uv_timer_t *timer)
{
    struct agent *agent = timer->data;
    uint64_t offset = clock_offset();
    uint64_t second = clock_real() / NS_PER_S;
    front_tick(&agent->front);
    if (agent->stage != AGENT_RUNS)
        mind_stage(agent);
    if (second != agent->second) {
        agent->second = second;
        on_second(agent);
    }
    clock_acknowledge(agent->worker_count, offset);
}

/* --- start
 * ---------------------------------------------------------------------------------------- */

static unsigned worker_count(const struct conf *conf)
{
    if (conf->workers)
        return conf->workers;
    unsigned cores = uv_available_parallelism();
    if (cores > WORKERS_MAX)
        return WORKERS_MAX;
    return cores > 1 ? cores - 1 : 1;
}

/* HDR-26: 12 low bits of time and 20 random ones, so that no restart repeats them within minutes.
 */
static uint32_t first_end_to_end(void)
{
    uint32_t random = 0;
    uv_random(NULL, NULL, &random, sizeof random, 0, NULL);
    return (uint32_t)time(NULL) << 20 | (random & 0xfffff);
}

static uint32_t firmware_revision(void)
{
    unsigned major = 0;
    unsigned minor = 0;
    unsigned patch = 0;
    sscanf(ANTIPODE_VERSION, "%u.%u.%u", &major, &minor, &patch);
    return major * 10000 + minor * 100 + patch;
}

/* Larger at each start, also where two starts share a second: quarters of a second since 2020,
 * which last until 2054. RFC 6733 §8.16. */
static uint32_t origin_state(void)
{
    enum { QUARTER = NS_PER_S / 4 };
    const time_t year_2020 = 1577836800;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint32_t)((now.tv_sec - year_2020) * 4 + now.tv_nsec / QUARTER);
}

/* A snapshot may go, the name stays. */
static char *copy_of(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        abort();
    return copy;
}

static void introduce(struct agent *agent)
{
    const struct conf *conf = agent->conf;
    agent->started = (uint64_t)time(NULL);
    agent->began = clock_real();
    agent->self = (struct dm_self){.origin_host = dm_text(copy_of(conf->identity)),
                                   .origin_realm = dm_text(copy_of(conf->realm)),
                                   .product_name = "Antipode",
                                   .firmware_revision = firmware_revision(),
                                   .origin_state_id = origin_state()};
    uv_random(NULL, NULL, &agent->redirect_seed, sizeof agent->redirect_seed, 0, NULL);
    atomic_init(&agent->next_link, 1);
    atomic_init(&agent->next_end_to_end, first_end_to_end());
}

static void start_loop(struct agent *agent)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    if (uv_loop_init(&agent->loop))
        abort();
    agent->wires = (struct wire_loop){.uv = &agent->loop,
                                      .stats = &agent->stats,
                                      .memory = &agent->memory,
                                      .conf = agent->conf,
                                      .tls = agent->snapshot->tls};
    wire_loop_open(&agent->wires);
    uv_prepare_init(&agent->loop, &agent->prepare);
    uv_timer_init(&agent->loop, &agent->tick);
    agent->prepare.data = agent->tick.data = agent;
    uv_prepare_start(&agent->prepare, on_prepare);
    uint64_t interval = clock_is_lab() ? 1 : TICK_MS;
    uv_timer_start(&agent->tick, on_tick, interval, interval);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        uv_signal_init(&agent->loop, &agent->signals[i]);
        agent->signals[i].data = agent;
        uv_signal_start(&agent->signals[i], on_signal, signals[i]);
    }
}

static void make_workers(struct agent *agent)
{
    unsigned count = agent->worker_count;
    agent->workers = calloc(count, sizeof *agent->workers);
    agent->boxes = calloc(count + 1, sizeof *agent->boxes);
    if (!agent->workers || !agent->boxes)
        abort();
    for (unsigned i = 0; i < count; i++) {
        agent->workers[i] = worker_new(agent, i);
        agent->boxes[i] = &agent->workers[i]->mailbox;
    }
    agent->boxes[count] = &agent->mailbox;
    mailbox_init(&agent->mailbox, &agent->loop, on_mail, agent);
    post_init(&agent->post, count, count + 1, agent->boxes, &agent->memory);
}

static void raise_descriptor_limit(const struct conf *conf)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)conf->limits.connections + OTHER_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted;
    if (limit.rlim_max < wanted)
        limit.rlim_max = wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    log_warn("-", "descriptors",
             log_words("{limit} are allowed, `limits.connections` needs {wanted}"),
             log_number("limit", (int64_t)limit.rlim_cur), log_number("wanted", (int64_t)wanted));
}

static void warn_of_cleartext(const struct conf *conf)
{
    size_t count = conf_cleartext_beyond_loopback(conf);
    if (count && conf->cleartext == CONF_CLEARTEXT_WARN)
        log_warn("-", "cleartext",
                 log_words("{count} addresses beyond loopback carry Diameter without TLS"),
                 log_number("count", (int64_t)count));
}

static void take_first_snapshot(struct agent *agent, struct conf *conf, struct tls_context *tls)
{
    struct snapshot *snapshot = snapshot_new(conf, tls, 0);
    agent->conf = conf;
    atomic_init(&agent->snapshot, snapshot);
    snapshot_rows_init(&agent->rows);
    if (!snapshot_number(snapshot, &agent->rows))
        abort(); /* a file of 8 MiB has no such number of names */
}

static uint32_t exact_rows(const struct conf *conf)
{
    uint32_t count = 0;
    for (size_t i = 0; i < conf->peer_count; i++)
        count += !conf->peers[i].is_pattern;
    return count;
}

static struct agent *agent_new(struct conf *conf, struct tls_context *tls)
{
    struct agent *agent = calloc(1, sizeof *agent);
    if (!agent)
        abort();
    take_first_snapshot(agent, conf, tls);
    agent->connections = conf->limits.connections;
    agent->board_size = exact_rows(conf) + MORE_ROWS + agent->connections;
    agent->worker_count = worker_count(conf);
    introduce(agent);
    reload_init(agent);
    start_loop(agent);
    stats_init(&agent->stats, agent->rows.peers.count, agent->rows.routes.count);
    agent->resolver = resolver_new(&agent->loop, &conf->dns, &agent->stats);
    memory_init(&agent->memory, &agent->stats.memory, conf->limits.memory);
    agent->board = board_new(agent->board_size);
    agent->store = store_new(conf);
    make_workers(agent);
    registry_init(&agent->registry, agent);
    registry_seat(&agent->registry, conf);
    for (unsigned i = 0; i < agent->worker_count; i++)
        worker_settle_in(agent->workers[i]);
    agent->registry.is_open = true;
    clock_set_threads(agent->worker_count + 1);
    return agent;
}

static void close_any(uv_handle_t *handle, void *context)
{
    (void)context;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void agent_free(struct agent *agent)
{
    front_close(&agent->front);
    wire_loop_close(&agent->wires);
    resolver_free(agent->resolver);
    uv_walk(&agent->loop, close_any, NULL);
    uv_run(&agent->loop, UV_RUN_DEFAULT);
    post_flush(&agent->post);
    for (unsigned i = 0; i < agent->worker_count; i++)
        post_flush(&agent->workers[i]->post);
    for (unsigned i = 0; i < agent->worker_count; i++)
        worker_bury(agent->workers[i]);
    sctp_net_end(); /* till now it may have woken them */
    for (unsigned i = 0; i < agent->worker_count; i++)
        worker_free(agent->workers[i]);
    uv_loop_close(&agent->loop);
    wire_loop_fini(&agent->wires);
    registry_fini(&agent->registry);
    orders_fini(&agent->orders);
    mailbox_fini(&agent->mailbox);
    post_fini(&agent->post);
    memory_fini(&agent->memory);
    stats_fini(&agent->stats);
    store_free(agent->store);
    board_free(agent->board);
    snapshot_unref(agent->former);
    snapshot_unref(agent->snapshot);
    reload_fini(agent);
    snapshot_rows_fini(&agent->rows);
    free((char *)agent->self.origin_host.at);
    free((char *)agent->self.origin_realm.at);
    free(agent->workers);
    free(agent->boxes);
    free(agent);
}

static void serve(struct agent *agent)
{
    agent->is_listening = true;
    for (unsigned i = 0; i < agent->worker_count; i++)
        worker_start(agent->workers[i]);
    log_info("-", "ready", log_words("{identity}, workers: {workers}"),
             log_text("identity", agent->conf->identity),
             log_number("workers", agent->worker_count));
    uv_run(&agent->loop, UV_RUN_DEFAULT);
    for (unsigned i = 0; i < agent->worker_count; i++)
        uv_thread_join(&agent->workers[i]->thread);
    log_info("-", "stop", log_words("done"));
}

static void abandon(struct agent *agent)
{
    admin_close(agent->admin);
    for (unsigned i = 0; i < agent->worker_count; i++)
        worker_abandon(agent->workers[i]);
}

int agent_run(struct conf *conf, struct tls_context *tls)
{
    raise_descriptor_limit(conf);
    warn_of_cleartext(conf);
    struct agent *agent = agent_new(conf, tls);
    bool works = front_open(&agent->front, agent);
    agent->admin = works ? admin_open(agent, &works) : NULL;
    agent->control = works ? control_open(agent, &works) : NULL;
    if (works)
        serve(agent);
    else
        abandon(agent);
    agent_free(agent);
    return works ? 0 : 1;
}
