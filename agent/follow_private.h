/* follow_private.h — between follow.c (hosts), follow_realm.c (realms) and follow_cache.c. */
#pragma once

#include "agent/follow.h"

/* Remembers, as the redirect that the request holds says, that what asks like `query` goes to this
 * host, or realm. Tells all workers. RDR-10, RDR-11, RDR-13. */
void follow_remember(struct worker *worker, const struct relay_request *request,
                     const struct rt_query *query, dm_bytes host, bool is_realm);

/* Is this request remembered to belong to another realm? */
bool follow_recall_realm(struct worker *worker, const struct rt_query *query,
                         struct rt_redirect *found);

enum follow follow_realm(struct peer *from, struct relay_request *request, dm_bytes message);
/* The next member of the realm, or the next realm of the 3011 that the request holds. */
bool follow_realm_next(struct worker *worker, struct relay_request *request);
