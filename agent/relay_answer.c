/* relay_answer.c — answers back: the Hop-by-Hop finds the slot, the slot knows the origin. RFC 6733
 * §6.2. */
#include "agent/clock.h"
#include "agent/follow.h"
#include "agent/learned.h"
#include "agent/local.h"
#include "agent/proxy.h"
#include "agent/relay_request.h"
#include "agent/search.h"

struct reading {
    enum dm_result error;  /* the AVP chain is malformed */
    uint32_t result;       /* Result-Code, or 0 */
    uint32_t experimental; /* Experimental-Result-Code of 3GPP, or 0 */
    bool is_experimental;
    bool has_wildcard; /* Wildcarded-Public-Identity */
    bool keeps_state;  /* Auth-Session-State STATE_MAINTAINED */
};

static void read_experimental(struct reading *reading, dm_bytes group)
{
    struct dm_avp avp;
    uint32_t vendor = 0;
    reading->is_experimental = true;
    if (dm_avp_find_in(group, 0, DM_AVP_VENDOR_ID, &avp) && dm_avp_get32(&avp, &vendor) &&
        vendor == RT_VENDOR_3GPP && dm_avp_find_in(group, 0, DM_AVP_EXPERIMENTAL_RESULT_CODE, &avp))
        dm_avp_get32(&avp, &reading->experimental);
}

static void read_state(struct reading *reading, const struct dm_avp *avp)
{
    uint32_t state;
    reading->keeps_state = dm_avp_get32(avp, &state) && state == 0;
}

/* One walk: is the chain whole (ANS-12), and what is the result? Result-Code and
 * Experimental-Result alike (ANS-04). What answers teach is looked at again where it matters. */
static struct reading read_answer(dm_bytes message)
{
    struct reading reading = {0};
    struct dm_avps walk = dm_avps_of(message);
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp)) {
        if (avp.vendor)
            reading.has_wildcard |= avp.code == RT_AVP_WILDCARDED_PUBLIC_IDENTITY;
        else if (avp.code == DM_AVP_RESULT_CODE && !reading.result)
            dm_avp_get32(&avp, &reading.result);
        else if (avp.code == DM_AVP_EXPERIMENTAL_RESULT)
            read_experimental(&reading, avp.data);
        else if (avp.code == DM_AVP_AUTH_SESSION_STATE)
            read_state(&reading, &avp);
    }
    reading.error = walk.error;
    return reading;
}

/* Spares most answers a closer look. */
static bool may_be_unknown(const struct reading *reading)
{
    return reading->result == SEARCH_UNKNOWN_SIP || (!reading->result && reading->is_experimental);
}

static void count_class(struct stats_peer *stats, const struct reading *reading)
{
    stats_counter *counters[] = {&stats->answers_1xxx, &stats->answers_2xxx, &stats->answers_3xxx,
                                 &stats->answers_4xxx, &stats->answers_5xxx};
    uint32_t class = reading->result / 1000;
    if (!reading->result && reading->is_experimental)
        stats_add(&stats->answers_experimental, 1);
    else if (class >= 1 && class <= 5)
        stats_add(counters[class - 1], 1);
    else
        stats_add(&stats->answers_5xxx, 1); /* an unknown class is a permanent failure: ANS-05 */
}

static void unmatched(struct peer *from)
{
    stats_add(&from->worker->stats.dropped[STATS_DROP_answer_unmatched], 1);
    stats_add(&peer_stats(from)->unmatched_answers, 1);
}

static void answer_malformed(struct peer *from, const struct rt_waiting *waiting)
{
    struct worker *worker = from->worker;
    struct relay_request request = relay_request_of(waiting);
    stats_add(&worker->stats.dropped[STATS_DROP_answer_malformed], 1);
    local_answer(worker, request.origin, request.route, worker->now, image_bytes(request.image),
                 DM_UNABLE_TO_COMPLY, NULL);
    relay_request_free(worker, &request);
}

/* A protocol error of this hop: the next candidate may do better. T stays as it was: FOV-06. */
static bool is_retried(const struct peer *from, const struct rt_waiting *waiting, uint32_t result)
{
    /* Hosts of a redirect are no members of the pool: each gets its attempt. */
    uint8_t asked = waiting->hops ? 1 : (uint8_t)(waiting->tried_count + 1);
    return dm_result_is_protocol_error(result) && !waiting->is_fixed &&
           waiting->deadline > from->worker->now &&
           rt_is_retried(&from->worker->conf->tables, waiting->route, waiting->pool, result, asked);
}

static void retry(struct peer *from, const struct rt_waiting *waiting, dm_bytes message)
{
    struct worker *worker = from->worker;
    struct relay_request request = relay_request_of(waiting);
    if (!request.searched) { /* else what the first group said is kept */
        memory_image_free(&worker->memory, request.last_error);
        request.last_error = memory_image(&worker->memory, message);
    }
    if (relay_next(worker, &request, from->self, DM_UNABLE_TO_DELIVER))
        stats_add(&peer_stats(from)->resends_result, 1);
}

