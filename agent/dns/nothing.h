/* nothing.h — what was asked for and is not there: remembered, so that nobody asks again at once.
 *
 * RFC 2308. A fixed number of places, found by hash; a later one takes the place of an earlier. */
#pragma once

#include "agent/dns/records.h"

enum { DNS_NOTHING_PLACES = 256 };

struct dns_nothing {
    struct {
        uint64_t until; /* ns; 0: empty */
        enum dns_outcome outcome;
        enum dns_type type;
        char name[DNS_NAME_ROOM];
    } places[DNS_NOTHING_PLACES];
};

void dns_nothing_put(struct dns_nothing *nothing, const char *name, enum dns_type type,
                     const struct dns_reply *reply, uint64_t until);

/* Is it known not to be there? Then that is the reply. */
bool dns_nothing_find(const struct dns_nothing *nothing, const char *name, enum dns_type type,
                      uint64_t now, struct dns_reply *reply);

void dns_nothing_forget(struct dns_nothing *nothing);
