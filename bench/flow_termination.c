/* flow_termination.c — RFC 4740 §6.7: the ways in which a SIP server 2 ends a registration.
 *
 * The user is registered (§6.3), then by turns ended and registered again: SAR with each of the
 * types 4 to 8 and 11. The odd ones bear User-Name alone, which means all his AORs (§8.3). Types 6
 * and 7 ask to keep SIP server 2's name; 2006 says that it is not. With Auth-Session-State
 * STATE_MAINTAINED he is registered once more, and STR ends that session. */
#include "bench/flow_registration.h"

static enum flow_verdict judge_ended(struct load_thread *thread, struct load_flow *flow,
                                     const struct load_answer *answer)
{
    (void)thread, (void)flow;
    return flow_result(answer, 2001, 0) ? FLOW_NEXT : FLOW_WRONG;
}

static enum flow_verdict judge_kept(struct load_thread *thread, struct load_flow *flow,
                                    const struct load_answer *answer)
{
    (void)thread, (void)flow;
    return flow_result(answer, 2001, 0) || flow_result(answer, 2006, 2004) ? FLOW_NEXT : FLOW_WRONG;
}

/* Registered again; ended in this way. */
#define BEGIN                                                                                      \
    {                                                                                              \
        FLOW_SECOND, .kind = KIND_SAR, .judge = flow_judge_assigned                                \
    }
#define END(how, add, judge)                                                                       \
    {                                                                                              \
        FLOW_SECOND, 0, KIND_SAR_OTHER, add, judge, .type = SIP_##how                              \
    }

static const struct flow_step steps[] = {
    FLOW_REGISTRATION_STEPS,
    END(TIMEOUT_DEREGISTRATION, flow_add_assignment, judge_ended),
    BEGIN,
    END(USER_DEREGISTRATION, flow_add_assignment_of_name, judge_ended),
    BEGIN,
    END(TIMEOUT_DEREGISTRATION_STORE, flow_add_assignment, judge_kept),
    BEGIN,
    END(USER_DEREGISTRATION_STORE, flow_add_assignment_of_name, judge_kept),
    BEGIN,
    END(ADMINISTRATIVE_DEREGISTRATION, flow_add_assignment, judge_ended),
    BEGIN,
    END(DEREGISTRATION_TOO_MUCH_DATA, flow_add_assignment_of_name, judge_ended),
    {FLOW_SECOND, FLOW_KEPT_SESSION, KIND_SAR, .judge = flow_judge_assigned, .for_sessions = true},
    {FLOW_SECOND, FLOW_SAME_SESSION, KIND_STR, flow_add_user_name, flow_judge_success,
     .for_sessions = true},
};

const struct flow_table flow_termination = {steps, sizeof(steps) / sizeof(*steps)};
