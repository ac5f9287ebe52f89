/* hss_registrar.h — the rules by which a user's state is asked and changed, and the Result-Code of
 * each.
 *
 * Pure: a user and what a request says in, the user afterwards and a verdict out. Codes are those
 * of RFC 4740 §10.1; Cx says the same with others (hss_results.def). RFC 4740 §8.2, §8.4, §8.6,
 * §8.8; 29.228 §6. */
#pragma once

#include "bench/hss_users.h"
#include "bench/sip_codes.h"
#include "proto/result.h"

struct hss_verdict {
    enum dm_result result;
    uint32_t server;   /* to name in the answer; 0: none */
    bool capabilities; /* to list in the answer */
};

/* UAR of this SIP-User-Authorization-Type. `always_capabilities`: the choice is the client's, 2007
 * instead of 2004. */
struct hss_verdict hss_registrar_authorize(struct hss_user user, uint32_t type,
                                           bool always_capabilities);
/* LIR. `unregistered_services`: the user has services while he is not registered. */
struct hss_verdict hss_registrar_locate(struct hss_user user, bool unregistered_services);
/* SAR with as many SIP-AORs as its type wants: changes `user`. `server`: the one in the request, 0
 * for none. */
struct hss_verdict hss_registrar_assign(struct hss_user *user, uint32_t type, uint32_t server);
/* A MAR that names the SIP server it comes from: remembers it until the SAR. */
void hss_registrar_await(struct hss_user *user, uint32_t server);

/* Does a SAR of this type bear exactly one SIP-AOR? RFC 4740 §8.3. */
static inline bool hss_assignment_is_single(uint32_t type)
{
    return type <= SIP_UNREGISTERED_USER || type == SIP_AUTHENTICATION_FAILURE ||
           type == SIP_AUTHENTICATION_TIMEOUT;
}
