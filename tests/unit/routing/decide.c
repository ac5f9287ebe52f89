/* The order of decisions, in a small world. */
#include "small_world.h"

/* --- local: steps 3, 6, 8 --- */

Test(decide, HDR_15_a_request_with_P_clear_is_answered_3007)
{
    struct world *it = set_up();
    struct request request = to_host(names[S1]);
    request.is_local = true;
    expect_answer(it, decide(it, request), DM_APPLICATION_UNSUPPORTED);
    tear_down(it);
}

Test(decide, RTE_15_HDR_27_a_request_for_this_agent_is_3007_whatever_its_command)
{
    struct world *it = set_up();
    struct request request = to_host("M.Agent.Example");
    expect_answer(it, decide(it, request), DM_APPLICATION_UNSUPPORTED);
    request.command = UNKNOWN;
    expect_answer(it, decide(it, request), DM_APPLICATION_UNSUPPORTED);
    tear_down(it);
}

Test(decide, RTE_16_a_request_of_the_base_application_for_this_agent_is_3001)
{
    struct world *it = set_up();
    struct request request = to_host("m.agent.example");
    request.application = 0;
    request.command = UNKNOWN;
    expect_answer(it, decide(it, request), DM_COMMAND_UNSUPPORTED);
    tear_down(it);
}

Test(decide, RTE_18_neither_host_nor_realm_is_3007)
{
    struct world *it = set_up();
    struct request request = to_core();
    request.realm = NULL;
    expect_answer(it, decide(it, request), DM_APPLICATION_UNSUPPORTED);
    tear_down(it);
}

/* --- by host: steps 9, 10 --- */

Test(decide, RTE_08_a_destination_host_that_is_a_peer_gets_it_whatever_the_routes_say)
{
    struct world *it = set_up();
    struct request request = to_host("S2.Core.Example");
    request.realm = "refused.example";
    struct rt_verdict verdict = decide(it, request);
    expect_peer(it, verdict, S2);
    cr_assert(verdict.is_fixed);
    cr_assert_eq(verdict.member, -1);
    cr_assert_eq(verdict.route, -1, "no counter of a route that rejects");
    tear_down(it);
}

Test(decide, RTE_08_every_user_of_a_destination_host_goes_there)
{
    struct world *it = set_up();
    for (int i = 0; i < 1000; i++) {
        char user[40];
        snprintf(user, sizeof user, "sip:user%d@core.example", i);
        struct request request = to_host(names[S2]);
        request.user = user;
        expect_peer(it, decide(it, request), S2);
    }
    tear_down(it);
}

Test(decide, a_request_for_a_host_counts_for_the_route_of_its_realm)
{
    struct world *it = set_up();
    cr_assert_eq(decide(it, to_host(names[S1])).route, CORE);
    tear_down(it);
}

Test(decide, RTE_12_a_destination_host_needs_no_realm)
{
    struct world *it = set_up();
    struct request request = to_host(names[C2]);
    request.realm = NULL;
    request.command = RTR;
    it->attempt.ingress = it->peers[S1].peer;
    struct rt_verdict verdict = decide(it, request);
    expect_peer(it, verdict, C2);
    cr_assert_eq(verdict.route, -1);
    tear_down(it);
}

Test(decide, RTE_11_a_host_that_cannot_be_reached_and_no_realm_is_3002)
{
    struct world *it = set_up();
    struct request request = to_host("s9.core.example");
    request.realm = NULL;
    expect_answer(it, decide(it, request), DM_UNABLE_TO_DELIVER);
    tear_down(it);
}

Test(decide, RTE_09_a_server_that_is_down_is_not_replaced_by_another)
{
    struct world *it = set_up();
    it->peers[S2].reach = RT_UNREACHABLE;
    expect_answer(it, decide(it, to_host(names[S2])), DM_UNABLE_TO_DELIVER);
    tear_down(it);
}

Test(decide, RTE_09_a_server_that_is_down_is_sought_behind_an_agent_of_the_route)
{
    struct world *it = set_up();
    add_relay(it);
    it->peers[S2].reach = RT_UNREACHABLE;
    struct rt_verdict verdict = decide(it, to_host(names[S2]));
    expect_peer(it, verdict, R1);
    cr_assert_not(verdict.is_fixed);
    cr_assert_eq(verdict.member, 2);
    tear_down(it);
}

Test(decide, RTE_10_an_unknown_host_goes_to_an_agent_and_never_to_a_server)
{
    struct world *it = set_up();
    expect_answer(it, decide(it, to_host("s9.core.example")), DM_UNABLE_TO_DELIVER);
    add_relay(it);
    expect_peer(it, decide(it, to_host("s9.core.example")), R1);
    expect_peer(it, decide(it, to_host("")), R1);
    tear_down(it);
}

