/* proxy.h — what a route with `action: proxy` does beyond relaying: policies on requests and
 * answers, the application's Destination-Host, and the end of sessions that it refuses.
 *
 * RFC 6733 §2.8.2, §6.2.2; 29.229 §5.5. On the worker's thread. */
#pragma once

#include "agent/relay.h"
#include "routing/decide.h"
#include "routing/policy.h"

/* Is this the number of a proxy's route? NULL: no. */
const struct rt_route *proxy_route(const struct worker *worker, int32_t route);

/* What the route makes of a request before it is sent: `*message` becomes that, good until the next
 * call on this worker. False: it was answered. */
bool proxy_request(struct worker *worker, const struct rt_route *route, struct rt_origin origin,
                   dm_bytes *message);

/* What the route wants of the request on its way, once it has its image. Policies are kept. */
void proxy_begin(const struct rt_route *route, struct relay_request *request);

/* The same for a request that has its image already. False: it was answered, and what it owned is
 * freed. */
bool proxy_resume(struct worker *worker, const struct rt_route *route,
                  struct relay_request *request);

/* Does the route name the host to which a request goes that names none itself? Cx and Sh: PXY-07.
 */
bool proxy_names_host(const struct rt_route *route, dm_bytes message);

/* Writes the image of a request as it is sent to `peer`, its host named: at most PROXY_NAMES_MAX
 * octets more than the image has. Returns the size. */
enum { PROXY_NAMES_MAX = 2 * DM_ROUTE_RECORD_MAX };
size_t proxy_forward(const struct peer *peer, uint8_t *to, dm_bytes image, uint32_t hop_by_hop,
                     bool retransmit);

/* What the policies make of a server's answer: `*answer` becomes what the client gets. False: it
 * cannot be delivered; the client gets our own. `from` is who gave it, or NULL where he is gone:
 * where success became failure, his session is ended. `request` is the image. */
bool proxy_answer(struct worker *worker, struct rt_policies *policies, struct peer *from,
                  dm_bytes request, dm_bytes *answer);
/* Our own answer, in the place of one that proxy_answer could not make. */
void proxy_answer_too_large(struct worker *worker, struct rt_origin origin, int32_t route,
                            dm_bytes request);

/* A pending request of our own: nobody waits for its answer. */
static inline bool proxy_is_own(const struct rt_waiting *waiting)
{
    return waiting->image == NULL;
}

/* It was taken from the table of `peer`. */
void proxy_own_ended(struct peer *peer, enum stats_termination how);
