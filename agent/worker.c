/* worker.c — the turn of a worker: sockets and mail, what is due, then one write for each queue. */
#include "agent/worker.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/dns/discover.h"
#include "agent/follow.h"
#include "agent/guest.h"
#include "agent/local.h"
#include "agent/log.h"
#include "agent/net/conn.h"
#include "agent/park.h"
#include "agent/peer.h"
#include "agent/redirect_answer.h"
#include "agent/relay.h"
#include "agent/store/store.h"
#include "agent/report_row.h"
#include "agent/whereabouts.h"

enum { MESSAGES_PER_FLUSH = 4096, MOVED_PER_TURN = 256 };
#define TIME_PER_FLUSH (2 * NS_PER_MS)
#define LATE           (500 * NS_PER_MS)

uint64_t worker_random(struct worker *worker)
{
    worker->random ^= worker->random << 13;
    worker->random ^= worker->random >> 7;
    worker->random ^= worker->random << 17;
    return worker->random;
}

/* --- the turn
 * ------------------------------------------------------------------------------------- */

void worker_begin(struct worker *worker)
{
    worker->now = clock_now();
    if (!worker->messages)
        worker->turn_began = worker->now;
}

void worker_flush(struct worker *worker)
{
    if (worker->is_flushing)
        return; /* what a write set free to be read belongs to the same flush */
    worker->is_flushing = true;
    if (worker->store && worker->store->methods->flush)
        worker->store->methods->flush(worker->store, worker);
    while (worker->touched) {
        struct conn *conn = worker->touched;
        worker->touched = conn->next_touched;
        conn->is_touched = false;
        if (!conn->is_blocked)
            conn_write(conn);
    }
    post_flush(&worker->post);
    worker->messages = 0;
    worker->is_full = worker->is_flushing = false;
}

void worker_breathe(struct worker *worker)
{
    if (worker->messages >= MESSAGES_PER_FLUSH ||
        (worker->messages && worker->now - worker->turn_began > TIME_PER_FLUSH))
        worker_flush(worker);
}

static void look_at_others(struct worker *worker)
{
    uint64_t others = stats_read(&worker->agent->stats.memory);
    for (unsigned i = 0; i < worker->agent->worker_count; i++)
        if (i != worker->index)
            others += stats_read(&worker->agent->workers[i]->stats.memory);
    worker->memory.others = others;
    worker->looked = worker->now;
}

static void on_prepare(uv_prepare_t *handle)
{
    struct worker *worker = handle->data;
    worker_flush(worker);
    if (worker->now - worker->looked > NS_PER_MS)
        look_at_others(worker);
}

/* --- peers and their timers
 * ------------------------------------------------------------------------ */

static void *resized(void *array, size_t count, size_t size)
{
    void *memory = realloc(array, count * size);
    if (!memory)
        abort();
    return memory;
}

static void make_room(struct worker *worker)
{
    size_t room = worker->peer_room ? worker->peer_room * 2 : 64;
    worker->peers = resized(worker->peers, room, sizeof *worker->peers);
    worker->due = resized(worker->due, room * WORKER_TIMERS, sizeof *worker->due);
    worker->attention = resized(worker->attention, room, sizeof *worker->attention);
    worker->peer_room = (uint32_t)room;
}

void worker_adopt(struct worker *worker, struct peer *peer)
{
    if (worker->peer_count == worker->peer_room)
        make_room(worker);
    peer->index = worker->peer_count++;
    worker->peers[peer->index] = peer;
    worker->by_slot[peer->self.slot] = peer;
    worker->attention[peer->index] = 0;
    memset(worker->due + peer->index * WORKER_TIMERS, 0, WORKER_TIMERS * sizeof *worker->due);
}

