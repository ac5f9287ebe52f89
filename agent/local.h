/* local.h — answers the agent makes itself, and the outcome of every request. RFC 6733 §6.2, §7.2.
 */
#pragma once

#include "agent/peer.h"
#include "routing/decide.h"
#include "routing/policy.h"

/* What becomes of a request: where its answer goes, and what is counted. */
struct outcome {
    struct rt_origin origin;
    uint64_t since; /* when what is answered with was read */
    int32_t route;
    uint32_t kind;   /* enum stats_outcome: answered or answered_locally */
    uint32_t result; /* of a local answer, for the counters */
};

/* Brings `answer` to the connection the request came by, here or by mail, and ends the request:
 * exactly one call for each. The answer's Hop-by-Hop is written on the way. */
void outcome_deliver(struct worker *worker, const struct outcome *outcome, dm_bytes answer);

/* Ends a request with an answer of ours. `request` needs a whole header only. */
void local_answer(struct worker *worker, struct rt_origin origin, int32_t route, uint64_t since,
                  dm_bytes request, enum dm_result result, const struct dm_fault *fault);

/* The same, where there is more to say. */
void local_answer_error(struct worker *worker, struct rt_origin origin, int32_t route,
                        uint64_t since, dm_bytes request, const struct dm_error *error);

/* What routing decided to answer: RT_ANSWER. */
void local_answer_verdict(struct worker *worker, struct rt_origin origin, dm_bytes request,
                          const struct rt_verdict *verdict);
/* The same with what a policy refuses it with: 3xxx as any agent, all else as the application would
 * say it. ERR-13. */
void local_reject(struct worker *worker, struct rt_origin origin, int32_t route, dm_bytes request,
                  const struct rt_rejection *rejection);

/* A letter with an answer: its origin is at home here. */
void outcome_open(struct worker *worker, const struct letter *letter);