Test(decide, SRV_02_a_client_gets_only_applications_that_it_advertised)
{
    struct world *it = set_up();
    it->attempt.ingress = it->peers[S1].peer;
    it->peers[C1].advertises = false;
    struct request request = to_host(names[C1]);
    request.application = CX;
    request.realm = "edge.example";
    expect_answer(it, decide(it, request), DM_UNABLE_TO_DELIVER);
    request.realm = "core.example";
    expect_answer(it, decide(it, request), DM_UNABLE_TO_DELIVER);
    cr_assert_eq(it->asked_application, CX);
    tear_down(it);
}

Test(decide, a_host_is_not_sent_back_what_it_sent_or_has_seen)
{
    struct world *it = set_up();
    expect_answer(it, decide(it, to_host(names[C1])), DM_UNABLE_TO_DELIVER);
    struct request request = to_host(names[S1]);
    request.records[0] = "S1.core.example";
    expect_answer(it, decide(it, request), DM_UNABLE_TO_DELIVER);
    tear_down(it);
}

Test(decide, RTE_25_a_host_whose_queue_is_full_is_3004)
{
    struct world *it = set_up();
    add_relay(it);
    it->peers[S1].is_busy = true;
    expect_answer(it, decide(it, to_host(names[S1])), DM_TOO_BUSY);
    tear_down(it);
}

Test(decide, WDG_13_a_host_that_just_came_back_is_used_where_no_agent_is)
{
    struct world *it = set_up();
    it->peers[S1].reach = RT_LAST_RESORT;
    struct rt_verdict verdict = decide(it, to_host(names[S1]));
    expect_peer(it, verdict, S1);
    cr_assert(verdict.is_fixed);
    add_relay(it);
    expect_peer(it, decide(it, to_host(names[S1])), R1);
    tear_down(it);
}

Test(decide, FOV_03_a_host_that_was_left_is_not_taken_again)
{
    struct world *it = set_up();
    it->attempt.tried[it->attempt.tried_count++] = it->peers[S1].peer;
    expect_answer(it, decide(it, to_host(names[S1])), DM_UNABLE_TO_DELIVER);
    tear_down(it);
}

/* --- by realm: steps 12, 13 --- */

Test(decide, RTE_13_a_realm_without_a_route_is_3003)
{
    struct world *it = set_up();
    struct request request = to_core();
    request.realm = "nowhere.example";
    struct rt_verdict verdict = decide(it, request);
    expect_answer(it, verdict, DM_REALM_NOT_SERVED);
    cr_assert_eq(verdict.route, -1);
    tear_down(it);
}

Test(decide, a_route_that_rejects_answers_with_its_result)
{
    struct world *it = set_up();
    struct request request = to_core();
    request.realm = "refused.example";
    struct rt_verdict verdict = decide(it, request);
    expect_answer(it, verdict, DM_REALM_NOT_SERVED);
    cr_assert_eq(verdict.route, REFUSED);
    tear_down(it);
}

Test(decide, HDR_27_HDR_28_unknown_commands_and_applications_are_forwarded)
{
    struct world *it = set_up();
    struct request request = to_core();
    request.command = UNKNOWN;
    request.application = 16777999;
    cr_assert_eq(decide(it, request).kind, RT_FORWARD);
    tear_down(it);
}

/* --- the member: steps 14, 15 --- */

Test(decide, a_user_stays_at_one_member_whatever_the_session)
{
    struct world *it = set_up();
    enum who first = owner(it);
    struct request request = to_core();
    for (int i = 0; i < 100; i++) {
        char session[40];
        snprintf(session, sizeof session, "c2.edge.example;%d;1", i);
        request.session = session;
        expect_peer(it, decide(it, request), first);
    }
    tear_down(it);
}

Test(decide, without_a_user_the_session_stays_and_sessions_are_spread)
{
    struct world *it = set_up();
    struct request request = to_core();
    request.user = NULL;
    unsigned at[2] = {0};
    for (int i = 0; i < 1000; i++) {
        char session[40];
        snprintf(session, sizeof session, "c2.edge.example;%d;1", i);
        request.session = session;
        enum who first = decide(it, request).peer.slot;
        expect_peer(it, decide(it, request), first);
        at[first]++;
    }
    cr_assert(at[S1] > 400 && at[S2] > 400);
    tear_down(it);
}

