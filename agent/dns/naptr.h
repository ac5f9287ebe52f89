/* naptr.h — what the NAPTR records of a name offer to somebody who wants one application. Pure.
 * RFC 6408 §3 to §5, RFC 3958 §2.2; DNS-03 to DNS-06, DNS-13. */
#pragma once

#include "agent/conf/conf.h"
#include "agent/dns/records.h"

struct naptr_offer {
    const struct dns_record *record;
    enum { NAPTR_TO_NAPTR, NAPTR_TO_SRV, NAPTR_TO_HOST } leads;
    unsigned kind;       /* of its service: a smaller one is preferred */
    unsigned transports; /* CONF_TRANSPORT_BIT: those that it offers and we have */
};

/* Those that can be used, in the order in which they are to be tried. False: none of the records is
 * about Diameter. True with a count of 0: those that are have nothing for this application, and
 * nothing else may be looked for. `offers` has room for DNS_RECORDS_MAX. */
bool naptr_offers(const struct dns_reply *reply, uint32_t application, unsigned transports,
                  struct naptr_offer *offers, unsigned *count);
