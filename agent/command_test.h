/* command_test.h — `antipode test FILE EXPECT.yaml`. */
#pragma once

/* `arguments[0]` is "test". Writes a line for each expectation to standard output, mistakes of the
 * files to standard error; returns the exit status: 0, 1 where something is otherwise or a file is
 * bad, 2 where the command line was wrong. */
int command_test(int count, char **arguments);
