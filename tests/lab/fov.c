/* fov.c — what becomes of requests when their server goes. Requirements FOV-01 to FOV-11. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/lab/lab.h"

TestSuite(fov, .fini = lab_fini);

static const struct lab_plan USUAL = {0};
static const struct lab_plan PAIR = {.servers = {S1, S2}, .timers = "request: 60s"};
/* Half of the time of a request is more than a busy machine takes for a few steps of the clock. */
static const struct lab_plan IMPATIENT_PAIR = {.servers = {S1, S2},
                                               .timers = "request: 60s, watchdog: 1h"};

/* `many` requests are pending at S1 when it breaks down; S2 gets them all once, with T, otherwise
 * alike. */
static void expect_all_fail_over(struct lab_plan plan, int many,
                                 void (*breakdown)(struct lab_peer *))
{
    struct lab_bed bed = lab_bed(plan);
    struct lab_message **lir = calloc((size_t)many, sizeof(*lir)),
                       **at_s1 = calloc((size_t)many, sizeof(*at_s1));
    for (int i = 0; i < many; i++)
        lab_push(bed.c1, lir[i] = lab_lir(bed.c1, ALICE));
    for (int i = 0; i < many; i++) { /* over SCTP in any order */
        struct lab_message *request = lab_expect(bed.s1, LIR);
        at_s1[lab_end_to_end(request) - lab_end_to_end(lir[0])] = request;
    }
    breakdown(bed.s1);
    for (int i = 0; i < many; i++) {
        struct lab_message *at_s2 = lab_expect(bed.s2, LIR);
        uint32_t n = lab_end_to_end(at_s2) - lab_end_to_end(lir[0]);
        cr_assert_lt(n, (uint32_t)many);
        cr_assert_eq(lab_flags(at_s2), R | P | T);
        cr_assert_eq(at_s2->size, at_s1[n]->size);
        cr_assert_arr_eq(at_s2->octets + 16, at_s1[n]->octets + 16, at_s2->size - 16);
        lab_push(bed.s2, lab_answer_to(bed.s2, at_s2, 2001));
    }
    lab_wait_inbox(bed.c1, (size_t)many);
    for (int i = 0; i < many; i++)
        lab_await_answer(bed.c1, lir[i]);
    lab_expect_silence(bed.c1);
    lab_expect_silence(bed.s2);
    lab_wait_metric(bed.lab, "antipode_resends_total{peer=\"" S1 "\",reason=\"failover\"}", many);
    lab_end(bed.lab);
    free(lir);
    free(at_s1);
}

Test(fov, FOV_01_FOV_02_HDR_25_a_thousand_requests_fail_over_when_their_server_is_reset)
{
    expect_all_fail_over(PAIR, 1000, lab_reset);
}

Test(fov, FOV_02_requests_fail_over_when_their_server_closes)
{
    expect_all_fail_over(PAIR, 100, lab_close);
}

Test(fov, FOV_02_requests_fail_over_on_a_single_worker)
{
    struct lab_plan plan = PAIR;
    plan.workers = 1;
    expect_all_fail_over(plan, 1000, lab_reset);
}

Test(fov, FOV_02_hop_by_hops_at_the_alternate_are_all_different)
{
    enum { MANY = 50 };
    struct lab_bed bed = lab_bed(PAIR);
    uint32_t seen[MANY];
    for (int i = 0; i < MANY; i++)
        lab_push(bed.c1, lab_lir(bed.c1, ALICE));
    lab_wait_inbox(bed.s1, MANY);
    lab_reset(bed.s1);
    for (int i = 0; i < MANY; i++) {
        struct lab_message *at_s2 = lab_expect(bed.s2, LIR);
        seen[i] = lab_hop_by_hop(at_s2);
        for (int k = 0; k < i; k++)
            cr_assert_neq(seen[k], seen[i]);
        lab_push(bed.s2, lab_answer_to(bed.s2, at_s2, 2001));
    }
    lab_wait_inbox(bed.c1, MANY);
    lab_end(bed.lab);
}

Test(fov, FOV_03_a_request_addressed_to_the_lost_server_is_answered_3002)
{
    struct lab_bed bed = lab_bed(PAIR);
    struct lab_message *lir = with_text(lab_lir(bed.c1, ALICE), DESTINATION_HOST, S1);
    lab_send(bed.c1, lir);
    lab_expect(bed.s1, LIR);
    lab_reset(bed.s1);
    lab_expect_error(bed.c1, lir, 3002);
    lab_expect_silence(bed.s2);
    lab_end(bed.lab);
}

