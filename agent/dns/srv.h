/* srv.h — which of several servers is to be asked first. Pure. RFC 2782, page 4; DNS-08. */
#pragma once

#include "agent/dns/records.h"

/* A source of random numbers, passed in. */
struct dns_chance {
    uint64_t (*draw)(void *context);
    void *context;
};

/* Puts SRV records in the order in which they are to be tried: by priority, and among those of one
 * priority by a draw in which each counts as its weight says. */
void dns_srv_order(struct dns_reply *reply, const struct dns_chance *chance);