void worker_dismiss(struct worker *worker, struct peer *peer)
{
    uint32_t last = --worker->peer_count;
    struct peer *moved = worker->peers[last];
    moved->index = peer->index;
    worker->peers[moved->index] = moved;
    worker->attention[moved->index] = worker->attention[last];
    memmove(worker->due + moved->index * WORKER_TIMERS, worker->due + last * WORKER_TIMERS,
            WORKER_TIMERS * sizeof *worker->due);
    worker->by_slot[peer->self.slot] = NULL;
}

void worker_attend(struct peer *peer)
{
    peer->worker->attention[peer->index] = 1;
}

void worker_arm(struct peer *peer, enum worker_timer timer, uint64_t after)
{
    struct worker *worker = peer->worker;
    worker->due[peer->index * WORKER_TIMERS + timer] = after ? worker->now + after : 0;
}

/* While this handle is active the loop does not wait. */
static void on_idle(uv_idle_t *handle)
{
    (void)handle;
}

void worker_again(struct worker *worker)
{
    uv_idle_start(&worker->again, on_idle);
}

/* --- the tick
 * --------------------------------------------------------------------------------------- */

/* Silence that we did not hear is not the peer's: all that is due moves by the time we were away.
 */
static void forgive(struct worker *worker, uint64_t late)
{
    log_warn("-", "late", log_words("worker {worker} was away for {ms} ms"),
             log_number("worker", worker->index), log_number("ms", (int64_t)(late / NS_PER_MS)));
    for (uint32_t i = 0; i < worker->peer_count * WORKER_TIMERS; i++)
        if (worker->due[i])
            worker->due[i] += late;
    for (uint32_t i = 0; i < worker->peer_count; i++)
        rt_pending_delay(&worker->peers[i]->pending, (uint32_t)(late / RT_TICK_NS));
    park_delay(worker, late);
}

static void mind_lateness(struct worker *worker)
{
    uint64_t now = clock_real();
    uint64_t late = now > worker->tick_expected ? now - worker->tick_expected : 0;
    stats_record(&worker->stats.lag, late, 1);
    if (late > LATE)
        forgive(worker, late);
    worker->tick_expected = now + uv_timer_get_repeat(&worker->tick) * NS_PER_MS;
}

static void run_timers(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->peer_count * WORKER_TIMERS; i++) {
        if (!worker->due[i] || worker->due[i] > worker->now)
            continue;
        worker->due[i] = 0;
        peer_timer(worker->peers[i / WORKER_TIMERS], (enum worker_timer)(i % WORKER_TIMERS));
    }
}

static void tick(struct worker *worker)
{
    uint64_t offset = clock_offset();
    worker_begin(worker);
    mind_lateness(worker);
    run_timers(worker);
    for (uint32_t i = 0; i < worker->peer_count; i++)
        if (worker->attention[i])
            worker->attention[i] = peer_tick(worker->peers[i]);
    if (worker->store)
        worker->store->methods->tick(worker->store, worker);
    park_tick(worker);
    discover_tick(worker);
    conn_tick_lingering(worker);
    if (++worker->ticks % 16 == 0) {
        memory_trim(&worker->memory);
        follow_sweep(worker);
        post_trim(&worker->post);
    }
    worker_flush(worker);
    clock_acknowledge(worker->index, offset);
}

static void on_tick(uv_timer_t *timer)
{
    struct worker *worker = timer->data;
    worker->tick_is_due = true;
}

static void move_on_for(struct peer *peer)
{
    struct worker *worker = peer->worker;
    if (peer->is_late && relay_expire(peer, MOVED_PER_TURN)) {
        peer->is_late = false;
        worker->failing--;
    }
    if (peer->is_failing && relay_fail_over(peer, MOVED_PER_TURN)) {
        peer->is_failing = false;
        worker->failing--;
        peer_publish(peer);
    }
}

/* Failover goes on, some each turn, and sockets are read in between: FOV-11. Where nothing could
 * move, the next event wakes us. */
