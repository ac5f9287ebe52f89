/* command_schema.h — `antipode schema`. */
#pragma once

/* `arguments[0]` is "schema". Writes the JSON Schema of the configuration to standard output;
 * returns the exit status: 0, 1 where it cannot be written, 2 where the command line was wrong. */
int command_schema(int count, char **arguments);
