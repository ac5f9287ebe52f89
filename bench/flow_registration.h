/* flow_registration.h — the steps that make a user registered, with which other flows begin. */
#pragma once

#include "bench/flow.h"

/* MAA with a challenge and H(A1), which fits the user agent's password. */
enum flow_verdict flow_judge_delegated(struct load_thread *thread, struct load_flow *flow,
                                       const struct load_answer *answer);
/* The same, but the user agent has another's password: its response must not fit. */
enum flow_verdict flow_judge_delegated_to_stranger(struct load_thread *thread,
                                                   struct load_flow *flow,
                                                   const struct load_answer *answer);

#define FLOW_REGISTRATION_STEPS                                                                    \
    {FLOW_FIRST, .kind = KIND_UAR_ANONYMOUS, .judge = flow_judge_found},                           \
        {FLOW_SECOND, .kind = KIND_MAR_ANONYMOUS, .judge = flow_judge_delegated},                  \
        {FLOW_OTHER_FIRST, .kind = KIND_UAR, .judge = flow_judge_found_again},                     \
    {                                                                                              \
        FLOW_SECOND, FLOW_KEPT_SESSION, KIND_SAR, .judge = flow_judge_assigned                     \
    }
