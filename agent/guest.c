/* guest.c — a worker's part: asking for a host, bringing it up, letting it go. */
#include "agent/guest.h"

#include <stdlib.h>

#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/guest_letter.h"
#include "agent/log.h"
#include "agent/park.h"

#define IDLE (60 * NS_PER_S)

uint64_t guest_what(dm_bytes host)
{
    return dm_identity_hash(host);
}

/* --- asking --- */

/* Is it on its way already? Then there is nothing to ask for. */
static bool is_dialled(const struct worker *worker, const struct directory_entry *entry)
{
    struct board_view view = board_at(worker->board, entry->peer.slot);
    return view.generation == entry->peer.generation && view.flags & BOARD_DIALLED;
}

static bool is_allowed(const struct worker *worker, const struct dm_uri *uri)
{
    return !uri->is_secure && uri->transport == DM_TRANSPORT_TCP &&
           conf_redirect_allows(worker->conf, uri->host) &&
           !dm_identity_equal(uri->host, worker->conf->tables.own_identity);
}

bool guest_ask(struct worker *worker, const struct dm_uri *uri)
{
    const struct directory_entry *entry = directory_find(&worker->directory, uri->host);
    if (entry && board_at(worker->board, entry->peer.slot).generation)
        return is_dialled(worker, entry);
    if (worker->stage != AGENT_RUNS || !is_allowed(worker, uri))
        return false;
    struct dial_letter *letter = post_letter(&worker->post, worker->agent->worker_count, MAIL_DIAL,
                                             sizeof *letter + uri->host.size, false);
    if (!letter)
        return false;
    letter->port = uri->port;
    letter->size = (uint16_t)uri->host.size;
    memcpy(letter->host, uri->host.at, uri->host.size);
    return true;
}

/* --- at its home --- */

void guest_open(struct worker *worker, const struct letter *opened)
{
    const struct guest_letter *letter = (const struct guest_letter *)(const void *)opened;
    struct peer *peer = worker->by_slot[letter->peer.slot];
    if (peer) { /* it came by itself meanwhile */
        name_unref(letter->name);
        free(letter->guest);
        peer->arrivals++;
        if (peer_is_open(peer))
            guest_opened(peer);
        return;
    }
    peer = peer_new(worker, letter->peer, letter->name,
                    (struct snapshot_row){&letter->guest->conf, 0, true});
    peer->guest = letter->guest;
    peer->arrivals++;
    peer->last_request = worker->now;
    peer_event(peer, DM_EVENT_START);
}

void guest_bury(const struct letter *opened)
{
    const struct guest_letter *letter = (const struct guest_letter *)(const void *)opened;
    name_unref(letter->name);
    free(letter->guest);
}

/* --- it is there, or it is not --- */

void guest_wake(struct worker *worker, const struct letter *opened)
{
    const struct settled_letter *letter = (const struct settled_letter *)(const void *)opened;
    park_wake(worker, letter->what, letter->is_open);
}

static void tell_settled(struct peer *peer, bool is_open)
{
    struct worker *worker = peer->worker;
    uint64_t what = guest_what(name_bytes(peer->name));
    for (unsigned i = 0; i < worker->agent->worker_count; i++) {
        if (i == worker->index)
            continue;
        struct settled_letter *letter =
            post_letter(&worker->post, i, MAIL_SETTLED, sizeof *letter, true);
        letter->what = what;
        letter->is_open = is_open;
    }
    park_wake(worker, what, is_open);
}

void guest_opened(struct peer *peer)
{
    if (peer->guest)
        worker_arm(peer, TIMER_RECONNECT, IDLE);
    tell_settled(peer, true);
}

void guest_try_next(struct peer *peer, bool was_open)
{
    struct guest *guest = peer->guest;
    guest->is_trying = !was_open && guest->next < guest->count;
    if (!guest->is_trying)
        return;
    guest->conf.connect = conf_endpoint_at(CONF_TCP, &guest->addresses[guest->next++]);
    worker_arm(peer, TIMER_RECONNECT, 1);
}

void guest_closed(struct peer *peer)
{
    if (!guest_is_expected(peer))
        tell_settled(peer, false);
}

/* One that has not been dialled yet has had no arrival. */
bool guest_is_expected(const struct peer *peer)
{
    return peer->conf->is_guest && !peer_is_open(peer) && !peer->is_stopping &&
           (peer->state != DM_CLOSED || !peer->arrivals || peer->guest->is_trying);
}

/* DPR-08 is about peers that somebody configured; nobody expects this one to stay. */
void guest_mind_idle(struct peer *peer)
{
    uint64_t idle = peer->worker->now - peer->last_request;
    if (peer->pending.used || idle < IDLE) {
        worker_arm(peer, TIMER_RECONNECT, idle < IDLE ? IDLE - idle : IDLE);
        return;
    }
    log_info(peer_name(peer), "idle",
             log_words("a redirect named it, and nobody asks it any more"));
    peer_stop(peer, DM_DO_NOT_WANT_TO_TALK_TO_YOU);
}
