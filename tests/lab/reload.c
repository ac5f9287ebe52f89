/* reload.c — the configuration is exchanged while traffic runs: what did not change does not
 * notice. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lab/lab.h"

TestSuite(reload, .fini = lab_fini);

enum { DO_NOT_WANT = 2, REBOOTING = 0 };

static const struct lab_plan ONE = {.servers = {S1}, .timers = "request: 60s"};
static const struct lab_plan PAIR = {.servers = {S1, S2}, .timers = "request: 60s"};

static void reload(struct lab *lab, struct lab_plan plan)
{
    cr_assert(lab_reload(lab, plan), "the reload was refused");
}

static struct lab_message *expect_dpr(struct lab_peer *peer, uint32_t cause)
{
    struct lab_message *dpr = lab_expect(peer, DPR);
    cr_assert_eq(lab_number(dpr, DISCONNECT_CAUSE), cause);
    return dpr;
}

static void part(struct lab_peer *peer, const struct lab_message *dpr)
{
    lab_answer(peer, dpr, 2001);
    lab_expect_closed(peer);
    lab_close(peer);
}

/* --- what did not change --- */

Test(reload, a_peer_that_did_not_change_keeps_its_link_and_its_pending_request)
{
    struct lab_bed bed = lab_bed(PAIR);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    struct lab_plan plan = PAIR;
    lab_send(bed.c1, lir);
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    plan.pool = "retry: { attempts: 3 }";
    plan.pools = "  - { name: other, members: [{ peer: " S2 " }] }";
    reload(bed.lab, plan);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_expect_service(bed.c1, bed.s1);
    lab_expect_silence(bed.s1);
    lab_expect_silence(bed.s2);
    lab_end(bed.lab);
}

Test(reload, the_same_file_again_changes_nothing)
{
    struct lab_bed bed = lab_bed(PAIR);
    for (int i = 0; i < 10; i++)
        reload(bed.lab, PAIR);
    lab_expect_service(bed.c1, bed.s1);
    lab_expect_silence(bed.s1);
    lab_expect_silence(bed.c1);
    lab_end(bed.lab);
}

/* --- what is wrong --- */

