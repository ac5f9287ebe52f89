/* flow_outbound.c — RFC 4740 §6.4: an outbound proxy lets the Diameter server authenticate a
 * caller.
 *
 *     MAR  the proxy  INVITE, the callee's AOR, no User-Name     a challenge: 2008, 1001 or 4013
 *     MAR  the proxy  + the caller's User-Name and credentials   2006: no server is stored
 *
 * SIP-AOR is who is called, and says nothing of whose password is asked for: where the first MAR is
 * answered is nobody's home. Connections of SIP server 1 play the proxies. */
#include "bench/flow.h"

static enum flow_verdict judge_challenge(struct load_thread *thread, struct load_flow *flow,
                                         const struct load_answer *answer)
{
    dm_bytes ha1;
    bool good = (flow_result(answer, 2008, 0) || flow_result(answer, 1001, 0) ||
                 flow_result(answer, 4013, 0)) &&
                flow_challenged(thread, flow, answer, &ha1) && ha1.size == 0;
    return good ? FLOW_NEXT : FLOW_WRONG;
}

static enum flow_verdict judge_proof(struct load_thread *thread, struct load_flow *flow,
                                     const struct load_answer *answer)
{
    if (judge_challenge(thread, flow, answer) == FLOW_NEXT)
        return FLOW_AGAIN;
    return flow_result(answer, 2006, 0) ? FLOW_NEXT : FLOW_WRONG;
}

static const struct flow_step steps[] = {
    {FLOW_FIRST, FLOW_KEPT_SESSION, KIND_MAR_INVITE, flow_add_callee, judge_challenge,
     .nobody = true},
    {FLOW_FIRST, FLOW_SAME_SESSION, KIND_MAR_INVITE, flow_add_callee_and_proof, judge_proof,
     .nobody = true},
};

const struct flow_table flow_outbound = {steps, sizeof(steps) / sizeof(*steps)};
