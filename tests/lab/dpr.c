/* dpr.c — taking leave, both ways. Requirements DPR-01 to DPR-08. */
#include "tests/lab/lab.h"

TestSuite(dpr, .fini = lab_fini);

static const struct lab_plan USUAL = {0};
static const struct lab_plan PAIR = {.servers = {S1, S2}, .timers = "drain: 5s, request: 60s"};
/* For those who see to it themselves that the agent need not wait so long. */
static const struct lab_plan PATIENT_PAIR = {.servers = {S1, S2},
                                             .timers = "drain: 60s, request: 60s"};

static void expect_DPR(struct lab_peer *peer, uint32_t cause)
{
    struct lab_message *dpr = lab_expect(peer, DPR);
    cr_assert_eq(lab_flags(dpr), R);
    cr_assert_eq(lab_application(dpr), 0);
    cr_assert_str_eq(lab_text(dpr, ORIGIN_HOST, 0), A_HOST);
    cr_assert_str_eq(lab_text(dpr, ORIGIN_REALM, 0), A_REALM);
    cr_assert_eq(lab_count(dpr, DISCONNECT_CAUSE), 1);
    cr_assert_eq(lab_number(dpr, DISCONNECT_CAUSE), cause);
    lab_answer(peer, dpr, 2001);
    lab_expect_closed(peer);
    lab_close(peer);
}

Test(dpr, DPR_01_DPR_03_an_agent_that_stops_says_rebooting_and_closes_after_the_DPA)
{
    struct lab_bed bed = lab_bed(USUAL);
    lab_stop(bed.lab);
    expect_DPR(bed.c1, 0);
    expect_DPR(bed.s1, 0);
    lab_end(bed.lab);
}

Test(dpr, DPR_06_an_agent_that_stops_lets_pending_requests_finish)
{
    struct lab_bed bed = lab_bed(PATIENT_PAIR);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    lab_stop(bed.lab);
    struct lab_message *dpr = lab_expect(bed.c1, DPR);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_answer(bed.c1, dpr, 2001);
    lab_end(bed.lab);
}

Test(dpr, DPR_06_requests_that_arrive_after_our_DPR_are_served)
{
    struct lab_bed bed = lab_bed(PATIENT_PAIR);
    struct lab_message *first = lab_lir(bed.c1, ALICE), *second = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, first);
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    lab_stop(bed.lab);
    struct lab_message *dpr = lab_expect(bed.c1, DPR);
    lab_send(bed.c1, second);
    lab_answer(bed.s1, lab_expect(bed.s1, LIR), 2002);
    lab_expect_result(bed.c1, second, 2002);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_result(bed.c1, first, 2001);
    lab_answer(bed.c1, dpr, 2001);
    lab_end(bed.lab);
}

Test(dpr, DPR_02_a_DPR_is_answered_before_the_connection_ends, .description = LAB_STREAMS)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *dpr = lab_dpr(bed.c1, 0);
    lab_send(bed.c1, dpr);
    lab_finish(bed.c1);
    lab_expect_result(bed.c1, dpr, 2001);
    lab_expect_closed(bed.c1);
    lab_end(bed.lab);
}

Test(dpr, DPR_03_a_peer_that_does_not_close_after_our_DPA_is_closed_by_the_timer)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.timers = "disconnect: 60s, watchdog: 1h"});
    struct lab_message *dpr = lab_dpr(bed.c1, 0);
    lab_send(bed.c1, dpr);
    lab_expect_result(bed.c1, dpr, 2001);
    lab_advance(bed.lab, 30000, 1000);
    cr_assert(!bed.c1->ended, "the receiver of the DPA closes");
    lab_advance(bed.lab, 31000, 1000);
    lab_expect_closed(bed.c1);
    lab_end(bed.lab);
}

Test(dpr, DPR_04_DPR_06_answers_on_their_way_arrive_and_the_rest_fails_over)
{
    enum { PENDING = 100 };
    struct lab_bed bed = lab_bed(PAIR);
    struct lab_message *lir[PENDING], *at_s1[PENDING];
    for (int i = 0; i < PENDING; i++)
        lab_push(bed.c1, lir[i] = lab_lir(bed.c1, ALICE));
    for (int i = 0; i < PENDING; i++) { /* over SCTP in any order */
        struct lab_message *request = lab_expect(bed.s1, LIR);
        at_s1[lab_end_to_end(request) - lab_end_to_end(lir[0])] = request;
    }
    struct lab_message *dpr = lab_dpr(bed.s1, 0);
    lab_send(bed.s1, dpr);
    for (int i = 0; i < PENDING / 2; i++)
        lab_push(bed.s1, lab_answer_to(bed.s1, at_s1[i], 2001));
    for (int i = 0; i < PENDING / 2; i++)
        cr_assert_eq(lab_result(lab_await_answer(bed.c1, lir[i])), 2001);
    lab_expect_service(bed.c1, bed.s2);
    lab_advance(bed.lab, 6000, 500);
    lab_expect_result(bed.s1, dpr, 2001);
    lab_close(bed.s1);
    for (int i = PENDING / 2; i < PENDING; i++) {
        struct lab_message *at_s2 = lab_expect(bed.s2, LIR);
        cr_assert_eq(lab_flags(at_s2), R | P | T);
        lab_push(bed.s2, lab_answer_to(bed.s2, at_s2, 2001));
    }
    for (int i = PENDING / 2; i < PENDING; i++)
        lab_await_answer(bed.c1, lir[i]);
    lab_end(bed.lab);
}

