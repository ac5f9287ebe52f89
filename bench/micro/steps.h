/* steps.h — the parts of a message's way through an agent, each over a batch of messages.
 *
 * A batch is what a saturated agent reads in one turn: requests of as many users, one behind the
 * other. All steps of a cycle run in their order, since each takes what the one before it made. The
 * steps are those of agent/relay.c and agent/relay_answer.c without sockets, counters and other
 * workers. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct micro;

struct micro_step {
    const char *name;
    const char *what;
    void (*prepare)(struct micro *micro); /* not measured; may be NULL */
    void (*run)(struct micro *micro);
};

enum { MICRO_BATCH = 256, MICRO_STEPS = 13 };
extern const struct micro_step micro_steps[MICRO_STEPS];

/* A pool of four members chosen stickily, and a batch of UARs. Fatal without memory. */
struct micro *micro_new(void);
void micro_free(struct micro *micro);

/* The mean size of a request as received, and of an answer. */
size_t micro_request_octets(const struct micro *micro);
size_t micro_answer_octets(const struct micro *micro);
