/* hosts.c — addresses of a host. */
#include "agent/dns/hosts.h"

#include <stdlib.h>
#include <strings.h>

#include "agent/conf/endpoint.h"

/* One of the two questions. */
struct family {
    struct finding *finding;
    enum dns_outcome outcome;
    uint32_t ttl;
    unsigned count;
    union conf_socket at[CONF_ADDRESSES_MAX];
};

struct finding {
    uint16_t port;
    unsigned open; /* questions */
    dns_found found;
    void *context;
    struct family v6;
    struct family v4;
};

/* --- both together --- */

static void add(struct finding *finding, struct dns_addresses *addresses,
                const struct family *family, unsigned number)
{
    struct conf_addresses *list = &addresses->list;
    if (number >= family->count || list->count == CONF_ADDRESSES_MAX)
        return;
    union conf_socket *address = &list->at[list->count++];
    *address = family->at[number];
    if (address->any.sa_family == AF_INET6)
        address->v6.sin6_port = htons(finding->port);
    else
        address->v4.sin_port = htons(finding->port);
}

/* What one family has counts, whatever became of the other. */
static enum dns_outcome outcome_of(const struct finding *finding, unsigned count)
{
    if (count)
        return DNS_FOUND;
    bool has_failed = finding->v6.outcome == DNS_FAILED || finding->v4.outcome == DNS_FAILED;
    return has_failed ? DNS_FAILED : DNS_NOTHING;
}

static uint32_t ttl_of(const struct finding *finding, unsigned count)
{
    uint32_t v6 = finding->v6.count || !count ? finding->v6.ttl : UINT32_MAX;
    uint32_t v4 = finding->v4.count || !count ? finding->v4.ttl : UINT32_MAX;
    return v6 < v4 ? v6 : v4;
}

static void tell(struct finding *finding)
{
    struct dns_addresses addresses = {0};
    for (unsigned i = 0; i < CONF_ADDRESSES_MAX; i++) {
        add(finding, &addresses, &finding->v6, i);
        add(finding, &addresses, &finding->v4, i);
    }
    addresses.outcome = outcome_of(finding, addresses.list.count);
    addresses.ttl = ttl_of(finding, addresses.list.count);
    finding->found(finding->context, &addresses);
    free(finding);
}

/* --- what needs no server --- */

static bool is_localhost(const char *host)
{
    return dns_is_within(host, "localhost");
}

static struct family *family_of(struct finding *finding, const union conf_socket *address)
{
    return address->any.sa_family == AF_INET6 ? &finding->v6 : &finding->v4;
}

static void take_literal(struct finding *finding, const char *text)
{
    union conf_socket address;
    if (!conf_parse_address(text, &address))
        return;
    struct family *family = family_of(finding, &address);
    family->at[family->count++] = address;
}

static bool is_known(struct finding *finding, struct resolver *resolver, const char *host)
{
    take_literal(finding, host);
    if (is_localhost(host)) {
        take_literal(finding, "::1");
        take_literal(finding, "127.0.0.1");
    }
    if (finding->v6.count || finding->v4.count)
        return true;
    finding->v6.count =
        resolver_read_file(resolver, host, DNS_AAAA, finding->v6.at, CONF_ADDRESSES_MAX);
    finding->v4.count =
        resolver_read_file(resolver, host, DNS_A, finding->v4.at, CONF_ADDRESSES_MAX);
    return finding->v6.count || finding->v4.count;
}

/* --- asking --- */

static union conf_socket address_of(const struct dns_record *record)
{
    union conf_socket address = {0};
    if (record->type == DNS_AAAA) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_addr = record->address;
    } else {
        address.v4.sin_family = AF_INET;
        memcpy(&address.v4.sin_addr, &record->address, sizeof address.v4.sin_addr);
    }
    return address;
}

static void on_reply(void *context, struct dns_reply *reply)
{
    struct family *family = context;
    struct finding *finding = family->finding;
    family->outcome = reply->outcome;
    family->ttl = reply->ttl;
    for (unsigned i = 0; i < reply->count && family->count < CONF_ADDRESSES_MAX; i++)
        family->at[family->count++] = address_of(&reply->records[i]);
    if (--finding->open == 0)
        tell(finding);
}

static struct family family_new(struct finding *finding)
{
    return (struct family){.finding = finding, .ttl = UINT32_MAX};
}

void hosts_find(struct resolver *resolver, const char *host, uint16_t port, uint64_t until,
                dns_found found, void *context)
{
    struct finding *finding = calloc(1, sizeof *finding);
    if (!finding)
        abort();
    *finding = (struct finding){.port = port, .found = found, .context = context, .open = 2};
    finding->v6 = family_new(finding);
    finding->v4 = family_new(finding);
    if (is_known(finding, resolver, host)) {
        tell(finding);
        return;
    }
    resolver_ask(resolver, host, DNS_AAAA, until, on_reply, &finding->v6);
    resolver_ask(resolver, host, DNS_A, until, on_reply, &finding->v4);
}