Test(fov, FOV_03_without_an_alternate_the_answer_is_3002)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_expect(bed.s1, LIR);
    lab_reset(bed.s1);
    lab_expect_error(bed.c1, lir, 3002);
    lab_end(bed.lab);
}

Test(fov, FOV_08_the_alternate_obeys_route_records)
{
    struct lab_bed bed = lab_bed(PAIR);
    struct lab_message *lir = with_text(lab_lir(bed.c1, ALICE), ROUTE_RECORD, S2);
    lab_send(bed.c1, lir);
    lab_expect(bed.s1, LIR);
    lab_reset(bed.s1);
    lab_expect_error(bed.c1, lir, 3002);
    lab_expect_silence(bed.s2);
    lab_end(bed.lab);
}

Test(fov, FOV_09_a_request_that_is_never_answered_is_answered_3002_by_its_timer)
{
    struct lab_bed bed = lab_bed(IMPATIENT_PAIR);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    lab_advance(bed.lab, 30000, 1000);
    cr_assert_eq(lab_inbox_size(bed.c1), 0, "too soon");
    lab_advance(bed.lab, 31000, 1000);
    lab_expect_error(bed.c1, lir, 3002);
    lab_expect_silence(bed.s2);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_silence(bed.s1);
    lab_expect_silence(bed.c1);
    lab_wait_metric(bed.lab, "antipode_dropped_total{reason=\"answer_unmatched\"}", 1);
    lab_end(bed.lab);
}

Test(fov, FOV_09_a_failover_does_not_give_a_request_more_time)
{
    struct lab_bed bed = lab_bed(IMPATIENT_PAIR);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_expect(bed.s1, LIR);
    lab_advance(bed.lab, 30000, 1000);
    lab_reset(bed.s1);
    lab_expect(bed.s2, LIR);
    lab_advance(bed.lab, 31000, 1000);
    lab_expect_error(bed.c1, lir, 3002);
    lab_end(bed.lab);
}

Test(fov, FOV_02_a_request_fails_over_twice_and_is_answered_once)
{
    struct lab_bed bed = lab_bed(
        (struct lab_plan){.servers = {S1, S2, "s3.core.example"}, .timers = "request: 60s"});
    struct lab_peer *s3 = lab_server(bed.lab, "s3.core.example");
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_expect(bed.s1, LIR);
    lab_reset(bed.s1);
    lab_expect(bed.s2, LIR);
    lab_reset(bed.s2);
    struct lab_message *at_s3 = lab_expect(s3, LIR);
    cr_assert_eq(lab_flags(at_s3), R | P | T);
    cr_assert_eq(lab_count(at_s3, ROUTE_RECORD), 1);
    lab_answer(s3, at_s3, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_expect_silence(bed.c1);
    lab_end(bed.lab);
}

Test(fov, FOV_10_a_client_that_is_gone_leaves_nothing_behind)
{
    struct lab_bed bed = lab_bed(PAIR);
    for (int i = 0; i < 10; i++)
        lab_push(bed.c1, lab_lir(bed.c1, ALICE));
    lab_wait_inbox(bed.s1, 10);
    lab_reset(bed.c1);
    lab_wait_metric(bed.lab, "antipode_peers_open{peer=\"*.edge.example\"}", 0);
    for (int i = 0; i < 10; i++)
        lab_answer(bed.s1, lab_expect(bed.s1, LIR), 2001);
    lab_wait_metric(bed.lab, "antipode_requests_in_flight", 0);
    lab_wait_metric_sum(bed.lab, "antipode_requests_total", "outcome=\"origin_gone\"", 10);
    lab_expect_service(lab_client(bed.lab, C2), bed.s1);
    lab_end(bed.lab);
}

/* Issue 2, 3: the killed server's users return after three DWAs, and nobody else moves. */
Test(fov, FOV_07_RTE_20_users_of_a_lost_server_return_and_nobody_else_moves)
{
    enum { USERS = 30 };
    struct lab_bed bed = lab_bed((struct lab_plan){
        .servers = {S1, S2}, .pool = "select: sticky", .timers = "watchdog: 6s, request: 60s"});
    char before[USERS], aor[64];
    struct lab_peer *s1 = bed.s1;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < USERS; i++) {
            snprintf(aor, sizeof(aor), "sip:user%d@core.example", i);
            struct lab_message *lir = lab_lir(bed.c1, aor);
            lab_send(bed.c1, lir);
            while (!bed.s2->inbox && !(round != 1 && s1->inbox))
                lab_serve(bed.lab, 100);
            struct lab_peer *at = bed.s2->inbox ? bed.s2 : s1;
            lab_expect_relayed(bed.c1, at, lir);
            if (round == 0)
                before[i] = at == s1;
            cr_assert(round == 1 ? at == bed.s2 : before[i] == (at == s1), "round %d, user %d",
                      round, i);
        }
        if (round == 0) {
            lab_reset(s1);
            s1 = lab_accept(bed.lab, S1);
            s1->no_watchdog = true;
            lab_answer_cer(s1);
        } else if (round == 1) {
            s1->no_watchdog = false;
            lab_answer(s1, lab_expect(s1, DWR), 2001);
            for (int i = 0; i < 60 && s1->watchdogs < 3; i++)
                lab_advance(bed.lab, 500, 500);
            lab_wait_metric(bed.lab, "antipode_peer_watchdog{peer=\"" S1 "\",state=\"okay\"}", 1);
        }
    }
    lab_end(bed.lab);
}

