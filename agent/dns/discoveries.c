/* discoveries.c — the front desk's part of peer discovery: a search at a time for each realm and
 * application, each within the time that `dns.timeout` gives it. */
#include "agent/dns/discoveries.h"

#include <stdlib.h>

#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/dns/discover.h"
#include "agent/log.h"

/* FAILED_FOR: nobody asks again so soon where no server answers. */
enum { LEAST_S = 1, NOTHING_MOST_S = 300, FAILED_FOR_S = 5 };

struct discovery {
    struct agent *agent;
    struct discovery *next;
    uint64_t until; /* real time */
    struct snaptr search;
};

/* --- who may be found: DNS-11, SEC-17 --- */

/* Names beyond the realm, where the configuration knows them: a row of `peers`, or one of
 * `redirects.hosts`. */
static bool allows(void *context, const char *name)
{
    const struct agent *agent = context;
    int row = conf_peer_for(agent->conf, dm_text(name), NULL);
    return (row >= 0 && !agent->conf->peers[row].is_pattern) ||
           conf_redirect_allows(agent->conf, dm_text(name));
}

static uint64_t draw(void *context)
{
    uint64_t number = 0;
    (void)context;
    uv_random(NULL, NULL, &number, sizeof number, 0, NULL);
    return number;
}

static bool is_own(const struct agent *agent, const struct dns_candidate *host)
{
    return dm_identity_equal(dm_text(host->host), agent->conf->tables.own_identity);
}

/* --- telling --- */

static uint32_t between(uint32_t least, uint32_t value, uint32_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* Until the first of its records expires. */
static uint32_t take_hosts(const struct discovery *discovery, struct dns_realm *realm)
{
    uint32_t ttl = UINT32_MAX;
    for (unsigned i = 0; i < discovery->search.count; i++) {
        const struct dns_candidate *host = &discovery->search.candidates[i];
        if (is_own(discovery->agent, host))
            continue;
        realm->hosts[realm->count++] = *host;
        ttl = host->ttl < ttl ? host->ttl : ttl;
    }
    return ttl;
}

static struct dns_realm realm_of(const struct discovery *discovery)
{
    const struct snaptr_wish *wish = &discovery->search.wish;
    struct dns_realm realm = {.application = wish->application};
    uint32_t ttl;
    realm.outcome = snaptr_outcome(&discovery->search, &ttl);
    ttl = between(LEAST_S, ttl, NOTHING_MOST_S);
    if (realm.outcome == DNS_FOUND)
        ttl = between(LEAST_S, take_hosts(discovery, &realm), UINT32_MAX);
    else if (realm.outcome == DNS_FAILED)
        ttl = FAILED_FOR_S;
    realm.until = clock_now() + ttl * NS_PER_S;
    memcpy(realm.name, wish->realm, sizeof realm.name);
    return realm;
}

static void say(const struct dns_realm *realm)
{
    if (realm->outcome == DNS_FOUND)
        log_debug(realm->name, "discover", log_words("application {application}: {count} hosts"),
                  log_number("application", realm->application), log_number("count", realm->count));
    else
        log_info(realm->name, "discover", log_words("application {application}: {what}"),
                 log_number("application", realm->application),
                 log_text("what", realm->outcome == DNS_NOTHING ? "DNS has nobody for it"
                                                                : "no name server answered"));
}

static void tell_all(struct agent *agent, const struct dns_realm *realm)
{
    for (unsigned i = 0; i < agent->worker_count; i++) {
        struct realm_letter *letter =
            post_letter(&agent->post, i, MAIL_REALM, sizeof *letter, true);
        letter->realm = *realm;
    }
}

/* --- the search --- */

static void finish(struct discovery *discovery)
{
    struct agent *agent = discovery->agent;
    struct discovery **link = &agent->discoveries;
    struct dns_realm realm = realm_of(discovery);
    while (*link != discovery)
        link = &(*link)->next;
    *link = discovery->next;
    agent->discovery_count--;
    free(discovery);
    if (agent->stage != AGENT_RUNS)
        return;
    say(&realm);
    tell_all(agent, &realm);
}

static void go_on(struct discovery *discovery);

static void on_reply(void *context, struct dns_reply *reply)
{
    struct discovery *discovery = context;
    snaptr_take(&discovery->search, reply);
    go_on(discovery);
}

static void go_on(struct discovery *discovery)
{
    struct dns_question question;
    if (snaptr_next(&discovery->search, &question))
        resolver_ask(discovery->agent->resolver, question.name, question.type, discovery->until,
                     on_reply, discovery);
    else
        finish(discovery);
}

/* --- beginning --- */

static bool is_under_way(const struct agent *agent, const struct snaptr_wish *wish)
{
    for (const struct discovery *at = agent->discoveries; at; at = at->next)
        if (at->search.wish.application == wish->application &&
            dm_identity_equal(dm_text(at->search.wish.realm), dm_text(wish->realm)))
            return true;
    return false;
}

static void refuse(struct agent *agent, const struct snaptr_wish *wish)
{
    struct dns_realm realm = {.application = wish->application,
                              .outcome = DNS_FAILED,
                              .until = clock_now() + LEAST_S * NS_PER_S};
    memcpy(realm.name, wish->realm, sizeof realm.name);
    tell_all(agent, &realm);
}

void discoveries_begin(struct agent *agent, const struct letter *opened)
{
    const struct discover_letter *letter = (const struct discover_letter *)(const void *)opened;
    struct snaptr_wish wish = {.application = letter->application,
                               .transports = guest_transports(agent->conf),
                               .is_unverified = agent->conf->tls.verify == CONF_VERIFY_NONE,
                               .chance = {draw, NULL},
                               .allows = allows,
                               .context = agent};
    memcpy(wish.realm, letter->realm, letter->size);
    if (agent->stage != AGENT_RUNS || is_under_way(agent, &wish))
        return;
    if (agent->discovery_count >= DISCOVERIES_MAX) {
        refuse(agent, &wish);
        return;
    }
    struct discovery *discovery = calloc(1, sizeof *discovery);
    if (!discovery)
        abort();
    discovery->agent = agent;
    discovery->until = resolver_deadline(agent->resolver);
    discovery->next = agent->discoveries;
    agent->discoveries = discovery;
    agent->discovery_count++;
    snaptr_begin(&discovery->search, &wish);
    go_on(discovery);
}