Test(reload, a_wrong_file_is_refused_with_its_mistakes_and_the_old_one_stays)
{
    struct lab_bed bed = lab_bed(PAIR);
    struct lab_plan wrong = PAIR;
    wrong.more = "nonsense: 1";
    cr_assert_not(lab_reload(bed.lab, wrong));
    lab_wait_log(bed.lab, "nonsense: ");
    lab_wait_log(bed.lab, "the configuration in use stays");
    lab_expect_service(bed.c1, bed.s1);
    reload(bed.lab, PAIR);
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

Test(reload, another_identity_is_refused)
{
    struct lab_bed bed = lab_bed(ONE);
    struct lab_plan other = ONE;
    other.identity = "other.agent.example";
    cr_assert_not(lab_reload(bed.lab, other));
    lab_wait_log(bed.lab, "identity: needs a restart");
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

Test(reload, keys_that_need_a_restart_are_named_and_the_others_are_taken)
{
    struct lab_bed bed = lab_bed(ONE);
    struct lab_plan other = ONE;
    other.workers = 3;
    other.limits = "connections: 500";
    other.timers = "request: 100ms, drain: 1s";
    reload(bed.lab, other);
    lab_wait_log(bed.lab, "needs a restart: workers");
    lab_wait_log(bed.lab, "needs a restart: limits.connections");
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_expect(bed.s1, LIR);
    lab_advance(bed.lab, 200, 10);
    lab_expect_error(bed.c1, lir, 3002);
    lab_end(bed.lab);
}

Test(reload, it_is_refused_while_the_agent_drains)
{
    struct lab_bed bed =
        lab_bed((struct lab_plan){.servers = {S1}, .timers = "request: 60s, drain: 60s"});
    lab_send(bed.c1, lab_lir(bed.c1, ALICE));
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    bed.c1->auto_disconnect = true;
    lab_stop(bed.lab);
    lab_wait_log(bed.lab, "draining");
    kill(bed.lab->agent, SIGHUP);
    lab_wait_log(bed.lab, "the agent is ending");
    lab_answer(bed.s1, at_s1, 2001);
    lab_end(bed.lab);
}

/* --- peers --- */

Test(reload, a_peer_that_is_added_is_dialled)
{
    struct lab_bed bed = lab_bed(ONE);
    reload(bed.lab, PAIR);
    struct lab_peer *s2 = lab_server(bed.lab, S2);
    lab_close(bed.s1);
    lab_wait_metric(bed.lab, "antipode_peer_up{peer=\"" S1 "\"}", 0);
    lab_expect_service(bed.c1, s2);
    lab_end(bed.lab);
}

Test(reload, a_peer_that_is_removed_drains_with_a_DPR_and_its_pending_request_is_answered)
{
    struct lab_bed bed = lab_bed(PAIR);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    reload(bed.lab, (struct lab_plan){.servers = {S2}, .timers = "request: 60s"});
    struct lab_message *dpr = expect_dpr(bed.s1, DO_NOT_WANT);
    lab_expect_service(bed.c1, bed.s2);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    part(bed.s1, dpr);
    lab_expect_service(bed.c1, bed.s2);
    lab_end(bed.lab);
}

Test(reload, what_a_removed_peer_does_not_answer_fails_over)
{
    struct lab_bed bed = lab_bed(PAIR);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_expect(bed.s1, LIR);
    reload(bed.lab, (struct lab_plan){.servers = {S2}, .timers = "request: 60s"});
    expect_dpr(bed.s1, DO_NOT_WANT);
    lab_close(bed.s1);
    struct lab_message *at_s2 = lab_expect(bed.s2, LIR);
    cr_assert(lab_flags(at_s2) & T);
    lab_answer(bed.s2, at_s2, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}

Test(reload, a_peer_that_was_removed_may_come_back)
{
    struct lab_bed bed = lab_bed(PAIR);
    for (int i = 0; i < 5; i++) {
        reload(bed.lab, ONE);
        part(bed.s2, expect_dpr(bed.s2, DO_NOT_WANT));
        reload(bed.lab, PAIR);
        bed.s2 = lab_server(bed.lab, S2);
    }
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

Test(reload, a_peer_that_is_there_again_before_it_has_gone_is_dialled_again)
{
    struct lab_bed bed = lab_bed(PAIR);
    reload(bed.lab, ONE);
    struct lab_message *dpr = expect_dpr(bed.s2, DO_NOT_WANT);
    reload(bed.lab, PAIR);
    part(bed.s2, dpr);
    lab_server(bed.lab, S2);
    lab_end(bed.lab);
}

Test(reload, a_peer_whose_address_changed_is_parted_from_and_dialled_there)
{
    struct lab_bed bed = lab_bed(ONE);
    lab_stop_listening(bed.lab, S1);
    bed.lab->servers[0].port = 0;
    lab_listen_again(bed.lab, S1);
    reload(bed.lab, ONE);
    part(bed.s1, expect_dpr(bed.s1, REBOOTING));
    struct lab_peer *s1 = lab_server(bed.lab, S1);
    lab_expect_service(bed.c1, s1);
    lab_end(bed.lab);
}

Test(reload, peers_of_a_pattern_that_is_removed_are_parted_from)
{
    struct lab_bed bed = lab_bed(ONE);
    struct lab_plan plan = ONE;
    plan.clients = "  - { identity: \"*.other.example\" }";
    reload(bed.lab, plan);
    part(bed.c1, expect_dpr(bed.c1, DO_NOT_WANT));
    lab_wait_metric(bed.lab, "antipode_peers_open{peer=\"*.edge.example\"}", 0);
    reload(bed.lab, ONE);
    bed.c1 = lab_client(bed.lab, C1);
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

Test(reload, a_peer_of_a_pattern_that_gets_a_row_of_its_own_keeps_its_link)
{
    struct lab_bed bed = lab_bed(ONE);
    struct lab_plan plan = ONE;
    plan.peers = "  - { identity: " C1 ", realm: edge.example }";
    lab_wait_metric(bed.lab, "antipode_peers_open{peer=\"*.edge.example\"}", 1);
    reload(bed.lab, plan);
    lab_wait_metric(bed.lab, "antipode_peers_open{peer=\"" C1 "\"}", 1);
    lab_wait_metric(bed.lab, "antipode_peers_open{peer=\"*.edge.example\"}", 0);
    lab_expect_service(bed.c1, bed.s1);
    reload(bed.lab, ONE);
    lab_wait_metric(bed.lab, "antipode_peers_open{peer=\"*.edge.example\"}", 1);
    lab_expect_service(bed.c1, bed.s1);
    lab_expect_silence(bed.c1);
    lab_end(bed.lab);
}

Test(reload, limits_of_a_peer_count_at_once)
{
    struct lab_bed bed = lab_bed(ONE);
    struct lab_plan plan = ONE;
    plan.limits = "in_flight_per_peer: 1";
    reload(bed.lab, plan);
    struct lab_message *first = lab_lir(bed.c1, ALICE), *second = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, first);
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    lab_send(bed.c1, second);
    lab_expect_error(bed.c1, second, 3004);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_result(bed.c1, first, 2001);
    lab_end(bed.lab);
}

/* --- routes, listeners --- */

Test(reload, the_answer_of_a_request_whose_route_was_removed_arrives)
{
    struct lab_bed bed = lab_bed(ONE);
    struct lab_message *lir = lab_lir(bed.c1, ALICE), *late = lab_lir(bed.c1, ALICE);
    struct lab_plan plan = ONE;
    plan.routes = "  - { name: first, realm: first.example, action: relay, pool: core }\n"
                  "  - { name: none, realm: \"*\", action: reject, result: 3003 }";
    lab_send(bed.c1, lir);
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    reload(bed.lab, plan);
    lab_send(bed.c1, late);
    lab_expect_error(bed.c1, late, 3003);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_wait_metric(bed.lab, "antipode_requests_total{route=\"core\",outcome=\"answered\"}", 1);
    lab_end(bed.lab);
}

Test(reload, a_route_keeps_its_counters_when_it_moves)
{
    struct lab_bed bed = lab_bed(ONE);
    struct lab_plan plan = ONE;
    plan.routes = "  - { name: none, realm: none.example, action: reject, result: 3003 }\n"
                  "  - { name: core, realm: core.example, action: relay, pool: core }";
    lab_expect_service(bed.c1, bed.s1);
    reload(bed.lab, plan);
    lab_expect_service(bed.c1, bed.s1);
    lab_wait_metric(bed.lab, "antipode_requests_total{route=\"core\",outcome=\"answered\"}", 2);
    lab_end(bed.lab);
}

/* A worker notes routes that it found. A later table may lie where a former one lay: a request
 * comes after every second reload. */
Test(reload, after_each_of_many_reloads_a_request_goes_by_the_routes_of_now)
{
    struct lab_bed bed = lab_bed(ONE);
    struct lab_plan refusing = ONE, between = ONE;
    between.routes = "  - { name: first, realm: first.example, action: relay, pool: core }\n"
                     "  - { name: none, realm: other.example, action: reject, result: 3003 }";
    refusing.routes = "  - { name: first, realm: first.example, action: relay, pool: core }\n"
                      "  - { name: none, realm: core.example, action: reject, result: 3003 }";
    for (int i = 0; i < 10; i++) {
        lab_expect_service(bed.c1, bed.s1);
        reload(bed.lab, between);
        reload(bed.lab, refusing);
        struct lab_message *lir = lab_lir(bed.c1, ALICE);
        lab_send(bed.c1, lir);
        lab_expect_error(bed.c1, lir, 3003);
        reload(bed.lab, between);
        reload(bed.lab, ONE);
    }
    lab_end(bed.lab);
}

Test(reload, another_listener_is_opened_and_the_old_one_closed)
{
    struct lab_bed bed = lab_bed(ONE);
    uint16_t before = bed.lab->port;
    bed.lab->port = lab_free_port();
    reload(bed.lab, ONE);
    struct lab_peer *c2 = lab_client(bed.lab, C2);
    lab_expect_service(c2, bed.s1);
    lab_expect_service(bed.c1, bed.s1);
    uint16_t port = before;
    int fd = lab_listen_on(false, &port);
    cr_assert_geq(fd, 0, "the old port is still taken");
    close(fd);
    lab_end(bed.lab);
}

Test(reload, a_listener_that_cannot_be_opened_refuses_the_whole, .description = LAB_STREAMS)
{
    struct lab_bed bed = lab_bed(ONE);
    uint16_t before = bed.lab->port, taken = 0;
    int fd = lab_listen_on(false, &taken);
    bed.lab->port = taken;
    cr_assert_not(lab_reload(bed.lab, PAIR));
    bed.lab->port = before;
    lab_expect_service(lab_client(bed.lab, C2), bed.s1);
    close(fd);
    lab_end(bed.lab);
}

/* --- many --- */

/* Each reload adds or removes a peer, a pool and a route, while requests are on their way. */
Test(reload, a_hundred_reloads_under_traffic_lose_nothing)
{
    enum { RELOADS = 100, AT_ONCE = 20 };
    struct lab_bed bed = lab_bed(ONE);
    struct lab_plan plans[] = {ONE, ONE};
    plans[1].peers = "  - { identity: third.core.example }";
    plans[1].pools = "  - { name: third, members: [{ peer: third.core.example }] }";
    plans[1].routes = "  - { name: third, realm: third.example, action: relay, pool: third }\n"
                      "  - { name: core, realm: core.example, action: relay, pool: core }";
    bed.s1->auto_result = 2001;
    uint64_t memory = 0;
    for (int i = 1; i <= RELOADS; i++) {
        struct lab_message *lir[AT_ONCE];
        for (int k = 0; k < AT_ONCE; k++)
            lab_push(bed.c1, lir[k] = lab_lir(bed.c1, ALICE));
        reload(bed.lab, plans[i % 2]);
        lab_wait_inbox(bed.c1, AT_ONCE);
        for (int k = 0; k < AT_ONCE; k++)
            cr_assert_eq(lab_result(lab_await_answer(bed.c1, lir[k])), 2001);
        if (i == RELOADS / 5)
            memory = lab_resident_memory(bed.lab);
    }
#ifndef LAB_SANITIZED
    if (!getenv("ANTIPODE_BIN")) /* of an agent under a sanitizer it says nothing, either */
        cr_assert_leq(lab_resident_memory(bed.lab), memory + (2 << 20));
#endif
    (void)memory;
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}
