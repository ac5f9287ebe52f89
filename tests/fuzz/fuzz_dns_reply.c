/* fuzz_dns_reply.c — octets as replies of a name server: read as each type, and given to a search
 * for a realm, whatever it asks. */
#include <assert.h>

#include "agent/dns/snaptr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const enum dns_type types[] = {DNS_A, DNS_AAAA, DNS_CNAME, DNS_SRV, DNS_NAPTR};

static void check(const struct dns_reply *reply)
{
    assert(reply->count <= DNS_RECORDS_MAX);
    assert((reply->outcome == DNS_FOUND) == (reply->count > 0));
    for (unsigned i = 0; i < reply->count; i++) {
        const struct dns_record *record = &reply->records[i];
        assert(memchr(record->name, 0, sizeof record->name));
        assert(memchr(record->service, 0, sizeof record->service));
        assert(memchr(record->flags, 0, sizeof record->flags));
    }
}

static void read_as(dm_bytes message, enum dns_type type)
{
    static struct dns_reply reply;
    bool is_good = dns_reply_read(&reply, message, "a.example", type);
    assert(is_good || reply.outcome == DNS_FAILED);
    check(&reply);
}

static uint64_t draw(void *context)
{
    return ++*(uint64_t *)context * UINT64_C(0x9e3779b97f4a7c15);
}

static bool allows(void *context, const char *name)
{
    (void)context;
    return dns_is_within(name, "b.example");
}

/* The same octets are the answer to each question, under the name that was asked for. */
static void look(dm_bytes message, uint32_t application)
{
    static struct snaptr search;
    static struct dns_reply reply;
    uint64_t drawn = 0;
    struct dns_question question;
    struct snaptr_wish wish = {.realm = "a.example",
                               .application = application,
                               .transports = 15,
                               .chance = {draw, &drawn},
                               .allows = allows};
    unsigned asked = 0;
    uint32_t ttl;
    snaptr_begin(&search, &wish);
    while (snaptr_next(&search, &question)) {
        assert(++asked <= 24);
        dns_reply_read(&reply, message, asked == 1 ? question.name : "a.example", question.type);
        snaptr_take(&search, &reply);
    }
    assert(search.count <= SNAPTR_CANDIDATES);
    assert((snaptr_outcome(&search, &ttl) == DNS_FOUND) == (search.count > 0));
    for (unsigned i = 0; i < search.count; i++)
        assert(*search.candidates[i].host && search.candidates[i].port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dm_bytes message = dm_bytes_of(data, size);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        read_as(message, types[i]);
    look(message, 6);
    return 0;
}