static void move_on(struct worker *worker)
{
    bool has_moved = false;
    worker_begin(worker);
    for (uint32_t i = 0; i < worker->peer_count; i++) {
        struct peer *peer = worker->peers[i];
        uint32_t before = peer->pending.used;
        if (peer->is_failing || peer->is_late)
            move_on_for(peer);
        has_moved = has_moved || peer->pending.used != before;
    }
    if (worker->failing && has_moved)
        worker_again(worker);
}

/* What is left in user space and in pending tables. It asks for the next turn itself, if it needs
 * one. */
static void go_on(struct worker *worker)
{
    uv_idle_stop(&worker->again);
    if (worker->ahead)
        conn_read_ahead(worker);
    if (worker->failing)
        move_on(worker);
}

static void on_check(uv_check_t *handle)
{
    struct worker *worker = handle->data;
    if (worker->failing || uv_is_active((uv_handle_t *)&worker->again))
        go_on(worker);
    if (worker->tick_is_due) {
        worker->tick_is_due = false;
        tick(worker);
    }
    if (worker->park_is_due) {
        worker_begin(worker);
        park_tick(worker);
    }
}

/* --- mail
 * ------------------------------------------------------------------------------------------- */

static void open_arrival(struct worker *worker, const struct letter *opened)
{
    const struct arrival_letter *letter = (const struct arrival_letter *)(const void *)opened;
    struct peer *peer = worker->by_slot[letter->peer.slot];
    if (!peer)
        peer = peer_new(worker, letter->peer, letter->name,
                        snapshot_row(worker->snapshot, name_bytes(letter->name)));
    else
        name_unref(letter->name);
    peer->is_drained = letter->is_drained;
    peer_arrive(peer, letter->wire, dm_bytes_of(letter->octets, letter->cer_size),
                dm_bytes_of(letter->octets + letter->cer_size, letter->rest_size));
}

static void open_name(struct worker *worker, const struct letter *opened)
{
    const struct name_letter *letter = (const struct name_letter *)(const void *)opened;
    if (opened->kind == MAIL_ADDED) {
        directory_put(&worker->directory, letter->name, letter->peer);
        return;
    }
    directory_remove(&worker->directory, name_bytes(letter->name), letter->peer);
    name_unref(letter->name);
}

/* A peer that has a row again meanwhile stays; what comes to it is counted from here, as the front
 * desk does. */
static void let_go(struct peer *peer)
{
    if (peer_is_row(peer->conf))
        peer->arrivals = 0;
    else
        peer_free(peer);
}

static void open_release(struct worker *worker, const struct letter *opened)
{
    const struct idle_letter *letter = (const struct idle_letter *)(const void *)opened;
    struct peer *peer = worker->by_slot[letter->peer.slot];
    if (peer)
        let_go(peer);
    struct idle_letter *back =
        post_letter(&worker->post, worker->agent->worker_count, MAIL_RELEASED, sizeof *back, true);
    back->peer = letter->peer;
}

static void end_loop(struct worker *worker);

static void open_stage(struct worker *worker, const struct letter *opened)
{
    worker->stage = ((const struct stage_letter *)(const void *)opened)->stage;
    if (worker->stage == AGENT_ENDS) {
        end_loop(worker);
        return;
    }
    for (uint32_t i = 0; i < worker->peer_count; i++) {
        struct peer *peer = worker->peers[i];
        if (worker->stage == AGENT_PARTS)
            relay_give_up(peer);
        if (!peer->is_stopping && (worker->stage == AGENT_PARTS || peer->is_client))
            peer_stop(peer, DM_REBOOTING);
    }
    if (worker->stage == AGENT_PARTS)
        park_give_up(worker);
}

