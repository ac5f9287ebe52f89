/* steps.c — parse, key, decide, forward, answer. */
#include "bench/micro/steps.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/load_template.h"
#include "bench/micro/bound.h"
#include "bench/micro/users.h"
#include "proto/msg.h"
#include "routing/decide.h"
#include "routing/pending.h"
#include "routing/policy.h"

enum { MEMBERS = 4, REQUEST_ROOM = 640, ANSWER_ROOM = 384, QUEUE_ROOM = 32768, CLIENT = MEMBERS };

/* A request that waits for its answer; free ones are a stack, so that the next finds warm memory.
 */
struct micro_image {
    struct micro_image *next;
    uint32_t size;
    uint8_t octets[REQUEST_ROOM];
};

/* Octets on their way out: written from the start again when full, as if a write had emptied it. */
struct micro_queue {
    uint32_t end;
    uint8_t octets[QUEUE_ROOM];
};

struct micro {
    struct rt_member members[MEMBERS];
    char names[MEMBERS][24];
    struct rt_seen seen[MEMBERS];
    struct rt_pool pool;
    struct rt_route route;
    struct rt_tables tables;
    struct rt_world world;
    struct rt_chooser chooser;
    uint32_t turn;

    uint8_t input[MICRO_BATCH * REQUEST_ROOM]; /* as a read leaves it */
    dm_bytes requests[MICRO_BATCH];
    uint8_t route_record[DM_ROUTE_RECORD_MAX];
    size_t route_record_size;

    struct rt_query queries[MICRO_BATCH];
    struct rt_key key;
    struct rt_verdict verdicts[MICRO_BATCH];
    struct micro_image *free_images;
    struct rt_pending pending[MEMBERS];
    uint32_t hop_by_hop[MICRO_BATCH];
    struct micro_queue out[MEMBERS];

    uint8_t answers[MICRO_BATCH][ANSWER_ROOM];
    size_t answer_size;
    struct micro_queue back;
    uint32_t result;

    struct users nobody; /* a table without rows */
    struct users users;
    struct bound bound;
};

/* ---- the world ---- */

static void see(void *context, uint32_t number, uint32_t application, struct rt_seen *seen)
{
    const struct micro *micro = context;
    (void)application;
    *seen = micro->seen[number];
}

static bool see_host(void *context, dm_bytes identity, uint32_t application, struct rt_seen *seen)
{
    (void)context;
    (void)identity;
    (void)application;
    (void)seen;
    return false;
}

static void make_pool(struct micro *micro)
{
    for (uint32_t i = 0; i < MEMBERS; i++) {
        snprintf(micro->names[i], sizeof(micro->names[i]), "hss%u.example.net", i + 1);
        micro->members[i] = (struct rt_member){
            .identity = dm_text(micro->names[i]), .peer_number = i, .weight = 100, .priority = 1};
        micro->seen[i] =
            (struct rt_seen){.peer = {i, 1}, .reach = RT_REACHABLE, .advertises = true};
        rt_pending_init(&micro->pending[i], 0x10000 * i + 0x8e51, 65536);
    }
    micro->pool = (struct rt_pool){.name = "hss",
                                   .select = RT_STICKY,
                                   .retry = {.attempts = 2},
                                   .count = MEMBERS,
                                   .members = micro->members};
}

static void make_tables(struct micro *micro)
{
    make_pool(micro);
    uint64_t seed = rt_seed(dm_text("antipode"));
    micro->route = (struct rt_route){.name = "home",
                                     .realm = dm_text("example.net"),
                                     .any_application = true,
                                     .action = RT_RELAY};
    micro->tables = (struct rt_tables){.own_identity = dm_text("dra1.example.net"),
                                       .seed = seed,
                                       .realms = rt_table_new(&micro->route, 1),
                                       .routes = &micro->route,
                                       .route_count = 1,
                                       .pools = &micro->pool,
                                       .pool_count = 1};
    if (!micro->tables.realms || !rt_pool_build(&micro->pool, seed))
        abort();
    micro->world = (struct rt_world){.context = micro, .member = see, .host = see_host};
    micro->chooser.turn = &micro->turn;
}

/* ---- the messages ---- */

