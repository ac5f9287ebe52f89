/* nothing.c — names that are not there. */
#include "agent/dns/nothing.h"

#include <stdio.h>
#include <strings.h>

#define NS UINT64_C(1000000000)

static size_t place_of(const char *name, enum dns_type type)
{
    return (size_t)((dm_identity_hash(dm_text(name)) + type) % DNS_NOTHING_PLACES);
}

void dns_nothing_put(struct dns_nothing *nothing, const char *name, enum dns_type type,
                     const struct dns_reply *reply, uint64_t until)
{
    size_t at = place_of(name, type);
    nothing->places[at].until = until;
    nothing->places[at].outcome = reply->outcome;
    nothing->places[at].type = type;
    snprintf(nothing->places[at].name, DNS_NAME_ROOM, "%s", name);
}

bool dns_nothing_find(const struct dns_nothing *nothing, const char *name, enum dns_type type,
                      uint64_t now, struct dns_reply *reply)
{
    size_t at = place_of(name, type);
    uint64_t until = nothing->places[at].until;
    if (until <= now || nothing->places[at].type != type ||
        strcasecmp(nothing->places[at].name, name) != 0)
        return false;
    reply->outcome = nothing->places[at].outcome;
    reply->ttl = (uint32_t)((until - now) / NS);
    reply->count = 0;
    return true;
}

void dns_nothing_forget(struct dns_nothing *nothing)
{
    memset(nothing, 0, sizeof *nothing);
}