static void open_letter(void *context, const struct letter *letter)
{
    struct worker *worker = context;
    if (snapshot_is_newer(letter->snapshot, worker->post.snapshot))
        worker_switch(worker); /* nobody is behind his mail */
    switch ((enum mail_kind)letter->kind) {
    case MAIL_REQUEST:
        relay_open_request(worker, letter);
        break;
    case MAIL_ANSWER:
        outcome_open(worker, letter);
        break;
    case MAIL_ARRIVAL:
        open_arrival(worker, letter);
        break;
    case MAIL_ADDED:
    case MAIL_REMOVED:
        open_name(worker, letter);
        break;
    case MAIL_RELEASE:
        open_release(worker, letter);
        break;
    case MAIL_GUEST:
        guest_open(worker, letter);
        break;
    case MAIL_FOUND:
        peer_found(worker, letter);
        break;
    case MAIL_REALM:
        discover_learn(worker, letter);
        break;
    case MAIL_SETTLED:
        guest_wake(worker, letter);
        break;
    case MAIL_REDIRECT:
        follow_open(worker, letter);
        break;
    case MAIL_STAGE:
        open_stage(worker, letter);
        break;
    case MAIL_SNAPSHOT: /* its head has said it all */
        break;
    case MAIL_ASK:
        report_peers_at(worker, letter);
        break;
    case MAIL_ORDER:
        report_order(worker, letter);
        break;
    case MAIL_DIAL:
    case MAIL_SEEK:
    case MAIL_DISCOVER:
    case MAIL_REPORT:
    case MAIL_IDLE:
    case MAIL_SWITCHED:
    case MAIL_RELEASED: /* the front desk's */
        assert(false);
    }
    worker_breathe(worker); /* much mail is no reason to keep what it brought */
}

static void on_mail(void *context)
{
    struct worker *worker = context;
    worker_begin(worker);
    post_open(&worker->post, open_letter, worker);
}

/* --- life
 * ------------------------------------------------------------------------------------------- */

/* The last step of the end: whatever is still connected is cut; the loop runs out of handles. */
static void end_loop(struct worker *worker)
{
    worker->stopping = true;
    for (uint32_t i = 0; i < worker->peer_count; i++) {
        struct peer *peer = worker->peers[i];
        peer->is_stopping = true; /* nothing is sent to it that may still come in this bag */
        relay_give_up(peer);
        struct conn *conns[] = {peer->i_conn, peer->r_conn, peer->arriving};
        for (size_t k = 0; k < sizeof conns / sizeof *conns; k++)
            if (conns[k])
                conn_abort(conns[k]);
        peer->i_conn = peer->r_conn = peer->open = peer->arriving = NULL;
    }
    if (worker->store && worker->store->methods->close)
        worker->store->methods->close(worker->store, worker);
    park_give_up(worker);
    park_close(worker->park);
    while (worker->lingering)
        conn_abort(worker->lingering);
    wire_loop_close(&worker->wires);
    uv_handle_t *own[] = {(uv_handle_t *)&worker->prepare, (uv_handle_t *)&worker->check,
                          (uv_handle_t *)&worker->again, (uv_handle_t *)&worker->tick};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        uv_close(own[i], NULL);
    bell_stop(&worker->mailbox.bell);
}

struct worker *worker_new(struct agent *agent, unsigned index)
{
    struct worker *worker = calloc(1, sizeof *worker);
    if (!worker || uv_loop_init(&worker->loop))
        abort();
    worker->index = index;
    worker->agent = agent;
    worker->board = agent->board;
    worker->store = agent->store;
    uv_random(NULL, NULL, &worker->random, sizeof worker->random, 0, NULL);
    worker->random |= 1; /* its generator never leaves 0 */
    stats_init(&worker->stats, agent->rows.peers.count, agent->rows.routes.count);
    memory_init(&worker->memory, &worker->stats.memory, 0);
    directory_init(&worker->directory);
    worker->by_slot = calloc(agent->board->size, sizeof *worker->by_slot);
    if (!worker->by_slot)
        abort();
    worker->chooser.random = worker_random(worker);
    worker_fit(worker, agent->snapshot);
    worker->world = relay_world(worker);
    follow_init(worker);
    mailbox_init(&worker->mailbox, &worker->loop, on_mail, worker);
    worker->wires.uv = &worker->loop;
    worker->wires.stats = &worker->stats;
    worker->wires.memory = &worker->memory;
    wire_loop_open(&worker->wires);
    worker->park = park_new(worker);
    return worker;
}