static void make_requests(struct micro *micro)
{
    static const struct load_names names = {.origin_host = "sip1.example.com",
                                            .origin_realm = "example.com",
                                            .destination_realm = "example.net",
                                            .session = "sip1.example.com;1700000000;"};
    struct load_template template;
    template_init(&template, &names, KIND_UAR);
    uint8_t *at = micro->input;
    for (uint32_t i = 0; i < MICRO_BATCH; i++) {
        char session[SESSION_DIGITS + 1];
        snprintf(session, sizeof(session), "%010u", i);
        struct load_stamp stamp = {i + 1, i + 7000, i * 37, session};
        micro->requests[i] = dm_bytes_of(at, template_write(&template, at, &stamp));
        assert(micro->requests[i].size + DM_ROUTE_RECORD_MAX <= REQUEST_ROOM);
        at += micro->requests[i].size;
    }
    template_fini(&template);
    micro->route_record_size =
        dm_route_record_make(micro->route_record, dm_text(names.origin_host));
}

/* A UAA as antipode-hss writes it. */
static size_t write_answer(uint8_t *at, uint32_t end_to_end)
{
    const uint8_t m = DM_AVP_MANDATORY;
    struct dm_writer writer;
    dm_writer_init(&writer, at, ANSWER_ROOM);
    dm_write_header(&writer, &(struct dm_header){.version = DM_VERSION,
                                                 .flags = DM_FLAG_PROXIABLE,
                                                 .command = SIP_UAR,
                                                 .application = SIP_APPLICATION,
                                                 .end_to_end = end_to_end});
    dm_write_text(&writer, 0, DM_AVP_SESSION_ID, m, "sip1.example.com;1700000000;0000000000");
    dm_write32(&writer, 0, DM_AVP_AUTH_APPLICATION_ID, m, SIP_APPLICATION);
    dm_write32(&writer, 0, DM_AVP_AUTH_SESSION_STATE, m, 1);
    dm_write_text(&writer, 0, DM_AVP_ORIGIN_HOST, m, "hss1.example.net");
    dm_write_text(&writer, 0, DM_AVP_ORIGIN_REALM, m, "example.net");
    dm_write32(&writer, 0, DM_AVP_RESULT_CODE, m, 2003);
    dm_write_text(&writer, 0, SIP_SERVER_URI, m, "sip:server.example.net");
    return dm_writer_finish(&writer);
}

static void make_answers(struct micro *micro)
{
    for (uint32_t i = 0; i < MICRO_BATCH; i++)
        micro->answer_size = write_answer(micro->answers[i], i + 7000);
}

static void make_images(struct micro *micro)
{
    for (uint32_t i = 0; i < MICRO_BATCH; i++) {
        struct micro_image *image = malloc(sizeof(*image));
        if (!image)
            abort();
        image->next = micro->free_images;
        micro->free_images = image;
    }
}

static void make_users(struct micro *micro)
{
    users_init(&micro->nobody, 0, micro->tables.seed);
    users_init(&micro->users, USERS_ROWS, micro->tables.seed);
    bound_init(&micro->bound);
}

struct micro *micro_new(void)
{
    struct micro *micro = calloc(1, sizeof(*micro));
    if (!micro)
        abort();
    make_tables(micro);
    make_requests(micro);
    make_answers(micro);
    make_images(micro);
    make_users(micro);
    return micro;
}

void micro_free(struct micro *micro)
{
    while (micro->free_images) {
        struct micro_image *image = micro->free_images;
        micro->free_images = image->next;
        free(image);
    }
    for (int i = 0; i < MEMBERS; i++)
        rt_pending_fini(&micro->pending[i]);
    users_fini(&micro->nobody);
    users_fini(&micro->users);
    bound_fini(&micro->bound);
    rt_table_free(micro->tables.realms);
    rt_pool_fini(&micro->pool);
    free(micro);
}

size_t micro_request_octets(const struct micro *micro)
{
    size_t octets = 0;
    for (int i = 0; i < MICRO_BATCH; i++)
        octets += micro->requests[i].size;
    return octets / MICRO_BATCH;
}

size_t micro_answer_octets(const struct micro *micro)
{
    return micro->answer_size;
}

/* ---- the steps ---- */

static void run_parse(struct micro *micro)
{
    struct dm_fault fault;
    for (int i = 0; i < MICRO_BATCH; i++) {
        enum dm_result wrong = rt_query_read(&micro->queries[i], micro->requests[i],
                                             micro->tables.own_identity, true, &fault);
        assert(wrong == DM_OK);
        (void)wrong;
    }
}

static void run_key(struct micro *micro)
{
    for (int i = 0; i < MICRO_BATCH; i++)
        rt_key_of(&micro->key, &micro->queries[i], &micro->tables.domains);
}