Test(fov, FOV_11_resends_wait_for_a_server_that_reads_slowly, .timeout = 60)
{
    enum { MANY = 4000 };
    struct lab_plan plan = PAIR;
    plan.limits = "outbound_per_peer: 512KiB";
    plan.receive_buffer = 16384;
    struct lab_bed bed = lab_bed(plan);
    for (int i = 1; i <= MANY; i++) {
        lab_push(bed.c1, lab_lir(bed.c1, ALICE));
        if (i % 200 == 0)
            lab_wait_inbox(bed.s1, (size_t)i);
    }
    bed.s2->paused = true;
    lab_reset(bed.s1);
    for (int i = 0; i < 200; i++)
        lab_serve(bed.lab, 1);
    bed.s2->paused = false;
    bed.s2->auto_result = 2001;
    lab_wait_inbox(bed.c1, MANY);
    for (int i = 0; i < MANY; i++) {
        uint32_t result = lab_result(lab_take(bed.c1));
        cr_assert_eq(result, 2001, "answer %d: %u", i, result);
    }
    lab_end(bed.lab);
}

/* --- what is never moved --- */

Test(fov, FOV_04_a_watchdog_of_the_lost_server_is_not_moved)
{
    struct lab_bed bed = lab_bed((struct lab_plan){
        .servers = {S1, S2}, .timers = "request: 60s, watchdog: 6s", .workers = 1});
    bed.s1->no_watchdog = true;
    for (int i = 0; i < 40 && !bed.s1->inbox; i++)
        lab_advance(bed.lab, 500, 500);
    cr_assert_eq(lab_command(bed.s1->inbox), DWR);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_wait_inbox(bed.s1, 2);
    bed.s2->no_watchdog = true;
    lab_reset(bed.s1);
    struct lab_message *at_s2 = lab_expect(bed.s2, LIR);
    lab_expect_silence(bed.s2);
    lab_answer(bed.s2, at_s2, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_expect_silence(bed.s2);
    lab_end(bed.lab);
}

Test(fov, FOV_04_a_CER_that_was_not_answered_is_not_moved)
{
    struct lab *lab = lab_start((struct lab_plan){.servers = {S1, S2}});
    struct lab_peer *s1 = lab_accept(lab, S1), *s2 = lab_server(lab, S2);
    struct lab_peer *c1 = lab_client(lab, C1);
    lab_expect(s1, CER);
    lab_reset(s1);
    lab_expect(lab_accept(lab, S1), CER); /* S1 is asked again, by a CER of its own */
    lab_expect_silence(s2);
    lab_expect_service(c1, s2);
    lab_end(lab);
}

Test(fov, FOV_04_a_DPR_that_was_not_answered_is_not_moved)
{
    struct lab_bed bed = lab_bed(PAIR);
    lab_close(bed.c1);
    lab_stop(bed.lab);
    lab_expect(bed.s1, DPR);
    struct lab_message *dpr = lab_expect(bed.s2, DPR);
    lab_reset(bed.s1);
    lab_expect_silence(bed.s2);
    lab_answer(bed.s2, dpr, 2001);
    lab_expect_closed(bed.s2);
    lab_end(bed.lab);
}

Test(fov, FOV_12_an_agent_that_was_killed_resends_nothing)
{
    struct lab *lab = lab_bed(PAIR).lab;
    struct lab_peer *c1 = lab->peers[2], *s1 = lab->peers[0];
    for (int i = 0; i < 20; i++)
        lab_push(c1, lab_lir(c1, ALICE));
    lab_wait_inbox(s1, 20);
    lab_restart(lab);
    s1 = lab_server(lab, S1);
    struct lab_peer *s2 = lab_server(lab, S2);
    c1 = lab_client(lab, C1);
    lab_expect_silence(s1);
    lab_expect_silence(s2);
    lab_expect_silence(c1);
    lab_expect_service(c1, s1);
    lab_end(lab);
}