static struct lab_bed disconnect_with(uint32_t cause)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *dpr = lab_dpr(bed.s1, cause);
    lab_send(bed.s1, dpr);
    lab_expect_result(bed.s1, dpr, 2001);
    lab_close(bed.s1);
    return bed;
}

Test(dpr, DPR_05_a_server_that_reboots_is_dialled_again)
{
    struct lab_bed bed = disconnect_with(0);
    struct lab_peer *s1 = lab_accept_within(bed.lab, S1, 60000, 1000);
    cr_assert_not_null(s1);
    lab_answer_cer(s1);
    lab_end(bed.lab);
}

Test(dpr, DPR_05_a_server_that_is_busy_is_left_alone)
{
    struct lab_bed bed = disconnect_with(1);
    cr_assert_null(lab_accept_within(bed.lab, S1, 600000, 5000));
    lab_end(bed.lab);
}

Test(dpr, DPR_05_a_server_that_does_not_want_us_is_left_alone_until_it_comes_by_itself)
{
    struct lab_bed bed = disconnect_with(2);
    cr_assert_null(lab_accept_within(bed.lab, S1, 600000, 5000));
    struct lab_peer *s1 = lab_client(bed.lab, S1);
    lab_expect_service(bed.c1, s1);
    lab_reset(s1);
    cr_assert_not_null(lab_accept_within(bed.lab, S1, 60000, 1000), "the ban is lifted");
    lab_end(bed.lab);
}

Test(dpr, DPR_06_after_a_DPR_of_the_only_server_requests_are_answered_3002)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *dpr = lab_dpr(bed.s1, 0), *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.s1, dpr);
    lab_expect_result(bed.s1, dpr, 2001);
    lab_send(bed.c1, lir);
    lab_expect_error(bed.c1, lir, 3002);
    lab_end(bed.lab);
}

Test(dpr, DPR_01_a_DWR_between_our_DPR_and_the_DPA_is_answered)
{
    struct lab_bed bed = lab_bed(USUAL);
    lab_stop(bed.lab);
    struct lab_message *dpr = lab_expect(bed.c1, DPR);
    lab_expect_silence(bed.c1);
    lab_answer(bed.c1, dpr, 2001);
    lab_end(bed.lab);
}

Test(dpr, DPR_01_crossing_DPRs_are_both_answered)
{
    struct lab_bed bed = lab_bed(USUAL);
    lab_stop(bed.lab);
    struct lab_message *theirs = lab_expect(bed.c1, DPR), *ours = lab_dpr(bed.c1, 0);
    lab_send(bed.c1, ours);
    lab_expect_result(bed.c1, ours, 2001);
    lab_answer(bed.c1, theirs, 2001);
    lab_expect_closed(bed.c1);
    lab_end(bed.lab);
}

Test(dpr, DPR_03_a_peer_that_never_answers_our_DPR_does_not_hold_up_the_end)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.timers = "disconnect: 1s"});
    lab_stop(bed.lab);
    lab_expect(bed.c1, DPR);
    lab_expect_closed(bed.c1);
    lab_end(bed.lab);
}

/* Two hours in a moment are too fast for the threads of the SCTP stack, which live in real time. */
Test(dpr, DPR_08_idle_connections_stay_open_for_two_hours, .description = LAB_STREAMS)
{
    struct lab_bed bed = lab_bed(USUAL);
    lab_advance(bed.lab, 7200000, 6000);
    cr_assert(!bed.c1->ended && !bed.s1->ended);
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

Test(dpr, DPR_04_without_time_to_drain_the_DPA_comes_at_once)
{
    struct lab_plan plan = {.servers = {S1, S2}, .timers = "drain: 0s, request: 60s"};
    struct lab_bed bed = lab_bed(plan);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_expect(bed.s1, LIR);
    struct lab_message *dpr = lab_dpr(bed.s1, 0);
    lab_send(bed.s1, dpr);
    lab_expect_result(bed.s1, dpr, 2001);
    lab_close(bed.s1);
    struct lab_message *at_s2 = lab_expect(bed.s2, LIR);
    lab_answer(bed.s2, at_s2, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}
