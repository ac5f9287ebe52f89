/* discover.h — requests for a realm that no route knows: DNS says who serves it. `dns.discover:
 * realms`.
 *
 * A worker asks the front desk and parks the request. The front desk searches (discoveries.h) and
 * tells all workers, who keep what it found until it expires; what is used is asked for again
 * before that. The hosts found are dialled as guests (guest.h), one after the other until one has
 * the request. Worker thread. RFC 6733 §5.2; DNS-02, DNS-10, DNS-11, DNS-14. */
#pragma once

#include "agent/dns/realms.h"
#include "agent/relay_request.h"

/* MAIL_DISCOVER: a worker wants to know who serves this. */
struct discover_letter {
    struct letter letter;
    uint32_t application;
    uint32_t size;
    char realm[];
};

/* MAIL_REALM: the front desk says so, to all. */
struct realm_letter {
    struct letter letter;
    struct dns_realm realm;
};

/* Is DNS to be asked where this request goes? It knows servers, so not for what a server sends:
 * that is for clients. DNS-12. */
static inline bool discover_concerns(const struct peer *from, const struct rt_verdict *verdict)
{
    return verdict->kind == RT_ANSWER && verdict->result == DM_REALM_NOT_SERVED &&
           verdict->route < 0 && from->worker->conf->dns.discovers_realms &&
           (from->is_client || from->is_agent);
}

/* A request that it concerns: sends it on, parks it, or answers it. Takes it. */
void discover_request(struct worker *worker, struct relay_request *request);

/* One that waited for DNS, or for a host. Takes it. */
void discover_resume(struct worker *worker, struct relay_request *request);

/* `left` cannot have it: the next host gets it. False: there is none, and the request is as it was
 * but for `tried`. */
bool discover_next(struct worker *worker, struct relay_request *request, rt_peer left);

/* A letter of the front desk. */
void discover_learn(struct worker *worker, const struct letter *letter);

/* What is used is asked for again before it expires. */
void discover_tick(struct worker *worker);

/* The configuration is another. */
void discover_switch(struct worker *worker);
