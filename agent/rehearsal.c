/* rehearsal.c — the world as it would be with all peers, for the code of the data path to decide
 * in. */
#include "agent/rehearsal.h"

#include <stdlib.h>

#include "agent/redirect_answer.h"
#include "agent/rehearsal_proxy.h"
#include "agent/screen.h"
#include "routing/reasons.h"

/* --- who is there --- */

static void *owned(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

void rehearsal_init(struct rehearsal *rehearsal, const struct conf *conf)
{
    uint32_t count = (uint32_t)conf->peer_count;
    *rehearsal = (struct rehearsal){.conf = conf, .count = count, .room = count + 1};
    directory_init(&rehearsal->names);
    rehearsal->peers = owned(calloc(rehearsal->room, sizeof *rehearsal->peers));
    for (uint32_t i = 0; i < count; i++)
        rehearsal->peers[i] =
            (struct rehearsal_peer){.identity = conf->peers[i].identity, .conf = &conf->peers[i]};
    rehearsal->stranger = (struct conf_peer){.identity = "*",
                                             .is_pattern = true,
                                             .role = CONF_ROLE_BY_CAPABILITIES,
                                             .limits = conf->limits,
                                             .compatibility = conf->compatibility};
    rehearsal->chooser.random = 1; /* the same every time */
    rehearsal->chooser.turn = owned(calloc(conf->tables.pool_count + 1, sizeof(uint32_t)));
}

void rehearsal_fini(struct rehearsal *rehearsal)
{
    free(rehearsal->chooser.turn);
    free(rehearsal->peers);
    directory_fini(&rehearsal->names);
}

/* The first time that a name is met which a pattern lets in. */
static rt_peer admit(struct rehearsal *rehearsal, dm_bytes identity, const struct conf_peer *row)
{
    if (rehearsal->count == rehearsal->room) {
        rehearsal->room *= 2;
        size_t size = rehearsal->room * sizeof *rehearsal->peers;
        rehearsal->peers = owned(realloc(rehearsal->peers, size));
    }
    rt_peer peer = {rehearsal->count++, 1};
    struct name *name = name_new(identity, 1);
    rehearsal->peers[peer.slot] = (struct rehearsal_peer){.identity = name->text, .conf = row};
    directory_put(&rehearsal->names, name, peer);
    return peer;
}

bool rehearsal_find_known(struct rehearsal *rehearsal, dm_bytes identity, rt_peer *peer)
{
    const struct conf *conf = rehearsal->conf;
    const struct directory_entry *known = directory_find(&rehearsal->names, identity);
    int row = conf_peer_for(conf, identity, NULL);
    bool is_own = dm_identity_equal(identity, dm_text(conf->identity));
    if (!known && (row < 0 || is_own))
        return false;
    if (known)
        *peer = known->peer;
    else if (conf->peers[row].is_pattern)
        *peer = admit(rehearsal, identity, &conf->peers[row]);
    else
        *peer = (rt_peer){(uint32_t)row, 1};
    return true;
}

static bool lets_strangers_in(const struct conf *conf, dm_bytes identity)
{
    return conf->compatibility.unknown_peer == CONF_PEER_ACCEPT && dm_identity_is_valid(identity) &&
           !dm_identity_equal(identity, dm_text(conf->identity));
}

bool rehearsal_find(struct rehearsal *rehearsal, dm_bytes identity, rt_peer *peer)
{
    if (rehearsal_find_known(rehearsal, identity, peer))
        return true;
    if (!lets_strangers_in(rehearsal->conf, identity))
        return false;
    *peer = admit(rehearsal, identity, &rehearsal->stranger);
    return true;
}

const struct conf_peer *rehearsal_row(const struct rehearsal *rehearsal, rt_peer peer)
{
    return rehearsal->peers[peer.slot].conf;
}

uint32_t rehearsal_message_limit(const struct rehearsal *rehearsal, rt_peer from)
{
    return from.generation ? rehearsal_row(rehearsal, from)->limits.message_size
                           : rehearsal->conf->limits.message_size;
}

void rehearsal_set_down(struct rehearsal *rehearsal, rt_peer peer)
{
    rehearsal->peers[peer.slot].is_down = true;
}

void rehearsal_set_pending(struct rehearsal *rehearsal, rt_peer peer, uint32_t pending)
{
    rehearsal->peers[peer.slot].pending = pending;
}

/* --- what routing sees of it --- */

/* As a connection would settle it; nobody is known to advertise relay alone. SRV-04. */
static enum conf_role role_of(const struct conf_peer *row)
{
    if (row->role != CONF_ROLE_BY_CAPABILITIES)
        return row->role;
    return row->dials || row->in_pool ? CONF_SERVER : CONF_CLIENT;
}

static void see(const struct rehearsal *rehearsal, uint32_t slot, struct rt_seen *seen)
{
    const struct rehearsal_peer *peer = &rehearsal->peers[slot];
    enum conf_role role = role_of(peer->conf);
    *seen = (struct rt_seen){
        .peer = {slot, 1},
        .reach = peer->is_down ? RT_UNREACHABLE : RT_REACHABLE,
        .advertises = true,
        .is_agent = role == CONF_AGENT,
        .is_client = role == CONF_CLIENT,
        .is_busy = peer->pending >= peer->conf->limits.pending_per_peer,
        .pending = peer->pending,
    };
}

static void see_member(void *context, uint32_t peer_number, uint32_t application,
                       struct rt_seen *seen)
{
    (void)application;
    see(context, peer_number, seen);
}

/* A peer of a pattern that is gone leaves no name behind; a row's own name stays known. */
static bool see_host(void *context, dm_bytes identity, uint32_t application, struct rt_seen *seen)
{
    (void)application;
    struct rehearsal *rehearsal = context;
    rt_peer peer;
    if (!rehearsal_find_known(rehearsal, identity, &peer) ||
        (rehearsal->peers[peer.slot].is_down && rehearsal_row(rehearsal, peer)->is_pattern))
        return false;
    see(rehearsal, peer.slot, seen);
    return true;
}

static bool admits(void *context, dm_bytes identity)
{
    return conf_means_peer(((const struct rehearsal *)context)->conf, identity);
}

/* --- the decision --- */

static const struct rt_route *route_of(const struct conf *conf, int32_t number)
{
    for (uint32_t i = 0; i < conf->tables.route_count && number >= 0; i++)
        if (conf->tables.routes[i].number == (uint32_t)number)
            return &conf->tables.routes[i];
    return NULL;
}

static void say_host(void *reasons, dm_bytes uri)
{
    if (reasons)
        rt_say(reasons, "redirect host %s", rt_show(uri).text);
}

/* To whom the sender would be sent. */
static void fill_redirect(const struct rehearsal *rehearsal, const struct rt_verdict *verdict,
                          struct rehearsal_outcome *outcome, struct rt_reasons *reasons)
{
    const struct rt_target *target = &verdict->target;
    outcome->result = DM_REDIRECT_INDICATION;
    if (!redirect_hosts(rehearsal->conf, verdict, say_host, reasons)) {
        outcome->result = DM_UNABLE_TO_DELIVER;
        if (reasons)
            rt_say(reasons, "answer 3002: nobody of them has a `connect` to be named by");
        return;
    }
    if (target->kind == RT_TARGET_POOL || target->kind == RT_TARGET_GROUP)
        outcome->pool = &rehearsal->conf->tables.pools[target->pool];
    if (target->kind == RT_TARGET_PEER)
        outcome->peer = rehearsal->peers[target->number].identity;
}

static struct rehearsal_outcome outcome_of(const struct rehearsal *rehearsal,
                                           const struct rt_verdict *verdict,
                                           struct rt_reasons *reasons)
{
    const struct conf *conf = rehearsal->conf;
    struct rehearsal_outcome outcome = {.route = route_of(conf, verdict->route)};
    outcome.is_forwarded = verdict->kind == RT_FORWARD;
    if (verdict->kind == RT_TELL) {
        fill_redirect(rehearsal, verdict, &outcome, reasons);
        return outcome;
    }
    if (!outcome.is_forwarded) {
        outcome.result = verdict->result;
        outcome.vendor = verdict->experimental_vendor;
        return outcome;
    }
    outcome.is_fixed = verdict->is_fixed;
    outcome.peer = rehearsal->peers[verdict->peer.slot].identity;
    if (verdict->pool >= 0)
        outcome.pool = &conf->tables.pools[verdict->pool];
    return outcome;
}

static struct rehearsal_outcome refuse(enum dm_result wrong, struct rt_reasons *reasons)
{
    const char *name = dm_result_name(wrong);
    if (reasons)
        rt_say(reasons, "answer %d: the request itself: %s", (int)wrong, name ? name : "");
    return (struct rehearsal_outcome){.result = wrong};
}

static const struct conf_compatibility *compatibility_of(const struct rehearsal *rehearsal,
                                                         rt_peer ingress)
{
    return ingress.generation ? &rehearsal_row(rehearsal, ingress)->compatibility
                              : &rehearsal->conf->compatibility;
}

/* The rate aside: one request is below any. */
static enum dm_result screen(const struct rehearsal *rehearsal, rt_peer ingress,
                             const struct rt_query *query, struct rt_reasons *reasons)
{
    const struct rehearsal_peer *peer = &rehearsal->peers[ingress.slot];
    enum dm_result result;
    if (!peer->conf->screen)
        return DM_OK;
    enum screen_reason reason =
        screen_look(peer->conf->screen, dm_text(peer->identity), query, &result);
    if (reasons && result)
        rt_say(reasons, "answer %d: %s", (int)result, screen_words(reason));
    else if (reasons)
        rt_say(reasons, "screen of %s: admitted", peer->identity);
    return result;
}

struct rehearsal_outcome rehearsal_decide(struct rehearsal *rehearsal, dm_bytes message,
                                          rt_peer ingress, struct rt_reasons *reasons)
{
    const struct rt_tables *tables = &rehearsal->conf->tables;
    struct rt_query query;
    struct dm_fault fault;
    bool refuses_bits = compatibility_of(rehearsal, ingress)->strictness.refuse_reserved_bits;
    enum dm_result wrong =
        rt_query_read(&query, message, tables->own_identity, refuses_bits, &fault);
    if (wrong)
        return refuse(wrong, reasons);
    if (ingress.generation && (wrong = screen(rehearsal, ingress, &query, reasons)))
        return (struct rehearsal_outcome){.result = wrong};
    struct rt_attempt attempt = {.ingress = ingress, .route = -1};
    struct rt_world world = {
        .context = rehearsal, .member = see_member, .host = see_host, .admits = admits};
    struct rt_verdict verdict;
    rt_decide(tables, &query, &attempt, &world, &rehearsal->chooser, reasons, &verdict);
    struct rehearsal_outcome outcome = outcome_of(rehearsal, &verdict, reasons);
    if (outcome.is_forwarded && outcome.route && outcome.route->action == RT_PROXY)
        rehearsal_proxy(rehearsal, message,
                        role_of(rehearsal_row(rehearsal, verdict.peer)) != CONF_AGENT, &outcome,
                        reasons);
    return outcome;
}

const char *rehearsal_action_name(enum rt_action action)
{
    static const char *const names[] = {"relay", "proxy", "redirect", "reject"};
    return names[action];
}
