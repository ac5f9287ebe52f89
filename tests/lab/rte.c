/* rte.c — where a request goes. Requirements RTE-01 to RTE-25. */
#include <stdio.h>

#include "tests/lab/lab.h"

TestSuite(rte, .fini = lab_fini);

static const struct lab_plan USUAL = {0};
static const struct lab_plan PAIR = {.servers = {S1, S2}};
/* core.example is served by S1 and, behind it, by the foreign agent R1. */
static const struct lab_plan WITH_AGENT = {
    .servers = {S1, R1},
    .pools = "  - { name: both, members: [{ peer: s1.core.example }, { peer: r1.transit.example, "
             "priority: 2 }] }",
    .routes = "  - { name: core, realm: core.example, action: relay, pool: both }"};

static struct lab_message *to_host(struct lab_message *request, const char *host)
{
    return with_text(request, DESTINATION_HOST, host);
}

static struct lab_message *to_realm(struct lab_message *request, const char *realm)
{
    return with_text(without(request, DESTINATION_REALM), DESTINATION_REALM, realm);
}

/* The client's request is refused, and no server has seen it. */
static void expect_refused(struct lab_bed *bed, struct lab_message *request, uint32_t result)
{
    lab_send(bed->c1, request);
    lab_expect_error(bed->c1, request, result);
    lab_expect_silence(bed->s1);
    if (bed->s2)
        lab_expect_silence(bed->s2);
}

static void expect_at(struct lab_bed *bed, struct lab_peer *server, struct lab_message *request)
{
    lab_send(bed->c1, request);
    lab_expect_relayed(bed->c1, server, request);
}

/* --- Route-Record --- */

Test(rte, RTE_01_the_ingress_peer_is_appended)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = with_text(lab_lir(bed.c1, ALICE), ROUTE_RECORD, "x.far.example");
    lab_send(bed.c1, lir);
    struct lab_message *at_s1 = lab_expect_relayed(bed.c1, bed.s1, lir);
    cr_assert_eq(lab_count(at_s1, ROUTE_RECORD), 2);
    cr_assert_str_eq(lab_text(at_s1, ROUTE_RECORD, 1), C1);
    lab_end(bed.lab);
}

Test(rte, RTE_01_it_is_the_neighbour_not_the_origin)
{
    struct lab_bed bed = lab_bed(WITH_AGENT);
    struct lab_message *lir =
        with_text(without(lab_lir(bed.s2, ALICE), ORIGIN_HOST), ORIGIN_HOST, "x.far.example");
    lab_send(bed.s2, lir);
    struct lab_message *at_s1 = lab_expect_relayed(bed.s2, bed.s1, lir);
    cr_assert_str_eq(lab_text(at_s1, ROUTE_RECORD, 0), R1);
    lab_end(bed.lab);
}

Test(rte, RTE_05_AVP_21_a_loop_is_found_in_the_very_last_AVP)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    for (int i = 0; i < 5; i++)
        with_text(lir, ROUTE_RECORD, "other.far.example");
    expect_refused(&bed, with_text(lir, ROUTE_RECORD, "M.Agent.Example"), 3005);
    lab_end(bed.lab);
}

Test(rte, RTE_05_a_request_that_we_originated_is_a_loop)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir =
        with_text(without(lab_lir(bed.c1, ALICE), ORIGIN_HOST), ORIGIN_HOST, A_HOST);
    expect_refused(&bed, lir, 3005);
    lab_end(bed.lab);
}

Test(rte, RTE_06_a_candidate_in_a_route_record_is_passed_over)
{
    struct lab_bed bed = lab_bed(PAIR);
    expect_at(&bed, bed.s2, with_text(lab_lir(bed.c1, ALICE), ROUTE_RECORD, "S1.core.example"));
    lab_end(bed.lab);
}

Test(rte, RTE_06_with_all_candidates_in_route_records_the_answer_is_3002)
{
    struct lab_bed bed = lab_bed(PAIR);
    expect_refused(&bed,
                   with_text(with_text(lab_lir(bed.c1, ALICE), ROUTE_RECORD, S1), ROUTE_RECORD, S2),
                   3002);
    lab_end(bed.lab);
}

Test(rte, RTE_07_a_request_never_returns_to_where_it_came_from)
{
    struct lab_bed bed = lab_bed((struct lab_plan){
        .servers = {R1},
        .pools = "  - { name: transit, members: [{ peer: r1.transit.example }] }",
        .routes = "  - { name: rest, realm: \"*\", action: relay, pool: transit }"});
    struct lab_message *lir = lab_lir(bed.s1, ALICE);
    lab_send(bed.s1, lir);
    lab_expect_error(bed.s1, lir, 3002);
    lab_end(bed.lab);
}

