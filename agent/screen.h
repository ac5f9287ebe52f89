/* screen.h — which requests of a peer are let in: step 5 of docs/ROUTING.md, SEC-10.
 *
 * A peer's row may say which applications it uses, which realms it speaks for, what it may ask, and
 * how often. Whatever is refused is answered and counted. A row that says nothing costs a branch.
 */
#pragma once

#include "agent/conf/conf.h"

struct peer;

enum screen_reason {
    SCREEN_ADMITTED,
    SCREEN_ORIGIN, /* it speaks for a realm, or a host, that is not its own: 5003 */
    SCREEN_APPLICATION,
    SCREEN_COMMAND,
    SCREEN_RATE, /* 3004 */
};

/* What `screen` says of a request of the peer `identity`: admitted, or the Result-Code to answer
 * with in `result`. The rate is not asked. */
enum screen_reason screen_look(const struct conf_screen *screen, dm_bytes identity,
                               const struct rt_query *query, enum dm_result *result);

/* One request more at `now`: does the rate admit it? `due` is the peer's, 0 at first; it is when
 * the requests so far would all have come, had they kept their distance. */
bool screen_rate(const struct conf_rate *rate, uint64_t *due, uint64_t now);

/* Both, of a request that this peer, whose row has a screen, has sent: DM_OK, or what to answer
 * with. Counts what is refused. Its worker. */
enum dm_result screen_request(struct peer *from, const struct rt_query *query);

/* What is wrong, as a sentence. */
const char *screen_words(enum screen_reason reason);