static void run_decide(struct micro *micro)
{
    struct rt_attempt attempt;
    attempt.now = 1;
    attempt.ingress = (rt_peer){CLIENT, 1};
    attempt.tried_count = 0;
    attempt.route = -1;
    for (int i = 0; i < MICRO_BATCH; i++)
        rt_decide(&micro->tables, &micro->queries[i], &attempt, &micro->world, &micro->chooser,
                  NULL, &micro->verdicts[i]);
}

static uint8_t *queue_room(struct micro_queue *queue, size_t size)
{
    if (queue->end + size > QUEUE_ROOM)
        queue->end = 0;
    uint8_t *room = queue->octets + queue->end;
    queue->end += (uint32_t)size;
    return room;
}

static struct micro_image *take_image(struct micro *micro, dm_bytes message)
{
    struct micro_image *image = micro->free_images;
    micro->free_images = image->next;
    dm_bytes record = dm_bytes_of(micro->route_record, micro->route_record_size);
    image->size = (uint32_t)dm_request_forward(image->octets, message, dm_get32(message.at + 12),
                                               false, record);
    return image;
}

static uint32_t wait_for_answer(struct rt_pending *pending, struct micro_image *image)
{
    struct rt_waiting *slot = rt_pending_put(pending, 4000);
    slot->end_to_end = dm_get32(image->octets + 16);
    slot->command = dm_get24(image->octets + 5);
    slot->application = dm_get32(image->octets + 8);
    slot->origin = (struct rt_origin){CLIENT, 1, dm_get32(image->octets + 12), false};
    slot->ingress = (rt_peer){CLIENT, 1};
    slot->image = image;
    slot->received = slot->sent = 1;
    slot->deadline = 4000000;
    slot->last_error = NULL;
    slot->tried_count = 0;
    slot->is_fixed = slot->was_retransmitted = false;
    slot->route = 0;
    return slot->hop_by_hop;
}

static void run_forward(struct micro *micro)
{
    for (int i = 0; i < MICRO_BATCH; i++) {
        uint32_t to = micro->verdicts[i].peer.slot;
        struct micro_image *image = take_image(micro, micro->requests[i]);
        micro->hop_by_hop[i] = wait_for_answer(&micro->pending[to], image);
        uint8_t *room = queue_room(&micro->out[to], image->size);
        dm_request_forward(room, dm_bytes_of(image->octets, image->size), micro->hop_by_hop[i],
                           false, dm_bytes_of("", 0));
    }
}

/* The servers answer. */
static void prepare_answers(struct micro *micro)
{
    for (int i = 0; i < MICRO_BATCH; i++)
        dm_put32(micro->answers[i] + 12, micro->hop_by_hop[i]);
}

static uint32_t read_result(dm_bytes answer)
{
    uint32_t result = 0;
    struct dm_avps walk = dm_avps_of(answer);
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp))
        if (!avp.vendor && avp.code == DM_AVP_RESULT_CODE && !result)
            dm_avp_get32(&avp, &result);
    return walk.error ? (uint32_t)walk.error : result;
}

static void run_answer(struct micro *micro)
{
    for (int i = 0; i < MICRO_BATCH; i++) {
        dm_bytes answer = dm_bytes_of(micro->answers[i], micro->answer_size);
        struct rt_pending *pending = &micro->pending[micro->verdicts[i].peer.slot];
        struct dm_header header;
        dm_header_read(&header, answer.at);
        struct rt_waiting *slot = rt_pending_find(pending, &header);
        assert(slot);
        struct rt_waiting waiting;
        rt_pending_take(pending, slot, &waiting);
        micro->result += read_result(answer);
        dm_answer_forward(queue_room(&micro->back, answer.size), answer, waiting.origin.hop_by_hop);
        struct micro_image *image = waiting.image;
        image->next = micro->free_images;
        micro->free_images = image;
    }
}

/* Both identities of each are known as one user. */
static void prepare_bound(struct micro *micro)
{
    for (int i = 0; i < MICRO_BATCH; i++)
        bound_learn_query(&micro->bound, &micro->queries[i], micro->tables.seed);
}

static enum rt_lookup look_up(void *context, uint64_t key_hash, struct rt_bound *found)
{
    struct micro *micro = context;
    return bound_look_up(&micro->bound, key_hash, found);
}

static void run_decide_bound(struct micro *micro)
{
    micro->world.bound = look_up;
    run_decide(micro);
    micro->world.bound = NULL;
}

static void run_bound(struct micro *micro)
{
    for (int i = 0; i < MICRO_BATCH; i++)
        bound_find(&micro->bound);
}

