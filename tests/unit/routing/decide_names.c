/* Whom a request is about is said early, so that what was learnt of him is on its way. */
#include "routing/bindings.h"
#include "small_world.h"

enum { MAR = 286 };

static uint64_t expected[8];
static unsigned expected_count;
static uint64_t asked[16];
static unsigned asked_count;

static void expect(void *context, uint64_t key_hash)
{
    (void)context;
    cr_assert_eq(asked_count, 0, "looked up before it was expected");
    expected[expected_count++] = key_hash;
}

static enum rt_lookup bound(void *context, uint64_t key_hash, struct rt_bound *bound)
{
    (void)context;
    (void)bound;
    asked[asked_count++] = key_hash;
    return RT_UNKNOWN;
}

static struct world *set_up_expecting(void)
{
    struct world *it = set_up();
    it->world.bound = bound;
    it->world.expect = expect;
    it->tables.is_user_asked_for = true;
    return it;
}

/* One decision without reasons: `decide` of small_world.h makes two. */
static void decide_once(struct world *it, struct request request)
{
    uint8_t room[1024];
    struct rt_query query;
    struct dm_fault fault;
    struct rt_verdict verdict;
    dm_bytes message = message_of(&request, room, sizeof room);
    cr_assert_eq(rt_query_read(&query, message, it->tables.own_identity, false, &fault), DM_OK);
    expected_count = asked_count = 0;
    rt_decide(&it->tables, &query, &it->attempt, &it->world, &it->chooser, NULL, &verdict);
    cr_assert_eq(verdict.kind, RT_FORWARD);
}

static bool was_expected(uint64_t key_hash)
{
    for (unsigned i = 0; i < expected_count; i++)
        if (expected[i] == key_hash)
            return true;
    return false;
}

Test(decide_names, whoever_is_looked_up_was_expected)
{
    struct world *it = set_up_expecting();
    struct request request = to_core();
    request.command = MAR; /* its session is looked up, too */
    request.application = SIP;
    request.session = "c1.edge.example;1;2";
    decide_once(it, request);
    cr_assert_eq(asked_count, 2);
    for (unsigned i = 0; i < asked_count; i++)
        cr_assert(was_expected(asked[i]));
    cr_assert_eq(expected_count, 2);
    tear_down(it);
}

Test(decide_names, where_no_session_was_learnt_none_is_asked_for)
{
    struct world *it = set_up_expecting();
    it->world.is_without_sessions = true;
    struct request request = to_core();
    request.command = MAR;
    request.application = SIP;
    request.session = "c1.edge.example;1;2";
    decide_once(it, request);
    cr_assert_eq(asked_count, 1); /* the user */
    cr_assert_eq(expected_count, 1);
    tear_down(it);
}

Test(decide_names, a_request_for_one_host_expects_nobody)
{
    struct world *it = set_up_expecting();
    struct request request = to_core();
    request.host = names[S1];
    decide_once(it, request);
    cr_assert_eq(expected_count, 0);
    tear_down(it);
}

Test(decide_names, where_no_pool_chooses_by_user_nobody_is_expected)
{
    struct world *it = set_up_expecting();
    it->tables.is_user_asked_for = false;
    it->pools[0].select = RT_ROUND_ROBIN;
    decide_once(it, to_core());
    cr_assert_eq(expected_count, 0);
    cr_assert_eq(asked_count, 0);
    tear_down(it);
}
