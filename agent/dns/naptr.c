/* naptr.c — services and flags of NAPTR records. Tags are compared whole, never parsed. */
#include "agent/dns/naptr.h"

#include <inttypes.h>
#include <stdio.h>

/* In the order in which they are wanted: DNS-03, DNS-13. */
enum kind { APPLICATION_PROTOCOL, APPLICATION, ANY_PROTOCOL, ANY, LEGACY, NONE };

#define ALL ((1U << CONF_TRANSPORTS) - 1)

static const struct {
    const char *tag;
    enum conf_transport transport;
} protocols[] =
    {
        {"diameter.tcp", CONF_TCP},   {"diameter.tls.tcp", CONF_TLS},
        {"diameter.sctp", CONF_SCTP}, {"diameter.dtls.sctp", CONF_DTLS},
        {"diameter.dtls", CONF_DTLS}, /* as RFC 6733 §5.2 prints it: DNS-05 */
};

/* RFC 3588 §5.2 and its Appendix B. */
static const struct {
    const char *service;
    enum conf_transport transport;
} legacies[] = {{"aaa+d2t", CONF_TCP}, {"aaa+d2s", CONF_SCTP}};

static bool is_text(const char *text, size_t size, const char *other)
{
    return strlen(other) == size && memcmp(text, other, size) == 0;
}

static unsigned transport_of(const char *tag, size_t size)
{
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        if (is_text(tag, size, protocols[i].tag))
            return CONF_TRANSPORT_BIT(protocols[i].transport);
    return 0;
}

/* ":diameter.tcp:diameter.sctp" */
static unsigned transports_of(const char *list)
{
    unsigned transports = 0;
    while (*list == ':') {
        size_t size = strcspn(++list, ":");
        transports |= transport_of(list, size);
        list += size;
    }
    return transports;
}

static unsigned legacy_transports(const char *service)
{
    for (size_t i = 0; i < sizeof legacies / sizeof *legacies; i++)
        if (!strcmp(service, legacies[i].service))
            return CONF_TRANSPORT_BIT(legacies[i].transport);
    return 0;
}

/* "aaa+ap" and a number: the realm says per application what it has. */
static bool is_extended(const char *tag, size_t size)
{
    const size_t before = strlen("aaa+ap");
    return size > before && !memcmp(tag, "aaa+ap", before) &&
           strspn(tag + before, "0123456789") >= size - before;
}

/* Of a realm that says so, only what it says of this application counts: DNS-04. */
static enum kind kind_of(const char *service, const char *wanted, bool says_applications,
                         unsigned *transports)
{
    size_t size = strcspn(service, ":");
    bool has_protocols = service[size] == ':';
    *transports = has_protocols ? transports_of(service + size) : ALL;
    if (says_applications)
        return !is_text(service, size, wanted) ? NONE
               : has_protocols                 ? APPLICATION_PROTOCOL
                                               : APPLICATION;
    if (is_text(service, size, "aaa"))
        return has_protocols ? ANY_PROTOCOL : ANY;
    *transports = legacy_transports(service);
    return *transports ? LEGACY : NONE;
}

/* S-NAPTR knows three flags, and no regular expressions. DNS-06. */
static bool is_usable(const struct dns_record *record)
{
    const char *flags = record->flags;
    return *record->name && !record->has_regexp &&
           (!*flags || !strcmp(flags, "s") || !strcmp(flags, "a"));
}

static bool is_about_diameter(const struct dns_record *record)
{
    const char *service = record->service;
    size_t size = strcspn(service, ":");
    return is_text(service, size, "aaa") || is_extended(service, size) ||
           legacy_transports(service);
}

/* --- their order --- */

/* Those that can be had securely come first, as far as the records leave it open. */
static bool is_secure(const struct naptr_offer *offer)
{
    return offer->transports & (CONF_TRANSPORT_BIT(CONF_TLS) | CONF_TRANSPORT_BIT(CONF_DTLS));
}

static bool is_before(const struct naptr_offer *a, const struct naptr_offer *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind;
    if (a->record->order != b->record->order)
        return a->record->order < b->record->order;
    if (a->record->rank != b->record->rank)
        return a->record->rank < b->record->rank;
    return is_secure(a) && !is_secure(b);
}

static void insert(struct naptr_offer *offers, unsigned count, const struct naptr_offer *offer)
{
    for (; count && is_before(offer, &offers[count - 1]); count--)
        offers[count] = offers[count - 1];
    offers[count] = *offer;
}

bool naptr_offers(const struct dns_reply *reply, uint32_t application, unsigned transports,
                  struct naptr_offer *offers, unsigned *count)
{
    char wanted[sizeof "aaa+ap4294967295"];
    bool says_applications = false;
    bool is_diameter = false;
    snprintf(wanted, sizeof wanted, "aaa+ap%" PRIu32, application);
    for (unsigned i = 0; i < reply->count; i++) {
        const char *service = reply->records[i].service;
        says_applications = says_applications || is_extended(service, strcspn(service, ":"));
        is_diameter = is_diameter || is_about_diameter(&reply->records[i]);
    }
    *count = 0;
    for (unsigned i = 0; i < reply->count; i++) {
        const struct dns_record *record = &reply->records[i];
        struct naptr_offer offer = {.record = record};
        offer.kind = kind_of(record->service, wanted, says_applications, &offer.transports);
        offer.leads = *record->flags == 's'   ? NAPTR_TO_SRV
                      : *record->flags == 'a' ? NAPTR_TO_HOST
                                              : NAPTR_TO_NAPTR;
        offer.transports &= transports;
        if (offer.kind != NONE && offer.transports && is_usable(record))
            insert(offers, (*count)++, &offer);
    }
    return is_diameter;
}