Test(decide, without_user_and_session_the_sender_decides)
{
    struct world *it = set_up();
    struct request request = to_core();
    request.user = request.session = NULL;
    struct rt_key key;
    rt_key_session(&key, dm_text("c1.edge.example"));
    uint8_t order[2];
    rt_pool_order(&it->pools[0], rt_slot(&key, it->tables.seed), order);
    expect_peer(it, decide(it, request), order[0]);
    tear_down(it);
}

Test(decide, CEX_12_RTE_21_a_peer_that_did_not_advertise_the_application_never_gets_it)
{
    struct world *it = set_up();
    enum who first = owner(it);
    it->peers[first].advertises = false;
    expect_peer(it, decide(it, to_core()), other(first));
    it->peers[other(first)].reach = RT_UNREACHABLE;
    expect_answer(it, decide(it, to_core()), DM_UNABLE_TO_DELIVER);
    tear_down(it);
}

Test(decide, RTE_14_a_realm_without_an_available_peer_for_the_application_is_3002)
{
    struct world *it = set_up();
    it->peers[S1].advertises = it->peers[S2].advertises = false;
    struct rt_verdict verdict = decide(it, to_core());
    expect_answer(it, verdict, DM_UNABLE_TO_DELIVER);
    cr_assert_eq(verdict.route, CORE);
    tear_down(it);
}

Test(decide, RTE_06_a_candidate_in_a_route_record_is_passed_over)
{
    struct world *it = set_up();
    expect_peer(it, decide(it, by_way_of("x.far.example", "S1.core.example")), S2);
    expect_peer(it, decide(it, by_way_of("s2.core.example", NULL)), S1);
    expect_answer(it, decide(it, by_way_of(names[S1], names[S2])), DM_UNABLE_TO_DELIVER);
    tear_down(it);
}

Test(decide, RTE_07_a_request_is_not_sent_back_where_it_came_from)
{
    struct world *it = set_up();
    it->attempt.ingress = it->peers[R1].peer;
    struct request request = to_core();
    request.realm = "transit.example";
    expect_answer(it, decide(it, request), DM_UNABLE_TO_DELIVER);
    tear_down(it);
}

Test(decide, SRV_04_a_client_is_never_chosen_by_realm)
{
    struct world *it = set_up();
    it->peers[S1].is_client = it->peers[S2].is_client = true;
    expect_answer(it, decide(it, to_core()), DM_UNABLE_TO_DELIVER);
    tear_down(it);
}

Test(decide, SRV_04_a_request_of_a_server_for_an_unknown_host_reaches_no_other_server)
{
    struct world *it = set_up();
    it->attempt.ingress = it->peers[S1].peer;
    struct request request = to_host("c9.core.example");
    request.command = RTR;
    expect_answer(it, decide(it, request), DM_UNABLE_TO_DELIVER);
    tear_down(it);
}

Test(decide, RTE_25_a_busy_member_gives_way_and_3004_is_for_when_all_are)
{
    struct world *it = set_up();
    enum who first = owner(it);
    it->peers[first].is_busy = true;
    expect_peer(it, decide(it, to_core()), other(first));
    it->peers[other(first)].is_busy = true;
    expect_answer(it, decide(it, to_core()), DM_TOO_BUSY);
    it->peers[other(first)].reach = RT_UNREACHABLE;
    expect_answer(it, decide(it, to_core()), DM_TOO_BUSY);
    it->peers[first].reach = RT_UNREACHABLE;
    expect_answer(it, decide(it, to_core()), DM_UNABLE_TO_DELIVER);
    tear_down(it);
}

Test(decide, a_member_that_is_back_waits_for_the_hold_of_its_pool)
{
    struct world *it = set_up();
    it->pools[0].hold = 10;
    it->peers[S1].returned = it->peers[S2].returned = 100;
    it->attempt.now = 109;
    rt_peer first = decide(it, to_core()).peer;
    enum who chosen = rt_peer_equal(first, it->peers[S1].peer) ? S1 : S2;
    enum who other = chosen == S1 ? S2 : S1;
    it->peers[other].returned = 0;
    expect_peer(it, decide(it, to_core()), other);
    it->attempt.now = 110;
    expect_peer(it, decide(it, to_core()), chosen);
    tear_down(it);
}

Test(decide, WDG_13_the_only_server_is_used_as_a_last_resort)
{
    struct world *it = set_up();
    it->peers[S1].reach = RT_LAST_RESORT;
    expect_peer(it, decide(it, to_core()), S2);
    it->peers[S2].reach = RT_UNREACHABLE;
    expect_peer(it, decide(it, to_core()), S1);
    tear_down(it);
}
