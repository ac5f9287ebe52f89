/* flow_push.c — RFC 4740 §6.6 and §6.7: the Diameter server sends something to who serves the user.
 *
 * The user is registered (§6.3); then the flow waits for the PPR, RTR or ASR that names him. The
 * server decides when that is (antipode-hss --push); one that does not come within --timeout is
 * the error `flow`.
 *
 *     push           any of them is answered 2001. With Auth-Session-State STATE_MAINTAINED, STR
 *                    then ends the session, as it has to after an ASR
 *     push-refused   PPR is answered 5040 or 5039 by turns; the server must then say RTR with
 *                    SIP_SERVER_CHANGE (§8.12), and LIR finds nobody who serves the user
 *     abort-unknown  ASR is answered 5002, as a SIP server 2 must that has lost the session; no STR
 *                    follows (RFC 6733 §8.5.2)
 */
#include "bench/flow_registration.h"

static enum flow_verdict hear_any(struct load_flow *flow, const struct load_pushed *push,
                                  struct load_reply *reply)
{
    (void)flow, (void)push, (void)reply;
    return FLOW_NEXT;
}

static bool is_profile(const struct load_pushed *push)
{
    return push->header->command == SIP_PPR || push->header->command == CX_PPR;
}

static void refuse_profile(const struct load_flow *flow, struct load_reply *reply)
{
    *reply = flow->user % 2 ? (struct load_reply){DM_ERROR_TOO_MUCH_DATA, 5008}
                            : (struct load_reply){DM_ERROR_NOT_SUPPORTED_USER_DATA, 5009};
}

static enum flow_verdict hear_profile(struct load_flow *flow, const struct load_pushed *push,
                                      struct load_reply *reply)
{
    if (!is_profile(push))
        return FLOW_WRONG;
    refuse_profile(flow, reply);
    return FLOW_NEXT;
}

/* SIP-Deregistration-Reason or Deregistration-Reason. RFC 4740 §9.9, 29.229 §6.3.16. */
static bool is_server_change(dm_bytes message)
{
    struct dm_avp reason, code;
    uint32_t vendor = 0, at = SIP_REASON_CODE, value;
    if (!dm_avp_find(message, 0, SIP_DEREGISTRATION_REASON, &reason)) {
        vendor = CX_VENDOR, at = CX_REASON_CODE;
        if (!dm_avp_find(message, CX_VENDOR, CX_DEREGISTRATION_REASON, &reason))
            return false;
    }
    return dm_avp_find_in(reason.data, vendor, at, &code) && dm_avp_get32(&code, &value) &&
           value == SIP_SERVER_CHANGE;
}

/* Another PPR may be on its way yet. */
static enum flow_verdict hear_server_change(struct load_flow *flow, const struct load_pushed *push,
                                            struct load_reply *reply)
{
    if (is_profile(push)) {
        refuse_profile(flow, reply);
        return FLOW_AGAIN;
    }
    return is_server_change(push->message) ? FLOW_NEXT : FLOW_WRONG;
}

static enum flow_verdict hear_abort(struct load_flow *flow, const struct load_pushed *push,
                                    struct load_reply *reply)
{
    (void)flow;
    reply->result = DM_UNKNOWN_SESSION_ID;
    return push->header->command == SIP_ASR ? FLOW_NEXT : FLOW_WRONG;
}

static const struct flow_step push_steps[] = {
    FLOW_REGISTRATION_STEPS,
    {.hear = hear_any},
    {FLOW_SECOND, FLOW_SAME_SESSION, KIND_STR, flow_add_user_name, flow_judge_success,
     .for_sessions = true},
};

static const struct flow_step push_refused_steps[] = {
    FLOW_REGISTRATION_STEPS,
    {.hear = hear_profile},
    {.hear = hear_server_change},
    {FLOW_OTHER_FIRST, .kind = KIND_LIR, .judge = flow_judge_unregistered},
};

static const struct flow_step abort_unknown_steps[] = {
    FLOW_REGISTRATION_STEPS,
    {.hear = hear_abort},
};

const struct flow_table flow_push = {push_steps, sizeof(push_steps) / sizeof(*push_steps)};
const struct flow_table flow_push_refused = {push_refused_steps, sizeof(push_refused_steps) /
                                                                     sizeof(*push_refused_steps)};
const struct flow_table flow_abort_unknown = {
    abort_unknown_steps, sizeof(abort_unknown_steps) / sizeof(*abort_unknown_steps)};
