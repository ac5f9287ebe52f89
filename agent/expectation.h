/* expectation.h — EXPECT.yaml: requests, and where they are expected to go.
 *
 * A list of { name, request, down, pending, expect }; see antipode(8). Its mistakes are all
 * reported with their places, as those of the configuration are. */
#pragma once

#include "agent/conf/arena.h"
#include "agent/rehearsal_request.h"

struct expectation_pending {
    const char *peer;
    uint32_t requests;
};

struct expectation {
    const char *name;
    struct rehearsal_request request;
    size_t down_count;
    const char **down;
    size_t pending_count;
    struct expectation_pending *pending;
    /* What is expected. NULL or 0: not asked for; "-": none. */
    const char *route;
    const char *action;
    const char *pool;
    const char *peer; /* lower case */
    uint32_t result;
    uint32_t vendor; /* not 0: of an Experimental-Result, "10415:5004" */
};

/* All that the file has; its texts live in the arena. */
struct expectations {
    struct conf_arena arena;
    size_t count;
    struct expectation *at;
};

/* Reads `octets`, whose file is `name`; false with the mistakes in `complaints`. Peers, routes and
 * pools are those of `conf`. */
bool expectations_read(struct expectations *all, const char *name, dm_bytes octets,
                       const struct conf *conf, FILE *complaints);
void expectations_fini(struct expectations *all);
