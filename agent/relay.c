/* relay.c — requests out. What comes back is in relay_answer.c, what has to move on in
 * relay_retry.c. */
#include "agent/relay.h"

#include <assert.h>
#include <stddef.h>

#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/conf/conf_policies.h"
#include "agent/dns/discover.h"
#include "agent/follow.h"
#include "agent/learned.h"
#include "agent/local.h"
#include "agent/redirect_answer.h"
#include "agent/proxy.h"
#include "agent/relay_request.h"
#include "agent/store/store.h"
#include "agent/screen.h"
#include "proto/msg.h"

/* --- what routing sees
 * ---------------------------------------------------------------------------- */

static void see_member(void *context, uint32_t peer_number, uint32_t application,
                       struct rt_seen *seen)
{
    struct worker *worker = context;
    rt_peer peer = worker->conf->seats[peer_number].peer;
    (void)application; /* its bits were looked up once for this request */
    board_see(worker->board, peer.slot, worker->asked_application, seen);
    if (seen->peer.generation != peer.generation)
        *seen = (struct rt_seen){.peer = peer}; /* it has not settled in yet */
}

static bool see_host(void *context, dm_bytes identity, uint32_t application, struct rt_seen *seen)
{
    struct worker *worker = context;
    (void)application;
    const struct directory_entry *entry = directory_find(&worker->directory, identity);
    if (!entry)
        return false;
    board_see(worker->board, entry->peer.slot, worker->asked_application, seen);
    return seen->peer.generation == entry->peer.generation;
}

static bool admits(void *context, dm_bytes identity)
{
    return conf_means_peer(((const struct worker *)context)->conf, identity);
}

static bool see_named(void *context, uint32_t name_hash, uint32_t application, struct rt_seen *seen,
                      dm_bytes *name)
{
    struct worker *worker = context;
    (void)application;
    const struct directory_entry *entry = directory_find_hash(&worker->directory, name_hash);
    if (!entry)
        return false;
    *name = name_bytes(entry->name);
    board_see(worker->board, entry->peer.slot, worker->asked_application, seen);
    return seen->peer.generation == entry->peer.generation;
}

struct rt_world relay_world(struct worker *worker)
{
    return (struct rt_world){.context = worker,
                             .member = see_member,
                             .host = see_host,
                             .admits = admits,
                             .expect = learned_expect,
                             .wildcard = learned_wildcard,
                             .named = see_named};
}

static bool has_learned(const struct worker *worker)
{
    return worker->store && !store_is_empty(worker->store);
}

/* What was sent before has somebody to go to, and what has waited does not wait again: for them no
 * store is asked. */
static bool may_ask(const struct rt_attempt *attempt)
{
    return attempt->route < 0 && !attempt->without_store;
}

void relay_decide(struct worker *worker, const struct rt_query *query,
                  const struct rt_attempt *attempt, struct rt_verdict *verdict)
{
    worker->asked_application = board_application(worker->board, query->header.application);
    worker->world.bound = NULL;
    if (has_learned(worker)) {
        worker->world.bound = may_ask(attempt) ? learned_find : learned_here;
        worker->world.is_without_sessions = !store_knows_sessions(worker->store);
    }
    rt_decide(&worker->conf->tables, query, attempt, &worker->world, &worker->chooser, NULL,
              verdict);
}

/* --- to the home of the chosen peer
 * --------------------------------------------------------------- */

struct request_letter {
    struct letter letter;
    rt_peer to;
    struct relay_request request; /* its images are NULL; their octets follow */
    uint32_t size;
    uint32_t error_size;
    uint8_t octets[];
};

static void relay_post(struct worker *worker, unsigned home, struct relay_request *request,
                       rt_peer to)
{
    dm_bytes image = image_bytes(request->image);
    dm_bytes error = {0};
    if (request->last_error)
        error = image_bytes(request->last_error);
    struct request_letter *letter = post_letter(&worker->post, home, MAIL_REQUEST,
                                                sizeof *letter + image.size + error.size, false);
    if (!letter) { /* its home is behind */
        relay_next(worker, request, to, DM_TOO_BUSY);
        return;
    }
    letter->to = to;
    letter->request = *request;
    letter->size = (uint32_t)image.size;
    letter->error_size = (uint32_t)error.size;
    memcpy(letter->octets, image.at, image.size);
    if (error.size)
        memcpy(letter->octets + image.size, error.at, error.size);
    request->policies = NULL; /* they travel */
    relay_request_free(worker, request);
    stats_add(&worker->stats.letters_posted, 1);
}

