/* relay_retry.c — requests that have to move on: failover, retry by result, deadlines, the end.
 *
 * A request does not start over: its image is as it was accepted, its route stands, only the member
 * is chosen anew. */
#include <string.h>

#include "agent/clock.h"
#include "agent/dns/discover.h"
#include "agent/follow.h"
#include "agent/conf/conf_policies.h"
#include "agent/local.h"
#include "agent/log.h"
#include "agent/proxy.h"
#include "agent/relay_request.h"
#include "agent/search.h"

void relay_request_free(struct worker *worker, struct relay_request *request)
{
    memory_image_free(&worker->memory, request->image);
    memory_image_free(&worker->memory, request->last_error);
    conf_policies_drop(request->policies);
    request->image = request->last_error = NULL;
    request->policies = NULL;
}

struct relay_request relay_request_of(const struct rt_waiting *waiting)
{
    struct relay_request request = {
        .image = waiting->image,
        .last_error = waiting->last_error,
        .policies = waiting->policies,
        .origin = waiting->origin,
        .ingress = waiting->ingress,
        .received = waiting->received,
        .deadline = waiting->deadline,
        .searched = waiting->searched,
        .route = waiting->route,
        .pool = waiting->pool,
        .why = waiting->why,
        .teaches = waiting->teaches,
        .is_fixed = waiting->is_fixed,
        .hops = waiting->hops,
        .redirected_by = waiting->redirected_by,
        .dialled = waiting->dialled,
        .by_realm = waiting->by_realm,
        .by_dns = waiting->by_dns,
        .names_host = waiting->names_host,
        .retransmit = waiting->was_retransmitted,
        .tried_count = waiting->tried_count,
    };
    memcpy(request.tried, waiting->tried, sizeof *request.tried * waiting->tried_count);
    return request;
}

void relay_forget(struct peer *peer)
{
    stats_sub(&peer_stats(peer)->pending, 1);
    stats_sub(&peer->worker->stats.held_pending, 1);
}

/* The error that a member gave, as the policies want it; false: none did, or they made it too
 * large. */
static bool deliver_error(struct worker *worker, const struct relay_request *request)
{
    if (!request->last_error)
        return false;
    dm_bytes answer = image_bytes(request->last_error);
    if (request->policies &&
        !proxy_answer(worker, request->policies, NULL, image_bytes(request->image), &answer))
        return false;
    struct outcome outcome = {.origin = request->origin,
                              .since = worker->now,
                              .route = request->route,
                              .kind = STATS_answered};
    outcome_deliver(worker, &outcome, answer);
    return true;
}

/* The end of a request that nobody else can have: the last error a member gave (ANS-06), or our
 * own. */
void relay_end(struct worker *worker, struct relay_request *request, enum dm_result result)
{
    if (request->searched)
        search_forget(worker, request);
    if (!deliver_error(worker, request))
        local_answer(worker, request->origin, request->route, worker->now,
                     image_bytes(request->image), result, NULL);
    relay_request_free(worker, request);
}

struct rt_verdict relay_decide_again(struct worker *worker, const struct relay_request *request,
                                     bool without_store)
{
    struct rt_query query;
    struct dm_fault fault;
    struct rt_verdict verdict;
    struct rt_attempt attempt = {.now = worker->now,
                                 .ingress = request->ingress,
                                 .tried_count = request->tried_count,
                                 .searched = request->searched,
                                 .route = request->route,
                                 .without_store = without_store};
    memcpy(attempt.tried, request->tried, sizeof *attempt.tried * request->tried_count);
    enum dm_result wrong = rt_query_read(&query, image_bytes(request->image),
                                         worker->conf->tables.own_identity, false, &fault);
    if (wrong)
        return (struct rt_verdict){
            .kind = RT_ANSWER, .result = wrong, .route = request->route, .pool = -1};
    relay_decide(worker, &query, &attempt, &verdict);
    return verdict;
}

static bool may_go_on(const struct relay_request *request)
{
    return !request->is_fixed && request->route >= 0 && request->tried_count < RT_TRIED_MAX;
}

/* `left` cannot have it: who can? */
static struct rt_verdict leave(struct worker *worker, struct relay_request *request, rt_peer left)
{
    request->tried[request->tried_count++] = left;
    return relay_decide_again(worker, request, true);
}

static bool carry_out(struct worker *worker, struct relay_request *request,
                      const struct rt_verdict *verdict, enum dm_result result)
{
    if (verdict->kind == RT_FORWARD) {
        request->pool = verdict->pool;
        request->why = (uint8_t)verdict->why;
        request->teaches = (uint8_t)verdict->teaches;
        relay_send(worker, request, verdict->peer);
        return true;
    }
    if (request->searched && search_pass_over(worker, request))
        return true;
    bool is_ours = verdict->kind == RT_ANSWER && !verdict->is_application_error;
    enum dm_result end = is_ours ? verdict->result : DM_UNABLE_TO_DELIVER;
    bool is_kept = result == DM_TOO_BUSY || result == DM_UNABLE_TO_COMPLY;
    relay_end(worker, request, is_kept ? result : end);
    return false;
}

bool relay_next(struct worker *worker, struct relay_request *request, rt_peer left,
                enum dm_result result)
{
    if (request->hops && !request->is_fixed && follow_next(worker, request, left))
        return true;
    if (request->by_dns && !request->is_fixed && discover_next(worker, request, left))
        return true;
    if (request->hops || request->by_dns || !may_go_on(request)) {
        relay_end(worker, request, result);
        return false;
    }
    struct rt_verdict verdict = leave(worker, request, left);
    return carry_out(worker, request, &verdict, result);
}

