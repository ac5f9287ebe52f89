/* peer.c — a peer's life: events go through the table, edges of the states do the rest.
 *
 * Closed → (dial or arrival) → Open → Closing → Closed. What happens at the edges, whoever caused
 * them, stands here; single actions are in peer_actions.c, the watchdog in peer_watch.c, what
 * connections say in peer_conn.c. */
#include "agent/peer.h"

#include <assert.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/follow.h"
#include "agent/guest.h"
#include "agent/log.h"
#include "agent/peer_actions.h"
#include "agent/peer_trust.h"
#include "agent/relay.h"
#include "agent/whereabouts.h"

enum { EXPIRE_PER_TURN = 256 };
#define OVERTAKEN (100 * NS_PER_MS)

struct peer *peer_new(struct worker *worker, rt_peer self, struct name *name,
                      struct snapshot_row row)
{
    struct peer *peer = calloc(1, sizeof *peer);
    if (!peer)
        abort();
    peer->worker = worker;
    peer->self = self;
    peer->name = name;
    peer->conf = row.conf;
    peer->row = row.number;
    peer->stats = stats_peer_at(&worker->stats, row.number);
    peer->is_removed = peer->is_stopping = !row.is_admitted;
    peer->backoff = row.conf->timers.reconnect_minimum;
    rt_pending_init(&peer->pending, (uint32_t)worker_random(worker),
                    row.conf->limits.pending_per_peer);
    peer->changed = worker->now;
    worker_adopt(worker, peer);
    stats_add(&peer_stats(peer)->in_state[peer->state], 1);
    stats_add(&peer_stats(peer)->in_watch[peer->watchdog.state], 1);
    board_set_name(worker->board, self.slot, (uint32_t)name->hash);
    board_set_realm(worker->board, self.slot, 0);
    peer_publish(peer);
    return peer;
}

void peer_free(struct peer *peer)
{
    assert(!peer->i_conn && !peer->r_conn && !peer->open && !peer->pending.used);
    stats_sub(&peer_stats(peer)->in_state[peer->state], 1);
    stats_sub(&peer_stats(peer)->in_watch[peer->watchdog.state], 1);
    board_set(peer->worker->board, peer->self.slot, (struct board_view){0});
    worker_dismiss(peer->worker, peer);
    rt_pending_fini(&peer->pending);
    name_unref(peer->name);
    free(peer->applications);
    free(peer->candidates);
    free(peer->realm);
    free(peer->candidate_realm);
    free(peer->guest);
    free(peer->whereabouts);
    free(peer);
}

/* --- what others may know ----------------------------------------------------------------------
 */

static uint16_t flags_of(const struct peer *peer)
{
    unsigned flags = 0;
    bool serves = peer_is_open(peer) && !peer->is_failing && !peer->is_stopping;
    if (peer->is_drained)
        flags |= BOARD_DRAINED;
    if (serves && peer->watchdog.state == DM_WATCH_OKAY)
        flags |= BOARD_REACHABLE;
    if (serves && peer->watchdog.state == DM_WATCH_REOPEN && peer->watchdog.num_dwa > 0 &&
        peer->conf->compatibility.reopen_last_resort)
        flags |= BOARD_LAST_RESORT;
    if (peer->is_agent)
        flags |= BOARD_AGENT;
    if (peer->is_client)
        flags |= BOARD_CLIENT;
    if (peer_is_open(peer))
        flags |= BOARD_OPEN;
    else if (guest_is_expected(peer))
        flags |= BOARD_DIALLED;
    return (uint16_t)flags;
}

bool peer_takes_requests(const struct peer *peer)
{
    return flags_of(peer) & (BOARD_REACHABLE | BOARD_LAST_RESORT);
}

void peer_publish(struct peer *peer)
{
    struct board_view view = {.generation = peer->self.generation,
                              .home = (uint16_t)peer->worker->index,
                              .flags = flags_of(peer)};
    struct board *board = peer->worker->board;
    board_set_share(board, peer->self.slot, peer->conf->limits.pending_per_peer / 64 + 1);
    board_set_returned(board, peer->self.slot, peer->returned);
    board_set(board, peer->self.slot, view);
    peer_publish_load(peer);
}

/* A queue that has not moved for a second while it holds this much says that its reader is stuck.
 */
static bool is_stuck(const struct conn *conn, uint64_t now)
{
    return conn->is_blocked && queue_octets(&conn->queue) > 64 * 1024 &&
           now - conn->blocked_since > NS_PER_S;
}

bool peer_is_busy(const struct peer *peer)
{
    if (peer->pending.used >= peer->conf->limits.pending_per_peer)
        return true;
    if (!peer->open)
        return false;
    return queue_octets(&peer->open->queue) > peer->conf->limits.outbound_per_peer / 2 ||
           is_stuck(peer->open, peer->worker->now);
}

