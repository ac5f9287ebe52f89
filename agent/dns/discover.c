/* discover.c — a worker's part of peer discovery. */
#include "agent/dns/discover.h"

#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/follow.h"
#include "agent/guest.h"
#include "agent/park.h"

/* REFRESH: what is used when so many fifths of its time are over is asked for again. GRACE: the
 * front desk's own timer is the one that counts. */
enum { REFRESH = 4, FIFTHS = 5 };
#define GRACE (500 * NS_PER_MS)

/* What a request waits for while DNS is asked. */
static uint64_t what_of(dm_bytes realm, uint32_t application)
{
    return ~(dm_identity_hash(realm) * UINT64_C(0x9e3779b97f4a7c15) + application);
}

static struct realms *realms_of(struct worker *worker)
{
    if (!worker->realms)
        worker->realms = realms_new();
    return worker->realms;
}

/* --- asking the front desk --- */

static bool may_be_asked(dm_bytes realm)
{
    return dm_identity_is_valid(realm) && realm.size < DNS_NAME_ROOM &&
           memchr(realm.at, '.', realm.size);
}

static uint64_t patience(const struct worker *worker)
{
    return worker->conf->dns.timeout + GRACE;
}

/* Nobody is asked twice for the same. */
static bool ask(struct worker *worker, struct realm_entry *entry)
{
    dm_bytes name = dm_text(entry->realm.name);
    if (entry->asked > worker->now)
        return true;
    struct discover_letter *letter = post_letter(&worker->post, worker->agent->worker_count,
                                                 MAIL_DISCOVER, sizeof *letter + name.size, false);
    if (!letter)
        return false;
    letter->application = entry->realm.application;
    letter->size = (uint32_t)name.size;
    memcpy(letter->realm, name.at, name.size);
    entry->asked = worker->now + patience(worker);
    return true;
}

static bool wait_for_realm(struct worker *worker, struct relay_request *request,
                           const struct rt_query *query)
{
    uint32_t application = query->header.application;
    dm_bytes realm = query->destination_realm;
    struct realm_entry *entry =
        may_be_asked(realm) ? realms_at(realms_of(worker), realm, application, worker->now) : NULL;
    return entry && worker->stage == AGENT_RUNS && ask(worker, entry) &&
           park_request(worker, request, what_of(realm, application),
                        worker->now + patience(worker));
}

static bool is_known(const struct worker *worker, const struct realm_entry *entry)
{
    return entry && entry->realm.until > worker->now;
}

/* So that it does not expire under those who use it. DNS-10. */
static void mind_expiry(struct worker *worker, struct realm_entry *entry)
{
    uint64_t life = entry->realm.until - entry->renewed;
    if (entry->is_used && is_known(worker, entry) &&
        worker->now - entry->renewed >= life / FIFTHS * REFRESH)
        ask(worker, entry);
}

void discover_tick(struct worker *worker)
{
    struct realms *realms = worker->realms;
    for (unsigned i = 0; realms && realms->count && i < REALMS_BUCKETS; i++)
        for (struct realm_entry *at = realms->buckets[i]; at; at = at->next)
            mind_expiry(worker, at);
}

/* --- to a host --- */

static bool go_to_host(struct worker *worker, struct relay_request *request,
                       const struct rt_query *query, const struct dns_realm *realm)
{
    worker->asked_application = board_application(worker->board, query->header.application);
    for (unsigned i = 0; i < realm->count; i++) {
        struct rt_seen seen;
        if (!follow_may_have(worker, request, query, dm_text(realm->hosts[i].host), &seen))
            continue;
        if (relay_is_refused(worker, request, seen.peer))
            relay_end(worker, request, DM_TOO_BUSY);
        else
            relay_send(worker, request, seen.peer);
        return true;
    }
    return false;
}

/* With all ways to it that DNS names. */
static struct guest_wish wish_of(const struct dns_realm *realm, const char *host)
{
    struct guest_wish wish = {.host = dm_text(host), .until = realm->until};
    for (unsigned i = 0; i < realm->count && wish.way_count < GUEST_WAYS; i++)
        if (!strcmp(realm->hosts[i].host, host))
            wish.ways[wish.way_count++] =
                (struct guest_way){realm->hosts[i].transport, realm->hosts[i].port};
    return wish;
}