void relay_open_request(struct worker *worker, const struct letter *opened)
{
    const struct request_letter *letter = (const struct request_letter *)(const void *)opened;
    struct relay_request request = letter->request;
    const uint8_t *octets = letter->octets;
    stats_add(&worker->stats.letters_opened, 1);
    worker->messages++;
    request.image = memory_image(&worker->memory, dm_bytes_of(octets, letter->size));
    request.last_error = NULL;
    if (letter->error_size)
        request.last_error =
            memory_image(&worker->memory, dm_bytes_of(octets + letter->size, letter->error_size));
    relay_hand_over(worker, &request, letter->to);
}

void relay_bury_request(const struct letter *buried)
{
    const struct request_letter *letter = (const struct request_letter *)(const void *)buried;
    conf_policies_drop(letter->request.policies);
}

void relay_send(struct worker *worker, struct relay_request *request, rt_peer to)
{
    struct board_view view = board_at(worker->board, to.slot);
    if (view.generation == to.generation && !worker_is_home(worker, view))
        relay_post(worker, view.home, request, to);
    else
        relay_hand_over(worker, request, to);
}

/* --- at its home
 * ---------------------------------------------------------------------------------- */

/* Where a pool lets a time-out be tried elsewhere, each member has its share of the time that is
 * left. */
static uint64_t due_of(const struct worker *worker, const struct relay_request *request)
{
    const struct rt_pool *pool =
        rt_pool_numbered(&worker->conf->tables, request->route, request->pool);
    if (!pool || !pool->retry.on_timeout || request->tried_count + 1u >= pool->retry.attempts ||
        request->deadline <= worker->now)
        return request->deadline;
    return worker->now +
           (request->deadline - worker->now) / (pool->retry.attempts - request->tried_count);
}

/* `detours` goes over as a whole. */
enum { SLOT_DETOURS = offsetof(struct rt_waiting, detours) };
enum { DETOURS = offsetof(struct relay_request, detours) };
static_assert(offsetof(struct rt_waiting, names_host) - SLOT_DETOURS ==
                  offsetof(struct relay_request, names_host) - DETOURS,
              "alike");
static_assert(offsetof(struct rt_waiting, was_retransmitted) - SLOT_DETOURS ==
                  offsetof(struct relay_request, retransmit) - DETOURS,
              "alike");
static_assert(offsetof(struct rt_waiting, tried_count) - SLOT_DETOURS ==
                  offsetof(struct relay_request, tried_count) - DETOURS,
              "alike");

static struct rt_waiting *wait_for_answer(struct peer *peer, struct relay_request *request)
{
    uint64_t due = due_of(peer->worker, request);
    struct rt_waiting *slot = rt_pending_put(&peer->pending, (uint32_t)(due / RT_TICK_NS));
    if (!slot)
        return NULL;
    const uint8_t *octets = request->image->octets;
    slot->end_to_end = dm_get32(octets + 16);
    slot->command = dm_get24(octets + 5);
    slot->application = dm_get32(octets + 8);
    slot->origin = request->origin;
    slot->ingress = request->ingress;
    slot->image = request->image;
    slot->received = request->received;
    slot->sent = peer->worker->now;
    slot->deadline = request->deadline;
    slot->last_error = request->last_error;
    slot->policies = request->policies;
    if (request->tried_count)
        memcpy(slot->tried, request->tried, request->tried_count * sizeof *request->tried);
    slot->searched = request->searched;
    slot->client = request->client;
    if (request->client) {
        slot->client_name = request->client_name;
        slot->user_name_at = request->user_name_at;
    }
    slot->detours = request->detours;
    slot->why = request->why;
    slot->teaches = request->teaches;
    slot->is_fixed = request->is_fixed;
    slot->route = request->route;
    slot->pool = request->pool;
    return slot;
}

/* Returns the size. Agents look for the host themselves. */
static size_t write_request(struct peer *peer, const struct relay_request *request,
                            uint32_t hop_by_hop)
{
    dm_bytes image = image_bytes(request->image);
    bool names_host = request->names_host && !peer->is_agent;
    uint8_t *to = conn_reserve(peer->open, false, image.size + (names_host ? PROXY_NAMES_MAX : 0));
    if (names_host)
        return proxy_forward(peer, to, image, hop_by_hop, request->retransmit);
    return dm_request_forward(to, image, hop_by_hop, request->retransmit, dm_bytes_of("", 0));
}

