/* redirect_answer.h — the answer of a redirect agent: 3006, and who serves the request instead.
 * RFC 6733 §6.1.8, §6.12 to §6.14; RFC 4740 §6.8; RDR-01 to RDR-04. */
#pragma once

#include "agent/peer.h"
#include "routing/decide.h"

/* What Redirect-Hosts may take in an answer. */
enum { REDIRECT_ANSWER_ROOM = RT_REDIRECT_HOSTS_MAX * 340 };

typedef void redirect_put(void *context, dm_bytes uri);

/* Puts what a verdict RT_TELL names, at most RT_REDIRECT_HOSTS_MAX: each host of its route, or each
 * member of the subscriber's target that can be dialled. Says how many there were. */
uint32_t redirect_hosts(const struct conf *conf, const struct rt_verdict *verdict,
                        redirect_put *put_host, void *context);

/* Answers a request of verdict RT_TELL: one Redirect-Host for each of `redirect_hosts`; 3002 where
 * there is none. */
void redirect_answer(struct worker *worker, struct rt_origin origin, dm_bytes request,
                     const struct rt_verdict *verdict);
