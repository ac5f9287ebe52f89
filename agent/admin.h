/* admin.h — the HTTP endpoint: /metrics, /healthz, /readyz, /api/v1/... Read only, on the main
 * loop, never on a worker. */
#pragma once

#include <stdbool.h>

struct admin;
struct agent;

/* Opens what `admin.http` says; NULL with `*works` true where it says none, NULL with `*works`
 * false and a line in the log where it cannot be opened. */
struct admin *admin_open(struct agent *agent, bool *works);

/* Closes the endpoint; its loop handles close with it. NULL is fine. */
void admin_close(struct admin *admin);