/* The next of the hosts that is dialled, or on its way: the request waits until it is there, or
 * will not be. */
static bool wait_for_host(struct worker *worker, struct relay_request *request,
                          const struct dns_realm *realm)
{
    uint64_t until = worker->now + worker->conf->timers.connect + worker->conf->timers.capabilities;
    while (request->dialled < realm->count) {
        struct guest_wish wish = wish_of(realm, realm->hosts[request->dialled++].host);
        if (guest_want(worker, &wish))
            return park_request(worker, request, guest_what(wish.host), until);
    }
    return false;
}

/* DM_OK: the request has gone on, or waits. */
static enum dm_result go_on(struct worker *worker, struct relay_request *request,
                            const struct rt_query *query)
{
    struct realm_entry *entry =
        realms_find(realms_of(worker), query->destination_realm, query->header.application);
    if (!is_known(worker, entry))
        return DM_UNABLE_TO_DELIVER;
    if (entry->realm.outcome == DNS_NOTHING)
        return DM_REALM_NOT_SERVED;
    entry->is_used = true;
    bool is_gone = go_to_host(worker, request, query, &entry->realm) ||
                   wait_for_host(worker, request, &entry->realm);
    return is_gone ? DM_OK : DM_UNABLE_TO_DELIVER;
}

/* --- requests --- */

void discover_request(struct worker *worker, struct relay_request *request)
{
    struct rt_query query;
    enum dm_result result = DM_UNABLE_TO_DELIVER;
    request->by_dns = true;
    request->route = request->pool = -1;
    request->dialled = 0;
    if (follow_read(worker, &query, image_bytes(request->image))) {
        const struct realm_entry *entry =
            realms_find(realms_of(worker), query.destination_realm, query.header.application);
        if (!is_known(worker, entry) && wait_for_realm(worker, request, &query))
            return;
        result = may_be_asked(query.destination_realm) ? go_on(worker, request, &query)
                                                       : DM_REALM_NOT_SERVED;
    }
    if (result)
        relay_end(worker, request, result);
}

void discover_resume(struct worker *worker, struct relay_request *request)
{
    struct rt_query query;
    enum dm_result result = DM_UNABLE_TO_DELIVER;
    if (request->deadline > worker->now && follow_read(worker, &query, image_bytes(request->image)))
        result = go_on(worker, request, &query);
    if (result)
        relay_end(worker, request, result);
}

bool discover_next(struct worker *worker, struct relay_request *request, rt_peer left)
{
    struct rt_query query;
    if (request->tried_count >= RT_TRIED_MAX)
        return false;
    request->tried[request->tried_count++] = left;
    return request->tried_count < RT_TRIED_MAX && request->deadline > worker->now &&
           follow_read(worker, &query, image_bytes(request->image)) &&
           go_on(worker, request, &query) == DM_OK;
}

/* --- what the front desk says --- */

/* Those of the hosts that are there, or on their way, stay as long. */
static void renew_guests(struct worker *worker, const struct dns_realm *realm)
{
    for (unsigned i = 0; i < realm->count; i++)
        guest_renew(worker, dm_text(realm->hosts[i].host), realm->until);
}

void discover_learn(struct worker *worker, const struct letter *opened)
{
    const struct realm_letter *letter = (const struct realm_letter *)(const void *)opened;
    dm_bytes name = dm_text(letter->realm.name);
    uint32_t application = letter->realm.application;
    struct realm_entry *entry = NULL;
    if (worker->conf->dns.discovers_realms)
        entry = realms_at(realms_of(worker), name, application, worker->now);
    if (entry) {
        /* while what is known is good, a failure changes nothing */
        if (letter->realm.outcome != DNS_FAILED || !is_known(worker, entry))
            entry->realm = letter->realm;
        entry->renewed = worker->now;
        entry->asked = 0;
        entry->is_used = false;
        renew_guests(worker, &letter->realm);
    }
    park_wake(worker, what_of(name, application), letter->realm.outcome != DNS_FAILED);
}

void discover_switch(struct worker *worker)
{
    if (worker->realms && !worker->conf->dns.discovers_realms)
        realms_clear(worker->realms);
}
