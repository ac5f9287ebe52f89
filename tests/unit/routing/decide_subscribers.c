/* decide_subscribers.c — rows of a table of subscribers decide, and what a redirect agent names. */
#include "learned.h"
#include "routing/subscribers.h"

/* --- subscribers --- */

static struct rt_subscriber_table table = {.name = "home", .file = "F"};
static struct rt_rows *rows;
static dm_bytes peer_names[PEERS];

/* "core" and "transit" are pools, "core/a" a group, all else peers. */
static bool find_target(void *context, dm_bytes name, struct rt_target *target)
{
    struct world *it = context;
    for (uint32_t i = 0; i < 2; i++)
        if (dm_bytes_equal(name, dm_text(it->pools[i].name))) {
            *target = (struct rt_target){RT_TARGET_POOL, i, 0};
            return true;
        }
    if (dm_bytes_equal(name, dm_text("core/b"))) {
        *target = (struct rt_target){RT_TARGET_GROUP, 0, B};
        return true;
    }
    for (uint32_t i = 0; i < PEERS; i++)
        if (dm_bytes_equal(name, dm_text(names[i]))) {
            *target = (struct rt_target){RT_TARGET_PEER, 0, i};
            return true;
        }
    return false;
}

static void provision(struct world *it, const char *csv)
{
    struct rt_target_names known = {it, find_target};
    rows = rt_rows_compile("F", dm_text(csv), it->tables.seed, &it->tables.domains, &known, stderr);
    cr_assert_not_null(rows);
    table.rows = rt_subscribers_new(rows, "F", &known, stderr);
    cr_assert_not_null(table.rows);
    for (uint32_t i = 0; i < PEERS; i++)
        peer_names[i] = dm_text(names[i]);
    it->tables.peers = peer_names;
    it->tables.peer_count = PEERS;
    it->tables.subscribers = &table;
    it->tables.subscriber_count = 1;
    it->routes[TRANSIT].subscribers = -1;
}

static void tear_down_table(struct world *it)
{
    rt_subscribers_free(table.rows);
    rt_rows_free(rows);
    table.unknown_rejects = false;
    tear_down(it);
}

Test(decide_subscribers, a_row_names_a_member_which_others_stand_in_for)
{
    struct world *it = set_up_learning();
    enum who first = owner(it);
    const char *csv = first == S1 ? "sip:alice@core.example,s2.core.example\n"
                                  : "sip:alice@core.example,s1.core.example\n";
    provision(it, csv);
    struct rt_verdict verdict = decide(it, to_core());
    expect_peer(it, verdict, other(first));
    cr_assert_eq(verdict.why, RT_BY_SUBSCRIBER);
    expect_reason(it, "subscribers home: exact, peer s");
    it->peers[other(first)].reach = RT_UNREACHABLE;
    expect_peer(it, decide(it, to_core()), first);
    tear_down_table(it);
}

Test(decide_subscribers, a_row_goes_before_a_binding_and_behind_a_session)
{
    struct world *it = set_up_learning();
    provision(it, "sip:alice@core.example,s2.core.example\n");
    learn_user(alice, RT_KNOWN, name_of(S1));
    expect_peer(it, decide(it, to_core()), S2);
    learn_session("c1.edge.example;7;7", RT_KNOWN, name_of(S1));
    expect_peer(it, decide(it, mar_of("c1.edge.example;7;7")), S1);
    tear_down_table(it);
}

Test(decide_subscribers, a_row_may_name_another_pool_than_the_route)
{
    struct world *it = set_up_learning();
    provision(it, "sip:alice@core.example,transit\n");
    struct rt_verdict verdict = decide(it, to_core());
    expect_peer(it, verdict, R1);
    cr_assert_eq(verdict.pool, 1);
    cr_assert_eq(verdict.member, 0);
    cr_assert_eq(verdict.route, CORE);
    tear_down_table(it);
}

Test(decide_subscribers, a_row_may_name_a_group_and_nobody_else_serves)
{
    struct world *it = set_up_groups();
    char user[40];
    char csv[80];
    struct request request = of_group(it, A, user);
    snprintf(csv, sizeof csv, "%s,core/b\n", user);
    provision(it, csv);
    expect_peer(it, decide(it, request), S2);
    expect_reason(it, "subscribers home: exact, pool core, group b");
    it->peers[S2].reach = RT_UNREACHABLE;
    expect_answer(it, decide(it, request), DM_UNABLE_TO_DELIVER);
    tear_down_table(it);
}

