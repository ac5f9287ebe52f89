/* records.h — the octets of a DNS reply as records with their times to live.
 *
 * Pure: no I/O, no clock. Whatever a server sends: nothing is read beyond the octets, no loop of
 * compressed names is followed, and no more than so many records are taken. Names are lower case,
 * without the dot at the end; the root is "". RFC 1035 §4, RFC 2308 §5, RFC 2782, RFC 3403 §4.1,
 * RFC 3596. */
#pragma once

#include <netinet/in.h>

#include "proto/bytes.h"

enum dns_type {
    DNS_A = 1,
    DNS_CNAME = 5,
    DNS_SOA = 6,
    DNS_AAAA = 28,
    DNS_SRV = 33,
    DNS_NAPTR = 35,
};

enum { DNS_NAME_ROOM = 256, DNS_TEXT_ROOM = 256, DNS_RECORDS_MAX = 32 };

struct dns_record {
    uint16_t type;
    uint16_t order; /* NAPTR; of SRV the priority */
    uint16_t rank;  /* NAPTR: preference; of SRV the weight */
    uint16_t port;  /* SRV */
    bool has_regexp;
    char flags[8];               /* NAPTR, lower case; longer ones are none that is known */
    char service[DNS_TEXT_ROOM]; /* NAPTR, lower case */
    char name[DNS_NAME_ROOM];    /* NAPTR: the replacement; SRV: the target */
    struct in6_addr address;     /* A (its first four octets) and AAAA */
};

enum dns_outcome {
    DNS_FOUND,   /* there are records */
    DNS_NOTHING, /* there are none, and will be none for `ttl` */
    DNS_FAILED,  /* nobody knows */
};

struct dns_reply {
    enum dns_outcome outcome;
    uint32_t ttl; /* the least of all that was used, aliases included; s */
    unsigned count;
    struct dns_record records[DNS_RECORDS_MAX]; /* all of the type that was asked for */
};

/* Reads the reply to the question for `type` of `name`, aliases followed. False, with `reply` as of
 * one that failed: it is none. */
bool dns_reply_read(struct dns_reply *reply, dm_bytes message, const char *name,
                    enum dns_type type);

/* Does `name` equal `domain`, or lie below it? Both as in records, or in any case. */
bool dns_is_within(const char *name, const char *domain);