/* --- failover
 * ------------------------------------------------------------------------------------- */

/* Is everybody who could have it busy, or far behind with his mail? Then it stays in its slot for a
 * later turn, where an answer or its deadline may end it sooner. FOV-11. */
static bool must_wait(struct worker *worker, const struct rt_verdict *verdict)
{
    if (verdict->kind == RT_ANSWER)
        return verdict->result == DM_TOO_BUSY;
    struct board_view view = board_at(worker->board, verdict->peer.slot);
    return !worker_is_home(worker, view) && post_is_behind(&worker->post, view.home);
}

static void take_out(struct peer *peer, struct rt_waiting *slot)
{
    struct rt_waiting taken;
    rt_pending_take(&peer->pending, slot, &taken);
    relay_forget(peer);
}

static void note_moved(struct peer *peer, uint32_t end_to_end)
{
    stats_add(&peer_stats(peer)->resends_failover, 1);
    peer->moved.last = end_to_end;
    if (peer->moved.count++ == 0)
        peer->moved.first = end_to_end;
}

/* One line for each failover, with identifiers by which both servers' records can be found: WDG-16.
 */
static void tell_moved(struct peer *peer)
{
    if (peer->moved.count)
        log_info(peer_name(peer), "failover",
                 log_words("{requests} requests moved, End-to-End {first} to {last}"),
                 log_number("requests", peer->moved.count), log_number("first", peer->moved.first),
                 log_number("last", peer->moved.last));
    peer->moved.count = 0;
}

static void forget_own(struct peer *peer, struct rt_waiting *slot)
{
    struct rt_waiting taken;
    rt_pending_take(&peer->pending, slot, &taken);
    proxy_own_ended(peer, STATS_TERMINATION_lost);
}

/* Moves the request of this slot, or ends it. False: it has to wait. */
static bool move(struct peer *peer, struct rt_waiting *slot)
{
    struct worker *worker = peer->worker;
    uint32_t end_to_end = slot->end_to_end;
    if (proxy_is_own(slot)) {
        forget_own(peer, slot);
        return true;
    }
    struct relay_request request = relay_request_of(slot);
    request.retransmit = true;            /* FOV-02 */
    if (request.hops || request.by_dns) { /* its redirect, or DNS, may name another host */
        take_out(peer, slot);
        if (relay_next(worker, &request, peer->self, DM_UNABLE_TO_DELIVER))
            note_moved(peer, end_to_end);
        return true;
    }
    if (!may_go_on(&request)) {
        take_out(peer, slot);
        relay_end(worker, &request, DM_UNABLE_TO_DELIVER);
        return true;
    }
    struct rt_verdict verdict = leave(worker, &request, peer->self);
    if (must_wait(worker, &verdict))
        return false;
    take_out(peer, slot);
    if (carry_out(worker, &request, &verdict, DM_UNABLE_TO_DELIVER))
        note_moved(peer, end_to_end);
    return true;
}

bool relay_fail_over(struct peer *peer, unsigned most)
{
    struct rt_waiting *slot = rt_pending_next(&peer->pending);
    while (slot && most-- > 0 && move(peer, slot))
        slot = rt_pending_next(&peer->pending);
    peer_publish_load(peer);
    if (peer->pending.used)
        return false;
    tell_moved(peer);
    return true;
}

/* --- deadlines
 * ------------------------------------------------------------------------------------ */

static void time_is_up(struct peer *peer, const struct rt_waiting *waiting)
{
    struct worker *worker = peer->worker;
    struct relay_request request = relay_request_of(waiting);
    if (worker->now + NS_PER_MS >=
        request.deadline) { /* FOV-09: silence alone is no reason to resend */
        request.is_fixed = true;
        relay_next(worker, &request, peer->self, DM_UNABLE_TO_DELIVER);
        return;
    }
    request.retransmit = true; /* the member that is silent may have seen it */
    if (relay_next(worker, &request, peer->self, DM_UNABLE_TO_DELIVER))
        stats_add(&peer_stats(peer)->resends_timeout, 1);
}

bool relay_expire(struct peer *peer, unsigned most)
{
    uint32_t now = (uint32_t)(peer->worker->now / RT_TICK_NS);
    struct rt_waiting waiting;
    while (most > 0 && rt_pending_expire(&peer->pending, now, &waiting)) {
        most--;
        if (proxy_is_own(&waiting)) {
            proxy_own_ended(peer, STATS_TERMINATION_timeout);
            continue;
        }
        relay_forget(peer);
        time_is_up(peer, &waiting);
    }
    peer_publish_load(peer);
    peer_settle(peer);
    return most > 0;
}

void relay_give_up(struct peer *peer)
{
    struct rt_waiting waiting;
    rt_pending_rewind(&peer->pending);
    while (rt_pending_drain(&peer->pending, &waiting)) {
        if (proxy_is_own(&waiting)) {
            proxy_own_ended(peer, STATS_TERMINATION_lost);
            continue;
        }
        relay_forget(peer);
        struct relay_request request = relay_request_of(&waiting);
        relay_end(peer->worker, &request, DM_UNABLE_TO_DELIVER);
    }
    peer_publish_load(peer);
    peer_settle(peer);
}