/* --- Destination-Host --- */

Test(rte, RTE_08_a_destination_host_that_is_a_peer_gets_it)
{
    enum { MANY = 1000 };
    struct lab_bed bed = lab_bed(PAIR);
    bed.s2->auto_result = 2001;
    for (int i = 0; i < MANY; i++)
        lab_push(bed.c1, to_host(lab_lir(bed.c1, ALICE), S2));
    lab_wait_inbox(bed.c1, MANY);
    cr_assert_eq(bed.s2->answered, MANY);
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}

Test(rte, RTE_08_a_destination_host_gets_it_whatever_the_realm)
{
    struct lab_bed bed = lab_bed(PAIR);
    expect_at(&bed, bed.s2, to_realm(to_host(lab_lir(bed.c1, ALICE), S2), "nowhere.example"));
    expect_at(&bed, bed.s2, without(to_host(lab_lir(bed.c1, ALICE), S2), DESTINATION_REALM));
    lab_end(bed.lab);
}

Test(rte, RTE_09_a_destination_host_that_is_down_is_answered_3002)
{
    struct lab_bed bed = lab_bed(PAIR);
    lab_stop_listening(bed.lab, S2);
    lab_reset(bed.s2);
    bed.s2 = NULL;
    lab_wait_metric(bed.lab, "antipode_peer_up{peer=\"s2.core.example\"}", 0);
    expect_refused(&bed, to_host(lab_lir(bed.c1, ALICE), S2), 3002);
    lab_end(bed.lab);
}

Test(rte, RTE_09_an_agent_may_reach_a_destination_host_that_is_down)
{
    struct lab_bed bed = lab_bed(WITH_AGENT);
    lab_stop_listening(bed.lab, S1);
    lab_reset(bed.s1);
    lab_wait_metric(bed.lab, "antipode_peer_up{peer=\"s1.core.example\"}", 0);
    expect_at(&bed, bed.s2, to_host(lab_lir(bed.c1, ALICE), S1));
    lab_end(bed.lab);
}

Test(rte, RTE_10_an_unknown_destination_host_goes_to_an_agent)
{
    struct lab_bed bed = lab_bed(WITH_AGENT);
    expect_at(&bed, bed.s2, to_host(lab_lir(bed.c1, ALICE), "s9.core.example"));
    lab_end(bed.lab);
}

Test(rte, RTE_10_an_unknown_destination_host_never_goes_to_another_server)
{
    struct lab_bed bed = lab_bed(PAIR);
    expect_refused(&bed, to_host(lab_lir(bed.c1, ALICE), "s9.core.example"), 3002);
    lab_end(bed.lab);
}

Test(rte, RTE_11_an_unknown_destination_host_without_realm_is_answered_3002)
{
    struct lab_bed bed = lab_bed(PAIR);
    expect_refused(
        &bed, without(to_host(lab_lir(bed.c1, ALICE), "s9.core.example"), DESTINATION_REALM), 3002);
    lab_end(bed.lab);
}

/* --- realm, application, command --- */

Test(rte, RTE_13_an_unknown_realm_is_answered_3003)
{
    struct lab_bed bed = lab_bed(USUAL);
    expect_refused(&bed, to_realm(lab_lir(bed.c1, ALICE), "nowhere.example"), 3003);
    lab_end(bed.lab);
}

Test(rte, RTE_13_with_a_default_route_an_unknown_realm_is_forwarded)
{
    struct lab_bed bed = lab_bed(
        (struct lab_plan){.routes = "  - { name: rest, realm: \"*\", action: relay, pool: core }"});
    expect_at(&bed, bed.s1, to_realm(lab_lir(bed.c1, ALICE), "nowhere.example"));
    lab_end(bed.lab);
}

Test(rte, RTE_14_an_application_that_no_server_offers_is_answered_3002)
{
    struct lab_bed bed = lab_bed(USUAL);
    expect_refused(&bed, lab_request_from(bed.c1, 272, 4), 3002);
    lab_end(bed.lab);
}

Test(rte, RTE_14_a_realm_without_a_route_for_the_application_is_answered_3002)
{
    struct lab_bed bed = lab_bed((struct lab_plan){
        .routes =
            "  - { name: cx, realm: core.example, application: cx, action: relay, pool: core }"});
    expect_refused(&bed, lab_lir(bed.c1, ALICE), 3002);
    lab_end(bed.lab);
}

