/* decide_binding.c — bindings of a mirrored pool, the store that keeps them, sessions that go on.
 */
#include "learned.h"

/* --- bindings of a mirrored pool --- */

Test(decide_binding, a_bound_user_is_served_where_he_was_whatever_the_hash_says)
{
    struct world *it = set_up_learning();
    enum who bound_to = other(owner(it));
    learn_user(alice, RT_KNOWN, name_of(bound_to));
    struct rt_verdict verdict = decide(it, to_core());
    expect_peer(it, verdict, bound_to);
    cr_assert_eq(verdict.why, RT_BY_BINDING);
    cr_assert_eq(verdict.pool, 0);
    expect_reason(it, "binding: was served by ");
    tear_down(it);
}

Test(decide_binding, FOV_13_a_binding_is_diverted_while_its_member_is_away_and_returns)
{
    struct world *it = set_up_learning();
    enum who bound_to = other(owner(it));
    learn_user(alice, RT_KNOWN, name_of(bound_to));
    it->peers[bound_to].reach = RT_UNREACHABLE;
    struct rt_verdict verdict = decide(it, to_core());
    expect_peer(it, verdict, other(bound_to));
    cr_assert_eq(verdict.why, RT_BY_HASH, "nothing is learnt of a diversion");
    it->peers[bound_to].reach = RT_LAST_RESORT;
    expect_peer(it, decide(it, to_core()), other(bound_to));
    it->peers[bound_to].reach = RT_REACHABLE;
    expect_peer(it, decide(it, to_core()), bound_to);
    tear_down(it);
}

Test(decide_binding, FOV_13_a_bound_user_waits_for_the_hold_of_the_pool)
{
    struct world *it = set_up_learning();
    enum who bound_to = other(owner(it));
    learn_user(alice, RT_KNOWN, name_of(bound_to));
    it->pools[0].hold = 10;
    it->peers[bound_to].returned = 100;
    it->attempt.now = 109;
    expect_peer(it, decide(it, to_core()), other(bound_to));
    it->attempt.now = 110;
    expect_peer(it, decide(it, to_core()), bound_to);
    tear_down(it);
}

Test(decide_binding, the_bound_member_is_the_first_of_last_resorts)
{
    struct world *it = set_up_learning();
    enum who bound_to = other(owner(it));
    learn_user(alice, RT_KNOWN, name_of(bound_to));
    it->peers[S1].reach = it->peers[S2].reach = RT_LAST_RESORT;
    expect_peer(it, decide(it, to_core()), bound_to);
    tear_down(it);
}

Test(decide_binding, a_binding_to_a_member_that_was_removed_leaves_it_to_the_hash)
{
    struct world *it = set_up_learning();
    enum who first = owner(it);
    learn_user(alice, RT_KNOWN, 12345);
    struct rt_verdict verdict = decide(it, to_core());
    expect_peer(it, verdict, first);
    cr_assert_eq(verdict.why, RT_BY_HASH);
    tear_down(it);
}

Test(decide_binding, a_group_of_identities_goes_where_its_anchor_goes)
{
    struct world *it = set_up_learning();
    learn_user(alice, RT_KNOWN, 0);
    lore[0].bound.has_slot = true;
    bool met[2] = {false};
    for (unsigned slot = 0; slot < 64; slot++) {
        uint8_t order[2];
        lore[0].bound.slot = (uint16_t)slot;
        rt_pool_order(&it->pools[0], (uint16_t)slot, order);
        struct rt_verdict verdict = decide(it, to_core());
        expect_peer(it, verdict, order[0]);
        cr_assert_eq(verdict.why, RT_BY_HASH);
        met[order[0]] = true;
    }
    cr_assert(met[S1] && met[S2]);
    tear_down(it);
}

Test(decide_binding, nothing_is_looked_up_for_a_session_or_where_load_decides)
{
    struct world *it = set_up_learning();
    struct request request = to_core();
    request.user = NULL;
    decide(it, request);
    it->pools[0].select = RT_LEAST_PENDING;
    decide(it, to_core());
    cr_assert_eq(look_ups, 0);
    tear_down(it);
}

Test(decide_binding, a_destination_host_goes_before_a_binding)
{
    struct world *it = set_up_learning();
    learn_user(alice, RT_KNOWN, name_of(S2));
    struct rt_verdict verdict = decide(it, to_host(names[S1]));
    expect_peer(it, verdict, S1);
    cr_assert_eq(verdict.why, RT_BY_HOST);
    tear_down(it);
}

/* --- the store --- */

Test(decide_binding, a_request_waits_for_what_the_store_was_asked)
{
    struct world *it = set_up_learning();
    learn_user(alice, RT_ASKING, 0);
    struct rt_verdict verdict = decide(it, to_core());
    cr_assert_eq(verdict.kind, RT_WAIT);
    cr_assert_eq(verdict.key_hash, lore[0].key);
    cr_assert_eq(verdict.route, CORE);
    tear_down(it);
}

Test(decide_binding, when_the_store_is_late_or_the_request_was_sent_before_the_hash_decides)
{
    struct world *it = set_up_learning();
    enum who first = owner(it);
    learn_user(alice, RT_ASKING, 0);
    it->attempt.without_store = true;
    expect_peer(it, decide(it, to_core()), first);
    it->attempt.without_store = false;
    it->attempt.route = CORE;
    expect_peer(it, decide(it, to_core()), first);
    tear_down(it);
}

/* --- sessions --- */

Test(decide_binding, STK_a_session_goes_on_where_it_began)
{
    struct world *it = set_up_learning();
    learn_user(alice, RT_KNOWN, name_of(S1));
    learn_session("c1.edge.example;7;7", RT_KNOWN, name_of(S2));
    struct rt_verdict verdict = decide(it, mar_of("c1.edge.example;7;7"));
    expect_peer(it, verdict, S2);
    cr_assert_eq(verdict.why, RT_BY_SESSION);
    expect_reason(it, "session: goes on at s2.core.example");
    expect_peer(it, decide(it, mar_of("c1.edge.example;8;8")), S1);
    tear_down(it);
}

Test(decide_binding, commands_without_sessions_do_not_ask_for_one)
{
    struct world *it = set_up_learning();
    learn_session("c1.edge.example;7;7", RT_KNOWN, name_of(S2));
    learn_user(alice, RT_KNOWN, name_of(S1));
    struct request request = mar_of("c1.edge.example;7;7");
    request.command = LIR;
    expect_peer(it, decide(it, request), S1);
    request.application = CX;
    request.command = STR;
    expect_reason(it, "user: ");
    cr_assert_neq(decide(it, request).why, RT_BY_SESSION);
    tear_down(it);
}

Test(decide_binding, a_session_can_wait_for_the_store_too)
{
    struct world *it = set_up_learning();
    learn_session("c1.edge.example;7;7", RT_ASKING, 0);
    struct rt_verdict verdict = decide(it, mar_of("c1.edge.example;7;7"));
    cr_assert_eq(verdict.kind, RT_WAIT);
    cr_assert_eq(verdict.key_hash, lore[0].key);
    tear_down(it);
}

Test(decide_binding, sessions_of_which_nothing_is_learnt_are_not_asked_for)
{
    struct world *it = set_up_learning();
    learn_session("c1.edge.example;7;7", RT_ASKING, 0);
    struct request request = mar_of("c1.edge.example;7;7");
    request.command = ACR;
    cr_assert_eq(decide(it, request).kind, RT_WAIT, "of RFC 4740 it is");
    request.application = ACCOUNTING;
    cr_assert_neq(decide(it, request).kind, RT_WAIT);
    tear_down(it);
}