Test(decide_subscribers, a_row_may_name_a_peer_outside_the_pool_who_serves_alone)
{
    struct world *it = set_up_learning();
    provision(it, "sip:alice@core.example,r1.transit.example\n");
    struct rt_verdict verdict = decide(it, to_core());
    expect_peer(it, verdict, R1);
    cr_assert_eq(verdict.member, -1);
    cr_assert_not(verdict.is_fixed);
    it->peers[R1].is_busy = true;
    expect_answer(it, decide(it, to_core()), DM_TOO_BUSY);
    it->peers[R1].reach = RT_UNREACHABLE;
    expect_answer(it, decide(it, to_core()), DM_UNABLE_TO_DELIVER);
    tear_down_table(it);
}

Test(decide_subscribers, rows_of_one_user_share_a_slot)
{
    struct world *it = set_up_learning();
    for (int i = 0; i < 20; i++) {
        char csv[200], first[40], second[40];
        snprintf(first, sizeof first, "sip:user%d@core.example", i);
        snprintf(second, sizeof second, "sip:alias%d@core.example", i);
        snprintf(csv, sizeof csv, "%s,core,u%d\n%s,core,u%d\n", first, i, second, i);
        provision(it, csv);
        struct request request = to_core();
        request.user = first;
        enum who at = decide(it, request).peer.slot;
        request.user = second;
        expect_peer(it, decide(it, request), at);
        rt_subscribers_free(table.rows);
        rt_rows_free(rows);
    }
    it->tables.subscriber_count = 0;
    tear_down(it);
}

Test(decide_subscribers,
     RDR_04_a_user_in_no_row_is_rejected_as_his_server_would_where_the_table_says_so)
{
    struct world *it = set_up_learning();
    provision(it, "sip:bob@core.example,core\n");
    cr_assert_eq(decide(it, to_core()).kind, RT_FORWARD);
    table.unknown_rejects = true;
    struct rt_verdict verdict = decide(it, to_core());
    expect_answer(it, verdict, 5032);
    cr_assert(verdict.is_application_error);
    cr_assert_eq(verdict.experimental_vendor, 0);
    struct request request = to_core();
    request.user = NULL;
    cr_assert_eq(decide(it, request).kind, RT_FORWARD, "it names no user");
    tear_down_table(it);
}

/* --- redirecting --- */

Test(decide_subscribers, RDR_04_a_redirect_agent_names_who_serves_the_user)
{
    struct world *it = set_up_learning();
    provision(it, "sip:alice@core.example,s2.core.example\nsip:bob@core.example,core\n");
    it->routes[REFUSED].action = RT_REDIRECT;
    struct request request = to_core();
    request.realm = "refused.example";
    struct rt_verdict verdict = decide(it, request);
    cr_assert_eq(verdict.kind, RT_TELL);
    cr_assert_eq(verdict.route, REFUSED);
    cr_assert_eq(verdict.target.kind, RT_TARGET_PEER);
    cr_assert_eq(verdict.target.number, S2);
    request.user = "sip:bob@core.example";
    verdict = decide(it, request);
    cr_assert_eq(verdict.target.kind, RT_TARGET_POOL);
    request.user = "sip:carol@core.example";
    expect_answer(it, decide(it, request), 5032);
    it->routes[REFUSED].redirect.subscribers = -1;
    cr_assert_eq(decide(it, request).target.kind, RT_TARGET_NONE);
    tear_down_table(it);
}

Test(decide_subscribers, a_redirect_agent_names_the_users_group_of_a_partitioned_pool)
{
    struct world *it = set_up_groups();
    char user[40];
    char csv[80];
    struct request request = of_group(it, B, user);
    snprintf(csv, sizeof csv, "%s,core\n", user);
    provision(it, csv);
    it->routes[REFUSED].action = RT_REDIRECT;
    request.realm = "refused.example";
    struct rt_verdict verdict = decide(it, request);
    cr_assert_eq(verdict.kind, RT_TELL);
    cr_assert_eq(verdict.target.kind, RT_TARGET_GROUP);
    cr_assert_eq(verdict.target.number, B);
    tear_down_table(it);
}
