/* park.h — requests that wait for something that is not here yet: a binding for which the store was
 * asked, a host that is being dialled.
 *
 * The request waits, its worker does not. `what` is whatever the request waits for, a hash in 64
 * bits; everybody who waits for the same wakes together, in the order in which they came. Nobody
 * waits longer than he said: the worker's loop has a timer for the earliest. A place of the ledger,
 * `held_parked`. One list a worker, no locks. */
#pragma once

#include "agent/relay.h"

enum { PARK_MAX = 4096 }; /* requests a worker */

/* Never NULL. Its memory for the requests comes with the first. */
struct park *park_new(struct worker *worker);
void park_free(struct park *park);
/* On the worker's loop: its timer begins and ends. */
void park_open(struct park *park);
void park_close(struct park *park);

/* Keeps the request until park_wake(what) or `until_ns`, at most until its deadline. Takes the
 * images. False: the list is full and the request untouched. */
bool park_request(struct worker *worker, struct relay_request *request, uint64_t what,
                  uint64_t until_ns);

/* What they waited for is known, or it is known that nobody will tell: all who wait for `what` are
 * resumed, `without_store` unless `is_known`. */
void park_wake(struct worker *worker, uint64_t what, bool is_known);

/* Resumes those whose time is up, `without_store`. From the loop's check phase, after sockets were
 * read. */
void park_tick(struct worker *worker);
/* Moves all times by `late` ns: time that nobody listened. */
void park_delay(struct worker *worker, uint64_t late);
/* Answers all with 3002: the end of the agent. */
void park_give_up(struct worker *worker);
