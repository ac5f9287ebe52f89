/* query.h — the one walk: all that routing needs to know of a request.
 *
 * Slices point into the message: a query is good as long as the octets it was read from. RFC 6733
 * §6.1. */
#pragma once

#include "proto/check.h"

enum { RT_APPLICATION_SIP = 6, RT_APPLICATION_CX = 16777216, RT_APPLICATION_SH = 16777217 };

/* AVPs of 3GPP that name a user. 29.229 §6.3, 29.329 §6.3. */
enum {
    RT_VENDOR_3GPP = 10415,
    RT_AVP_PUBLIC_IDENTITY = 601,
    RT_AVP_USER_IDENTITY = 700, /* Grouped: 601, 701 or 3111 */
    RT_AVP_MSISDN = 701,
    RT_AVP_EXTERNAL_IDENTIFIER = 3111,
    RT_AVP_WILDCARDED_PUBLIC_IDENTITY = 634,
};

struct rt_query {
    struct dm_header header;
    dm_bytes message;
    dm_bytes session_id;
    dm_bytes origin_host;
    dm_bytes origin_realm;
    dm_bytes destination_host; /* at NULL: absent; present and empty is present */
    dm_bytes destination_realm;
    dm_bytes user_name;
    dm_bytes public_identity; /* the first Public-Identity (10415) in Cx, the first SIP-AOR (vendor
                                 0) elsewhere */
    bool names_several;       /* there are more of them */
    dm_bytes user_identity;   /* 10415:700 of Sh, the Grouped value */
    dm_bytes wildcard;        /* Wildcarded-Public-Identity (10415) */
    dm_bytes sip_method;
    uint32_t route_records; /* how many */
    bool loops; /* our own identity is in a Route-Record, or is the Origin-Host: RTE-05 */
};

/* Reads `message`, a framed request (R set), to its end. DM_OK, or the Result-Code to answer with,
 * `fault` filled: 3008 for E in a request, 5014 for a malformed AVP anywhere in the chain, 5009 for
 * a second Session-Id, Origin-Host, Origin-Realm, Destination-Host or Destination-Realm (a
 * malformed chain goes before), 5013 if reserved bits are refused, 3005 for a loop (looked for
 * last). AVPs are told apart by (vendor, code). AVP-06, AVP-09, AVP-18, HDR-11, RTE-05. */
enum dm_result rt_query_read(struct rt_query *query, dm_bytes message, dm_bytes own_identity,
                             bool refuse_reserved_bits, struct dm_fault *fault);

/* Is `identity` in a Route-Record of the message? RTE-06. Walks again: call it only where
 * route_records > 0. */
bool rt_query_has_passed(const struct rt_query *query, dm_bytes identity);
