/* follow.h — where a redirect says that a request belongs: follows a 3006 or a 3011, and remembers.
 *
 * A request that follows has `hops` > 0 and holds the answer that sent it on as its last_error: the
 * next host is taken from there if one fails, and the client gets it if all do. Each worker has the
 * whole cache (routing/redirect.h); who learns something tells the others before the request is
 * sent. Worker thread. RFC 6733 §6.1.8, RFC 7075 §3.2.2; RDR-05 to RDR-18. */
#pragma once

#include "agent/relay_request.h"
#include "routing/learn.h"

void follow_init(struct worker *worker);
void follow_fini(struct worker *worker);

enum follow {
    FOLLOW_NOT,    /* it is an answer like any other; `waiting` is as it was */
    FOLLOW_FAILED, /* as if the candidate had failed: RDR-17; likewise */
    FOLLOW_DONE,   /* the request has moved on, or was answered; `waiting` is used up */
};

/* An answer with the Result-Code 3006 or 3011 from `from`. */
enum follow follow_answer(struct peer *from, const struct rt_waiting *waiting, dm_bytes message,
                          uint32_t result);

/* Is this a result that redirects? */
static inline bool follow_concerns(uint32_t result)
{
    return result == DM_REDIRECT_INDICATION || result == DM_REALM_REDIRECT_INDICATION;
}

/* `left` cannot have a request that follows: the next host of its redirect gets it. False: there is
 * none, and the request is as it was but for `tried`. */
bool follow_next(struct worker *worker, struct relay_request *request, rt_peer left);

/* A proxy's request goes where a redirect has said before: its host is named as it is sent, unless
 * it has one. RDR-07. */
void follow_name_host(struct relay_request *request);

/* Reads what routing needs of a request that was accepted before. */
bool follow_read(struct worker *worker, struct rt_query *query, dm_bytes message);

/* May this host have the request? What it is then is in `seen`; worker->asked_application is that
 * of the request. */
bool follow_may_have(struct worker *worker, const struct relay_request *request,
                     const struct rt_query *query, dm_bytes host, struct rt_seen *seen);

/* A request that waited for a host goes on, or ends. */
void follow_resume(struct worker *worker, struct relay_request *request);

/* The answer to a request that a redirect sent to its host: if it shows that several names are one
 * user, what ALL_USER says of one of them holds for all. RDR-12, STK-11. */
void follow_learn(struct worker *worker, const struct rt_waiting *waiting, dm_bytes answer,
                  const struct rt_result *result);

/* The configuration is another: `redirects.cache` may be. */
void follow_switch(struct worker *worker);

/* What routing asks of the cache: rt_world.redirected. `context` is the worker. */
bool follow_redirected(void *context, const struct rt_query *query, const struct rt_key *user,
                       rt_peer chosen, struct rt_seen *seen, dm_bytes *host);

/* Is a request with this verdict known to belong to another realm? Then it is given for that one,
 * to be freed, and the verdict is that of there; else NULL. RDR-18. */
struct image *follow_known_realm(struct worker *worker, rt_peer ingress,
                                 const struct rt_query *query, struct rt_verdict *verdict);

/* A connection of this peer has ended: what pointed to it is forgotten, by all workers. RDR-15. */
void follow_lost(struct peer *peer);

/* A letter of another worker: it has learnt, or lost, something. */
void follow_open(struct worker *worker, const struct letter *letter);

/* Removes some of what is over. For the tick. */
void follow_sweep(struct worker *worker);