Test(rte, RTE_15_a_request_to_ourselves_is_answered_3007)
{
    struct lab_bed bed = lab_bed(USUAL);
    expect_refused(&bed, to_host(lab_lir(bed.c1, ALICE), "M.agent.example"), 3007);
    lab_end(bed.lab);
}

Test(rte, RTE_16_an_unknown_base_command_to_ourselves_is_answered_3001)
{
    struct lab_bed bed = lab_bed(USUAL);
    expect_refused(&bed, to_host(with_command(lab_lir(bed.c1, ALICE), 8388620, 0), A_HOST), 3001);
    lab_end(bed.lab);
}

Test(rte, RTE_18_a_request_without_destination_is_answered_3007)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = without(lab_lir(bed.c1, ALICE), DESTINATION_REALM);
    expect_refused(&bed, with_text(lir, USER_NAME, "alice@core.example"), 3007);
    lab_end(bed.lab);
}

static const char matrix[] =
    "  - { name: refused, realm: core.example, application: cx, action: reject, result: 5003 }\n"
    "  - { name: lir, realm: core.example, application: sip, commands: [LIR], action: relay, pool: "
    "two }\n"
    "  - { name: core, realm: core.example, application: sip, action: relay, pool: core }\n"
    "  - { name: below, realm: \"*.core.example\", action: relay, pool: two }\n"
    "  - { name: rest, realm: \"*\", action: reject, result: 3003 }";

static struct lab_plan matrix_plan(void)
{
    return (struct lab_plan){.servers = {S1, S2},
                             .pools = "  - { name: two, members: [{ peer: s2.core.example }] }",
                             .routes = matrix};
}

Test(rte, RTE_17_the_more_special_route_wins)
{
    struct lab_bed bed = lab_bed(matrix_plan());
    expect_at(&bed, bed.s2, lab_lir(bed.c1, ALICE));
    expect_at(&bed, bed.s1, lab_request_from(bed.c1, UAR, APP_SIP));
    expect_at(&bed, bed.s2,
              to_realm(lab_request_from(bed.c1, UAR, APP_SIP), "deep.below.core.example"));
    expect_refused(&bed, to_realm(lab_lir(bed.c1, ALICE), "elsewhere.example"), 3003);
    lab_end(bed.lab);
}

static const char by_origin[] =
    "  - { name: any, realm: core.example, action: reject, result: 5030 }\n"
    "  - { name: realm, realm: core.example, origin_realm: \"*.example\", action: relay, "
    "pool: core }\n"
    "  - { name: host, realm: core.example, origin_host: " C2 ", action: relay, pool: two }";

Test(rte, RTE_17_whose_request_it_is_decides_where_routes_name_an_origin)
{
    struct lab_plan plan = matrix_plan();
    plan.routes = by_origin;
    struct lab_bed bed = lab_bed(plan);
    struct lab_peer *c2 = lab_client(bed.lab, C2);
    expect_at(&bed, bed.s1, lab_lir(bed.c1, ALICE));
    struct lab_message *of_c2 = lab_lir(c2, ALICE);
    lab_send(c2, of_c2);
    lab_expect_relayed(c2, bed.s2, of_c2);
    struct lab_message *foreign = without(lab_lir(bed.c1, ALICE), ORIGIN_REALM);
    lab_send(bed.c1, with_text(foreign, ORIGIN_REALM, "elsewhere.test"));
    lab_expect_result(bed.c1, foreign, 5030);
    lab_end(bed.lab);
}

Test(rte, RTE_17_ERR_13_a_route_that_rejects_with_5003_answers_without_E)
{
    struct lab_bed bed = lab_bed(matrix_plan());
    struct lab_message *request = lab_request_from(bed.c1, CX_LIR, APP_CX);
    lab_send(bed.c1, request);
    struct lab_message *answer = lab_expect_result(bed.c1, request, 5003);
    cr_assert_eq(lab_flags(answer), P);
    cr_assert_eq(lab_count(answer, VENDOR_SPECIFIC_APPLICATION_ID), 1);
    cr_assert_eq(lab_count(answer, AUTH_SESSION_STATE), 1);
    lab_end(bed.lab);
}

/* --- four realms, three applications, four actions: each pair has each action once --- */

enum { REALMS = 4, APPLICATIONS = 3, ACTIONS = 4, UDR = 306, REJECTED = 3003 };
enum { RELAY, PROXY, REDIRECT, REJECT };

