/* discoveries.h — the searches for realms that are under way. Main thread. */
#pragma once

#include "agent/mailbox.h"

struct agent;

enum { DISCOVERIES_MAX = 64 };

/* A worker wants to know who serves a realm: all workers are told. */
void discoveries_begin(struct agent *agent, const struct letter *letter);
