/* command_ctl.h — `antipode ctl`: asks a running agent, and shows what it says. */
#pragma once

/* `arguments[0]` is "ctl". Returns the exit status: 0 done, 1 the agent could not or is not there,
 * 2 the command line was wrong. */
int command_ctl(int count, char **arguments);
