/* relay_request.h — how a request moves between the parts of the relay. Private to relay*.c. */
#pragma once

#include "agent/relay.h"
#include "routing/decide.h"

struct rt_verdict relay_decide(struct worker *worker, const struct rt_query *query,
                               const struct rt_attempt *attempt);

/* Sends it to this peer, wherever it is at home. Takes what the request owns. */
void relay_send(struct worker *worker, struct relay_request *request, rt_peer to);

/* The same, where the peer should be at home here: into its pending table and its queue, or on to
 * the next. */
void relay_hand_over(struct worker *worker, struct relay_request *request, rt_peer to);

/* `left` cannot have it (for the reason `result`): the next candidate of its route gets it, or its
 * origin gets the last error that a member gave, or `result`. True: it was sent on. */
bool relay_next(struct worker *worker, struct relay_request *request, rt_peer left,
                enum dm_result result);

/* Takes the request out of a slot that was taken from a pending table. */
struct relay_request relay_request_of(const struct rt_waiting *waiting);

/* Frees its images. */
void relay_request_free(struct worker *worker, struct relay_request *request);

/* Frees a slot of the peer: the counters know. */
void relay_forget(struct peer *peer);
