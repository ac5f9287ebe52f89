/* control_command.h — what can be asked of a running agent, whoever carries the words: the control
 * socket, or the HTTP endpoint. Main thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct agent;
struct errand;

enum { CONTROL_WORDS = 4 };

struct control_command {
    const char *name;
    unsigned least; /* words that follow the name */
    unsigned most;
    const char *words; /* "PEER [CAUSE]" */
    const char *help;
};

extern const struct control_command control_commands[];
extern const size_t control_command_count;

/* NULL: there is none of this name. */
const struct control_command *control_command_named(const char *name);

/* One JSON object on one line, without a line end. Takes `text`. */
typedef void (*control_done)(void *context, char *text, size_t size);

/* Carries out one line. NULL if `done` was called already; else it is called
 * later, unless the errand is cancelled. `who` asks is for the log. */
struct errand *control_ask(struct agent *agent, const char *line, const char *who,
                           control_done done, void *context);
/* Whoever asked has gone. */
void control_cancel(struct errand *errand);