void peer_publish_load(struct peer *peer)
{
    bool is_half_full = peer->pending.used > peer->conf->limits.pending_per_peer / 2;
    board_set_load(peer->worker->board, peer->self.slot, peer->pending.used, peer_is_busy(peer),
                   is_half_full);
}

/* --- the edges of the states --------------------------------------------------------------------
 */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Every waiting state has a timer. PSM-07. */
static void arm_machine(struct peer *peer, enum dm_state state)
{
    const struct conf_timers *timers = &peer->conf->timers;
    switch (state) {
    case DM_WAIT_CONN_ACK:
        worker_arm(peer, TIMER_MACHINE, timers->connect);
        break;
    case DM_WAIT_CONN_ACK_ELECT:
        break; /* the connect timer goes on */
    case DM_WAIT_I_CEA:
    case DM_WAIT_RETURNS:
        worker_arm(peer, TIMER_MACHINE, timers->capabilities);
        break;
    case DM_CLOSING:
        worker_arm(peer, TIMER_MACHINE, least(timers->drain, timers->disconnect) + 1);
        break;
    default:
        worker_arm(peer, TIMER_MACHINE, 0);
    }
}

static void enter(struct peer *peer, enum dm_state next)
{
    if (peer->state == next)
        return;
    struct stats_peer *stats = peer_stats(peer);
    stats_sub(&stats->in_state[peer->state], 1);
    stats_add(&stats->in_state[next], 1);
    stats_add(&stats->transitions[next], 1);
    log_debug(peer_name(peer), "state", log_words("{from} -> {to}"),
              log_text("from", dm_state_name(peer->state)), log_text("to", dm_state_name(next)));
    peer->state = next;
    peer->changed = peer->worker->now;
    arm_machine(peer, next);
}

/* Role, as configured or as its capabilities show: SRV-04. */
void peer_settle_role(struct peer *peer)
{
    enum conf_role role = peer->conf->role;
    bool relay_alone = peer->applications->relay && peer->applications->count == 0;
    if (role == CONF_ROLE_BY_CAPABILITIES)
        role = relay_alone                                ? CONF_AGENT
               : peer->conf->dials || peer->conf->in_pool ? CONF_SERVER
                                                          : CONF_CLIENT;
    peer->is_agent = role == CONF_AGENT;
    peer->is_client = role == CONF_CLIENT;
}

static void take_capabilities(struct peer *peer)
{
    free(peer->applications);
    peer->applications = peer->candidates;
    peer->candidates = NULL;
    free(peer->realm);
    peer->realm = peer->candidate_realm;
    peer->candidate_realm = NULL;
    memcpy(peer->route_record, peer->candidate_record, peer->candidate_record_size);
    peer->route_record_size = peer->candidate_record_size;
    peer_settle_role(peer);
    struct board *board = peer->worker->board;
    board_set_applications(board, peer->self.slot, board_applications(board, peer->applications));
}

/* Messages may overtake each other as soon as the initiator has said something after our CEA: it
 * is asked to at once. RFC 6733 §2.1.1, PSM-08. */
static void ask_for_proof(struct peer *peer)
{
    if (peer->state == DM_R_OPEN && peer->open->wire && peer->open->wire->kind->has_messages)
        peer_send_dwr(peer);
}

static void opened(struct peer *peer)
{
    peer->open = peer->state == DM_R_OPEN ? peer->r_conn : peer->i_conn;
    peer->link = agent_next_link(peer->worker->agent);
    peer->in_flight = 0;
    peer->owes_dpa = peer->dpr_sent = peer->dpa_sent = peer->dpa_received = false;
    peer->overtaken_until = 0;
    peer->is_orderly = peer->is_banned = peer->is_idle_told = peer->is_challenged = false;
    peer->backoff = peer->conf->timers.reconnect_minimum;
    peer->last_heard = peer->worker->now;
    take_capabilities(peer);
    worker_arm(peer, TIMER_RECONNECT, 0);
    struct stats_peer *stats = peer_stats(peer);
    stats_add(&stats->open, 1);
    if (peer->is_client)
        stats_add(&peer->worker->stats.clients, 1);
    peer->open->bytes_sent = &stats->bytes_sent;
    peer->open->bytes_received = &stats->bytes_received;
    log_info(peer_name(peer), "open", log_words("{side} opened the connection"),
             log_text("side", peer->state == DM_R_OPEN ? "it" : "we"));
    peer_trust_begin(peer);
    peer_watch(peer, DM_WATCH_CONNECTION_UP);
    ask_for_proof(peer);
    peer_publish(peer);
    conn_pause(peer->open, false); /* what came behind the CER is framed now */
    if (peer->conf->is_guest)
        guest_opened(peer);
}

