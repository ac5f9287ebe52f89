/* guest.c — a worker's part: asking for a host, bringing it up, letting it go. */
#include "agent/guest.h"

#include <stdlib.h>

#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/conf/endpoint.h"
#include "agent/guest_letter.h"
#include "agent/log.h"
#include "agent/park.h"
#include "agent/sctp/stack.h"
#include "agent/whereabouts.h"

#define IDLE (60 * NS_PER_S)

uint64_t guest_what(dm_bytes host)
{
    return dm_identity_hash(host);
}

/* --- asking --- */

/* The SCTP stack runs where a listener or a peer of the configuration wants it. */
static bool can_dial(const struct conf *conf, enum conf_transport transport)
{
    bool is_sctp = transport == CONF_SCTP || transport == CONF_DTLS;
    return (conf->tls.is_given || !conf_is_secure(transport)) && (!is_sctp || sctp_stack_is_open());
}

unsigned guest_transports(const struct conf *conf)
{
    unsigned transports = 0;
    for (unsigned i = 0; i < CONF_TRANSPORTS; i++)
        if (can_dial(conf, (enum conf_transport)i))
            transports |= CONF_TRANSPORT_BIT(i);
    return transports;
}

static enum conf_transport transport_of(const struct dm_uri *uri)
{
    if (uri->transport == DM_TRANSPORT_SCTP)
        return uri->is_secure ? CONF_DTLS : CONF_SCTP;
    return uri->is_secure ? CONF_TLS : CONF_TCP;
}

/* Is it on its way already? Then there is nothing to ask for. */
static bool is_dialled(const struct worker *worker, const struct directory_entry *entry)
{
    struct board_view view = board_at(worker->board, entry->peer.slot);
    return view.generation == entry->peer.generation && view.flags & BOARD_DIALLED;
}

static bool can_be_dialled(const struct worker *worker, const struct guest_wish *wish)
{
    unsigned ways = 0;
    for (unsigned i = 0; i < wish->way_count; i++)
        ways |= CONF_TRANSPORT_BIT(wish->ways[i].transport);
    return guest_transports(worker->conf) & ways &&
           !dm_identity_equal(wish->host, worker->conf->tables.own_identity);
}

bool guest_want(struct worker *worker, const struct guest_wish *wish)
{
    const struct directory_entry *entry = directory_find(&worker->directory, wish->host);
    if (entry && board_at(worker->board, entry->peer.slot).generation)
        return is_dialled(worker, entry);
    if (worker->stage != AGENT_RUNS || !can_be_dialled(worker, wish))
        return false;
    struct dial_letter *letter = post_letter(&worker->post, worker->agent->worker_count, MAIL_DIAL,
                                             sizeof *letter + wish->host.size, false);
    if (!letter)
        return false;
    letter->wish = *wish;
    letter->size = (uint16_t)wish->host.size;
    memcpy(letter->host, wish->host.at, wish->host.size);
    return true;
}

bool guest_ask(struct worker *worker, const struct dm_uri *uri)
{
    struct guest_wish wish = {
        .host = uri->host, .way_count = 1, .ways = {{transport_of(uri), uri->port}}};
    const struct directory_entry *entry = directory_find(&worker->directory, uri->host);
    if (entry && board_at(worker->board, entry->peer.slot).generation)
        return is_dialled(worker, entry);
    return conf_redirect_allows(worker->conf, uri->host) && guest_want(worker, &wish);
}

/* --- at its home --- */

bool guest_permits(const struct conf *conf, enum conf_transport transport,
                   const union conf_socket *address)
{
    return conf->cleartext != CONF_CLEARTEXT_REFUSE || conf_is_secure(transport) ||
           conf_is_loopback(address);
}

static bool take_way(struct peer *peer, const struct guest_way *way)
{
    struct conf_endpoint *connect = &peer->guest->conf.connect;
    struct conf_addresses list = {0};
    const struct conf_addresses *all = &peer->guest->addresses;
    connect->transport = way->transport;
    connect->port = way->port;
    for (uint8_t i = 0; i < all->count; i++)
        if (guest_permits(peer->worker->conf, way->transport, &all->at[i]))
            list.at[list.count++] = conf_with_port(all->at[i], way->port);
    peer_seek_among(peer, &list);
    return list.count > 0;
}

bool guest_take_way(struct peer *peer)
{
    struct guest *guest = peer->guest;
    while (guest && guest->next_way < guest->way_count)
        if (take_way(peer, &guest->ways[guest->next_way++]))
            return true;
    return false;
}

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
    worker_attend(peer);
    if (guest_take_way(peer))
        peer_seek(peer);
    else
        guest_closed(peer);
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

/* Until it is to be looked after. */
static void arm(struct peer *peer, uint64_t wait)
{
    uint64_t left = guest_expires_in(peer);
    worker_arm(peer, TIMER_RECONNECT, left && left < wait ? left : wait);
}

void guest_opened(struct peer *peer)
{
    if (peer->guest)
        arm(peer, IDLE);
    tell_settled(peer, true);
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

/* --- it goes --- */

static void let_go(struct peer *peer, const char *why)
{
    log_info(peer_name(peer), "idle", log_words("{why}"), log_text("why", why));
    peer_stop(peer, DM_DO_NOT_WANT_TO_TALK_TO_YOU);
}

/* DPR-08 is about peers that somebody configured; nobody expects this one to stay. */
void guest_mind_time(struct peer *peer)
{
    uint64_t idle = peer->worker->now - peer->last_request;
    bool has_expired = peer->guest->until && peer->guest->until <= peer->worker->now;
    if (has_expired)
        let_go(peer, "what DNS said of it has expired");
    else if (peer->pending.used || idle < IDLE)
        arm(peer, idle < IDLE ? IDLE - idle : IDLE);
    else
        let_go(peer, "a redirect or DNS named it, and nobody asks it any more");
}

uint64_t guest_expires_in(const struct peer *peer)
{
    uint64_t now = peer->worker->now;
    if (!peer->guest || !peer->guest->until)
        return 0;
    return peer->guest->until > now ? peer->guest->until - now : 1;
}

void guest_renew(struct worker *worker, dm_bytes host, uint64_t until)
{
    const struct directory_entry *entry = directory_find(&worker->directory, host);
    struct peer *peer = entry ? worker->by_slot[entry->peer.slot] : NULL;
    if (!peer || !peer->guest || !peer->guest->until || peer->guest->until >= until)
        return;
    peer->guest->until = until;
    if (peer_is_open(peer) && !peer->is_stopping)
        guest_mind_time(peer);
}
