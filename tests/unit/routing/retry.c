/* Decisions about a request that was sent already, and what is said of decisions. */
#include "routing/reasons.h"
#include "small_world.h"

/* --- again --- */

Test(retry, FOV_08_ANS_06_the_next_member_is_one_that_was_not_tried)
{
    struct world *it = set_up();
    enum who first = owner(it);
    it->attempt.route = CORE;
    it->attempt.tried[it->attempt.tried_count++] = it->peers[first].peer;
    expect_peer(it, decide(it, to_core()), other(first));
    it->attempt.tried[it->attempt.tried_count++] = it->peers[other(first)].peer;
    expect_answer(it, decide(it, to_core()), DM_UNABLE_TO_DELIVER);
    tear_down(it);
}

Test(retry, FOV_08_a_member_that_reconnected_under_a_new_generation_was_not_tried)
{
    struct world *it = set_up();
    enum who first = owner(it);
    it->attempt.tried[it->attempt.tried_count++] = (rt_peer){first, 7};
    expect_peer(it, decide(it, to_core()), first);
    tear_down(it);
}

Test(retry, FOV_08_a_retry_stays_in_its_route_and_obeys_the_route_records)
{
    struct world *it = set_up();
    it->attempt.route = TRANSIT;
    expect_peer(it, decide(it, to_core()), R1);
    expect_answer(it, decide(it, by_way_of(names[R1], NULL)), DM_UNABLE_TO_DELIVER);
    tear_down(it);
}

Test(retry, a_retry_whose_route_a_reload_removed_is_3002)
{
    struct world *it = set_up();
    it->attempt.route = 17;
    struct rt_verdict verdict = decide(it, to_core());
    expect_answer(it, verdict, DM_UNABLE_TO_DELIVER);
    cr_assert_eq(verdict.route, -1);
    tear_down(it);
}

Test(retry, a_route_keeps_its_number_though_a_reload_moved_it)
{
    struct world *it = set_up();
    uint32_t places[41];
    memset(places, 0xff, sizeof places);
    places[40] = TRANSIT;
    it->tables.places = places;
    it->tables.place_count = 41;
    it->routes[TRANSIT].number = 40;
    it->attempt.route = 40;
    struct rt_verdict verdict = decide(it, to_core());
    expect_peer(it, verdict, R1);
    cr_assert_eq(verdict.route, 40);
    cr_assert(rt_is_retried(&it->tables, 40, -1, 3002, 1));
    tear_down(it);
}

/* --- which results are retried --- */

Test(retry, ANS_05_ANS_07_only_listed_protocol_errors_are_retried)
{
    struct world *it = set_up();
    struct rt_retry *retry = &it->pools[0].retry;
    static const uint32_t listed[] = {3001, 3002, 3003, 3006, 3007, 3008, 3009, 9001};
    memcpy(retry->results, listed, sizeof listed);
    retry->result_count = 8;
    for (uint32_t result = 0; result < 10000; result++)
        cr_assert_eq(rt_is_retried(&it->tables, CORE, -1, result, 1), result == 3002, "%u", result);
    tear_down(it);
}

Test(retry, ANS_06_3002_and_3004_are_retried_and_3005_if_it_is_listed)
{
    struct world *it = set_up();
    cr_assert(rt_is_retried(&it->tables, CORE, -1, 3002, 1));
    cr_assert(rt_is_retried(&it->tables, CORE, -1, 3004, 1));
    cr_assert_not(rt_is_retried(&it->tables, CORE, -1, 3005, 1));
    it->pools[0].retry.results[it->pools[0].retry.result_count++] = 3005;
    cr_assert(rt_is_retried(&it->tables, CORE, -1, 3005, 1));
    tear_down(it);
}

Test(retry, ANS_08_no_more_members_are_asked_than_attempts_says)
{
    struct world *it = set_up();
    cr_assert_not(rt_is_retried(&it->tables, CORE, -1, 3004, 2));
    it->pools[0].retry.attempts = 100;
    cr_assert(rt_is_retried(&it->tables, CORE, -1, 3004, RT_TRIED_MAX - 1));
    cr_assert_not(rt_is_retried(&it->tables, CORE, -1, 3004, RT_TRIED_MAX));
    tear_down(it);
}

Test(retry, without_a_route_nothing_is_retried)
{
    struct world *it = set_up();
    cr_assert_not(rt_is_retried(&it->tables, -1, -1, 3002, 1));
    cr_assert_not(rt_is_retried(&it->tables, 17, -1, 3002, 1));
    cr_assert_not(rt_is_retried(&it->tables, REFUSED, -1, 3002, 1));
    tear_down(it);
}

