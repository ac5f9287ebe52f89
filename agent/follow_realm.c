/* follow_realm.c — a 3011: a proxy sends the request to another realm. RFC 7075 §3.2.2. */
#include "agent/destination.h"
#include "agent/follow_private.h"

enum { REDIRECT_REALM = 620 };

static bool does_realms(const struct worker *worker, uint32_t application)
{
    const struct conf_redirects *redirects = &worker->conf->redirects;
    for (uint32_t i = 0; i < redirects->realm_redirect_count; i++)
        if (redirects->realm_redirect[i] == application)
            return true;
    return false;
}

/* Only proxies, of applications that define it. RDR-18. */
static bool is_concerned(const struct worker *worker, int32_t route, const uint8_t *message)
{
    const struct rt_route *it = rt_route_numbered(&worker->conf->tables, route);
    return it && it->action == RT_PROXY && does_realms(worker, dm_get32(message + 8));
}

/* Does routing know a member of that realm that may have it? */
static bool decide(struct worker *worker, const struct rt_attempt *attempt, dm_bytes message,
                   struct rt_verdict *verdict)
{
    struct rt_query query;
    if (!follow_read(worker, &query, message))
        return false;
    relay_decide(worker, &query, attempt, verdict);
    return verdict->kind == RT_FORWARD;
}

static struct rt_attempt attempt_of(const struct worker *worker,
                                    const struct relay_request *request)
{
    struct rt_attempt attempt = {.now = worker->now,
                                 .ingress = request->ingress,
                                 .tried_count = request->tried_count,
                                 .without_store = true,
                                 .route = -1};
    memcpy(attempt.tried, request->tried, sizeof *attempt.tried * request->tried_count);
    return attempt;
}

static void send_on(struct worker *worker, struct relay_request *request,
                    const struct rt_verdict *verdict)
{
    request->route = verdict->route;
    request->pool = verdict->pool;
    request->why = (uint8_t)verdict->why;
    request->teaches = (uint8_t)verdict->teaches;
    relay_send(worker, request, verdict->peer);
}

/* The request for that realm, and who gets it; NULL: nobody there can have it. */
static struct image *readdress(struct worker *worker, dm_bytes message, dm_bytes realm,
                               const struct rt_attempt *attempt, struct rt_verdict *verdict)
{
    struct image *image = dm_identity_is_valid(realm)
                              ? destination_with_realm(&worker->memory, message, realm)
                              : NULL;
    if (!image || decide(worker, attempt, image_bytes(image), verdict))
        return image;
    memory_image_free(&worker->memory, image);
    return NULL;
}

/* What asks the same goes to that realm for a while: RFC 7075 §3.2.2, 3 A. What it asks is in the
 * request as it was before. */
static void remember(struct worker *worker, const struct relay_request *request, dm_bytes realm)
{
    struct rt_query query;
    if (follow_read(worker, &query, image_bytes(request->image)))
        follow_remember(worker, request, &query, realm, true);
}

static bool try_realm(struct worker *worker, struct relay_request *request, dm_bytes realm)
{
    struct rt_verdict verdict;
    struct rt_attempt attempt = attempt_of(worker, request);
    struct image *image = readdress(worker, image_bytes(request->image), realm, &attempt, &verdict);
    if (!image)
        return false;
    if (!request->by_realm)
        remember(worker, request, realm);
    request->by_realm = true;
    memory_image_free(&worker->memory, request->image);
    request->image = image;
    send_on(worker, request, &verdict);
    return true;
}

/* --- the Redirect-Realms of an answer, in order --- */

static bool next_realm(struct dm_avps *walk, struct dm_avp *avp)
{
    while (dm_avps_next(walk, avp))
        if (avp->vendor == 0 && avp->code == REDIRECT_REALM)
            return true;
    return false;
}

/* The first realm of the rest of the walk that works out. */
static bool try_rest(struct worker *worker, struct relay_request *request, struct dm_avps *walk)
{
    struct dm_avp avp;
    while (next_realm(walk, &avp))
        if (try_realm(worker, request, avp.data))
            return true;
    return false;
}

/* Behind the one that the request is addressed to now. */
static struct dm_avps rest_of_realms(const struct relay_request *request)
{
    struct dm_avps walk = dm_avps_of(image_bytes(request->last_error));
    struct dm_avp avp;
    struct dm_avp now;
    if (!dm_avp_find(image_bytes(request->image), 0, DM_AVP_DESTINATION_REALM, &now))
        return walk;
    while (next_realm(&walk, &avp))
        if (dm_identity_equal(avp.data, now.data))
            break;
    return walk;
}

bool follow_realm_next(struct worker *worker, struct relay_request *request)
{
    struct rt_verdict verdict;
    struct rt_attempt attempt = attempt_of(worker, request);
    if (decide(worker, &attempt, image_bytes(request->image), &verdict)) {
        send_on(worker, request, &verdict);
        return true;
    }
    struct dm_avps rest = rest_of_realms(request);
    return try_rest(worker, request, &rest);
}

/* --- a 3011, and what one taught --- */

enum follow follow_realm(struct peer *from, struct relay_request *request, dm_bytes message)
{
    struct worker *worker = from->worker;
    struct image *before = request->last_error;
    if (!is_concerned(worker, request->route, request->image->octets) ||
        request->hops > worker->conf->redirects.hops)
        return FOLLOW_NOT;
    request->last_error = memory_image(&worker->memory, message);
    request->by_realm = false;
    struct dm_avps walk = dm_avps_of(image_bytes(request->last_error));
    if (try_rest(worker, request, &walk)) {
        memory_image_free(&worker->memory, before);
        stats_add(&peer_stats(from)->resends_redirect, 1);
        return FOLLOW_DONE;
    }
    memory_image_free(&worker->memory, request->last_error);
    return FOLLOW_NOT;
}

struct image *follow_known_realm(struct worker *worker, rt_peer ingress,
                                 const struct rt_query *query, struct rt_verdict *verdict)
{
    struct rt_redirect found;
    struct rt_verdict there;
    struct rt_attempt attempt = {.now = worker->now, .ingress = ingress, .route = -1};
    attempt.without_store = true;
    if (verdict->is_fixed || verdict->route < 0 ||
        !is_concerned(worker, verdict->route, query->message.at) ||
        !follow_recall_realm(worker, query, &found))
        return NULL;
    struct image *image = readdress(worker, query->message, found.host, &attempt, &there);
    if (image)
        *verdict = there;
    return image;
}
