/* wdg.c — the watchdog on the lab's clock, Tw = 6 s: a draw lies between 4 and 8 s. Requirements
 * WDG-01 to WDG-17. */
#include <stdio.h>

#include "tests/lab/lab.h"

TestSuite(wdg, .fini = lab_fini);

static const struct lab_plan QUICK = {.timers = "watchdog: 6s"};
static const struct lab_plan QUICK_PAIR = {.servers = {S1, S2},
                                           .timers = "watchdog: 6s, request: 60s"};
/* Where something must not happen yet: real time counts, too, and a busy machine takes seconds of
 * it. A draw lies between 58 and 62 s. */
static const struct lab_plan SLOW = {.timers = "watchdog: 60s"};
static const struct lab_plan SLOW_PAIR = {.servers = {S1, S2},
                                          .timers = "watchdog: 60s, request: 10m"};

static void expect_state(struct lab *lab, const char *state)
{
    char sample[200];
    snprintf(sample, sizeof(sample), "antipode_peer_watchdog{peer=\"" S1 "\",state=\"%s\"}", state);
    lab_wait_metric(lab, sample, 1);
}

/* --- an idle connection --- */

Test(wdg, WDG_04_WDG_05_an_idle_peer_gets_one_DWR_and_no_second_while_it_is_silent)
{
    struct lab_bed bed = lab_bed(SLOW);
    bed.s1->no_watchdog = true;
    lab_advance(bed.lab, 30000, 1000);
    cr_assert_eq(bed.s1->watchdogs, 0, "before the shortest draw");
    lab_advance(bed.lab, 35000, 1000);
    struct lab_message *dwr = lab_expect(bed.s1, DWR);
    cr_assert_eq(lab_flags(dwr), R);
    cr_assert_eq(lab_application(dwr), 0);
    cr_assert_str_eq(lab_text(dwr, ORIGIN_HOST, 0), A_HOST);
    cr_assert_str_eq(lab_text(dwr, ORIGIN_REALM, 0), A_REALM);
    lab_advance(bed.lab, 30000, 1000);
    cr_assert_eq(bed.s1->watchdogs, 1, "a DWR is never sent again");
    lab_end(bed.lab);
}

Test(wdg, WDG_04_messages_keep_the_watchdog_quiet)
{
    struct lab_bed bed = lab_bed(SLOW);
    for (int seconds = 0; seconds < 600; seconds += 30) {
        lab_advance(bed.lab, 30000, 2000);
        lab_expect_service(bed.c1, bed.s1);
    }
    cr_assert_eq(bed.s1->watchdogs, 0);
    cr_assert_eq(bed.c1->watchdogs, 0);
    lab_end(bed.lab);
}

/* Between two looks, in the agent's time. */
struct span {
    uint64_t begin, end;
};

Test(wdg, WDG_03_the_gaps_between_DWRs_vary_by_two_seconds_at_most)
{
    enum { CYCLES = 20 };
    struct lab_bed bed = lab_bed(QUICK);
    struct span last = {0};
    uint64_t before = lab_agent_ms(bed.lab), shortest = UINT64_MAX, longest = 0;
    for (unsigned seen = 0; seen < CYCLES;) {
        struct span now = {.begin = before}; /* it may have been on its way for a step */
        before = lab_agent_ms(bed.lab);
        lab_advance(bed.lab, 200, 200);
        now.end = lab_agent_ms(bed.lab);
        if (bed.s1->watchdogs == seen)
            continue;
        if (seen++ > 0) {
            uint64_t most = now.end - last.begin, least = now.begin - last.end;
            shortest = most < shortest ? most : shortest;
            longest = least > longest ? least : longest;
        }
        last = now;
    }
    cr_assert(shortest >= 3900 && longest <= 10000, "%lu to %lu ms", (unsigned long)shortest,
              (unsigned long)longest);
    cr_assert_geq(longest, shortest + 500, "all alike");
    lab_end(bed.lab);
}

Test(wdg, WDG_05_a_DWR_is_answered_with_our_names_and_no_more)
{
    struct lab_bed bed = lab_bed(QUICK);
    struct lab_message *dwr = lab_dwr(bed.c1);
    lab_send(bed.c1, dwr);
    struct lab_message *dwa = lab_expect_result(bed.c1, dwr, 2001);
    cr_assert_eq(lab_flags(dwa), 0);
    cr_assert_str_eq(lab_text(dwa, ORIGIN_HOST, 0), A_HOST);
    cr_assert_str_eq(lab_text(dwa, ORIGIN_REALM, 0), A_REALM);
    cr_assert_eq(lab_count(dwa, SESSION_ID) + lab_count(dwa, DESTINATION_REALM), 0);
    lab_end(bed.lab);
}

