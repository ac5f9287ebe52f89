/* front.h — the front desk: listeners, and arrivals that have not yet sent their CER. Main thread.
 *
 * An arrival moves exactly once: when its CER names the peer, a letter carries wire and octets to
 * the peer's home. A CER that leads to no peer is answered here. Strangers are bounded: by
 * `half_open`, of which one address has no more than its share for long (crowds.h), by the
 * capabilities timer, by the size of what they may send before they are known.
 * PSM-07, SEC-15. What an arrival goes through: arrival.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "agent/conf/conf.h"
#include "agent/crowds.h"

struct agent;
struct arrival;
struct listener;

struct front {
    struct agent *agent;
    struct listener *listeners;
    struct arrival *first; /* all arrivals */
    unsigned half_open;
    struct crowds crowds;  /* the same arrivals by address */
    bool is_paused;        /* `half_open` is full, or there are no descriptors */
    uint64_t paused_until; /* real time; 0: until there is room */
};

/* Opens all listeners; false with a line in the log: address and error. */
bool front_open(struct front *front, struct agent *agent);

/* Opens the listeners of another configuration that are not there, then closes those it has not.
 * False, with a line in `complaints` and nothing changed, where one cannot be opened. */
bool front_listen(struct front *front, const struct conf *conf, FILE *complaints);

/* Closes listeners and arrivals. Handles close with the loop. */
void front_close(struct front *front);

/* Ends arrivals whose time is over. */
void front_tick(struct front *front);

/* One arrival less. */
void front_has_left(struct front *front);
