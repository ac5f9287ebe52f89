/* small_world.h — two servers and a relay behind the agent, two clients before it, and requests for
 * them.
 *
 * For the tests of decisions; s1 and s2 serve core.example, r1 transit.example, and refused.example
 * is rejected. */
#pragma once

#include "routing/decide.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIP = 6, CX = 16777216, UAR = 283, LIR = 285, RTR = 287, UNKNOWN = 8388620 };
enum who { S1, S2, R1, C1, C2, PEERS };
enum which { CORE, TRANSIT, REFUSED, ROUTES };

static const char *const names[PEERS] = {"s1.core.example", "s2.core.example", "r1.transit.example",
                                         "c1.edge.example", "c2.edge.example"};

/* --- the world --- */

struct world {
    struct rt_seen peers[PEERS];
    struct rt_member members[3];
    struct rt_pool pools[2];
    struct rt_route routes[ROUTES];
    struct rt_tables tables;
    struct rt_attempt attempt;
    struct rt_world world;
    struct rt_chooser chooser;
    uint32_t turns[2];
    uint32_t asked_application;
    char text[2000];
    struct rt_reasons reasons;
};

static inline void member(void *context, uint32_t number, uint32_t application,
                          struct rt_seen *seen)
{
    struct world *it = context;
    it->asked_application = application;
    *seen = it->peers[number];
}

static inline bool host(void *context, dm_bytes identity, uint32_t application,
                        struct rt_seen *seen)
{
    for (uint32_t i = 0; i < PEERS; i++) {
        if (!dm_identity_equal(identity, dm_text(names[i])))
            continue;
        member(context, i, application, seen);
        return true;
    }
    return false;
}

static inline void name_peers(struct world *it)
{
    for (uint32_t i = 0; i < PEERS; i++)
        it->peers[i] = (struct rt_seen){
            .peer = {i, 1}, .reach = RT_REACHABLE, .advertises = true, .is_client = i >= C1};
    it->peers[R1].is_agent = true;
}

/* `core` is s1 and s2, `transit` is r1; a third realm is rejected. */
static inline void draw_routes(struct world *it)
{
    for (uint32_t i = 0; i < 3; i++)
        it->members[i] = (struct rt_member){
            .identity = dm_text(names[i]), .peer_number = i, .weight = 100, .priority = 1};
    struct rt_retry retry = {.attempts = 2, .results = {3002, 3004}, .result_count = 2};
    it->pools[0] =
        (struct rt_pool){.name = "core", .count = 2, .members = it->members, .retry = retry};
    it->pools[1] = (struct rt_pool){
        .name = "transit", .count = 1, .members = it->members + R1, .retry = retry};
    static const char *const realms[ROUTES] = {"core.example", "transit.example",
                                               "refused.example"};
    for (uint32_t i = 0; i < ROUTES; i++)
        it->routes[i] = (struct rt_route){.name = realms[i],
                                          .number = i,
                                          .realm = dm_text(realms[i]),
                                          .any_application = true,
                                          .pool = i};
    it->routes[REFUSED].action = RT_REJECT;
    it->routes[REFUSED].result = 3003;
}

static inline void build(struct world *it)
{
    uint64_t seed = rt_seed(dm_text("antipode"));
    it->tables = (struct rt_tables){.own_identity = dm_text("m.agent.example"),
                                    .seed = seed,
                                    .realms = rt_table_new(it->routes, ROUTES),
                                    .routes = it->routes,
                                    .route_count = ROUTES,
                                    .pools = it->pools,
                                    .pool_count = 2};
    cr_assert(rt_pool_build(&it->pools[0], seed));
    cr_assert(rt_pool_build(&it->pools[1], seed));
}

static inline struct world *set_up(void)
{
    struct world *it = calloc(1, sizeof *it);
    name_peers(it);
    draw_routes(it);
    build(it);
    it->attempt = (struct rt_attempt){.ingress = {C1, 1}, .route = -1};
    it->world = (struct rt_world){.context = it, .member = member, .host = host};
    it->chooser.turn = it->turns;
    it->reasons = (struct rt_reasons){.text = it->text, .room = sizeof it->text};
    return it;
}

/* R1 joins the pool of the servers. */
static inline void add_relay(struct world *it)
{
    rt_pool_fini(&it->pools[0]);
    it->pools[0].count = 3;
    cr_assert(rt_pool_build(&it->pools[0], it->tables.seed));
}