/* Exponential with jitter: PSM-06. */
void peer_plan_reconnect(struct peer *peer)
{
    bool is_renewed = peer->is_renewed;
    peer->is_renewed = false;
    if (!peer->conf->dials || peer->is_banned || peer->is_disabled || peer->is_stopping ||
        peer->conf->is_guest)
        return;
    if (is_renewed) {
        worker_arm(peer, TIMER_RECONNECT, 1);
        return;
    }
    uint64_t jitter = worker_random(peer->worker) % (peer->backoff / 4 + 1);
    worker_arm(peer, TIMER_RECONNECT, peer->backoff - jitter);
    peer->backoff = least(peer->backoff * 2, peer->conf->timers.reconnect_maximum);
}

/* The front desk keeps the slot of a peer that came by itself until it says so. */
static void tell_idle(struct peer *peer)
{
    bool stays = peer_is_row(peer->conf); /* its slot is its own */
    if (stays || peer->is_failing || peer->is_idle_told || peer->state != DM_CLOSED ||
        peer->arriving || guest_is_expected(peer))
        return;
    peer->is_idle_told = true;
    bool is_forgotten = peer->is_orderly || peer->is_removed || peer->conf->is_guest ||
                        !peer->applications; /* never was open: no record */
    agent_tell_idle(peer->worker, peer->self, peer->arrivals, is_forgotten);
}

static void closed(struct peer *peer, bool was_open)
{
    if (was_open) {
        peer->is_orderly = peer->dpa_sent || peer->dpa_received;
        stats_sub(&peer_stats(peer)->open, 1);
        if (peer->is_client)
            stats_sub(&peer->worker->stats.clients, 1);
        log_info(peer_name(peer), "closed", log_words("{how}"),
                 log_text("how", peer->is_orderly ? "in good order" : "connection lost"));
        peer->open = NULL;
        peer->link = 0;
        peer->in_flight = 0;
        peer_trust_end(peer);
        if (peer->is_orderly)
            peer_watch_reset(peer);
        else
            peer_watch(peer, DM_WATCH_CONNECTION_DOWN);
        if (peer->pending.used)
            peer_fail_over(peer);
        follow_lost(peer);
        if (!peer->is_orderly)
            peer->backoff = peer->conf->timers.reconnect_minimum;
    }
    bool goes_on = peer_seek_next(peer, was_open);
    if (peer->guest)
        peer->guest->is_trying = goes_on;
    peer_publish(peer);
    if (peer->conf->is_guest)
        guest_closed(peer);
    if (!goes_on)
        peer_plan_reconnect(peer);
    worker_attend(peer); /* its slot may be given back once its requests have moved */
}

static bool is_up(enum dm_state state)
{
    return state == DM_R_OPEN || state == DM_I_OPEN || state == DM_CLOSING;
}

static void mind_edge(struct peer *peer, enum dm_state from)
{
    enum dm_state to = peer->state;
    if (from == to)
        return;
    if (is_up(to) && !is_up(from))
        opened(peer);
    else if (to == DM_CLOSED)
        closed(peer, is_up(from));
    else if (to == DM_CLOSING)
        peer_publish(peer);
}

void peer_event(struct peer *peer, enum dm_event event)
{
    while (event != PEER_NO_EVENT) {
        const struct dm_row *row = dm_fsm_step(peer->state, event);
        if (!row) {
            log_debug(peer_name(peer), "ignored", log_words("{event} in {state}"),
                      log_text("event", dm_event_name(event)),
                      log_text("state", dm_state_name(peer->state)));
            return;
        }
        enum dm_state from = peer->state;
        enter(peer, row->next);
        event = PEER_NO_EVENT;
        for (int i = 0; i < DM_ROW_ACTIONS && row->action[i] != DM_ACTION_NONE; i++) {
            enum dm_event follows = peer_act(peer, row->action[i]);
            if (follows != PEER_NO_EVENT)
                event = follows;
        }
        mind_edge(peer, from);
    }
}

/* --- arrivals, timers, the end ------------------------------------------------------------------
 */

void peer_timer(struct peer *peer, enum worker_timer timer)
{
    if (timer == TIMER_WATCHDOG) {
        peer_watch_timer(peer);
    } else if (timer == TIMER_CERTIFICATE) {
        peer_trust_is_over(peer);
    } else if (timer == TIMER_RECONNECT) {
        if (peer->state == DM_CLOSED)
            peer_seek(peer);
        else if (peer->guest && peer_is_open(peer))
            guest_mind_time(peer);
    } else if (peer->state == DM_WAIT_CONN_ACK_ELECT) {
        conn_abort(peer->i_conn);
        peer->i_conn = NULL;
        peer_event(peer, DM_EVENT_I_RCV_CONN_NACK); /* PSM-05 */
    } else if (peer->owes_dpa) {
        peer_send_dpa(peer); /* the time to drain is over; what is left fails over at the close */
    } else if (peer->dpa_received) {
        peer_event(peer, DM_EVENT_RCV_DPA);
    } else {
        log_info(peer_name(peer), "timeout", log_words("in {state}"),
                 log_text("state", dm_state_name(peer->state)));
        peer_event(peer, DM_EVENT_TIMEOUT);
    }
}

