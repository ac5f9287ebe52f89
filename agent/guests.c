/* guests.c — the front desk's part: a name becomes an address, the host gets a slot. */
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/conf/endpoint.h"
#include "agent/dns/hosts.h"
#include "agent/guest.h"
#include "agent/guest_letter.h"
#include "agent/log.h"

struct resolving {
    struct agent *agent;
    struct resolving *next;
    struct guest_wish wish; /* but for its host */
    char host[DNS_NAME_ROOM];
};

static void tell_settled(struct agent *agent, uint64_t what)
{
    for (unsigned i = 0; i < agent->worker_count; i++) {
        struct settled_letter *letter =
            post_letter(&agent->post, i, MAIL_SETTLED, sizeof *letter, true);
        letter->what = what;
        letter->is_open = false;
    }
}

static void give_up(struct agent *agent, const char *host, const char *why)
{
    log_info(host, "dial", log_words("{why}"), log_text("why", why));
    tell_settled(agent, guest_what(dm_text(host)));
}

/* --- its addresses --- */

/* Is there one that may be dialled in one of the ways? */
static bool has_address(const struct agent *agent, const struct guest *guest)
{
    for (unsigned way = 0; way < guest->way_count; way++)
        for (uint8_t i = 0; i < guest->addresses.count; i++)
            if (guest_permits(agent->conf, guest->ways[way].transport, &guest->addresses.at[i]))
                return true;
    return false;
}

/* Within the time to live of each record that led to it: DNS-10. */
static uint64_t expiry(const struct resolving *resolving, uint32_t ttl)
{
    uint64_t now = clock_now();
    uint64_t until = now + (ttl ? ttl : 1) * NS_PER_S;
    uint64_t wished = resolving->wish.until;
    return !wished || ttl == UINT32_MAX || wished < until ? wished : until;
}

/* Everything of a guest is the program's, as with those that `unknown_peer: accept` lets in. */
static struct guest *make_guest(const struct resolving *resolving,
                                const struct dns_addresses *found)
{
    struct guest *guest = calloc(1, sizeof *guest);
    if (!guest)
        abort();
    guest->conf = resolving->agent->snapshot->unknown;
    guest->conf.is_pattern = false;
    guest->conf.is_guest = true;
    guest->conf.dials = true;
    guest->until = expiry(resolving, found->ttl);
    guest->addresses = found->list;
    guest->way_count = resolving->wish.way_count;
    memcpy(guest->ways, resolving->wish.ways, sizeof guest->ways);
    return guest;
}

/* --- sending it home --- */

static void bring_home(struct agent *agent, struct guest *guest, struct registry_slot *slot)
{
    struct guest_letter *letter =
        post_letter(&agent->post, slot->home, MAIL_GUEST, sizeof *letter, true);
    letter->peer = registry_peer(&agent->registry, slot);
    letter->name = name_ref(slot->name);
    letter->guest = guest;
    guest->conf.identity = guest->conf.connect.name = slot->name->text;
}

static void send_home(struct agent *agent, const char *host, struct guest *guest)
{
    bool is_usable = has_address(agent, guest);
    struct registry_slot *slot = is_usable ? registry_admit(&agent->registry, dm_text(host)) : NULL;
    if (slot) {
        bring_home(agent, guest, slot);
        return;
    }
    give_up(agent, host, is_usable ? "no slot is free" : "no address that may be used");
    free(guest);
}

/* --- its name --- */

static void forget(struct resolving *resolving)
{
    struct guests *guests = &resolving->agent->guests;
    struct resolving **link = &guests->first;
    while (*link != resolving)
        link = &(*link)->next;
    *link = resolving->next;
    guests->resolving--;
    free(resolving);
}

static void on_found(void *context, const struct dns_addresses *found)
{
    struct resolving *resolving = context;
    struct agent *agent = resolving->agent;
    if (agent->stage == AGENT_RUNS && found->list.count)
        send_home(agent, resolving->host, make_guest(resolving, found));
    else if (agent->stage == AGENT_RUNS)
        give_up(agent, resolving->host,
                found->outcome == DNS_NOTHING ? "the name has no address"
                                              : "no name server said its address");
    forget(resolving);
}

static void resolve(struct agent *agent, dm_bytes host, const struct dial_letter *letter)
{
    struct resolving *resolving = calloc(1, sizeof *resolving);
    if (!resolving)
        abort();
    resolving->agent = agent;
    resolving->wish = letter->wish;
    memcpy(resolving->host, host.at, host.size);
    resolving->next = agent->guests.first;
    agent->guests.first = resolving;
    agent->guests.resolving++;
    hosts_find(agent->resolver, resolving->host, 0, resolver_deadline(agent->resolver), on_found,
               resolving);
}

/* --- who is asked for --- */

/* One that was dialled a moment ago, and is no peer: it is left in peace. */
static bool is_recent(struct agent *agent, uint64_t what)
{
    uint64_t now = clock_now();
    size_t at = what % GUEST_RECENT;
    if (agent->guests.recent[at].what == what && agent->guests.recent[at].until > now)
        return true;
    agent->guests.recent[at].what = what;
    agent->guests.recent[at].until = now + agent->conf->timers.reconnect_minimum;
    return false;
}

/* On its way already: it will be said what becomes of it. */
static bool is_known(struct agent *agent, dm_bytes host)
{
    for (const struct resolving *at = agent->guests.first; at; at = at->next)
        if (dm_identity_equal(dm_text(at->host), host))
            return true;
    const struct directory_entry *entry = directory_find(&agent->registry.directory, host);
    return entry && !agent->registry.slots[entry->peer.slot].is_leaving;
}

void guests_open(struct agent *agent, const struct letter *opened)
{
    const struct dial_letter *letter = (const struct dial_letter *)(const void *)opened;
    dm_bytes host = dm_bytes_of(letter->host, letter->size);
    uint64_t what = guest_what(host);
    if (agent->stage != AGENT_RUNS || is_known(agent, host))
        return;
    if (agent->guests.resolving >= GUEST_RESOLVING_MAX || is_recent(agent, what) ||
        orders_find(&agent->orders, host).is_disabled)
        tell_settled(agent, what);
    else
        resolve(agent, host, letter);
}
