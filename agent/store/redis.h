/* redis.h — bindings that agents share through Redis: one node or a cluster. Methods of store.h.
 *
 * Every worker has one connection to each node and sends its look-ups and writes there, pipelined.
 * The first worker listens to what others change (CLIENT TRACKING) and mends the table of this
 * agent. A request waits for a look-up at most `timeout`; what is late, lost or refused by an open
 * breaker is decided by the hash. What is learnt is written before the answer that taught it and
 * not awaited. How agents agree on groups: docs/STICKINESS.md. */
#pragma once

#include "agent/store/store.h"

/* Main thread; fatal without memory. */
struct store *store_redis_new(const struct conf *conf);
