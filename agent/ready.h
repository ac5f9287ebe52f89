/* ready.h — may requests be sent to this agent? Main thread. */
#pragma once

#include <stdio.h>

#include "agent/agent.h"

/* True when the agent listens, is not on its way out, and every pool with `ready: required` has a
 * member available; else writes why not, a line each. */
bool ready_explain(const struct agent *agent, FILE *to);
