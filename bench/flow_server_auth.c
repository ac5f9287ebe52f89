/* flow_server_auth.c — RFC 4740 §6.2: the Diameter server makes the final check.
 *
 *     UAR  SIP server 1          no credentials yet     first registration, or known already
 *     MAR  SIP server 2          REGISTER, its URI      1001 and a challenge without H(A1)
 *     UAR  another SIP server 1  + User-Name            SIP server 2's URI
 *     MAR  SIP server 2          + User-Name and credentials, in the session of the first
 *                                                       2001; or 1001 and another challenge
 *     SAR  SIP server 2          REGISTRATION           the user profile
 *
 * Another challenge comes where the nonce is not that server's: the second MAR went to another than
 * the first. The user agent then answers that one. */
#include "bench/flow.h"

static enum flow_verdict judge_challenge(struct load_thread *thread, struct load_flow *flow,
                                         const struct load_answer *answer)
{
    dm_bytes ha1;
    bool good = flow_result(answer, 1001, 0) && flow_challenged(thread, flow, answer, &ha1) &&
                ha1.size == 0;
    return good ? FLOW_NEXT : FLOW_WRONG;
}

static enum flow_verdict judge_proof(struct load_thread *thread, struct load_flow *flow,
                                     const struct load_answer *answer)
{
    if (judge_challenge(thread, flow, answer) == FLOW_NEXT)
        return FLOW_AGAIN;
    return flow_judge_success(thread, flow, answer);
}

static const struct flow_step steps[] = {
    {FLOW_FIRST, .kind = KIND_UAR_ANONYMOUS, .judge = flow_judge_found},
    {FLOW_SECOND, FLOW_KEPT_SESSION, KIND_MAR_ANONYMOUS, .judge = judge_challenge},
    {FLOW_OTHER_FIRST, .kind = KIND_UAR, .judge = flow_judge_found_again},
    {FLOW_SECOND, FLOW_SAME_SESSION, KIND_MAR_REGISTER, .add = flow_add_proof,
     .judge = judge_proof},
    {FLOW_SECOND, .kind = KIND_SAR, .judge = flow_judge_assigned},
};

const struct flow_table flow_server_auth = {steps, sizeof(steps) / sizeof(*steps)};
