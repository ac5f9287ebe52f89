/* flow_registration.c — RFC 4740 §6.3: SIP server 2 authenticates by itself, with H(A1) from the
 * Diameter server.
 *
 *     UAR  SIP server 1          no credentials yet        first registration, or known already
 *     MAR  SIP server 2          REGISTER, its URI         the challenge and H(A1)
 *          the user agent        computes the response; SIP server 2 checks it with H(A1)
 *     UAR  another SIP server 1  + User-Name               SIP server 2's URI
 *     SAR  SIP server 2          REGISTRATION              the user profile
 *
 * In Cx (29.229) the same with its commands: the challenge's nonce is then SIP server 2's own. */
#include "bench/flow_registration.h"

#include <stdio.h>

/* The user agent knows a password, SIP server 2 only H(A1): do they come to the same response? */
static bool is_proven(struct load_thread *thread, const struct load_flow *flow, dm_bytes ha1,
                      const struct load_flow *who_responds)
{
    char uri[FLOW_TEXT + 8], agent[DIGEST_HEX], server[DIGEST_HEX];
    int size = snprintf(uri, sizeof(uri), "sip:%s", thread->world->options->destination_realm);
    dm_bytes request = dm_bytes_of(uri, (size_t)size);
    flow_respond(thread, who_responds, "REGISTER", request, agent);
    flow_respond_with(thread, flow, "REGISTER", request, (const char *)ha1.at, server);
    return memcmp(agent, server, DIGEST_HEX) == 0;
}

static bool is_delegated(struct load_thread *thread, struct load_flow *flow,
                         const struct load_answer *answer, dm_bytes *ha1)
{
    return (flow_result(answer, 2001, 0) || flow_result(answer, 1001, 0)) &&
           flow_challenged(thread, flow, answer, ha1) && ha1->size == DIGEST_HEX;
}

enum flow_verdict flow_judge_delegated(struct load_thread *thread, struct load_flow *flow,
                                       const struct load_answer *answer)
{
    dm_bytes ha1;
    bool good = is_delegated(thread, flow, answer, &ha1) && is_proven(thread, flow, ha1, flow);
    return good ? FLOW_NEXT : FLOW_WRONG;
}

enum flow_verdict flow_judge_delegated_to_stranger(struct load_thread *thread,
                                                   struct load_flow *flow,
                                                   const struct load_answer *answer)
{
    dm_bytes ha1;
    if (!is_delegated(thread, flow, answer, &ha1))
        return FLOW_WRONG;
    struct load_flow stranger = *flow;
    stranger.user++;
    return is_proven(thread, flow, ha1, &stranger) ? FLOW_WRONG : FLOW_NEXT;
}

static const struct flow_step steps[] = {FLOW_REGISTRATION_STEPS};

const struct flow_table flow_registration = {steps, sizeof(steps) / sizeof(*steps)};
