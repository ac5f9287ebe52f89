/* flow_redirect.c — RFC 4740 §6.8: a Subscriber Locator knows which Diameter server has the user.
 *
 *     LIR  SIP server 1   2001 and a URI: whoever is in between has followed; or
 *                         3006 and Redirect-Host
 *     LIR  SIP server 1   + Destination-Host, the Redirect-Host     2001 and a URI
 *
 * The second goes over the connection of the first: an agent finds the host there. 3006 is no
 * error `protocol` in this flow. RFC 6733 §6.1.8, §6.12. */
#include "bench/flow.h"

#include "proto/uri.h"

static bool is_located(const struct load_answer *answer)
{
    dm_bytes uri;
    return flow_result(answer, 2001, 0) &&
           flow_find(answer, SIP_SERVER_URI, CX_SERVER_NAME, &uri) && uri.size;
}

/* The first Redirect-Host. */
static bool keep_redirect_host(struct load_flow *flow, const struct load_answer *answer)
{
    struct dm_avp avp;
    struct dm_uri uri;
    return dm_avp_find(answer->message, 0, DM_AVP_REDIRECT_HOST, &avp) &&
           dm_uri_read(&uri, avp.data) && flow_keep(&flow->host, uri.host);
}

static enum flow_verdict judge_located(struct load_thread *thread, struct load_flow *flow,
                                       const struct load_answer *answer)
{
    (void)thread;
    if (flow_result(answer, DM_REDIRECT_INDICATION, 0))
        return keep_redirect_host(flow, answer) ? FLOW_NEXT : FLOW_WRONG;
    return is_located(answer) ? FLOW_DONE : FLOW_WRONG;
}

static enum flow_verdict judge_sent_on(struct load_thread *thread, struct load_flow *flow,
                                       const struct load_answer *answer)
{
    (void)thread, (void)flow;
    return is_located(answer) ? FLOW_NEXT : FLOW_WRONG;
}

static const struct flow_step steps[] = {
    {FLOW_FIRST, .kind = KIND_LIR, .judge = judge_located, .takes_redirect = true},
    {FLOW_FIRST, FLOW_SENT_ON, KIND_LIR, .judge = judge_sent_on},
};

const struct flow_table flow_redirect = {steps, sizeof(steps) / sizeof(*steps)};
