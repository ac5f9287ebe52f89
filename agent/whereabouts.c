/* whereabouts.c — addresses of peers that have a name. */
#include "agent/whereabouts.h"

#include <stdlib.h>

#include "agent/agent.h"
#include "agent/conf/endpoint.h"
#include "agent/dns/hosts.h"
#include "agent/guest.h"
#include "agent/log.h"

/* MAIL_SEEK: a peer's home asks where it is. */
struct seek_letter {
    struct letter letter;
    rt_peer peer;
    uint16_t port;
    uint16_t size;
    char host[];
};

/* MAIL_FOUND: the front desk says so, and what it was asked: a reload may have renamed it since. */
struct found_letter {
    struct letter letter;
    rt_peer peer;
    uint16_t port;
    struct conf_addresses list;
    char host[DNS_NAME_ROOM];
};

/* --- at its home --- */

static bool has_name(const struct peer *peer)
{
    return peer->conf->connect.name != NULL;
}

static struct whereabouts *whereabouts_of(struct peer *peer)
{
    if (!peer->whereabouts)
        peer->whereabouts = calloc(1, sizeof *peer->whereabouts);
    if (!peer->whereabouts)
        abort();
    return peer->whereabouts;
}

void peer_seek_among(struct peer *peer, const struct conf_addresses *list)
{
    struct whereabouts *where = whereabouts_of(peer);
    where->list = *list;
    where->next = 0;
}

/* An association has all addresses of its peer, a stream one. */
static bool take_next(struct whereabouts *where, const struct conf_endpoint *connect)
{
    struct conf_addresses *list = &where->list;
    if (where->next >= list->count)
        return false;
    where->endpoint = *connect;
    where->endpoint.name = NULL;
    if (conf_is_over_sctp(connect->transport)) {
        where->endpoint.addresses = *list;
        where->next = list->count;
        return true;
    }
    where->endpoint.addresses.count = 1;
    where->endpoint.addresses.at[0] = list->at[where->next++];
    return true;
}

static void ask(struct peer *peer, struct whereabouts *where)
{
    struct worker *worker = peer->worker;
    const struct conf_endpoint *connect = &peer->conf->connect;
    size_t size = strlen(connect->name);
    if (where->is_asking)
        return;
    struct seek_letter *letter = post_letter(&worker->post, worker->agent->worker_count, MAIL_SEEK,
                                             sizeof *letter + size, true);
    letter->peer = peer->self;
    letter->port = connect->port;
    letter->size = (uint16_t)size;
    memcpy(letter->host, connect->name, size);
    where->is_asking = true;
}

void peer_seek(struct peer *peer)
{
    if (has_name(peer) && !take_next(whereabouts_of(peer), &peer->conf->connect))
        ask(peer, peer->whereabouts);
    else
        peer_event(peer, DM_EVENT_START);
}

const struct conf_endpoint *peer_endpoint(const struct peer *peer)
{
    return has_name(peer) && peer->whereabouts ? &peer->whereabouts->endpoint
                                               : &peer->conf->connect;
}

void peer_seek_anew(struct peer *peer)
{
    if (peer->whereabouts)
        peer->whereabouts->list.count = peer->whereabouts->next = 0;
}

static bool may_dial(const struct peer *peer)
{
    return !peer->is_stopping && !peer->is_disabled && !peer->is_banned && !peer->is_renewed;
}

bool peer_seek_next(struct peer *peer, bool was_open)
{
    if (!has_name(peer) || !peer->whereabouts)
        return false;
    if (was_open)
        peer_seek_anew(peer);
    if (!may_dial(peer) || (peer->guest && was_open))
        return false;
    if (peer->whereabouts->next >= peer->whereabouts->list.count && !guest_take_way(peer))
        return false;
    worker_arm(peer, TIMER_RECONNECT, 1);
    return true;
}

static bool is_still_sought(const struct peer *peer, const struct found_letter *letter)
{
    const struct conf_endpoint *connect = &peer->conf->connect;
    return !strcmp(connect->name, letter->host) && connect->port == letter->port;
}

void peer_found(struct worker *worker, const struct letter *opened)
{
    const struct found_letter *letter = (const struct found_letter *)(const void *)opened;
    struct peer *peer = worker->by_slot[letter->peer.slot];
    if (!peer || peer->self.generation != letter->peer.generation || !peer->whereabouts)
        return;
    peer->whereabouts->is_asking = false;
    if (!has_name(peer) || !may_dial(peer) || peer->state != DM_CLOSED)
        return;
    bool is_sought = is_still_sought(peer, letter);
    if (is_sought)
        peer_seek_among(peer, &letter->list);
    if (!is_sought || letter->list.count)
        peer_seek(peer);
    else
        peer_plan_reconnect(peer);
}

/* --- at the front desk --- */

struct seeking {
    struct agent *agent;
    rt_peer peer;
    uint16_t port;
    char host[DNS_NAME_ROOM];
};

static void on_found(void *context, const struct dns_addresses *found)
{
    struct seeking *seeking = context;
    struct agent *agent = seeking->agent;
    if (agent->stage != AGENT_RUNS) {
        free(seeking);
        return;
    }
    if (!found->list.count)
        log_info(seeking->host, "dial", log_words("{why}"),
                 log_text("why", found->outcome == DNS_NOTHING
                                     ? "the name has no address"
                                     : "no name server said its address"));
    uint16_t home = agent->registry.slots[seeking->peer.slot].home;
    struct found_letter *letter = post_letter(&agent->post, home, MAIL_FOUND, sizeof *letter, true);
    letter->peer = seeking->peer;
    letter->port = seeking->port;
    letter->list = found->list;
    memcpy(letter->host, seeking->host, sizeof letter->host);
    free(seeking);
}

void whereabouts_find(struct agent *agent, const struct letter *opened)
{
    const struct seek_letter *letter = (const struct seek_letter *)(const void *)opened;
    struct seeking *seeking = calloc(1, sizeof *seeking);
    if (!seeking)
        abort();
    seeking->agent = agent;
    seeking->peer = letter->peer;
    seeking->port = letter->port;
    memcpy(seeking->host, letter->host, letter->size);
    hosts_find(agent->resolver, seeking->host, letter->port, resolver_deadline(agent->resolver),
               on_found, seeking);
}