void peer_stop(struct peer *peer, enum dm_disconnect_cause cause)
{
    peer->is_stopping = true;
    peer->disconnect_cause = cause;
    worker_arm(peer, TIMER_RECONNECT, 0);
    if (peer->state == DM_CLOSED) {
        peer_publish(peer);
        return;
    }
    peer_event(peer, DM_EVENT_STOP);
    peer_publish(peer);
}

void peer_await_overtaken(struct peer *peer)
{
    const struct wire *wire = peer->open ? peer->open->wire : NULL;
    if (!wire || !wire->kind->has_messages)
        return;
    peer->overtaken_until = peer->worker->now + OVERTAKEN;
    worker_attend(peer);
}

void peer_settle(struct peer *peer)
{
    if (peer->state != DM_CLOSING || peer->in_flight || peer->pending.used ||
        peer->worker->now < peer->overtaken_until)
        return;
    if (peer->owes_dpa)
        peer_send_dpa(peer);
    else if (peer->dpa_received)
        peer_event(peer, DM_EVENT_RCV_DPA);
}

/* Answers and messages of our own stay in the queue of a suspect; requests go elsewhere. */
static bool stays(void *context, dm_bytes message)
{
    (void)context;
    struct dm_header header;
    dm_header_read(&header, message.at);
    return !dm_header_is_request(&header) || dm_command_is_base(header.command);
}

void peer_fail_over(struct peer *peer)
{
    if (peer->is_failing || !peer->pending.used)
        return;
    if (peer->open)
        queue_filter(&peer->open->queue, stays, NULL);
    peer->is_failing = true;
    peer->worker->failing++;
    rt_pending_rewind(&peer->pending);
    peer_publish(peer);
    worker_again(peer->worker);
}

/* Stops reading from a peer whose answers pile up, unless it owes us some: else two agents in a row
 * would stop each other. */
void peer_mind_pressure(struct peer *peer)
{
    struct conn *conn = peer->open;
    if (!conn)
        return;
    uint64_t half = peer->conf->limits.outbound_per_peer / 2;
    bool is_full = queue_octets(&conn->queue) > half && !peer->pending.used;
    if (is_full == conn->is_paused)
        return;
    if (conn->is_paused)
        peer->last_heard = peer->worker->now; /* we did not listen: its silence does not count */
    conn_pause(conn, is_full);
    worker_attend(peer);
}

/* More than one turn may end go on in the next ones. */
static void expire(struct peer *peer)
{
    if (peer->is_late)
        return;
    rt_pending_rewind(&peer->pending);
    if (relay_expire(peer, EXPIRE_PER_TURN))
        return;
    peer->is_late = true;
    peer->worker->failing++;
    worker_again(peer->worker);
}

void peer_close_slow_reader(struct peer *peer)
{
    log_warn(peer_name(peer), "closed", log_words("it does not read its answers"));
    stats_add(&peer->worker->stats.refused[STATS_REFUSED_slow_reader], 1);
    conn_abort(peer->open);
    peer_event(peer, DM_EVENT_PEER_DISC);
}

/* Half of its queue is full and has not moved for so long that its watchdog would have given up on
 * us. */
static bool has_stopped_reading(const struct peer *peer)
{
    const struct conn *conn = peer->open;
    return conn && conn->is_paused && conn->is_blocked &&
           peer->worker->now - conn->blocked_since > 2 * peer->conf->timers.watchdog;
}

/* True: the peer is not read for want of memory. Its silence does not count. */
static bool waits_for_memory(struct peer *peer)
{
    if (!peer->open || !peer->open->is_starved)
        return false;
    peer->last_heard = peer->worker->now;
    return conn_retry(peer->open);
}

bool peer_tick(struct peer *peer)
{
    bool waits = waits_for_memory(peer);
    if (peer->open && peer->open->is_paused)
        peer_mind_pressure(peer);
    if (has_stopped_reading(peer))
        peer_close_slow_reader(peer);
    if (peer->pending.used)
        expire(peer);
    peer_publish_load(peer);
    waits = waits || (peer->open && peer->open->is_paused);
    if (peer->overtaken_until) {
        peer_settle(peer);
        waits = waits || peer->worker->now < peer->overtaken_until;
    }
    if (peer->pending.used || peer->is_failing || peer->is_late || waits || peer_is_busy(peer))
        return true;
    tell_idle(peer);
    rt_pending_trim(&peer->pending);
    return peer->pending.size != 0;
}
