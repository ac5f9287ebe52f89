/* control.h — the control socket: a line is a command, its answer one JSON object on one line. Main
 * thread.
 *
 * What changes anything goes here; who may do it is said by the file's owner, group and mode. */
#pragma once

#include <stdbool.h>

struct agent;
struct control;

/* Opens what `admin.socket` says; NULL with `*works` true where it says none, NULL with `*works`
 * false and a line in the log where it cannot be opened. */
struct control *control_open(struct agent *agent, bool *works);

/* Ends clients that do not take their answer, and those that say nothing. Once a second. NULL is
 * fine. */
void control_tick(struct control *control);

/* Removes the file and ends all clients; its loop handles close with the loop. NULL is fine. */
void control_close(struct control *control);
