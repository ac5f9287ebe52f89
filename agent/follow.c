/* follow.c — a 3006: the request goes to the first of its Redirect-Hosts that can have it. */
#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/destination.h"
#include "agent/follow_private.h"
#include "agent/guest.h"
#include "agent/local.h"
#include "agent/park.h"
#include "proto/uri.h"

bool follow_read(struct worker *worker, struct rt_query *query, dm_bytes message)
{
    struct dm_fault fault;
    return rt_query_read(query, message, worker->conf->tables.own_identity, false, &fault) == DM_OK;
}

/* --- the Redirect-Hosts of an answer --- */

struct hosts {
    struct dm_avps walk;
    unsigned number; /* of the one last given, from 1 */
};

static struct hosts hosts_of(dm_bytes answer)
{
    return (struct hosts){.walk = dm_avps_of(answer)};
}

static bool next_host(struct hosts *hosts, struct dm_avp *avp)
{
    while (dm_avps_next(&hosts->walk, avp)) {
        if (avp->vendor || avp->code != DM_AVP_REDIRECT_HOST)
            continue;
        hosts->number++;
        return true;
    }
    return false;
}

/* Is there a Redirect-Host, and can each be read? RDR-17. */
static bool is_readable(dm_bytes answer)
{
    struct hosts hosts = hosts_of(answer);
    struct dm_avp avp;
    struct dm_uri uri;
    while (next_host(&hosts, &avp))
        if (!dm_uri_read(&uri, avp.data))
            return false;
    return hosts.number > 0;
}

/* --- may this host have it? --- */

static bool was_tried(const struct relay_request *request, rt_peer peer)
{
    for (uint8_t i = 0; i < request->tried_count; i++)
        if (rt_peer_equal(request->tried[i], peer))
            return true;
    return false;
}

struct choice {
    rt_peer peer;
    dm_bytes host;
    bool repeats; /* a host was named that has had the request already */
};

/* The rules of any candidate (RTE step 14). Who is a peer here is allowed here: RDR-08. */
bool follow_may_have(struct worker *worker, const struct relay_request *request,
                     const struct rt_query *query, dm_bytes host, struct rt_seen *seen)
{
    *seen = (struct rt_seen){0};
    return worker->world.host(worker, host, query->header.application, seen) &&
           !was_tried(request, seen->peer) && seen->reach != RT_UNREACHABLE && seen->advertises &&
           !seen->is_client && !seen->is_busy && !rt_peer_equal(seen->peer, request->ingress) &&
           !(query->route_records && rt_query_has_passed(query, host));
}

static bool may_have(struct worker *worker, const struct relay_request *request,
                     const struct rt_query *query, dm_bytes host, struct choice *choice)
{
    struct rt_seen seen;
    if (!follow_may_have(worker, request, query, host, &seen)) {
        choice->repeats = choice->repeats || was_tried(request, seen.peer);
        return false;
    }
    choice->peer = seen.peer;
    choice->host = host;
    return true;
}

static bool choose(struct worker *worker, const struct relay_request *request,
                   const struct rt_query *query, struct choice *choice)
{
    struct hosts hosts = hosts_of(image_bytes(request->last_error));
    struct dm_avp avp;
    struct dm_uri uri;
    worker->asked_application = board_application(worker->board, query->header.application);
    while (next_host(&hosts, &avp))
        if (dm_uri_read(&uri, avp.data) && may_have(worker, request, query, uri.host, choice))
            return true;
    return false;
}

/* --- on its way --- */

static bool is_proxied(const struct worker *worker, const struct relay_request *request)
{
    const struct rt_route *route = rt_route_numbered(&worker->conf->tables, request->route);
    return route && route->action == RT_PROXY;
}

/* RDR-07: a proxy names the host, as a client that follows a redirect would; a relay changes
 * nothing. */
static void name_host(struct worker *worker, struct relay_request *request, dm_bytes host)
{
    if (!is_proxied(worker, request) || request->names_host) /* as it is sent: proxy_forward */
        return;
    struct image *image = destination_with_host(&worker->memory, image_bytes(request->image), host);
    if (!image)
        return;
    memory_image_free(&worker->memory, request->image);
    request->image = image;
}

void follow_name_host(struct relay_request *request)
{
    struct dm_avp avp;
    if (!dm_avp_find(image_bytes(request->image), 0, DM_AVP_DESTINATION_HOST, &avp))
        request->names_host = true;
}