static void queue_request(struct peer *peer, const struct relay_request *request,
                          uint32_t hop_by_hop)
{
    struct worker *worker = peer->worker;
    size_t size = write_request(peer, request, hop_by_hop);
    uint64_t since = request->tried_count ? worker->now : request->received;
    conn_commit(peer->open, false, size, since, STATS_PATH_request);
    struct stats_peer *stats = peer_stats(peer);
    peer->last_request = worker->now;
    stats_add(&stats->sent_request, 1);
    stats_add(&stats->pending, 1);
    stats_add(&worker->stats.held_pending, 1);
    worker_attend(peer);
    peer_publish_load(peer);
}

static bool may_have(const struct peer *peer, const struct relay_request *request)
{
    uint32_t application = dm_get32(request->image->octets + 8);
    bool is_wanted = request->is_fixed || !peer->is_drained; /* who is named gets it all the same */
    return is_wanted && peer_takes_requests(peer) &&
           dm_applications_has(peer->applications, application);
}

/* What is resent after a failover was admitted before: the pace at which it comes is its sender's
 * care, and what was under way when the queue was half full is taken. FOV-11. */
static bool is_refused(const struct peer *peer, const struct relay_request *request)
{
    return !request->retransmit && peer_is_busy(peer);
}

/* A record of DTLS over SCTP holds 16,384 octets. SCT-13. */
static bool fits(const struct peer *peer, const struct relay_request *request)
{
    size_t size = image_bytes(request->image).size;
    if (request->names_host && !peer->is_agent)
        size += PROXY_NAMES_MAX;
    return conn_carries(peer->open, size);
}

void relay_hand_over(struct worker *worker, struct relay_request *request, rt_peer to)
{
    struct peer *peer = worker->by_slot[to.slot];
    if (!peer || peer->self.generation != to.generation || !may_have(peer, request)) {
        relay_next(worker, request, to, DM_UNABLE_TO_DELIVER);
        return;
    }
    if (!fits(peer, request)) {
        relay_next(worker, request, to, DM_UNABLE_TO_COMPLY);
        return;
    }
    struct rt_waiting *slot = is_refused(peer, request) ? NULL : wait_for_answer(peer, request);
    if (!slot) {
        relay_next(worker, request, to, DM_TOO_BUSY);
        return;
    }
    queue_request(peer, request, slot->hop_by_hop);
}

/* --- from the socket
 * ------------------------------------------------------------------------------ */

/* One greedy client never takes the other half of a server's table. */
bool relay_is_greedy(const struct peer *from, rt_peer to)
{
    const struct board *board = from->worker->board;
    return board_is_half_full(board, to.slot) && from->in_flight > board_share(board, to.slot);
}

static struct rt_origin begin(struct peer *from, const struct dm_header *header)
{
    stats_add(&from->worker->stats.requests_received, 1);
    stats_add(&peer_stats(from)->received_request, 1);
    struct rt_origin origin = {from->self.slot, from->link, header->hop_by_hop,
                               from->conf->compatibility.error_echo};
    from->in_flight++; /* beside what was just read */
    return origin;
}

/* The image: the request as received, and behind it the Route-Record of the peer it came from.
 * RTE-01. */
struct image *relay_image(struct peer *from, dm_bytes message)
{
    struct memory *memory = &from->worker->memory;
    dm_bytes record = dm_bytes_of(from->route_record, from->route_record_size);
    struct image *image = memory_image_room(memory, message.size + record.size);
    dm_request_forward(image->octets, message, dm_get32(message.at + 12), false, record);
    return image;
}

/* `query` is that of the message; NULL: it was changed since. */
static void forward(struct peer *from, dm_bytes message, const struct rt_origin *origin,
                    const struct rt_query *query, const struct rt_verdict *verdict)
{
    struct worker *worker = from->worker;
    const struct rt_route *proxy = proxy_route(worker, verdict->route);
    if (proxy && !proxy_request(worker, proxy, *origin, &message))
        return;
    struct relay_request request;
    request.image = relay_image(from, message);
    request.last_error = NULL;
    request.policies = NULL;
    request.searched = 0;
    request.client = 0;
    request.origin = *origin;
    request.ingress = from->self;
    request.received = worker->now;
    request.deadline = worker->now + from->conf->timers.request;
    request.route = verdict->route;
    request.pool = verdict->pool;
    request.why = (uint8_t)verdict->why;
    request.teaches = (uint8_t)verdict->teaches;
    request.is_fixed = verdict->is_fixed;
    request.detours = 0;
    if (proxy)
        proxy_begin(proxy, &request);
    else if (query && verdict->teaches == RT_TEACHES_NAMES)
        learned_note_client(from, query, &request);
    if (proxy && verdict->why == RT_BY_REDIRECT)
        follow_name_host(&request);
    relay_send(worker, &request, verdict->peer);
}

