/* guests.c — the front desk's part: a name becomes an address, the host gets a slot. */
#include <netdb.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/conf/endpoint.h"
#include "agent/guest.h"
#include "agent/guest_letter.h"
#include "agent/log.h"

struct resolving {
    uv_getaddrinfo_t request;
    struct agent *agent;
    struct resolving *next;
    uint16_t port;
    char host[256];
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

static bool is_usable(const struct addrinfo *info)
{
    return (info->ai_family == AF_INET || info->ai_family == AF_INET6) &&
           info->ai_addrlen <= sizeof(union conf_socket);
}

static union conf_socket address_of(const struct addrinfo *info, uint16_t port)
{
    union conf_socket address = {0};
    memcpy(&address, info->ai_addr, info->ai_addrlen);
    if (info->ai_family == AF_INET6)
        address.v6.sin6_port = htons(port);
    else
        address.v4.sin_port = htons(port);
    return address;
}

static void take_address(const struct agent *agent, struct guest *guest, union conf_socket address)
{
    if (agent->conf->cleartext != CONF_CLEARTEXT_REFUSE || conf_is_loopback(&address))
        guest->addresses[guest->count++] = address;
}

/* Everything of a guest is the program's, as with those that `unknown_peer: accept` lets in. */
static struct guest *make_guest(const struct agent *agent, const struct addrinfo *info,
                                uint16_t port)
{
    struct guest *guest = calloc(1, sizeof *guest);
    if (!guest)
        abort();
    guest->conf = agent->snapshot->unknown;
    guest->conf.is_pattern = false;
    guest->conf.is_guest = true;
    guest->conf.dials = true;
    for (; info && guest->count < GUEST_ADDRESSES; info = info->ai_next)
        if (is_usable(info))
            take_address(agent, guest, address_of(info, port));
    guest->conf.connect = conf_endpoint_at(CONF_TCP, &guest->addresses[guest->next++]);
    return guest;
}

/* --- sending it home --- */

static void send_home(struct agent *agent, const char *host, struct guest *guest)
{
    struct registry_slot *slot =
        guest->count ? registry_admit(&agent->registry, dm_text(host)) : NULL;
    if (!slot) {
        give_up(agent, host, guest->count ? "no slot is free" : "no address that may be used");
        free(guest);
        return;
    }
    struct guest_letter *letter =
        post_letter(&agent->post, slot->home, MAIL_GUEST, sizeof *letter, true);
    letter->peer = registry_peer(&agent->registry, slot);
    letter->name = name_ref(slot->name);
    letter->guest = guest;
    guest->conf.identity = slot->name->text;
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

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *info)
{
    struct resolving *resolving = request->data;
    struct agent *agent = resolving->agent;
    if (agent->stage == AGENT_RUNS && status)
        give_up(agent, resolving->host, uv_strerror(status));
    else if (agent->stage == AGENT_RUNS)
        send_home(agent, resolving->host, make_guest(agent, info, resolving->port));
    uv_freeaddrinfo(info);
    forget(resolving);
}

static void resolve(struct agent *agent, dm_bytes host, uint16_t port)
{
    static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct resolving *resolving = calloc(1, sizeof *resolving);
    if (!resolving)
        abort();
    resolving->request.data = resolving;
    resolving->agent = agent;
    resolving->port = port;
    memcpy(resolving->host, host.at, host.size);
    resolving->next = agent->guests.first;
    agent->guests.first = resolving;
    agent->guests.resolving++;
    int error = uv_getaddrinfo(&agent->loop, &resolving->request, on_resolved, resolving->host,
                               NULL, &hints);
    if (!error)
        return;
    give_up(agent, resolving->host, uv_strerror(error));
    forget(resolving);
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
        resolve(agent, host, letter->port);
}
