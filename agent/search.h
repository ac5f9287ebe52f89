/* search.h — "user unknown" of one group is not the last word: the others are asked. sip-app.md
 * §9.6.
 *
 * Only for proxy routes, in partitioned pools with `unknown_user: search`, of requests whose server
 * the hash chose. The first answer is kept as the request's last_error and is what the client gets
 * if nobody knows the user. `searched` has a bit for each group that was asked. Worker thread. */
#pragma once

#include "agent/relay_request.h"

/* The user is unknown: 5032 in RFC 4740, Experimental-Result 5001 of 3GPP in Cx and Sh. */
enum { SEARCH_UNKNOWN_SIP = 5032, SEARCH_UNKNOWN_3GPP = 5001 };

/* An answer that may say so: asks the next group, or ends the request with the first answer. True:
 * it did, `waiting` is used up. False: it is an answer like any other. */
bool search_answer(struct peer *from, const struct rt_waiting *waiting, dm_bytes message);

/* Nobody of the group asked last can have a request that is being searched for: the next group can.
 * False: there is none. */
bool search_pass_over(struct worker *worker, struct relay_request *request);

/* Ends a search that was not finished: nobody knows whether the user is unknown. */
void search_forget(struct worker *worker, struct relay_request *request);