/* --- suspect --- */

/* S1 has a request, and has answered neither it nor the watchdog since. */
static struct lab_message *make_suspect(struct lab_bed *bed, struct lab_message **lir)
{
    enum { MOST = 124 + 10 }; /* seconds: two of the longest draws */
    bed->s1->no_watchdog = true;
    lab_send(bed->c1, *lir = lab_lir(bed->c1, ALICE));
    struct lab_message *at_s1 = lab_expect(bed->s1, LIR);
    for (int i = 0; i < 2 * MOST && !lab_metric(bed->lab, "antipode_peer_watchdog{peer=\"" S1
                                                          "\",state=\"suspect\"}");
         i++)
        lab_advance(bed->lab, 500, 500);
    expect_state(bed->lab, "suspect");
    return at_s1;
}

Test(
    wdg,
    WDG_06_FOV_02_FOV_05_ANS_11_requests_of_a_suspect_peer_fail_over_and_its_late_answer_is_dropped)
{
    struct lab_bed bed = lab_bed(QUICK_PAIR);
    struct lab_message *lir;
    struct lab_message *at_s1 = make_suspect(&bed, &lir);
    struct lab_message *at_s2 = lab_expect(bed.s2, LIR);
    cr_assert_eq(lab_flags(at_s2), R | P | T);
    cr_assert_eq(lab_end_to_end(at_s2), lab_end_to_end(lir));
    lab_answer(bed.s1, at_s1, 2002);
    lab_wait_metric(bed.lab, "antipode_dropped_total{reason=\"answer_unmatched\"}", 1);
    lab_answer(bed.s2, at_s2, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_expect_silence(bed.c1);
    lab_end(bed.lab);
}

Test(wdg, WDG_07_a_suspect_peer_is_closed_only_one_watchdog_later)
{
    struct lab_bed bed = lab_bed(SLOW_PAIR);
    struct lab_message *lir;
    make_suspect(&bed, &lir);
    lab_answer(bed.s2, lab_expect(bed.s2, LIR), 2001);
    lab_advance(bed.lab, 30000, 1000);
    cr_assert(!bed.s1->ended, "closed too soon");
    lab_advance(bed.lab, 35000, 1000);
    lab_expect(bed.s1, DWR);
    lab_expect_closed(bed.s1);
    lab_end(bed.lab);
}

Test(wdg, WDG_06_a_suspect_peer_gets_no_new_requests)
{
    struct lab_bed bed = lab_bed(QUICK_PAIR);
    struct lab_message *lir;
    make_suspect(&bed, &lir);
    lab_answer(bed.s2, lab_expect(bed.s2, LIR), 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_expect_service(bed.c1, bed.s2);
    lab_end(bed.lab);
}

Test(wdg, WDG_08_a_DWA_makes_a_suspect_peer_okay_again)
{
    struct lab_bed bed = lab_bed(QUICK_PAIR);
    struct lab_message *lir;
    make_suspect(&bed, &lir);
    lab_answer(bed.s2, lab_expect(bed.s2, LIR), 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_answer(bed.s1, lab_expect(bed.s1, DWR), 2001);
    expect_state(bed.lab, "okay");
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

Test(wdg, WDG_08_any_message_makes_a_suspect_peer_okay_again)
{
    struct lab_bed bed = lab_bed(QUICK_PAIR);
    struct lab_message *lir;
    struct lab_message *at_s1 = make_suspect(&bed, &lir);
    lab_answer(bed.s2, lab_expect(bed.s2, LIR), 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_expect(bed.s1, DWR);
    lab_answer(bed.s1, at_s1, 2001);
    expect_state(bed.lab, "okay");
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

Test(wdg, WDG_09_a_peer_that_answers_only_watchdogs_stays_okay)
{
    struct lab_bed bed = lab_bed(QUICK);
    for (int minutes = 0; minutes < 10; minutes++) {
        struct lab_message *lir = lab_lir(bed.c1, ALICE);
        lab_send(bed.c1, lir);
        lab_expect(bed.s1, LIR);
        lab_advance(bed.lab, 60000, 1000);
        lab_expect_error(bed.c1, lir, 3002);
        expect_state(bed.lab, "okay");
    }
    lab_end(bed.lab);
}

/* --- reopen --- */

/* S1 broke down and is back; its DWRs are the test's. */
static struct lab_peer *bring_back(struct lab_bed *bed)
{
    lab_reset(bed->s1);
    struct lab_peer *s1 = lab_accept(bed->lab, S1);
    s1->no_watchdog = true;
    lab_answer_cer(s1);
    return s1;
}

static void answer_watchdog(struct lab_bed *bed, struct lab_peer *s1)
{
    for (int i = 0; i < 20 && !s1->inbox; i++)
        lab_advance(bed->lab, 500, 500);
    lab_answer(s1, lab_expect(s1, DWR), 2001);
    lab_expect_silence(s1);
}

Test(wdg, WDG_10_FOV_07_a_peer_that_failed_gets_requests_after_three_DWAs)
{
    struct lab_bed bed = lab_bed(QUICK_PAIR);
    struct lab_peer *s1 = bring_back(&bed);
    struct lab_message *dwr = lab_expect(s1, DWR);
    expect_state(bed.lab, "reopen");
    lab_expect_service(bed.c1, bed.s2);
    lab_answer(s1, dwr, 2001);
    lab_expect_service(bed.c1, bed.s2);
    answer_watchdog(&bed, s1);
    lab_expect_service(bed.c1, bed.s2);
    answer_watchdog(&bed, s1);
    expect_state(bed.lab, "okay");
    lab_expect_service(bed.c1, s1);
    lab_end(bed.lab);
}

Test(wdg, WDG_10_the_second_DWR_waits_for_the_timer)
{
    struct lab_bed bed = lab_bed(SLOW_PAIR);
    struct lab_peer *s1 = bring_back(&bed);
    lab_answer(s1, lab_expect(s1, DWR), 2001);
    lab_advance(bed.lab, 30000, 1000);
    cr_assert_eq(s1->watchdogs, 1);
    lab_advance(bed.lab, 35000, 1000);
    cr_assert_eq(s1->watchdogs, 2);
    lab_end(bed.lab);
}

Test(wdg, WDG_11_the_first_connection_carries_traffic_at_once)
{
    struct lab_bed bed = lab_bed(SLOW);
    expect_state(bed.lab, "okay");
    lab_expect_service(bed.c1, bed.s1);
    cr_assert_eq(bed.s1->watchdogs, 0);
    lab_end(bed.lab);
}

Test(wdg, WDG_11_after_an_orderly_disconnect_traffic_returns_at_once)
{
    struct lab_bed bed = lab_bed(SLOW);
    struct lab_message *dpr = lab_dpr(bed.c1, 0);
    lab_send(bed.c1, dpr);
    lab_expect_result(bed.c1, dpr, 2001);
    lab_close(bed.c1);
    lab_wait_metric(bed.lab, "antipode_peers_open{peer=\"*.edge.example\"}", 0);
    struct lab_peer *c1 = lab_client(bed.lab, C1);
    lab_expect_service(c1, bed.s1);
    cr_assert_eq(c1->watchdogs, 0);
    lab_end(bed.lab);
}

Test(wdg, WDG_12_WDG_14_a_client_that_failed_gets_a_DWR_and_is_served)
{
    struct lab_bed bed = lab_bed(QUICK);
    lab_reset(bed.c1);
    lab_wait_metric(bed.lab, "antipode_peers_open{peer=\"*.edge.example\"}", 0);
    struct lab_peer *c1 = lab_dial(bed.lab, C1);
    struct lab_message *cer = lab_cer(c1);
    c1->no_watchdog = true;
    lab_send(c1, cer);
    lab_expect_result(c1, cer, 2001);
    lab_expect(c1, DWR);
    lab_expect_service(c1, bed.s1);
    lab_end(bed.lab);
}

Test(wdg, WDG_13_the_only_server_is_used_after_its_first_DWA)
{
    struct lab_bed bed = lab_bed(QUICK);
    struct lab_peer *s1 = bring_back(&bed);
    struct lab_message *dwr = lab_expect(s1, DWR);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_expect_error(bed.c1, lir, 3002);
    lab_answer(s1, dwr, 2001);
    lab_expect_silence(s1);
    lab_expect_service(bed.c1, s1);
    lab_end(bed.lab);
}

Test(wdg, WDG_13_the_only_server_waits_for_its_third_DWA_where_that_is_wanted)
{
    struct lab_bed bed = lab_bed(
        (struct lab_plan){.timers = "watchdog: 6s", .compatibility = "reopen_last_resort: false"});
    struct lab_peer *s1 = bring_back(&bed);
    for (int i = 0; i < 2; i++) {
        answer_watchdog(&bed, s1);
        struct lab_message *lir = lab_lir(bed.c1, ALICE);
        lab_send(bed.c1, lir);
        lab_expect_error(bed.c1, lir, 3002);
    }
    answer_watchdog(&bed, s1);
    lab_expect_service(bed.c1, s1);
    lab_end(bed.lab);
}

Test(wdg, WDG_10_a_reopened_peer_that_is_silent_again_is_closed)
{
    struct lab_bed bed = lab_bed(SLOW_PAIR);
    struct lab_peer *s1 = bring_back(&bed);
    lab_expect(s1, DWR);
    lab_advance(bed.lab, 30000, 1000);
    cr_assert(!s1->ended);
    for (int i = 0; i < 200 && !s1->ended; i++)
        lab_advance(bed.lab, 1000, 1000);
    cr_assert(s1->ended);
    lab_end(bed.lab);
}

Test(wdg, WDG_17_a_new_connection_starts_without_an_outstanding_DWR)
{
    struct lab_bed bed = lab_bed(QUICK);
    bed.s1->no_watchdog = true;
    lab_advance(bed.lab, 9000, 500);
    lab_expect(bed.s1, DWR);
    struct lab_message *dpr = lab_dpr(bed.s1, 0);
    lab_send(bed.s1, dpr);
    lab_expect_result(bed.s1, dpr, 2001);
    lab_close(bed.s1);
    struct lab_peer *s1 = lab_accept_within(bed.lab, S1, 60000, 500);
    cr_assert_not_null(s1);
    s1->no_watchdog = true;
    lab_answer_cer(s1);
    expect_state(bed.lab, "okay");
    lab_advance(bed.lab, 3000, 500);
    expect_state(bed.lab, "okay");
    for (int i = 0; i < 12 && !s1->watchdogs; i++)
        lab_advance(bed.lab, 500, 500);
    lab_expect(s1, DWR);
    expect_state(bed.lab, "okay");
    lab_end(bed.lab);
}

Test(wdg, WDG_01_a_client_is_watched_like_a_server)
{
    struct lab_bed bed = lab_bed(QUICK);
    bed.c1->no_watchdog = true;
    lab_advance(bed.lab, 9000, 500);
    lab_expect(bed.c1, DWR);
    for (int i = 0; i < 50 && !bed.c1->ended; i++)
        lab_advance(bed.lab, 500, 500);
    lab_expect_closed(bed.c1);
    lab_end(bed.lab);
}

/* The same machine in real time: one DWR between 4 and 8 s, and suspicion between 8 and 16 s. */
Test(wdg, WDG_06_in_real_time_a_silent_peer_is_suspect_after_two_draws)
{
    uint64_t start = lab_now_ms(); /* before the timer began; what is seen late was not too soon */
    struct lab_bed bed = lab_bed(QUICK);
    bed.s1->no_watchdog = true;
    lab_expect(bed.s1, DWR);
    uint64_t first = lab_now_ms() - start;
    expect_state(bed.lab, "suspect");
    uint64_t second = lab_now_ms() - start;
    cr_assert(first >= 3900 && second >= 7800, "%lu, %lu ms", (unsigned long)first,
              (unsigned long)second);
    lab_end(bed.lab);
}

/* Any two of them: in which order they moved is nobody's business. */
static bool log_names_two(struct lab *lab, struct lab_message **request, int count)
{
    char words[200];
    for (int i = 0; i < count * count; i++) {
        snprintf(words, sizeof words, S1 ": failover: %d requests moved, End-to-End %u to %u",
                 count, lab_end_to_end(request[i / count]), lab_end_to_end(request[i % count]));
        if (i / count != i % count && lab_log_has(lab, words))
            return true;
    }
    return false;
}

Test(wdg, WDG_16_a_failover_is_logged_with_identifiers_of_its_requests)
{
    enum { MANY = 5 };
    struct lab_bed bed = lab_bed(QUICK_PAIR);
    struct lab_message *lir[MANY];
    for (int i = 0; i < MANY; i++)
        lab_push(bed.c1, lir[i] = lab_lir(bed.c1, ALICE));
    lab_wait_inbox(bed.s1, MANY);
    lab_reset(bed.s1);
    for (int i = 0; i < MANY; i++)
        lab_answer(bed.s2, lab_expect(bed.s2, LIR), 2001);
    lab_wait_inbox(bed.c1, MANY);
    lab_wait_log(bed.lab, S1 ": failover: 5 requests moved");
    cr_assert(log_names_two(bed.lab, lir, MANY));
    lab_wait_metric(bed.lab, "antipode_resends_total{peer=\"" S1 "\",reason=\"failover\"}", MANY);
    lab_end(bed.lab);
}
