/* A request of any octets, in a world of any state, through query and decision.
 *
 * Eight octets make the world: how each of five peers is, who sent the request and who was tried,
 * which groups were searched, which route stands, how members are chosen and what was learnt. The
 * rest is the message. Whoever is forwarded to must be one who may have it. */
#include <stdio.h>
#include <stdlib.h>

#include "routing/bindings.h"
#include "routing/decide.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PEERS = 5, POOLS = 4, ROUTES = 8, WORLD = 8, PARTS = 3 };

static const char *const names[PEERS] = {"s1.core.example", "s2.core.example", "r1.transit.example",
                                         "c1.edge.example", "c2.edge.example"};
static const uint32_t uar_lir[] = {283, 285};

struct world {
    struct rt_seen peers[PEERS];
    struct rt_attempt attempt;
    struct rt_world world;
    uint8_t lore;
};

static struct rt_member members[PEERS];
static struct rt_member parts[PEERS];
static struct rt_group groups[2] = {{.name = "a"}, {.name = "b"}};
static struct rt_pool pools[POOLS] = {
    {.name = "sticky", .count = PEERS, .members = members},
    {.name = "turn", .select = RT_ROUND_ROBIN, .count = PEERS, .members = members},
    {.name = "least", .select = RT_LEAST_PENDING, .count = PEERS, .members = members},
    {.name = "parts",
     .is_partitioned = true,
     .group_count = 2,
     .groups = groups,
     .count = PEERS,
     .members = parts},
};
static struct rt_route routes[ROUTES];
static struct rt_tables tables;
static uint32_t turns[POOLS];
static struct rt_chooser chooser = {.turn = turns};

static void add_route(const char *realm, const char *origin, uint32_t pool)
{
    struct rt_route *route = &routes[tables.route_count];
    *route = (struct rt_route){.name = realm,
                               .number = tables.route_count++,
                               .realm = dm_text(realm),
                               .any_application = true,
                               .origin_realm = dm_text(origin),
                               .pool = pool};
}

static void draw_routes(void)
{
    add_route("core.example", "", 0);
    add_route("core.example", "*.example", 1);
    add_route("core.example", "", 2);
    routes[2].commands = uar_lir;
    routes[2].command_count = 2;
    add_route("*.transit.example", "", 1);
    add_route("*.a.transit.example", "edge.example", 2);
    add_route("refused.example", "", 0);
    routes[5].action = RT_REJECT;
    routes[5].result = 3003;
    add_route("*", "*.edge.example", 0);
    add_route("parts.example", "", PARTS);
}

static void build_once(void)
{
    if (tables.realms)
        return;
    for (uint32_t i = 0; i < PEERS; i++)
        members[i] = (struct rt_member){.identity = dm_text(names[i]),
                                        .peer_number = i,
                                        .weight = 1 + i,
                                        .priority = 1 + i / 4};
    memcpy(parts, members, sizeof parts);
    for (uint32_t i = 0; i < PEERS; i++)
        parts[i].group = i / 2 % 2;
    draw_routes();
    tables.own_identity = dm_text("m.agent.example");
    tables.seed = rt_seed(dm_text("antipode"));
    tables.routes = routes;
    tables.pools = pools;
    tables.pool_count = POOLS;
    tables.is_user_asked_for = true;
    tables.realms = rt_table_new(routes, tables.route_count);
    for (int i = 0; i < POOLS; i++)
        if (!rt_pool_build(&pools[i], tables.seed))
            abort();
}

static void member(void *context, uint32_t number, uint32_t application, struct rt_seen *seen)
{
    (void)application;
    *seen = ((struct world *)context)->peers[number];
}

static bool host(void *context, dm_bytes identity, uint32_t application, struct rt_seen *seen)
{
    for (uint32_t i = 0; i < PEERS; i++) {
        if (!dm_identity_equal(identity, dm_text(names[i])))
            continue;
        member(context, i, application, seen);
        return true;
    }
    return false;
}

/* The lore octet says what is known of a quarter of the keys each. */
static enum rt_lookup bound(void *context, uint64_t key_hash, struct rt_bound *bound)
{
    uint8_t is = ((struct world *)context)->lore ^ (uint8_t)key_hash;
    *bound = (struct rt_bound){.is_known = true,
                               .has_slot = is & 4,
                               .slot = is,
                               .target = is & 8 ? members[is >> 4 & 3].name_hash
                                                : groups[is >> 4 & 1].name_hash};
    return is & 1 ? (is & 2 ? RT_ASKING : RT_UNKNOWN) : RT_KNOWN;
}

