/* realms.h — what DNS said of realms: who serves an application there, and until when. One a
 * worker; bounded. The realm routes of RFC 6733 §5.2, which expire with the records. DNS-10. */
#pragma once

#include "agent/dns/snaptr.h"

enum { REALMS_MAX = 1024, REALMS_BUCKETS = 256 };

/* All of them the same in all workers. Without a pointer: it travels. */
struct dns_realm {
    uint32_t application;
    enum dns_outcome outcome;
    uint64_t until; /* ns */
    unsigned count;
    struct dns_candidate hosts[SNAPTR_CANDIDATES]; /* in the order in which they are tried */
    char name[DNS_NAME_ROOM];                      /* lower case */
};

struct realm_entry {
    struct realm_entry *next;
    uint64_t asked;   /* the front desk was asked, and will have said by then what it is; ns */
    uint64_t renewed; /* when it was last told; ns */
    bool is_used;     /* since then */
    struct dns_realm realm;
};

struct realms {
    struct realm_entry *buckets[REALMS_BUCKETS];
    unsigned count;
    unsigned hand; /* the bucket where room was made last */
};

struct realms *realms_new(void);
void realms_free(struct realms *realms);

/* NULL: nothing is known, nobody was asked. */
struct realm_entry *realms_find(struct realms *realms, dm_bytes name, uint32_t application);
/* The same, and an empty one (`until` 0) where there is none. When there are too many, one goes
 * that is over or that DNS has nobody for, else one that nobody uses: names that somebody invents
 * keep out no realm that there is. NULL: all are in use, or being asked for. */
struct realm_entry *realms_at(struct realms *realms, dm_bytes name, uint32_t application,
                              uint64_t now);
void realms_clear(struct realms *realms);
