/* local.c — the outcome of every request: its answer finds the connection it came by, and it is
 * counted once. */
#include "agent/local.h"

#include "agent/agent.h"
#include "agent/log.h"
#include "agent/peer_actions.h"
#include "proto/msg.h"

enum { SHORTENED_ROOM = 8192 };

struct answer_letter {
    struct letter letter;
    struct outcome outcome;
    uint32_t size;
    uint8_t octets[];
};

static void count(struct worker *worker, const struct outcome *outcome, enum stats_outcome kind)
{
    struct stats_route *route = stats_route_at(&worker->stats, outcome->route);
    stats_add(&route->outcome[kind], 1);
    if (kind == STATS_answered_locally)
        stats_add(&route->local[stats_local_of(outcome->result)], 1);
    stats_add(&worker->stats.requests_ended, 1);
}

static void origin_is_gone(struct worker *worker, const struct outcome *outcome)
{
    stats_add(&worker->stats.dropped[STATS_DROP_origin_gone], 1);
    count(worker, outcome, STATS_origin_gone);
}

/* An answer is never refused; a peer that does not read its answers is closed instead. */
static bool reads_too_slowly(struct peer *peer, size_t size)
{
    if (queue_octets(&peer->open->queue) + size > peer->conf->limits.outbound_per_peer)
        conn_push(peer->open); /* it had no chance to read what waits for the end of the turn */
    uint64_t octets = queue_octets(&peer->open->queue);
    return octets > 0 && octets + size > peer->conf->limits.outbound_per_peer;
}

static void hand_over(struct peer *peer, const struct outcome *outcome, dm_bytes answer)
{
    struct worker *worker = peer->worker;
    struct conn *conn = peer->open;
    uint8_t *to = conn_reserve(conn, false, answer.size);
    dm_answer_forward(to, answer, outcome->origin.hop_by_hop);
    conn_commit(conn, false, answer.size, outcome->since,
                outcome->kind == STATS_answered ? STATS_PATH_answer : STATS_PATH_local);
    peer->in_flight--;
    stats_add(&peer_stats(peer)->sent_answer, 1);
    count(worker, outcome, (enum stats_outcome)outcome->kind);
    if (peer->state == DM_CLOSING)
        peer_settle(peer);
    else if (queue_octets(&conn->queue) > peer->conf->limits.outbound_per_peer / 2)
        peer_mind_pressure(peer);
}

/* The answer is too long for the transport of this link: the client is told so instead. What the
 * error is made of stands in the answer, too. SCT-13. */
static void deliver_shortened(struct peer *peer, const struct outcome *outcome, dm_bytes answer)
{
    uint8_t octets[SHORTENED_ROOM];
    struct worker *worker = peer->worker;
    struct dm_error error = {.result = DM_UNABLE_TO_COMPLY, .error_bit = true};
    struct outcome instead = *outcome;
    size_t size = dm_error_write(octets, sizeof octets, agent_self(worker->agent), answer, &error);
    log_warn(peer_name(peer), "too long", log_words("an answer of {octets} octets is not sent"),
             log_number("octets", (int64_t)answer.size));
    stats_add(&worker->stats.dropped[STATS_DROP_oversized], 1);
    instead.kind = STATS_answered_locally;
    instead.result = DM_UNABLE_TO_COMPLY;
    if (!size) /* its Proxy-Infos are too long */
        size = dm_error_write(octets, sizeof octets, agent_self(worker->agent),
                              dm_bytes_of(answer.at, DM_HEADER_SIZE), &error);
    hand_over(peer, &instead, dm_bytes_of(octets, size));
}

static void deliver_here(struct worker *worker, const struct outcome *outcome, dm_bytes answer)
{
    struct peer *peer = worker->by_slot[outcome->origin.slot];
    if (!peer || !peer->open || peer->link != outcome->origin.link) {
        origin_is_gone(worker, outcome);
        return;
    }
    if (reads_too_slowly(peer, answer.size)) {
        peer_close_slow_reader(peer);
        origin_is_gone(worker, outcome);
        return;
    }
    if (conn_carries(peer->open, answer.size))
        hand_over(peer, outcome, answer);
    else
        deliver_shortened(peer, outcome, answer);
}