static void world_read(struct world *it, const uint8_t octets[WORLD])
{
    *it = (struct world){.world = {.context = it, .member = member, .host = host, .bound = bound},
                         .lore = octets[7]};
    for (uint32_t i = 0; i < PEERS; i++) {
        uint8_t is = octets[i];
        it->peers[i] = (struct rt_seen){.peer = {i, 1},
                                        .reach = (enum rt_reach)((is & 3) % 3),
                                        .advertises = !(is & 4),
                                        .is_agent = is & 8,
                                        .is_client = is & 16,
                                        .is_busy = is & 32,
                                        .pending = is >> 6};
    }
    it->attempt.ingress = (rt_peer){octets[5] & 7, 1};
    for (uint32_t i = 0; i < PEERS; i++)
        if (octets[6] >> i & 1)
            it->attempt.tried[it->attempt.tried_count++] = it->peers[i].peer;
    it->attempt.searched = octets[6] >> 5 & 3;
    it->attempt.without_store = octets[6] >> 7;
    it->attempt.route = (int32_t)(octets[7] % 10) - 1;
    chooser.random = octets[7];
}

static void claim(bool is_true)
{
    if (!is_true)
        abort();
}

static void check_forward(const struct world *it, const struct rt_query *query,
                          struct rt_verdict verdict)
{
    claim(verdict.peer.slot < PEERS);
    const struct rt_seen *seen = &it->peers[verdict.peer.slot];
    claim(seen->reach != RT_UNREACHABLE && seen->advertises && !seen->is_busy);
    claim(!rt_peer_equal(verdict.peer, it->attempt.ingress));
    for (int i = 0; i < it->attempt.tried_count; i++)
        claim(!rt_peer_equal(verdict.peer, it->attempt.tried[i]));
    claim(!rt_query_has_passed(query, dm_text(names[verdict.peer.slot])));
    claim(verdict.is_fixed == (verdict.member < 0));
    if (verdict.is_fixed)
        return;
    claim(verdict.route >= 0 && verdict.member < PEERS && !seen->is_client);
    claim(verdict.pool >= 0 && verdict.pool < POOLS);
    claim(pools[verdict.pool].members[verdict.member].peer_number == verdict.peer.slot);
    if (verdict.pool == PARTS && verdict.why == RT_BY_SEARCH && it->attempt.tried_count == 0)
        claim(!(it->attempt.searched >> parts[verdict.member].group & 1));
    claim(!query->destination_host.at || seen->is_agent);
}

static void check(const struct world *it, const struct rt_query *query, struct rt_verdict verdict)
{
    claim(verdict.route < (int32_t)tables.route_count);
    if (verdict.kind == RT_FORWARD)
        check_forward(it, query, verdict);
    else if (verdict.kind == RT_WAIT)
        claim(it->attempt.route < 0 && !it->attempt.without_store);
    else
        claim(dm_result_is_protocol_error((uint32_t)verdict.result));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    build_once();
    if (size < WORLD + DM_HEADER_SIZE)
        return 0;
    struct world it;
    struct rt_query query;
    struct dm_fault fault;
    world_read(&it, data);
    dm_bytes message = dm_bytes_of(data + WORLD, (size - WORLD) & ~(size_t)3);
    if (rt_query_read(&query, message, tables.own_identity, false, &fault) != DM_OK)
        return 0;
    char text[512];
    struct rt_reasons reasons = {text, sizeof text, 0};
    struct rt_chooser before = chooser;
    uint32_t turns_before[POOLS];
    memcpy(turns_before, turns, sizeof turns);
    struct rt_verdict verdict;
    rt_decide(&tables, &query, &it.attempt, &it.world, &chooser, &reasons, &verdict);
    check(&it, &query, verdict);
    claim(reasons.size < sizeof text);

    chooser = before;
    memcpy(turns, turns_before, sizeof turns);
    struct rt_verdict silent;
    rt_decide(&tables, &query, &it.attempt, &it.world, &chooser, NULL, &silent);
    claim(silent.kind == verdict.kind && rt_peer_equal(silent.peer, verdict.peer));
    rt_is_retried(&tables, verdict.route, verdict.pool, (uint32_t)data[0] + 3000,
                  it.attempt.tried_count);
    return 0;
}
