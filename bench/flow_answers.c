/* flow_answers.c — what the answers of more than one flow must be. RFC 4740 §8, §10.1; 29.229
 * §6.2. */
#include "bench/flow.h"

bool flow_find(const struct load_answer *answer, uint32_t sip, uint32_t cx, dm_bytes *text)
{
    struct dm_avp avp;
    bool found = dm_avp_find(answer->message, 0, sip, &avp) ||
                 dm_avp_find(answer->message, CX_VENDOR, cx, &avp);
    if (found)
        *text = avp.data;
    return found;
}

bool flow_result(const struct load_answer *answer, uint32_t sip, uint32_t cx)
{
    return answer->vendor == CX_VENDOR ? answer->code == cx
                                       : answer->vendor == 0 && answer->code == sip;
}

bool flow_keep(struct flow_text *kept, dm_bytes text)
{
    if (text.size > sizeof(kept->at))
        return false;
    kept->size = (uint16_t)text.size;
    memcpy(kept->at, text.at, text.size);
    return true;
}

static enum flow_verdict next_if(bool good)
{
    return good ? FLOW_NEXT : FLOW_WRONG;
}

enum flow_verdict flow_judge_found(struct load_thread *thread, struct load_flow *flow,
                                   const struct load_answer *answer)
{
    (void)thread, (void)flow;
    return next_if(flow_result(answer, 2003, 2001) || flow_result(answer, 2004, 2002) ||
                   flow_result(answer, 2007, 0));
}

enum flow_verdict flow_judge_found_again(struct load_thread *thread, struct load_flow *flow,
                                         const struct load_answer *answer)
{
    dm_bytes uri;
    (void)thread;
    return next_if((flow_result(answer, 2004, 2002) || flow_result(answer, 2007, 0)) &&
                   flow_find(answer, SIP_SERVER_URI, CX_SERVER_NAME, &uri) &&
                   dm_bytes_equal(uri, dm_text(flow->second->server_uri)));
}

enum flow_verdict flow_judge_assigned(struct load_thread *thread, struct load_flow *flow,
                                      const struct load_answer *answer)
{
    dm_bytes profile;
    (void)thread, (void)flow;
    return next_if(flow_result(answer, 2001, 0) &&
                   flow_find(answer, SIP_USER_DATA, CX_USER_DATA, &profile));
}

enum flow_verdict flow_judge_unregistered(struct load_thread *thread, struct load_flow *flow,
                                          const struct load_answer *answer)
{
    (void)thread, (void)flow;
    return next_if(flow_result(answer, 2005, 2003) || flow_result(answer, 5034, 5003));
}

enum flow_verdict flow_judge_success(struct load_thread *thread, struct load_flow *flow,
                                     const struct load_answer *answer)
{
    (void)thread, (void)flow;
    return next_if(flow_result(answer, 2001, 0));
}
