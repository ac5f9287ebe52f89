/* worker_switch.c — a worker goes over to another snapshot, between two events.
 *
 * Afterwards nothing of it points into the former one: the front desk is told, and frees it when
 * all workers have said so. */
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/dns/discover.h"
#include "agent/follow.h"
#include "agent/peer.h"
#include "agent/redirect_answer.h"
#include "agent/store/store.h"
#include "agent/whereabouts.h"

enum {
    SLOW_TICK_MS = 100,
    FAST_TICK_MS = 10,
    SCRATCH_MORE = 1024 + DM_ROUTE_RECORD_MAX + REDIRECT_ANSWER_ROOM
};

/* --- the tick ----------------------------------------------------------------------------------
 */

static bool has_fast_timer(const struct conf_timers *timers)
{
    const uint64_t all[] = {timers->connect, timers->capabilities, timers->request,
                            timers->reconnect_minimum, timers->disconnect};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] < NS_PER_S)
            return true;
    return false;
}

uint64_t worker_tick_interval(const struct conf *conf)
{
    if (clock_is_lab())
        return 1;
    bool is_fast = has_fast_timer(&conf->timers);
    for (size_t i = 0; i < conf->peer_count; i++)
        is_fast = is_fast || has_fast_timer(&conf->peers[i].timers);
    return is_fast ? FAST_TICK_MS : SLOW_TICK_MS;
}

static void retime(struct worker *worker)
{
    uint64_t interval = worker_tick_interval(worker->conf);
    if (interval == uv_timer_get_repeat(&worker->tick))
        return;
    uv_timer_set_repeat(&worker->tick, interval);
    uv_timer_again(&worker->tick);
    worker->tick_expected = clock_real() + interval * NS_PER_MS;
}

/* --- what it keeps -----------------------------------------------------------------------------
 */

static uint32_t turn_of(const struct worker *worker, const struct conf *former, const char *pool)
{
    for (uint32_t i = 0; former && i < worker->turn_count; i++)
        if (!strcmp(former->tables.pools[i].name, pool))
            return worker->chooser.turn[i];
    return 0;
}

/* Round robin goes on where it was in the pools of the same name. */
static void fit_chooser(struct worker *worker, const struct conf *former, const struct conf *conf)
{
    uint32_t count = conf->tables.pool_count;
    uint32_t *turn = calloc(count + 1, sizeof *turn);
    if (!turn)
        abort();
    for (uint32_t i = 0; i < count; i++)
        turn[i] = turn_of(worker, former, conf->tables.pools[i].name);
    free(worker->chooser.turn);
    worker->chooser.turn = turn;
    worker->turn_count = count;
    worker->chooser.memo = (struct rt_memo){0}; /* its routes are the former's */
}

static void fit_scratch(struct worker *worker, size_t size)
{
    if (size <= worker->scratch_size)
        return;
    free(worker->scratch);
    worker->scratch = malloc(size);
    worker->scratch_size = size;
    if (!worker->scratch)
        abort();
}

/* With another hash_seed all slots mean something else. Each worker does so: one that switches
 * later may have learnt by the old one meanwhile. */
static void fit_bindings(const struct worker *worker, const struct conf *conf)
{
    bool is_other = worker->conf && worker->conf->tables.seed != conf->tables.seed;
    if (is_other && worker->store)
        rt_bindings_clear(worker->store->table);
}

void worker_fit(struct worker *worker, const struct snapshot *snapshot)
{
    const struct conf *conf = snapshot->conf;
    fit_bindings(worker, conf);
    fit_chooser(worker, worker->conf, conf);
    fit_scratch(worker, conf->limits.message_size + SCRATCH_MORE);
    worker->memory.limit = conf->limits.memory;
    worker->post.snapshot = snapshot->number;
    worker->snapshot = snapshot;
    worker->conf = conf;
    worker->wires.conf = conf;
    worker->wires.tls = snapshot->tls;
}

/* --- its peers ---------------------------------------------------------------------------------
 */

static struct name *name_for(struct worker *worker, const char *identity)
{
    const struct directory_entry *entry = directory_find(&worker->directory, dm_text(identity));
    return entry ? name_ref(entry->name) : name_new(dm_text(identity), 1);
}

static void sit_down(struct worker *worker, const struct conf_peer *conf,
                     const struct conf_seat *seat)
{
    struct snapshot_row row = {conf, seat->number, true};
    struct peer *peer = peer_new(worker, seat->peer, name_for(worker, conf->identity), row);
    peer->is_drained = seat->is_drained;
    peer->is_disabled = seat->is_disabled;
    peer_publish(peer);
}

void worker_adopt_rows(struct worker *worker)
{
    const struct conf *conf = worker->conf;
    for (size_t row = 0; row < conf->peer_count; row++) {
        const struct conf_peer *peer = &conf->peers[row];
        const struct conf_seat *seat = &conf->seats[row];
        if (!peer->is_pattern && seat->home == worker->index && !worker->by_slot[seat->peer.slot])
            sit_down(worker, peer, seat);
    }
}

static void start_those_who_came(struct worker *worker, uint32_t before)
{
    for (uint32_t i = before; i < worker->peer_count; i++)
        if (worker->peers[i]->conf->dials && !worker->peers[i]->is_disabled)
            peer_seek(worker->peers[i]);
}

static void acknowledge(struct worker *worker)
{
    post_letter(&worker->post, worker->agent->worker_count, MAIL_SWITCHED, sizeof(struct letter),
                true);
}

void worker_switch(struct worker *worker)
{
    const struct snapshot *newest = atomic_load(&worker->agent->snapshot);
    uint32_t before = worker->peer_count;
    worker_fit(worker, newest);
    follow_switch(worker);
    discover_switch(worker);
    retime(worker);
    for (uint32_t i = 0; i < before; i++)
        peer_refit(worker->peers[i], newest);
    worker_adopt_rows(worker);
    start_those_who_came(worker, before);
    acknowledge(worker);
}
