/* snaptr.c — the search, step by step. What a NAPTR record offers is read in naptr.c. */
#include "agent/dns/snaptr.h"

#include <stdio.h>

#include "agent/conf/endpoint.h"
#include "agent/dns/naptr.h"
#include "proto/uri.h"

/* DEPTH: replacements in a row. QUESTIONS: in one search; what is endless ends there. DNS-06. */
enum { DEPTH = 6, QUESTIONS = 24 };

#define SECURE (CONF_TRANSPORT_BIT(CONF_TLS) | CONF_TRANSPORT_BIT(CONF_DTLS))

/* RFC 6733 §2.1: the order where nothing else says one. SCT-21. */
static const enum conf_transport preferred[] = {CONF_TLS, CONF_DTLS, CONF_TCP, CONF_SCTP};
enum { PREFERRED = sizeof preferred / sizeof *preferred };

static const char *const srv_names[] = {
    [CONF_TCP] = "_diameter._tcp",
    [CONF_TLS] = "_diameters._tcp",
    [CONF_SCTP] = "_diameter._sctp",
    [CONF_DTLS] = "_diameters._sctp",
};

static void copy_name(char to[DNS_NAME_ROOM], const char *from)
{
    snprintf(to, DNS_NAME_ROOM, "%s", from);
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* --- what is left to do --- */

static void push(struct snaptr *search, const struct snaptr_step *step)
{
    if (search->step_count < SNAPTR_STEPS)
        search->steps[search->step_count++] = *step;
}

/* How many of `count` have room? They are pushed from the last to the first, so that the first
 * comes next. */
static unsigned most(const struct snaptr *search, unsigned count)
{
    unsigned room = SNAPTR_STEPS - search->step_count;
    return count < room ? count : room;
}

/* A step that goes on from the one in hand. */
static struct snaptr_step step_on(const struct snaptr *search, const struct dns_reply *reply,
                                  const char *name)
{
    struct snaptr_step step = search->step;
    step.depth++;
    step.ttl = least(step.ttl, reply->ttl);
    copy_name(step.name, name);
    return step;
}

static bool is_allowed(const struct snaptr *search, const char *name)
{
    return search->wish.allows && search->wish.allows(search->wish.context, name);
}

static bool may_lead_to(const struct snaptr *search, const char *name)
{
    return dns_is_within(name, search->step.domain) || is_allowed(search, name);
}

/* --- hosts --- */

static uint16_t default_port(enum conf_transport transport)
{
    return conf_is_secure(transport) ? DM_PORT_SECURE : DM_PORT;
}

static bool is_there(const struct snaptr *search, const struct dns_candidate *candidate)
{
    for (unsigned i = 0; i < search->count; i++) {
        const struct dns_candidate *other = &search->candidates[i];
        if (other->port == candidate->port && other->transport == candidate->transport &&
            !strcmp(other->host, candidate->host))
            return true;
    }
    return false;
}

static void add_candidate(struct snaptr *search, const struct snaptr_step *step,
                          enum conf_transport transport)
{
    struct dns_candidate candidate = {.port = step->port ? step->port : default_port(transport),
                                      .transport = transport,
                                      .ttl = step->ttl};
    copy_name(candidate.host, step->name);
    if (search->count < SNAPTR_CANDIDATES && !is_there(search, &candidate))
        search->candidates[search->count++] = candidate;
}

/* Where a realm was replaced by another, only a certificate can tell whether that is right: RFC
 * 7075 §2, SEC-17. */
static void add_host(struct snaptr *search, const struct snaptr_step *step)
{
    unsigned transports = step->transports;
    if (step->is_moved && !is_allowed(search, step->name))
        transports &= search->wish.is_unverified ? 0 : SECURE;
    for (unsigned i = 0; i < PREFERRED; i++)
        if (transports & CONF_TRANSPORT_BIT(preferred[i]))
            add_candidate(search, step, preferred[i]);
}

/* --- SRV --- */

/* Without NAPTR records: those that are secure first. DNS-07. */
static void ask_for_srv(struct snaptr *search)
{
    for (unsigned i = PREFERRED; i-- > 0;) {
        struct snaptr_step step = search->step;
        int size = snprintf(step.name, sizeof step.name, "%s.%s", srv_names[preferred[i]],
                            search->wish.realm);
        step.kind = SNAPTR_SRV;
        step.transports = search->wish.transports & CONF_TRANSPORT_BIT(preferred[i]);
        if (step.transports && size < DNS_NAME_ROOM)
            push(search, &step);
    }
}

/* A target "." says that there is no such service; it is the root. DNS-08. */
static void take_srv(struct snaptr *search, struct dns_reply *reply)
{
    dns_srv_order(reply, &search->wish.chance);
    for (unsigned i = most(search, reply->count); i-- > 0;) {
        const struct dns_record *record = &reply->records[i];
        if (!*record->name || !record->port || !may_lead_to(search, record->name))
            continue;
        struct snaptr_step step = step_on(search, reply, record->name);
        step.kind = SNAPTR_HOST;
        step.port = record->port;
        push(search, &step);
    }
}

/* --- NAPTR --- */

/* The new realm may be any, as far as the names are concerned. */
static void move(const struct snaptr *search, struct snaptr_step *step)
{
    if (dns_is_within(step->name, step->domain))
        return;
    step->is_moved = step->is_moved || !is_allowed(search, step->name);
    copy_name(step->domain, step->name);
}

static void push_offer(struct snaptr *search, const struct dns_reply *reply,
                       const struct naptr_offer *offer)
{
    const char *name = offer->record->name;
    struct snaptr_step step = step_on(search, reply, name);
    step.transports = offer->transports;
    if (step.depth > DEPTH)
        return;
    if (offer->leads == NAPTR_TO_NAPTR)
        move(search, &step);
    else if (!may_lead_to(search, name))
        return;
    step.kind = offer->leads == NAPTR_TO_NAPTR ? SNAPTR_NAPTR
                : offer->leads == NAPTR_TO_SRV ? SNAPTR_SRV
                                               : SNAPTR_HOST;
    push(search, &step);
}

static void take_naptr(struct snaptr *search, const struct dns_reply *reply)
{
    struct naptr_offer offers[DNS_RECORDS_MAX];
    unsigned count;
    bool is_diameter =
        naptr_offers(reply, search->wish.application, search->wish.transports, offers, &count);
    if (!is_diameter && !search->step.depth)
        ask_for_srv(search); /* RFC 6408 §5 f */
    for (unsigned i = most(search, count); i-- > 0;)
        push_offer(search, reply, &offers[i]);
}

/* --- the search --- */

void snaptr_begin(struct snaptr *search, const struct snaptr_wish *wish)
{
    search->wish = *wish;
    search->questions = search->count = search->step_count = 0;
    search->has_failed = false;
    search->nothing_for = UINT32_MAX;
    struct snaptr_step first = {.kind = SNAPTR_NAPTR, .ttl = UINT32_MAX};
    copy_name(first.name, wish->realm);
    copy_name(first.domain, wish->realm);
    push(search, &first);
}

bool snaptr_next(struct snaptr *search, struct dns_question *question)
{
    while (search->step_count && search->count < SNAPTR_CANDIDATES) {
        search->step = search->steps[--search->step_count];
        if (search->step.kind == SNAPTR_HOST) {
            add_host(search, &search->step);
            continue;
        }
        if (search->questions++ >= QUESTIONS)
            return false;
        *question = (struct dns_question){search->step.name,
                                          search->step.kind == SNAPTR_SRV ? DNS_SRV : DNS_NAPTR};
        return true;
    }
    return false;
}

void snaptr_take(struct snaptr *search, struct dns_reply *reply)
{
    if (reply->outcome == DNS_FAILED) {
        search->has_failed = true;
        return;
    }
    search->nothing_for = least(search->nothing_for, reply->ttl);
    if (search->step.kind == SNAPTR_SRV)
        take_srv(search, reply);
    else
        take_naptr(search, reply);
}

enum dns_outcome snaptr_outcome(const struct snaptr *search, uint32_t *ttl)
{
    *ttl = search->nothing_for == UINT32_MAX ? 0 : search->nothing_for;
    if (search->count)
        return DNS_FOUND;
    return search->has_failed ? DNS_FAILED : DNS_NOTHING;
}