static void deliver_by_mail(struct worker *worker, unsigned home, const struct outcome *outcome,
                            dm_bytes answer)
{
    struct answer_letter *letter =
        post_letter(&worker->post, home, MAIL_ANSWER, sizeof *letter + answer.size, true);
    letter->outcome = *outcome;
    letter->size = (uint32_t)answer.size;
    memcpy(letter->octets, answer.at, answer.size);
    stats_add(&worker->stats.letters_posted, 1);
}

void outcome_deliver(struct worker *worker, const struct outcome *outcome, dm_bytes answer)
{
    struct board_view view = board_at(worker->board, outcome->origin.slot);
    if (!view.generation)
        origin_is_gone(worker, outcome);
    else if (worker_is_home(worker, view))
        deliver_here(worker, outcome, answer);
    else
        deliver_by_mail(worker, view.home, outcome, answer);
}

void outcome_open(struct worker *worker, const struct letter *letter)
{
    const struct answer_letter *answer = (const struct answer_letter *)(const void *)letter;
    stats_add(&worker->stats.letters_opened, 1);
    worker->messages++;
    deliver_here(worker, &answer->outcome, dm_bytes_of(answer->octets, answer->size));
}

/* A route that rejects with an application's error speaks as the application would: no E, and what
 * its grammar wants. ERR-13. */
static bool speaks_as_application(const struct worker *worker, int32_t route, enum dm_result result)
{
    const struct rt_route *rejecting = rt_route_numbered(&worker->conf->tables, route);
    return rejecting && rejecting->action == RT_REJECT && !dm_result_is_protocol_error(result);
}

void local_answer_error(struct worker *worker, struct rt_origin origin, int32_t route,
                        uint64_t since, dm_bytes request, const struct dm_error *error)
{
    size_t size = dm_error_write(worker->scratch, worker->scratch_size, agent_self(worker->agent),
                                 request, error);
    struct outcome outcome = {.origin = origin,
                              .since = since,
                              .route = route,
                              .kind = STATS_answered_locally,
                              .result = (uint32_t)error->result};
    outcome_deliver(worker, &outcome, dm_bytes_of(worker->scratch, size));
}

void local_answer(struct worker *worker, struct rt_origin origin, int32_t route, uint64_t since,
                  dm_bytes request, enum dm_result result, const struct dm_fault *fault)
{
    bool as_application = speaks_as_application(worker, route, result);
    struct dm_error error = {.result = result,
                             .fault = fault,
                             .error_bit = !as_application, /* a relay's 5xxx, too: ERR-04 */
                             .echo_application = as_application || origin.wants_echo};
    local_answer_error(worker, origin, route, since, request, &error);
}

void local_answer_verdict(struct worker *worker, struct rt_origin origin, dm_bytes request,
                          const struct rt_verdict *verdict)
{
    struct dm_error error = {.result = verdict->result,
                             .experimental_vendor = verdict->experimental_vendor,
                             .echo_application = true};
    if (verdict->is_application_error || verdict->experimental_vendor)
        local_answer_error(worker, origin, verdict->route, worker->now, request, &error);
    else
        local_answer(worker, origin, verdict->route, worker->now, request, verdict->result, NULL);
}

void local_reject(struct worker *worker, struct rt_origin origin, int32_t route, dm_bytes request,
                  const struct rt_rejection *rejection)
{
    bool is_protocol_error = !rejection->vendor && dm_result_is_protocol_error(rejection->result);
    struct dm_error error = {.result = (enum dm_result)rejection->result,
                             .experimental_vendor = rejection->vendor,
                             .message = rejection->message,
                             .echo_application = !is_protocol_error || origin.wants_echo};
    local_answer_error(worker, origin, route, worker->now, request, &error);
}
