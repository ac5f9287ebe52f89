/* relay_request.h — how a request moves between the parts of the relay. Private to relay*.c and
 * park.c. */
#pragma once

#include "agent/relay.h"
#include "routing/decide.h"

void relay_decide(struct worker *worker, const struct rt_query *query,
                  const struct rt_attempt *attempt, struct rt_verdict *verdict);

/* The same for a request that is held: its image is read again. */
struct rt_verdict relay_decide_again(struct worker *worker, const struct relay_request *request,
                                     bool without_store);

/* A request as it was read, to be held: its route is chosen, too, when it goes on. */
struct relay_request relay_undecided(struct peer *from, dm_bytes message, struct rt_origin origin);

/* A binding is being looked up: the request of `message` waits for it. False: it cannot; decide
 * without the store. */
bool relay_park(struct peer *from, dm_bytes message, struct rt_origin origin,
                const struct rt_verdict *verdict);

/* The image of a request: as received, and behind it the Route-Record of the peer it came from. */
struct image *relay_image(struct peer *from, dm_bytes message);

/* Does this client have so many under way that the peer, more than half full, refuses it? */
bool relay_is_greedy(const struct peer *from, rt_peer to);

/* The same for a request that waited: its client may have more under way than when it came. */
bool relay_is_refused(const struct worker *worker, const struct relay_request *request, rt_peer to);

/* Sends it to this peer, wherever it is at home. Takes what the request owns. */
void relay_send(struct worker *worker, struct relay_request *request, rt_peer to);

/* The same, where the peer should be at home here: into its pending table and its queue, or on to
 * the next. */
void relay_hand_over(struct worker *worker, struct relay_request *request, rt_peer to);

/* `left` cannot have it (for the reason `result`): the next candidate of its route gets it, or its
 * origin gets the last error that a member gave, or `result`. True: it was sent on. */
bool relay_next(struct worker *worker, struct relay_request *request, rt_peer left,
                enum dm_result result);

/* Ends a request that nobody else can have: with the last error that a member gave (ANS-06), or
 * with `result`. Frees it. */
void relay_end(struct worker *worker, struct relay_request *request, enum dm_result result);

/* Takes the request out of a slot that was taken from a pending table. */
struct relay_request relay_request_of(const struct rt_waiting *waiting);

/* Frees what it owns. */
void relay_request_free(struct worker *worker, struct relay_request *request);

/* Frees a slot of the peer: the counters know. */
void relay_forget(struct peer *peer);
