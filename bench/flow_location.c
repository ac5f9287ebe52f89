/* flow_location.c — RFC 4740 §6.5: who serves the recipient of a request?
 *
 *     LIR  SIP server 1          2001 and the URI of who serves him; or
 *                                5034, he is not registered and has no services then; or
 *                                2005, he has some:
 *     SAR  SIP server 2          UNREGISTERED_USER, without User-Name     the user profile
 *     LIR  another SIP server 1                                           SIP server 2's URI
 */
#include "bench/flow.h"

static enum flow_verdict judge_located(struct load_thread *thread, struct load_flow *flow,
                                       const struct load_answer *answer)
{
    dm_bytes uri;
    (void)thread, (void)flow;
    if (flow_result(answer, 2005, 2003))
        return FLOW_NEXT;
    if (flow_result(answer, 5034, 5003))
        return FLOW_DONE;
    bool good = flow_result(answer, 2001, 0) &&
                flow_find(answer, SIP_SERVER_URI, CX_SERVER_NAME, &uri) && uri.size;
    return good ? FLOW_DONE : FLOW_WRONG;
}

static enum flow_verdict judge_located_again(struct load_thread *thread, struct load_flow *flow,
                                             const struct load_answer *answer)
{
    dm_bytes uri;
    (void)thread;
    bool good = flow_result(answer, 2001, 0) &&
                flow_find(answer, SIP_SERVER_URI, CX_SERVER_NAME, &uri) &&
                dm_bytes_equal(uri, dm_text(flow->second->server_uri));
    return good ? FLOW_NEXT : FLOW_WRONG;
}

static const struct flow_step steps[] = {
    {FLOW_FIRST, .kind = KIND_LIR, .judge = judge_located},
    {FLOW_SECOND, FLOW_NEW_SESSION, KIND_SAR_OTHER, flow_add_assignment_of_aor, flow_judge_assigned,
     .type = SIP_UNREGISTERED_USER},
    {FLOW_OTHER_FIRST, .kind = KIND_LIR, .judge = judge_located_again},
};

const struct flow_table flow_location = {steps, sizeof(steps) / sizeof(*steps)};
