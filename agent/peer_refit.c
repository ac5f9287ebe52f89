/* peer_refit.c — a peer gets its row of a newer snapshot: nothing but what the row makes different
 * happens to it. */
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/conf/diff.h"
#include "agent/guest.h"
#include "agent/log.h"
#include "agent/peer.h"
#include "agent/whereabouts.h"

/* What it counts stands on another row now: gauges move with it, counters stay. */
static void move_gauges(struct peer *peer, struct stats_peer *to)
{
    struct stats_peer *from = peer->stats;
    uint64_t is_up = peer->open != NULL;
    stats_sub(&from->in_state[peer->state], 1);
    stats_add(&to->in_state[peer->state], 1);
    stats_sub(&from->in_watch[peer->watchdog.state], 1);
    stats_add(&to->in_watch[peer->watchdog.state], 1);
    stats_sub(&from->open, is_up);
    stats_add(&to->open, is_up);
    stats_sub(&from->pending, peer->pending.used);
    stats_add(&to->pending, peer->pending.used);
}

static void count_as(struct peer *peer, uint32_t row)
{
    struct stats_peer *stats = stats_peer_at(&peer->worker->stats, row);
    if (stats == peer->stats)
        return;
    move_gauges(peer, stats);
    peer->stats = stats;
    peer->row = row;
    if (peer->open) {
        peer->open->bytes_sent = &stats->bytes_sent;
        peer->open->bytes_received = &stats->bytes_received;
    }
}

/* --- timers, limits, role ----------------------------------------------------------------------
 */

static void take_limits(struct peer *peer)
{
    const struct conf_limits *limits = &peer->conf->limits;
    struct conn *conns[] = {peer->i_conn, peer->r_conn, peer->arriving, peer->open};
    for (size_t i = 0; i < sizeof conns / sizeof *conns; i++)
        if (conns[i])
            conns[i]->message_limit = limits->message_size;
    peer->pending.limit = limits->pending_per_peer;
}

static void take_role(struct peer *peer)
{
    bool was_client = peer->is_client;
    if (!peer->applications)
        return;
    peer_settle_role(peer);
    if (!peer->open || peer->is_client == was_client)
        return;
    struct stats *stats = &peer->worker->stats;
    if (was_client)
        stats_sub(&stats->clients, 1);
    else
        stats_add(&stats->clients, 1);
}

static void take_timers(struct peer *peer, const struct conf_timers *former)
{
    const struct conf_timers *timers = &peer->conf->timers;
    if (peer->backoff > timers->reconnect_maximum)
        peer->backoff = timers->reconnect_maximum;
    if (peer->backoff < timers->reconnect_minimum)
        peer->backoff = timers->reconnect_minimum;
    if (timers->watchdog < former->watchdog)
        peer_watch_retime(peer);
}

/* --- its connection ----------------------------------------------------------------------------
 */

/* It may no longer come from where it came from, or by what it came by. */
static bool is_from_elsewhere(const struct peer *peer)
{
    if (peer->state != DM_R_OPEN)
        return false;
    union conf_socket source = {0};
    const struct wire *wire = peer->open->wire;
    return !wire || !conf_peer_takes_transport(peer->conf, wire_transport(wire)) ||
           (peer->conf->from_count &&
            (!wire_remote(wire, &source) || !conf_peer_takes(peer->conf, &source)));
}

static void say(const struct peer *peer, const char *what)
{
    log_info(peer_name(peer), "reload", log_words("{what}"), log_text("what", what));
}

static void redial(struct peer *peer)
{
    bool dials = peer->conf->dials && !peer->is_disabled;
    worker_arm(peer, TIMER_RECONNECT, dials ? 1 : 0);
}

/* Ends what there is of a connection; a new one is made with the new row. */
static void renew(struct peer *peer)
{
    say(peer, "its connection is made anew");
    peer_seek_anew(peer);
    peer->is_renewed = true;
    peer->is_banned = false;
    peer->disconnect_cause = DM_REBOOTING;
    if (peer->state == DM_CLOSED) {
        peer->is_renewed = false;
        redial(peer);
    } else if (peer->state != DM_CLOSING) {
        peer_event(peer, DM_EVENT_STOP);
    }
}

/* No row admits it any more. */
static void leave(struct peer *peer)
{
    if (peer->is_removed)
        return;
    say(peer, "removed");
    peer->is_removed = true;
    peer->is_idle_told = false;
    worker_attend(peer); /* when it is closed, its slot is given back */
    if (!peer->is_stopping)
        peer_stop(peer, DM_DO_NOT_WANT_TO_TALK_TO_YOU);
}

/* It was removed, and is there again before it was gone. */
static void stay(struct peer *peer)
{
    say(peer, "is here again");
    peer->is_removed = peer->is_stopping = false;
    if (peer->state == DM_CLOSED)
        redial(peer);
}

/* --- guests: guest.h ---------------------------------------------------------------------------
 */

/* Its address is its own, all else the program's. */
static struct conf_peer guest_row(const struct peer *peer, const struct snapshot *snapshot)
{
    struct conf_peer row = snapshot->unknown;
    row.identity = peer->guest->conf.identity;
    row.is_pattern = false;
    row.is_guest = row.dials = true;
    row.connect = peer->guest->conf.connect;
    return row;
}

/* May a redirect name it, or was it DNS? */
static bool may_be_guest(const struct peer *peer, const struct conf *conf)
{
    return conf_redirect_allows(conf, name_bytes(peer->name)) ||
           (peer->guest->until && conf->dns.discovers_realms);
}

/* It is no guest where it has a row now, and none any more where nobody may name it. */
static struct snapshot_row row_of_guest(struct peer *peer, const struct snapshot *snapshot,
                                        struct conf_peer *next)
{
    struct snapshot_row row = snapshot_row(snapshot, name_bytes(peer->name));
    if (row.is_admitted && peer_is_row(row.conf))
        return row;
    *next = guest_row(peer, snapshot);
    return (struct snapshot_row){next, 0, may_be_guest(peer, snapshot->conf)};
}

/* Nobody asked it any more; but now it has a row. */
static bool is_guest_that_leaves(const struct peer *peer, const struct conf_peer *former)
{
    return former->is_guest && peer_is_row(peer->conf) && peer->is_stopping;
}

static void refit(struct peer *peer, struct snapshot_row row)
{
    const struct conf_peer *former = peer->conf;
    peer->conf = row.conf;
    count_as(peer, row.number);
    take_limits(peer);
    take_role(peer);
    take_timers(peer, &former->timers);
    if (!peer_is_row(row.conf) && peer_is_row(former)) {
        peer->is_idle_told = false; /* its slot is no row's any more */
        worker_attend(peer);
    }
    if (!row.is_admitted)
        leave(peer);
    else if (peer->is_removed || is_guest_that_leaves(peer, former))
        stay(peer);
    else if (!peer->is_stopping &&
             (conf_peer_reconnects(former, row.conf) || is_from_elsewhere(peer)))
        renew(peer);
    peer_publish(peer);
}

static void refit_guest(struct peer *peer, const struct snapshot *snapshot)
{
    struct conf_peer next;
    struct snapshot_row row = row_of_guest(peer, snapshot, &next);
    refit(peer, row);
    if (row.conf == &next) {
        peer->guest->conf = next;
        peer->conf = &peer->guest->conf;
        return;
    }
    free(peer->guest);
    peer->guest = NULL;
}

void peer_refit(struct peer *peer, const struct snapshot *snapshot)
{
    if (peer->guest)
        refit_guest(peer, snapshot);
    else
        refit(peer, snapshot_row(snapshot, name_bytes(peer->name)));
}