static const char *const realms[REALMS] = {"a.example", "b.a.example", "b.example", "c.example"};
static const char *const patterns[REALMS] = {"a.example", "\"*.a.example\"", "b.example", "\"*\""};
static const char *const applications[APPLICATIONS] = {"sip", "cx", "sh"};
static const uint32_t numbers[APPLICATIONS] = {APP_SIP, APP_CX, APP_SH};
static const uint32_t commands[APPLICATIONS] = {LIR, CX_LIR, UDR};
static const char *const actions[ACTIONS] = {
    "action: relay, pool: core", "action: proxy, pool: core",
    "action: redirect, redirect: { to: [\"aaa://s9.core.example\"] }",
    "action: reject, result: 3003"};

static const char *all_routes(int shift)
{
    static char text[4096];
    size_t size = 0;
    for (int realm = 0; realm < REALMS; realm++)
        for (int i = 0; i < APPLICATIONS; i++)
            size += (size_t)snprintf(text + size, sizeof text - size,
                                     "  - { name: r%d%d, realm: %s, application: %s, %s }\n", realm,
                                     i, patterns[realm], applications[i],
                                     actions[(realm + i + shift) % ACTIONS]);
    return text;
}

static void expect_action(struct lab_bed *bed, int action, struct lab_message *request)
{
    lab_send(bed->c1, request);
    if (action == REJECT) {
        lab_expect_error(bed->c1, request, REJECTED);
        return;
    }
    if (action == REDIRECT) {
        lab_expect_result(bed->c1, request, 3006);
        return;
    }
    lab_answer(bed->s1, lab_expect(bed->s1, lab_command(request)), 2001);
    struct lab_message *answer = lab_expect_result(bed->c1, request, 2001);
    cr_assert_str_eq(lab_text(answer, ORIGIN_HOST, 0), S1);
}

static void expect_matrix(int shift)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.routes = all_routes(shift)});
    for (int realm = 0; realm < REALMS; realm++)
        for (int i = 0; i < APPLICATIONS; i++)
            expect_action(
                &bed, (realm + i + shift) % ACTIONS,
                to_realm(lab_request_from(bed.c1, commands[i], numbers[i]), realms[realm]));
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}

Test(rte, RTE_17_realm_and_application_decide_on_the_action)
{
    expect_matrix(0);
}

Test(rte, RTE_17_realm_and_application_decide_on_the_action_turned_by_one)
{
    expect_matrix(1);
}

Test(rte, RTE_17_realm_and_application_decide_on_the_action_turned_by_two)
{
    expect_matrix(2);
}

Test(rte, RTE_17_realm_and_application_decide_on_the_action_turned_by_three)
{
    expect_matrix(3);
}

Test(rte, RTE_17_our_own_realm_is_routed_like_any_other)
{
    struct lab_bed bed = lab_bed((struct lab_plan){
        .routes = "  - { name: own, realm: agent.example, action: relay, pool: core }"});
    expect_at(&bed, bed.s1, to_realm(lab_lir(bed.c1, ALICE), A_REALM));
    lab_end(bed.lab);
}

/* --- choosing among several --- */

Test(rte, RTE_20_users_keep_their_server_in_a_sticky_pool)
{
    enum { USERS = 40 };
    struct lab_bed bed = lab_bed((struct lab_plan){.servers = {S1, S2}, .pool = "select: sticky"});
    char at[USERS], aor[64];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < USERS; i++) {
            snprintf(aor, sizeof(aor), "sip:user%d@core.example", i);
            struct lab_message *lir = lab_lir(bed.c1, aor);
            lab_send(bed.c1, lir);
            while (!bed.s1->inbox && !bed.s2->inbox)
                lab_serve(bed.lab, 100);
            char now = bed.s1->inbox ? 1 : 2;
            lab_expect_relayed(bed.c1, now == 1 ? bed.s1 : bed.s2, lir);
            cr_assert(round == 0 || at[i] == now, "user %d moved", i);
            at[i] = now;
        }
    }
    lab_end(bed.lab);
}

Test(rte, RTE_20_round_robin_gives_everyone_the_same)
{
    enum { MANY = 100 };
    struct lab_bed bed =
        lab_bed((struct lab_plan){.servers = {S1, S2}, .pool = "select: round_robin"});
    bed.s1->auto_result = bed.s2->auto_result = 2001;
    for (int i = 0; i < MANY; i++)
        lab_push(bed.c1, lab_lir(bed.c1, ALICE));
    lab_wait_inbox(bed.c1, MANY);
    cr_assert_eq(bed.s1->answered, MANY / 2);
    cr_assert_eq(bed.s2->answered, MANY / 2);
    lab_end(bed.lab);
}