static void start_handles(struct worker *worker)
{
    uint64_t interval = worker_tick_interval(worker->conf);
    uv_prepare_init(&worker->loop, &worker->prepare);
    uv_check_init(&worker->loop, &worker->check);
    uv_idle_init(&worker->loop, &worker->again);
    uv_timer_init(&worker->loop, &worker->tick);
    worker->prepare.data = worker->check.data = worker->again.data = worker->tick.data = worker;
    worker->tick_expected = clock_real() + interval * NS_PER_MS;
    park_open(worker->park);
    uv_prepare_start(&worker->prepare, on_prepare);
    uv_check_start(&worker->check, on_check);
    uv_timer_start(&worker->tick, on_tick, interval, interval);
}

static void run(void *argument)
{
    struct worker *worker = argument;
    worker_begin(worker);
    for (uint32_t i = 0; i < worker->peer_count; i++)
        if (worker->peers[i]->conf->dials)
            peer_seek(worker->peers[i]);
    uv_run(&worker->loop, UV_RUN_DEFAULT);
}

static void know_rows(struct worker *worker)
{
    const struct registry *registry = &worker->agent->registry;
    for (uint32_t i = 0; i < registry->size; i++) {
        const struct registry_slot *slot = &registry->slots[i];
        if (slot->name)
            directory_put(&worker->directory, name_ref(slot->name), registry_peer(registry, slot));
    }
}

void worker_settle_in(struct worker *worker)
{
    worker_begin(worker);
    post_init(&worker->post, worker->index, worker->agent->worker_count + 1, worker->agent->boxes,
              &worker->memory);
    start_handles(worker);
    if (worker->store && worker->store->methods->open)
        worker->store->methods->open(worker->store, worker);
    know_rows(worker);
    worker_adopt_rows(worker);
}

void worker_start(struct worker *worker)
{
    if (uv_thread_create(&worker->thread, run, worker))
        abort();
}

/* What was still in the mail when the thread ended: nobody is there to be told. */
static void bury_letter(void *context, const struct letter *letter)
{
    (void)context;
    const struct arrival_letter *arrival = (const struct arrival_letter *)(const void *)letter;
    const struct name_letter *name = (const struct name_letter *)(const void *)letter;
    if (letter->kind == MAIL_ARRIVAL) {
        wire_bury(arrival->wire);
        name_unref(arrival->name);
    } else if (letter->kind == MAIL_ADDED || letter->kind == MAIL_REMOVED) {
        name_unref(name->name);
    } else if (letter->kind == MAIL_GUEST) {
        guest_bury(letter);
    } else if (letter->kind == MAIL_REQUEST) {
        relay_bury_request(letter);
    }
}

void worker_abandon(struct worker *worker)
{
    end_loop(worker);
    uv_run(&worker->loop, UV_RUN_DEFAULT);
}

void worker_bury(struct worker *worker)
{
    post_open(&worker->post, bury_letter, worker);
}

void worker_free(struct worker *worker)
{
    while (worker->peer_count)
        peer_free(worker->peers[0]);
    uv_loop_close(&worker->loop);
    wire_loop_fini(&worker->wires);
    mailbox_fini(&worker->mailbox);
    post_fini(&worker->post);
    memory_fini(&worker->memory);
    directory_fini(&worker->directory);
    park_free(worker->park);
    stats_fini(&worker->stats);
    free(worker->peers);
    free(worker->due);
    free(worker->attention);
    free(worker->by_slot);
    free(worker->policy_room);
    free(worker->scratch);
    free(worker->chooser.turn);
    follow_fini(worker);
    realms_free(worker->realms);
    free(worker);
}