/* --- reasons --- */

Test(retry, reasons_tell_each_step_in_a_line)
{
    struct world *it = set_up();
    it->routes[CORE].any_application = false;
    it->routes[CORE].application = SIP;
    it->chooser.memo = (struct rt_memo){0};
    rt_table_free(it->tables.realms);
    it->tables.realms = rt_table_new(it->routes, ROUTES);
    it->peers[S1].reach = RT_UNREACHABLE;
    it->peers[S2].is_busy = true;
    decide(it, to_core());
    expect_reason(it, "route core.example: realm core.example exact, application sip named\n");
    expect_reason(it, "member s1.core.example: not available\n");
    expect_reason(it, "member s2.core.example: busy\n");
    expect_reason(it, "answer 3004: whoever could take the request is busy\n");
    tear_down(it);
}

/* As decide() would, of an LIR of c1.edge.example. */
static void reasons_of(struct world *it)
{
    it->chooser.memo = (struct rt_memo){0};
    rt_table_free(it->tables.realms);
    it->tables.realms = rt_table_new(it->routes, ROUTES);
    it->text[0] = '\0';
    it->reasons.size = 0;
    decide(it, to_core());
}

Test(retry, reasons_tell_which_routes_of_the_realm_were_passed_over_and_why)
{
    static const uint32_t uar = UAR;
    struct world *it = set_up();
    struct rt_route *other = &it->routes[TRANSIT];
    other->realm = dm_text("core.example");
    other->command_count = 1;
    other->commands = &uar;
    reasons_of(it);
    expect_reason(it, "not route transit.example: the command is not listed\n"
                      "route core.example: ");
    other->command_count = 0;
    other->origin_host = dm_text("c9.edge.example");
    reasons_of(it);
    expect_reason(it, "not route transit.example: Origin-Host is not c9.edge.example\n");
    other->origin_host = dm_text("*.edge.example");
    other->origin_realm = dm_text("*.edge.example");
    reasons_of(it);
    expect_reason(it, "not route transit.example: Origin-Realm is not *.edge.example\n");
    tear_down(it);
}

Test(retry, reasons_tell_why_no_route_of_the_realm_takes_a_request)
{
    struct world *it = set_up();
    it->routes[CORE].any_application = false;
    it->routes[CORE].application = CX;
    reasons_of(it);
    expect_reason(it, "not route core.example: it is for another application\n"
                      "answer 3002: no route of the realm takes the request\n");
    tear_down(it);
}

Test(retry, reasons_say_nothing_of_routes_that_come_behind)
{
    struct world *it = set_up();
    it->routes[TRANSIT].realm = dm_text("core.example");
    it->routes[REFUSED].realm = dm_text("*");
    it->routes[REFUSED].any_application = false;
    reasons_of(it);
    cr_assert_null(strstr(it->text, "not route"), "%s", it->text);
    tear_down(it);
}

Test(retry, reasons_name_the_user_as_people_write_him_and_his_slot)
{
    struct rt_key key;
    char text[256];
    struct rt_reasons reasons = {.text = text, .room = sizeof text};
    rt_key_public(&key, dm_text("SIP:alice@Example.net"), NULL);
    rt_say_key(&reasons, &key, 65535);
    cr_assert_str_eq(text, "user: public alice@example.net, slot 65535\n");
    reasons.size = 0;
    rt_key_session(&key, dm_text("a;1"));
    rt_say_key(&reasons, &key, 7);
    cr_assert_str_eq(text, "user: none, so by session a;1, slot 7\n");
    reasons.size = 0;
    key.size = 0;
    rt_say_key(&reasons, &key, 0);
    cr_assert_str_eq(text, "user: none, slot 0\n");
}

Test(retry, reasons_show_no_control_characters_of_a_peer)
{
    struct world *it = set_up();
    decide(it, to_host("\033[2Jevil\nmember s1: fine"));
    expect_reason(it, "destination host ?[2Jevil?member?s1:?fine: no peer of this name\n");
    tear_down(it);
}

Test(retry, reasons_that_do_not_fit_are_cut)
{
    struct world *it = set_up();
    for (size_t room = 0; room < 200; room++) {
        memset(it->text, '#', sizeof it->text);
        it->reasons.room = room;
        decide(it, to_host("s9.core.example"));
        cr_assert_eq(it->text[room], '#');
        cr_assert(room == 0 || memchr(it->text, '\0', room));
        cr_assert(room == 0 || it->reasons.size == strlen(it->text));
    }
    tear_down(it);
}
