/* snaptr.h — a realm becomes the hosts that serve an application in it.
 *
 * Pure: a search says what it wants to ask next and is told what came of it, until nothing is left
 * to ask; what it has found then is in the order in which it is to be tried.
 *
 *     while (snaptr_next(&search, &question))
 *         snaptr_take(&search, the reply to question);
 *
 * NAPTR records of the realm first; without any that are Diameter's, SRV records. RFC 6408 §5, RFC
 * 3958 §2.2, RFC 6733 §5.2; DNS-02 to DNS-09, DNS-11, DNS-13. */
#pragma once

#include "agent/conf/conf.h"
#include "agent/dns/srv.h"

enum { SNAPTR_CANDIDATES = 8, SNAPTR_STEPS = 64 };

struct dns_candidate {
    char host[DNS_NAME_ROOM]; /* its identity, too: DNS-14 */
    uint16_t port;
    enum conf_transport transport;
    uint32_t ttl; /* the least on the way to it, s */
};

struct snaptr_wish {
    char realm[DNS_NAME_ROOM];
    uint32_t application;
    unsigned transports; /* those that we have: CONF_TRANSPORT_BIT */
    bool is_unverified;  /* nobody's certificate is: none proves anything */
    struct dns_chance chance;
    /* May names beyond the realm be used? DNS-11. */
    bool (*allows)(void *context, const char *name);
    void *context;
};

struct dns_question {
    const char *name; /* good until the next call */
    enum dns_type type;
};

struct snaptr_step {
    enum { SNAPTR_NAPTR, SNAPTR_SRV, SNAPTR_HOST } kind;
    unsigned depth;
    unsigned transports; /* what comes of it is reached so */
    uint32_t ttl;
    uint16_t port; /* of a host; 0: the transport's own */
    bool is_moved; /* beyond the realm: the certificate has to say that it is right */
    char name[DNS_NAME_ROOM];
    char domain[DNS_NAME_ROOM]; /* within which names have to lie */
};

struct snaptr {
    struct snaptr_wish wish;
    unsigned questions;
    bool has_failed; /* something could not be asked */
    uint32_t nothing_for;
    unsigned count;
    struct dns_candidate candidates[SNAPTR_CANDIDATES];
    unsigned step_count;
    struct snaptr_step step;                /* the one whose question is open */
    struct snaptr_step steps[SNAPTR_STEPS]; /* what is left, the next one last */
};

void snaptr_begin(struct snaptr *search, const struct snaptr_wish *wish);
/* False: it is over. */
bool snaptr_next(struct snaptr *search, struct dns_question *question);
/* The reply to the last question; its records change their order. */
void snaptr_take(struct snaptr *search, struct dns_reply *reply);

/* When it is over: FOUND, NOTHING for so many seconds, or FAILED. */
enum dns_outcome snaptr_outcome(const struct snaptr *search, uint32_t *ttl);