static void run_known(struct micro *micro)
{
    for (int i = 0; i < MICRO_BATCH; i++)
        bound_know(&micro->bound);
}

static void run_learn(struct micro *micro)
{
    for (int i = 0; i < MICRO_BATCH; i++)
        bound_learn(&micro->bound);
}

/* Of other users than the messages': all over the table. */
static void run_find(struct micro *micro)
{
    struct rt_subscriber found;
    for (int i = 0; i < MICRO_BATCH; i++) {
        rt_key_public(&micro->key, users_next(&micro->users), NULL);
        bool is_there = rt_subscribers_find(micro->users.table.rows, &micro->key, &found, NULL);
        assert(is_there);
        (void)is_there;
    }
}

static void decide_by_table(struct micro *micro, struct users *users)
{
    struct rt_attempt attempt = {.now = 1, .ingress = {CLIENT, 1}, .route = -1};
    micro->tables.subscribers = &users->table;
    micro->tables.subscriber_count = 1;
    micro->route.subscribers = 0;
    for (int i = 0; i < MICRO_BATCH; i++) {
        struct rt_query *query = &micro->queries[i];
        query->public_identity = users_next(&micro->users);
        struct rt_verdict verdict;
        rt_decide(&micro->tables, query, &attempt, &micro->world, &micro->chooser, NULL, &verdict);
        micro->result += verdict.peer.slot;
    }
    micro->route.subscribers = -1;
}

static void run_decide_nobody(struct micro *micro)
{
    decide_by_table(micro, &micro->nobody);
}

static void run_decide_million(struct micro *micro)
{
    decide_by_table(micro, &micro->users);
}

/* As `tidy-partner` of the example does it: a condition, an AVP removed and one added. */
static uint8_t drmp[] = {0, 0, 1, 45, 0, 0, 0, 12, 0, 0, 0, 10};
static struct rt_condition for_realm = {
    .path = {.depth = 1, .step = {{0, DM_AVP_DESTINATION_REALM}}, .type = DM_TYPE_IDENTITY},
    .test = RT_MATCHES,
    .glob = {(const uint8_t *)"*.net", 5}};
static struct rt_change tidying[] = {
    {.kind = RT_REMOVE, .path = {.depth = 1, .step = {{0, DM_AVP_USER_NAME}}}},
    {.kind = RT_ADD, .path = {.depth = 1, .step = {{0, 301}}}, .avp = {drmp, sizeof(drmp)}}};
static const struct rt_policy tidy = {.name = "tidy",
                                      .side = RT_REQUESTS,
                                      .condition_count = 1,
                                      .conditions = &for_realm,
                                      .change_count = 2,
                                      .changes = tidying};

static void run_policy(struct micro *micro)
{
    static uint8_t room[RT_POLICY_WORK(REQUEST_ROOM)];
    const struct rt_policy *one = &tidy;
    const struct rt_policies policies = {.side = RT_REQUESTS, .count = 1, .policies = &one};
    for (int i = 0; i < MICRO_BATCH; i++) {
        struct rt_rejection rejection;
        dm_bytes message = micro->requests[i];
        rt_policies_apply(&policies, RT_REQUESTS, &message,
                          (struct rt_policy_room){room, REQUEST_ROOM}, &rejection, NULL);
    }
}

const struct micro_step micro_steps[MICRO_STEPS] = {
    {"parse", "the walk over a UAR: all that routing asks of it", NULL, run_parse},
    {"key", "the canonical key of its user", NULL, run_key},
    {"decide", "route and sticky member of four, the key with it", NULL, run_decide},
    {"forward", "image with Route-Record, pending slot, copy to the queue", NULL, run_forward},
    {"answer", "find the slot, walk the UAA, copy to the queue", prepare_answers, run_answer},
    {"decideB", "decide, both identities of the user among 10^6 bindings", prepare_bound,
     run_decide_bound},
    {"bound1M", "a key among 10^6 bindings, all over the table", NULL, run_bound},
    {"known1M", "a lesson of two keys that says nothing new", NULL, run_known},
    {"learn1M", "a lesson of a new user; the table is full", NULL, run_learn},
    {"find1M", "key and row of a user among 10^6 subscribers", NULL, run_find},
    {"decide0", "decide, by a table without subscribers", NULL, run_decide_nobody},
    {"decide1M", "decide, by a table of 10^6", NULL, run_decide_million},
    {"policy", "one policy: a condition, an AVP removed, one added", NULL, run_policy},
};
