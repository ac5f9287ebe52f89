/* command_check.h — `antipode check FILE`. */
#pragma once

/* Writes `FILE: ok`, or a line for each mistake, to standard output; 0 or 1, the exit status. */
int command_check(const char *file);
