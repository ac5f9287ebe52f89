/* flow_push.c — RFC 4740 §6.6: the Diameter server sends a profile to who serves the user.
 *
 * The user is registered (§6.3); the flow ends with the first PPR, or RTR, that names him. The
 * server decides when that is (antipode-hss --push); one that does not come within --timeout is the
 * error `flow`. */
#include "bench/flow_registration.h"

static const struct flow_step steps[] = {FLOW_REGISTRATION_STEPS};

const struct flow_table flow_push = {steps, sizeof(steps) / sizeof(*steps), true};