/* One worker: what it has sent since counts at once. */
Test(rte, RTE_20_least_pending_leaves_out_who_owes_an_answer)
{
    enum { MANY = 30 };
    struct lab_bed bed = lab_bed(
        (struct lab_plan){.servers = {S1, S2}, .workers = 1, .pool = "select: least_pending"});
    struct lab_message *owed = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, owed);
    while (!bed.s1->inbox && !bed.s2->inbox)
        lab_serve(bed.lab, 100);
    struct lab_peer *busy = bed.s1->inbox ? bed.s1 : bed.s2;
    struct lab_peer *idle = busy == bed.s1 ? bed.s2 : bed.s1;
    for (int i = 0; i < MANY; i++) {
        struct lab_message *lir = lab_lir(bed.c1, ALICE);
        lab_send(bed.c1, lir);
        lab_expect_relayed(bed.c1, idle, lir);
    }
    lab_answer(busy, lab_expect(busy, LIR), 2001);
    lab_expect_answer(bed.c1, owed);
    lab_end(bed.lab);
}

/* --- what the agent keeps, and what it says by itself --- */

Test(rte, RTE_04_a_request_is_kept_until_it_is_answered_and_no_longer)
{
    enum { MANY = 10, ANSWERED = 4 };
    struct lab_bed bed = lab_bed((struct lab_plan){.servers = {S1, S2}, .timers = "request: 60s"});
    struct lab_message *lir[MANY];
    for (int i = 0; i < MANY; i++)
        lab_push(bed.c1, lir[i] = lab_lir(bed.c1, ALICE));
    lab_wait_inbox(bed.s1, MANY);
    lab_wait_metric(bed.lab, "antipode_peer_pending_requests{peer=\"" S1 "\"}", MANY);
    for (int i = 0; i < ANSWERED; i++)
        lab_answer(bed.s1, lab_expect(bed.s1, LIR), 2001);
    lab_wait_inbox(bed.c1, ANSWERED);
    lab_wait_metric(bed.lab, "antipode_peer_pending_requests{peer=\"" S1 "\"}", MANY - ANSWERED);
    lab_reset(bed.s1);
    for (int i = 0; i < MANY - ANSWERED; i++) {
        struct lab_message *at_s2 = lab_expect(bed.s2, LIR);
        uint32_t n = lab_end_to_end(at_s2) - lab_end_to_end(lir[0]);
        cr_assert(n >= ANSWERED && n < MANY, "an answered request was sent again");
        lab_answer(bed.s2, at_s2, 2001);
    }
    lab_expect_silence(bed.s2);
    lab_wait_inbox(bed.c1, MANY);
    lab_end(bed.lab);
}

static void expect_ours(const struct lab_message *request)
{
    cr_assert_eq(lab_flags(request), R);
    cr_assert_str_eq(lab_text(request, ORIGIN_HOST, 0), A_HOST);
    cr_assert_str_eq(lab_text(request, ORIGIN_REALM, 0), A_REALM);
    cr_assert_eq(lab_count(request, DESTINATION_HOST) + lab_count(request, DESTINATION_REALM) +
                     lab_count(request, ROUTE_RECORD),
                 0, "a message between neighbours has none");
}

Test(rte, RTE_26_requests_of_the_agent_carry_its_name_and_identifiers_of_their_own)
{
    enum { SAID = 4 };
    struct lab_message *said[SAID];
    struct lab *lab = lab_start((struct lab_plan){.timers = "watchdog: 6s"});
    struct lab_peer *s1 = lab_accept(lab, S1);
    said[0] = lab_expect(s1, CER);
    lab_send(s1, lab_cea(s1, said[0], 2001));
    lab_wait_metric(lab, "antipode_peer_up{peer=\"" S1 "\"}", 1);
    s1->no_watchdog = true;
    for (int i = 1; i < SAID - 1; i++) {
        while (!s1->inbox)
            lab_advance(lab, 500, 500);
        lab_answer(s1, said[i] = lab_expect(s1, DWR), 2001);
    }
    lab_stop(lab);
    lab_answer(s1, said[SAID - 1] = lab_expect(s1, DPR), 2001);
    lab_expect_closed(s1);
    for (int i = 0; i < SAID; i++) {
        expect_ours(said[i]);
        for (int k = 0; k < i; k++)
            cr_assert_neq(lab_end_to_end(said[k]), lab_end_to_end(said[i]));
    }
    lab_end(lab);
}
