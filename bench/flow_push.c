/* flow_push.c — RFC 4740 §6.6 and §6.7: the Diameter server sends something to who serves the user.
 *
 * The user is registered (§6.3); then the flow waits for the first PPR, RTR or ASR that names him.
 * The server decides when that is (antipode-hss --push); one that does not come within --timeout is
 * the error `flow`. With Auth-Session-State STATE_MAINTAINED, STR then ends the session, as it has
 * to after an ASR. */
#include "bench/flow_registration.h"

static const struct flow_step steps[] = {
    FLOW_REGISTRATION_STEPS,
    {FLOW_SECOND, FLOW_SAME_SESSION, KIND_STR, flow_add_user_name, flow_judge_success,
     .for_sessions = true},
};

enum { STR_STEP = sizeof(steps) / sizeof(*steps) - 1 };

const struct flow_table flow_push = {steps, sizeof(steps) / sizeof(*steps), STR_STEP};
