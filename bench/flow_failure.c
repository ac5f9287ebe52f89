/* flow_failure.c — RFC 4740 §6.3 where it does not succeed: who has asked for the challenge says
 * so, and the Diameter server forgets him. §8.3, §9.4.
 *
 *     UAR  SIP server 1          no credentials yet        first registration, or known already
 *     MAR  SIP server 2          REGISTER, its URI         the challenge and H(A1)
 *          the user agent        responds with another's password
 *     UAR  another SIP server 1  + User-Name               SIP server 2's URI
 *     SAR  SIP server 2          AUTHENTICATION_FAILURE, one AOR             2001
 *     UAR  another SIP server 1                            first registration again
 *     MAR  SIP server 2                                    the challenge; nobody responds to it
 *     SAR  SIP server 2          AUTHENTICATION_TIMEOUT, one AOR             2001
 *     LIR  another SIP server 1                            nobody serves him
 */
#include "bench/flow_registration.h"

static enum flow_verdict judge_first(struct load_thread *thread, struct load_flow *flow,
                                     const struct load_answer *answer)
{
    (void)thread, (void)flow;
    return flow_result(answer, 2003, 2001) ? FLOW_NEXT : FLOW_WRONG;
}

static const struct flow_step steps[] = {
    {FLOW_FIRST, .kind = KIND_UAR_ANONYMOUS, .judge = flow_judge_found},
    {FLOW_SECOND, .kind = KIND_MAR_ANONYMOUS, .judge = flow_judge_delegated_to_stranger},
    {FLOW_OTHER_FIRST, .kind = KIND_UAR, .judge = flow_judge_found_again},
    {FLOW_SECOND, FLOW_NEW_SESSION, KIND_SAR_OTHER, flow_add_assignment, flow_judge_success,
     .type = SIP_AUTHENTICATION_FAILURE},
    {FLOW_OTHER_FIRST, .kind = KIND_UAR_ANONYMOUS, .judge = judge_first},
    {FLOW_SECOND, .kind = KIND_MAR_ANONYMOUS, .judge = flow_judge_delegated},
    {FLOW_SECOND, FLOW_NEW_SESSION, KIND_SAR_OTHER, flow_add_assignment_of_aor, flow_judge_success,
     .type = SIP_AUTHENTICATION_TIMEOUT},
    {FLOW_OTHER_FIRST, .kind = KIND_LIR, .judge = flow_judge_unregistered},
};

const struct flow_table flow_failure = {steps, sizeof(steps) / sizeof(*steps)};
