/* relay_resume.c — requests that wait for a look-up: parked as they were read, decided again when
 * the store has answered or its time is over. */
#include "agent/agent.h"
#include "agent/dns/discover.h"
#include "agent/follow.h"
#include "agent/local.h"
#include "agent/park.h"
#include "agent/proxy.h"
#include "agent/redirect_answer.h"
#include "agent/relay_request.h"

/* Until when: the store's time-out counts from the reading of the request, so two look-ups take no
 * longer than one. */
static uint64_t patience(const struct worker *worker, const struct relay_request *request)
{
    return request->received + worker->conf->bindings.timeout;
}

struct relay_request relay_undecided(struct peer *from, dm_bytes message, struct rt_origin origin)
{
    return (struct relay_request){
        .image = relay_image(from, message),
        .origin = origin,
        .ingress = from->self,
        .received = from->worker->now,
        .deadline = from->worker->now + from->conf->timers.request,
        .route = -1,
        .pool = -1,
    };
}

bool relay_park(struct peer *from, dm_bytes message, struct rt_origin origin,
                const struct rt_verdict *verdict)
{
    struct worker *worker = from->worker;
    struct relay_request request = relay_undecided(from, message, origin);
    if (park_request(worker, &request, verdict->key_hash, patience(worker, &request)))
        return true;
    relay_request_free(worker, &request);
    return false;
}

bool relay_is_refused(const struct worker *worker, const struct relay_request *request, rt_peer to)
{
    const struct peer *from = worker->by_slot[request->ingress.slot];
    return from && rt_peer_equal(from->self, request->ingress) && relay_is_greedy(from, to);
}

/* A reload has made a redirect of its route. */
static void tell(struct worker *worker, struct relay_request *request,
                 const struct rt_verdict *verdict)
{
    redirect_answer(worker, request->origin, image_bytes(request->image), verdict);
    relay_request_free(worker, request);
}

/* Its user is in no row of the table. */
static void reject(struct worker *worker, struct relay_request *request,
                   const struct rt_verdict *verdict)
{
    local_answer_verdict(worker, request->origin, image_bytes(request->image), verdict);
    relay_request_free(worker, request);
}

static void send_proxied(struct worker *worker, struct relay_request *request,
                         const struct rt_verdict *verdict)
{
    if (verdict->why == RT_BY_REDIRECT)
        follow_name_host(request);
    relay_send(worker, request, verdict->peer);
}

static void carry_on(struct worker *worker, struct relay_request *request,
                     const struct rt_verdict *verdict)
{
    bool is_first = request->route < 0; /* what had a route has been through its policies */
    const struct rt_route *proxy = is_first ? proxy_route(worker, verdict->route) : NULL;
    request->route = verdict->route;
    request->pool = verdict->pool;
    request->why = (uint8_t)verdict->why;
    request->teaches = (uint8_t)verdict->teaches;
    request->is_fixed = verdict->is_fixed;
    if (verdict->kind == RT_TELL)
        tell(worker, request, verdict);
    else if (verdict->kind == RT_ANSWER && verdict->is_application_error)
        reject(worker, request, verdict);
    else if (verdict->kind != RT_FORWARD)
        relay_end(worker, request, verdict->result);
    else if (relay_is_refused(worker, request, verdict->peer))
        relay_end(worker, request, DM_TOO_BUSY);
    else if (!proxy)
        relay_send(worker, request, verdict->peer);
    else if (proxy_resume(worker, proxy, request))
        send_proxied(worker, request, verdict);
}

void relay_resume(struct worker *worker, struct relay_request *request, bool without_store)
{
    if (request->hops) {
        follow_resume(worker, request);
        return;
    }
    if (request->by_dns) {
        discover_resume(worker, request);
        return;
    }
    struct rt_verdict verdict = relay_decide_again(worker, request, without_store);
    if (verdict.kind == RT_WAIT) {
        uint64_t until = patience(worker, request);
        if (until > worker->now && park_request(worker, request, verdict.key_hash, until))
            return;
        verdict = relay_decide_again(worker, request, true);
    }
    carry_on(worker, request, &verdict);
}