/* What the policies of its route make of the answer. */
static void deliver_changed(struct peer *from, const struct rt_waiting *waiting, dm_bytes message)
{
    struct worker *worker = from->worker;
    struct relay_request request = relay_request_of(waiting);
    struct outcome outcome = {.origin = waiting->origin,
                              .since = worker->now,
                              .route = waiting->route,
                              .kind = STATS_answered};
    if (proxy_answer(worker, request.policies, from, image_bytes(request.image), &message))
        outcome_deliver(worker, &outcome, message);
    else
        proxy_answer_too_large(worker, request.origin, request.route, image_bytes(request.image));
    relay_request_free(worker, &request);
}

static void deliver(struct peer *from, const struct rt_waiting *waiting, dm_bytes message)
{
    struct worker *worker = from->worker;
    if (waiting->policies) {
        deliver_changed(from, waiting, message);
        return;
    }
    struct outcome outcome = {.origin = waiting->origin,
                              .since = worker->now,
                              .route = waiting->route,
                              .kind = STATS_answered};
    outcome_deliver(worker, &outcome, message);
    memory_image_free(&worker->memory, waiting->image);
    memory_image_free(&worker->memory, waiting->last_error);
}

/* A request that follows a redirect goes to the next host that this names; if there is none, the
 * refusal in hand is its answer. */
static void retry_redirected(struct peer *from, const struct rt_waiting *waiting, dm_bytes message)
{
    struct relay_request request = relay_request_of(waiting);
    if (follow_next(from->worker, &request, from->self))
        stats_add(&peer_stats(from)->resends_result, 1);
    else
        deliver(from, waiting, message);
}

/* RDR-17: a redirect that cannot be read is a failure of that candidate. */
static bool has_attempts(const struct peer *from, const struct rt_waiting *waiting)
{
    const struct rt_pool *pool =
        rt_pool_numbered(&from->worker->conf->tables, waiting->route, waiting->pool);
    return waiting->hops || (pool && waiting->tried_count + 1u < pool->retry.attempts);
}

/* What becomes of an answer that can be read. */
static void settle(struct peer *from, const struct rt_waiting *waiting, dm_bytes message,
                   uint32_t result)
{
    enum follow follow = FOLLOW_NOT;
    if (follow_concerns(result))
        follow = follow_answer(from, waiting, message, result);
    if (follow == FOLLOW_DONE)
        return;
    bool is_tried_again =
        follow == FOLLOW_FAILED ? has_attempts(from, waiting) : is_retried(from, waiting, result);
    if (!is_tried_again)
        deliver(from, waiting, message);
    else if (waiting->hops)
        retry_redirected(from, waiting, message);
    else
        retry(from, waiting, message);
}

/* Nobody waits for it. */
static void own_answered(struct peer *from)
{
    proxy_own_ended(from, STATS_TERMINATION_answered);
    peer_publish_load(from);
    if (from->state == DM_CLOSING)
        peer_settle(from);
}

/* Applications without a row in learn.def teach nothing, whatever their answers keep. */
static bool may_teach(uint32_t application)
{
    return application == RT_APPLICATION_SIP || application == RT_APPLICATION_CX ||
           application == RT_APPLICATION_SH;
}

static bool is_lesson(const struct rt_waiting *waiting, dm_bytes message)
{
    if (waiting->teaches == RT_TEACHES_NAMES)
        return learned_names_others(waiting, message);
    return waiting->teaches == RT_TEACHES;
}

/* Most answers teach nothing that was not known when their request was sent. */
static void learn(struct peer *from, const struct rt_waiting *waiting, dm_bytes message,
                  const struct dm_header *header, const struct reading *reading)
{
    struct rt_result result = {.code = reading->result,
                               .experimental = reading->experimental,
                               .is_error = header->flags & DM_FLAG_ERROR};
    if (result.is_error || !may_teach(waiting->application))
        return;
    if (is_lesson(waiting, message) || reading->has_wildcard || reading->keeps_state ||
        rt_learn_is_news(&result))
        learned_from_answer(from, waiting, message, &result);
    else if (waiting->teaches == RT_TEACHES_NAMES)
        learned_client(from, waiting, &result);
    follow_learn(from->worker, waiting, message, &result);
}

void relay_answer(struct peer *from, dm_bytes message, const struct dm_header *header)
{
    struct worker *worker = from->worker;
    struct stats_peer *stats = peer_stats(from);
    stats_add(&stats->received_answer, 1);
    struct rt_waiting *slot = rt_pending_find(&from->pending, header);
    if (!slot) {
        unmatched(from);
        return;
    }
    struct rt_waiting waiting;
    rt_pending_take(&from->pending, slot, &waiting);
    __builtin_prefetch(waiting.image, 1); /* cold since it was sent, and given back at the end */
    board_expect(worker->board, waiting.origin.slot);
    __builtin_prefetch(worker->by_slot[waiting.origin.slot]);
    if (proxy_is_own(&waiting)) {
        own_answered(from);
        return;
    }
    learned_expect_client(worker, &waiting);
    relay_forget(from);
    peer_publish_load(from);
    stats_record(&stats->duration, worker->now - waiting.sent, 1);
    struct reading reading = read_answer(message);
    if (reading.error) {
        answer_malformed(from, &waiting);
    } else {
        count_class(stats, &reading);
        learn(from, &waiting, message, header, &reading);
        if (!may_be_unknown(&reading) || !search_answer(from, &waiting, message))
            settle(from, &waiting, message, reading.result);
    }
    if (from->state == DM_CLOSING)
        peer_settle(from);
}