static inline void tear_down(struct world *it)
{
    rt_table_free(it->tables.realms);
    rt_pool_fini(&it->pools[0]);
    rt_pool_fini(&it->pools[1]);
    free(it);
}

/* --- requests --- */

struct request {
    const char *session;
    const char *user; /* a SIP-AOR */
    const char *host;
    const char *realm;
    const char *records[3];
    uint32_t command;
    uint32_t application;
    bool is_local; /* P clear */
};

static inline void write_text(struct dm_writer *writer, uint32_t code, const char *text)
{
    if (text)
        dm_write_text(writer, 0, code, DM_AVP_MANDATORY, text);
}

static inline dm_bytes message_of(const struct request *request, uint8_t *room, size_t size)
{
    struct dm_writer writer;
    dm_writer_init(&writer, room, size);
    struct dm_header header = {.version = 1,
                               .flags = request->is_local ? 0x80 : 0xc0,
                               .command = request->command ? request->command : LIR,
                               .application = request->application};
    dm_write_header(&writer, &header);
    write_text(&writer, DM_AVP_SESSION_ID, request->session);
    write_text(&writer, DM_AVP_ORIGIN_HOST, "c1.edge.example");
    write_text(&writer, DM_AVP_ORIGIN_REALM, "edge.example");
    write_text(&writer, DM_AVP_DESTINATION_HOST, request->host);
    write_text(&writer, DM_AVP_DESTINATION_REALM, request->realm);
    write_text(&writer, DM_AVP_SIP_AOR, request->user);
    for (int i = 0; i < 3; i++)
        write_text(&writer, DM_AVP_ROUTE_RECORD, request->records[i]);
    return dm_bytes_of(room, dm_writer_finish(&writer));
}

static inline struct rt_verdict decide(struct world *it, struct request request)
{
    uint8_t room[1024];
    struct rt_query query;
    struct dm_fault fault;
    dm_bytes message = message_of(&request, room, sizeof room);
    cr_assert_eq(rt_query_read(&query, message, it->tables.own_identity, false, &fault), DM_OK);
    it->reasons.size = 0;
    struct rt_chooser before = it->chooser;
    struct rt_verdict silent;
    struct rt_verdict verdict;
    rt_decide(&it->tables, &query, &it->attempt, &it->world, &it->chooser, NULL, &silent);
    it->chooser = before;
    rt_decide(&it->tables, &query, &it->attempt, &it->world, &it->chooser, &it->reasons, &verdict);
    cr_assert_eq(silent.kind, verdict.kind, "explain and the data path disagree");
    cr_assert(rt_peer_equal(silent.peer, verdict.peer), "explain and the data path disagree");
    return verdict;
}

static inline struct request to_core(void)
{
    return (struct request){.application = SIP,
                            .session = "c1.edge.example;1;1",
                            .user = "sip:alice@core.example",
                            .realm = "core.example"};
}

static inline struct request to_host(const char *name)
{
    struct request request = to_core();
    request.host = name;
    return request;
}

static inline struct request by_way_of(const char *first, const char *second)
{
    struct request request = to_core();
    request.records[0] = first;
    request.records[1] = second;
    return request;
}

/* --- claims --- */

static inline void expect_peer(struct world *it, struct rt_verdict verdict, enum who peer)
{
    cr_assert_eq(verdict.kind, RT_FORWARD, "%s", it->text);
    cr_assert_eq(verdict.peer.slot, peer, "%s", it->text);
    cr_assert_eq(verdict.peer.generation, 1);
}

static inline void expect_answer(struct world *it, struct rt_verdict verdict, enum dm_result result)
{
    cr_assert_eq(verdict.kind, RT_ANSWER, "%s", it->text);
    cr_assert_eq(verdict.result, result, "%d: %s", verdict.result, it->text);
    cr_assert_eq(verdict.member, -1);
}

static inline void expect_reason(struct world *it, const char *line)
{
    cr_assert_not_null(strstr(it->text, line), "\"%s\" is not in:\n%s", line, it->text);
}

static inline enum who owner(struct world *it)
{
    struct rt_verdict verdict = decide(it, to_core());
    cr_assert_eq(verdict.kind, RT_FORWARD, "%s", it->text);
    cr_assert_eq(verdict.route, CORE);
    cr_assert_eq((uint32_t)verdict.member, verdict.peer.slot);
    return verdict.peer.slot;
}

static inline enum who other(enum who server)
{
    return server == S1 ? S2 : S1;
}
