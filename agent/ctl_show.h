/* ctl_show.h — what a command answered, for people. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* Fields that are not there are shown as "-": the agent may be of another version. */
void ctl_show(const char *command, const json_t *answer, FILE *to);
