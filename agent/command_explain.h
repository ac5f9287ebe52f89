/* command_explain.h — `antipode explain FILE REQUEST`. */
#pragma once

/* `arguments[0]` is "explain". Writes to standard output, what is wrong to standard error; returns
 * the exit status: 0, 1 where a file is bad, 2 where the command line was wrong. */
int command_explain(int count, char **arguments);