/* The same, where a redirect may have said that it belongs to another realm. */
static void forward_to_realm(struct peer *from, const struct rt_query *query,
                             struct rt_origin origin, struct rt_verdict *verdict)
{
    struct image *changed = follow_known_realm(from->worker, from->self, query, verdict);
    if (changed)
        forward(from, image_bytes(changed), &origin, NULL, verdict);
    else
        forward(from, query->message, &origin, query, verdict);
    memory_image_free(&from->worker->memory, changed);
}

/* An eighth of the limit is kept for answers and for messages that are not yet whole, so that a
 * client which is refused can be read until it is told. */
static bool has_memory_for(const struct worker *worker, size_t size)
{
    return memory_allows(&worker->memory, worker->memory.limit / 8 + 4 * size);
}

static bool may_wait(const struct peer *from, size_t size)
{
    return from->in_flight <= from->conf->limits.in_flight_per_peer &&
           has_memory_for(from->worker, size);
}

/* RT_WAIT: it is parked. */
static void decide(struct peer *from, dm_bytes message, struct rt_origin origin,
                   const struct rt_query *query, struct rt_verdict *verdict)
{
    struct rt_attempt attempt;
    attempt.now = from->worker->now;
    attempt.ingress = from->self;
    attempt.tried_count = 0;
    attempt.without_store = false;
    attempt.searched = 0;
    attempt.route = -1;
    relay_decide(from->worker, query, &attempt, verdict);
    if (verdict->kind != RT_WAIT)
        return;
    if (may_wait(from, message.size) && relay_park(from, message, origin, verdict))
        return;
    attempt.without_store = true;
    relay_decide(from->worker, query, &attempt, verdict);
}

/* No route knows its realm: DNS may. */
static void discover(struct peer *from, dm_bytes message, struct rt_origin origin)
{
    struct worker *worker = from->worker;
    struct rt_verdict busy = {.kind = RT_ANSWER, .result = DM_TOO_BUSY, .route = -1};
    if (!may_wait(from, message.size)) {
        local_answer_verdict(worker, origin, message, &busy);
        return;
    }
    struct relay_request request = relay_undecided(from, message, origin);
    discover_request(worker, &request);
}

void relay_request(struct peer *from, dm_bytes message, const struct dm_header *header)
{
    struct worker *worker = from->worker;
    struct rt_origin origin = begin(from, header);
    struct rt_query query;
    struct dm_fault fault;
    fault.avp.size = 0;
    enum dm_result wrong =
        rt_query_read(&query, message, worker->conf->tables.own_identity,
                      from->conf->compatibility.strictness.refuse_reserved_bits, &fault);
    if (!wrong && from->conf->screen)
        wrong = screen_request(from, &query);
    if (wrong) {
        local_answer(worker, origin, -1, worker->now, message, wrong, &fault);
        return;
    }
    struct rt_verdict verdict;
    decide(from, message, origin, &query, &verdict);
    if (verdict.kind == RT_FORWARD &&
        (from->in_flight > from->conf->limits.in_flight_per_peer ||
         relay_is_greedy(from, verdict.peer) || !has_memory_for(worker, message.size)))
        verdict =
            (struct rt_verdict){.kind = RT_ANSWER, .result = DM_TOO_BUSY, .route = verdict.route};
    if (discover_concerns(from, &verdict))
        discover(from, message, origin);
    else if (verdict.kind == RT_ANSWER)
        local_answer_verdict(worker, origin, message, &verdict);
    else if (verdict.kind == RT_TELL)
        redirect_answer(worker, origin, message, &verdict);
    else if (verdict.kind == RT_FORWARD && worker->realm_redirects.count)
        forward_to_realm(from, &query, origin, &verdict);
    else if (verdict.kind == RT_FORWARD)
        forward(from, message, &origin, &query, &verdict);
}

void relay_refuse(struct peer *from, const struct dm_header *header, enum dm_result result)
{
    uint8_t octets[DM_HEADER_SIZE];
    struct dm_header bare = *header;
    bare.version = DM_VERSION;
    bare.length = DM_HEADER_SIZE;
    dm_header_write(&bare, octets);
    struct rt_origin origin = begin(from, header);
    local_answer(from->worker, origin, -1, from->worker->now, dm_bytes_of(octets, sizeof octets),
                 result, NULL);
}
