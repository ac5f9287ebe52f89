/* peer_watch.c — the watchdog of a peer: when its timer runs, and what its decisions mean here. RFC
 * 3539 §3.4.
 *
 * "Any message resets the timer" costs a store per message: the timer is not moved, but looks at
 * last_heard when it fires. */
#include "agent/clock.h"
#include "agent/log.h"
#include "agent/peer.h"
#include "agent/peer_actions.h"

#define JITTER    (2 * NS_PER_S)
#define CHALLENGE (2 * NS_PER_S)

/* Tw with its jitter of two seconds either way; WDG-03. */
static uint64_t draw(struct peer *peer)
{
    if (peer->is_challenged)
        return CHALLENGE;
    return peer->conf->timers.watchdog - JITTER + worker_random(peer->worker) % (2 * JITTER + 1);
}

static void say(struct peer *peer, enum dm_watch_state from)
{
    enum dm_watch_state to = peer->watchdog.state;
    if (from == to)
        return;
    stats_sub(&peer_stats(peer)->in_watch[from], 1);
    stats_add(&peer_stats(peer)->in_watch[to], 1);
    enum log_level level = to == DM_WATCH_SUSPECT || to == DM_WATCH_DOWN ? LOG_WARN : LOG_INFO;
    log_line(level, peer_name(peer), "watchdog",
             LOG_VALUES(log_words("{from} -> {to}"), log_text("from", dm_watch_state_name(from)),
                        log_text("to", dm_watch_state_name(to))));
    peer_publish(peer);
}

static void cut_off(struct peer *peer)
{
    log_warn(peer_name(peer), "closed", log_words("no answer to the watchdog"));
    conn_abort(peer->open);
    peer_event(peer, DM_EVENT_PEER_DISC);
}

void peer_watch(struct peer *peer, enum dm_watch_event event)
{
    enum dm_watch_state from = peer->watchdog.state;
    unsigned actions = dm_watchdog_step(&peer->watchdog, event);
    if (event == DM_WATCH_RECEIVE_DWA)
        peer->is_challenged = false;
    say(peer, from);
    if (actions & DM_WATCH_SEND_DWR)
        peer_send_dwr(peer);
    if (actions & DM_WATCH_SET_TIMER)
        worker_arm(peer, TIMER_WATCHDOG, peer->open ? draw(peer) : 0);
    if (actions & DM_WATCH_FAILOVER)
        peer_fail_over(peer);
    if (actions & DM_WATCH_FAILBACK && from == DM_WATCH_REOPEN)
        peer->returned = peer->worker->now;
    if (actions & (DM_WATCH_FAILBACK | DM_WATCH_FAILOVER) || event == DM_WATCH_RECEIVE_DWA)
        peer_publish(peer);
    if (actions & DM_WATCH_CLOSE && peer->open)
        cut_off(peer);
}

/* In OKAY whatever was heard since puts the timer off by what it would have been set to. */
static bool was_heard(struct peer *peer)
{
    uint64_t quiet = peer->worker->now - peer->last_heard;
    uint64_t wait = draw(peer);
    if (quiet >= peer->conf->timers.watchdog - JITTER)
        return false;
    worker_arm(peer, TIMER_WATCHDOG, wait > quiet ? wait - quiet : 1);
    return true;
}

void peer_watch_timer(struct peer *peer)
{
    if (!peer->open)
        return;
    if (!conn_listens(peer->open)) { /* we do not listen: its silence does not count */
        peer->last_heard = peer->worker->now;
        worker_arm(peer, TIMER_WATCHDOG, draw(peer));
        return;
    }
    if (peer->is_challenged && peer->worker->now - peer->last_heard < CHALLENGE)
        peer->is_challenged = false; /* whatever it said since shows that it lives */
    if (peer->watchdog.state == DM_WATCH_OKAY && !peer->is_challenged && was_heard(peer))
        return;
    peer_watch(peer, DM_WATCH_TIMER);
}

void peer_watch_reset(struct peer *peer)
{
    enum dm_watch_state from = peer->watchdog.state;
    dm_watchdog_reset(&peer->watchdog);
    worker_arm(peer, TIMER_WATCHDOG, 0);
    say(peer, from);
}

/* It fires as early as the new one would; then what was heard puts it off again. */
void peer_watch_retime(struct peer *peer)
{
    const struct worker *worker = peer->worker;
    uint64_t due = worker->due[peer->index * WORKER_TIMERS + TIMER_WATCHDOG];
    uint64_t wait = draw(peer);
    if (due && due > worker->now + wait)
        worker_arm(peer, TIMER_WATCHDOG, wait);
}

void peer_watch_challenge(struct peer *peer)
{
    if (peer->is_challenged || peer->watchdog.state != DM_WATCH_OKAY)
        return;
    peer->is_challenged = true;
    if (peer->watchdog.pending)
        worker_arm(peer, TIMER_WATCHDOG, CHALLENGE);
    else
        peer_watch(peer, DM_WATCH_TIMER);
}