static bool go_on(struct worker *worker, struct relay_request *request, bool *repeats)
{
    struct rt_query query;
    struct choice choice = {0};
    if (!follow_read(worker, &query, image_bytes(request->image)))
        return false;
    bool has_host = choose(worker, request, &query, &choice);
    *repeats = choice.repeats;
    if (!has_host)
        return false;
    follow_remember(worker, request, &query, choice.host, false);
    name_host(worker, request, choice.host);
    request->pool = -1;
    request->why = RT_BY_REDIRECT;
    request->teaches = RT_TEACHES;
    relay_send(worker, request, choice.peer);
    return true;
}

/* The next host that may be dialled: the request waits until it is there, or will not be. */
static bool wait_for_host(struct worker *worker, struct relay_request *request)
{
    uint64_t until = worker->now + worker->conf->timers.connect + worker->conf->timers.capabilities;
    struct hosts hosts = hosts_of(image_bytes(request->last_error));
    struct dm_avp avp;
    struct dm_uri uri;
    while (next_host(&hosts, &avp) && hosts.number <= UINT8_MAX) {
        if (hosts.number <= request->dialled || !dm_uri_read(&uri, avp.data))
            continue;
        request->dialled = (uint8_t)hosts.number;
        if (guest_ask(worker, &uri))
            return park_request(worker, request, guest_what(uri.host), until);
    }
    return false;
}

/* To a host that is there; else to one that can be had. */
static bool move_on(struct worker *worker, struct relay_request *request, bool *repeats)
{
    return go_on(worker, request, repeats) || wait_for_host(worker, request);
}

void follow_resume(struct worker *worker, struct relay_request *request)
{
    bool repeats;
    if (request->deadline <= worker->now || !move_on(worker, request, &repeats))
        relay_end(worker, request, DM_UNABLE_TO_DELIVER);
}

bool follow_next(struct worker *worker, struct relay_request *request, rt_peer left)
{
    bool repeats;
    if (request->tried_count >= RT_TRIED_MAX)
        return false;
    request->tried[request->tried_count++] = left;
    if (request->tried_count >= RT_TRIED_MAX || request->deadline <= worker->now)
        return false;
    return request->by_realm ? follow_realm_next(worker, request)
                             : move_on(worker, request, &repeats);
}

/* --- the answer that redirects --- */

static bool is_followed(const struct peer *from, const struct rt_waiting *waiting)
{
    return from->worker->conf->redirects.follow && !waiting->is_fixed && waiting->route >= 0 &&
           waiting->tried_count + 1 < RT_TRIED_MAX && waiting->deadline > from->worker->now;
}

/* RDR-09: the way goes round in circles, or is too long. The client would do no better. */
static enum follow stop(struct worker *worker, struct relay_request *request)
{
    local_answer(worker, request->origin, request->route, worker->now, image_bytes(request->image),
                 DM_UNABLE_TO_DELIVER, NULL);
    relay_request_free(worker, request);
    return FOLLOW_DONE;
}

static enum follow follow_hosts(struct peer *from, struct relay_request *request, dm_bytes message)
{
    struct worker *worker = from->worker;
    struct image *before = request->last_error;
    bool repeats = false;
    if (!is_readable(message))
        return FOLLOW_FAILED;
    if (request->hops > worker->conf->redirects.hops)
        return stop(worker, request);
    request->last_error = memory_image(&worker->memory, message);
    request->by_realm = false;
    request->dialled = 0;
    if (move_on(worker, request, &repeats)) {
        memory_image_free(&worker->memory, before);
        stats_add(&peer_stats(from)->resends_redirect, 1);
        return FOLLOW_DONE;
    }
    memory_image_free(&worker->memory, request->last_error);
    request->last_error = before;
    return repeats ? stop(worker, request) : FOLLOW_NOT;
}

enum follow follow_answer(struct peer *from, const struct rt_waiting *waiting, dm_bytes message,
                          uint32_t result)
{
    if (!is_followed(from, waiting))
        return FOLLOW_NOT;
    struct relay_request request = relay_request_of(waiting);
    request.redirected_by = request.tried_count;
    request.tried[request.tried_count++] = from->self;
    request.hops++;
    if (result == DM_REALM_REDIRECT_INDICATION)
        return follow_realm(from, &request, message);
    return follow_hosts(from, &request, message);
}
