/* learned.h — what answers teach is kept, before whoever they cause can ask for it.
 *
 * At the server's home, before its answer is queued or posted: whatever the answer causes finds
 * what was learnt from it. sip-app.md §9.3; design.md, Users and stickiness. */
#pragma once

#include "agent/relay.h"
#include "routing/learn.h"

/* `from` has answered the request of `waiting`, which is still whole. */
void learned_from_answer(struct peer *from, const struct rt_waiting *waiting, dm_bytes answer,
                         const struct rt_result *result);

/* The same of an answer that says nothing new of the user himself: who is his client? */
void learned_client(struct peer *from, const struct rt_waiting *waiting,
                    const struct rt_result *result);

/* A registration of `query` is sent as it was received: what learned_client wants of it is noted
 * in the request. It is at hand now, and will have left the caches when the answer comes. */
void learned_note_client(const struct peer *from, const struct rt_query *query,
                         struct relay_request *request);

/* Its answer has come: what that needs is fetched meanwhile. */
void learned_expect_client(const struct worker *worker, const struct rt_waiting *waiting);

/* Does the answer name anybody whom its registration does not? */
bool learned_names_others(const struct rt_waiting *waiting, dm_bytes answer);

/* What routing asks on a worker: rt_world.bound, .expect and .wildcard. */
enum rt_lookup learned_find(void *worker, uint64_t key_hash, struct rt_bound *bound);
/* The same of what is known here: nobody else is asked. */
enum rt_lookup learned_here(void *worker, uint64_t key_hash, struct rt_bound *bound);
void learned_expect(void *worker, uint64_t key_hash);
bool learned_wildcard(void *worker, const struct rt_key *key, uint64_t *key_hash);
