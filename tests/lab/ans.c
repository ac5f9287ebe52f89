/* ans.c — the way back, and errors of servers. Requirements ANS-01 to ANS-15; DUP-01, DUP-02. */
#include <string.h>

#include "tests/lab/lab.h"

TestSuite(ans, .fini = lab_fini);

static const struct lab_plan USUAL = {0};
static const struct lab_plan PAIR = {.servers = {S1, S2}};

Test(ans, ANS_01_FOV_10_a_client_that_returns_with_its_hop_by_hop_never_gets_the_old_answer)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *old = with_ids(lab_lir(bed.c1, ALICE), 77, 1000);
    lab_send(bed.c1, old);
    struct lab_message *old_at_s1 = lab_expect(bed.s1, LIR);
    lab_close(bed.c1);
    lab_wait_metric(bed.lab, "antipode_peers_open{peer=\"*.edge.example\"}", 0);
    struct lab_peer *c1 = lab_client(bed.lab, C1);
    struct lab_message *new = with_ids(lab_lir(c1, ALICE), 77, 1001);
    lab_send(c1, new);
    struct lab_message *new_at_s1 = lab_expect(bed.s1, LIR);
    lab_answer(bed.s1, old_at_s1, 2002);
    lab_expect_silence(bed.s1);
    lab_expect_silence(c1);
    lab_answer(bed.s1, new_at_s1, 2001);
    lab_expect_result(c1, new, 2001);
    lab_expect_silence(c1);
    lab_end(bed.lab);
}

Test(ans, ANS_01_even_the_same_end_to_end_does_not_bring_the_old_answer)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = with_ids(lab_lir(bed.c1, ALICE), 77, 1000);
    lab_send(bed.c1, lir);
    struct lab_message *old_at_s1 = lab_expect(bed.s1, LIR);
    lab_reset(bed.c1);
    lab_wait_metric(bed.lab, "antipode_peers_open{peer=\"*.edge.example\"}", 0);
    struct lab_peer *c1 = lab_client(bed.lab, C1);
    lab_send(c1, lir);
    struct lab_message *new_at_s1 = lab_expect(bed.s1, LIR);
    lab_answer(bed.s1, old_at_s1, 2002);
    lab_expect_silence(c1);
    lab_answer(bed.s1, new_at_s1, 2001);
    lab_expect_result(c1, lir, 2001);
    lab_end(bed.lab);
}

/* The server's answer, with further AVPs, reaches the client as it is but for the Hop-by-Hop. */
static void expect_passed(struct lab_bed *bed,
                          struct lab_message *(*make)(struct lab_peer *, struct lab_message *))
{
    struct lab_message *lir = lab_lir(bed->c1, ALICE);
    lab_send(bed->c1, lir);
    struct lab_message *lia = make(bed->s1, lab_expect(bed->s1, LIR));
    lab_send(bed->s1, lia);
    struct lab_message *at_c1 = lab_expect_answer(bed->c1, lir);
    cr_assert_eq(at_c1->size, lia->size);
    cr_assert_arr_eq(at_c1->octets, lia->octets, 12);
    cr_assert_arr_eq(at_c1->octets + 16, lia->octets + 16, lia->size - 16);
    if (bed->s2)
        lab_expect_silence(bed->s2);
    lab_end(bed->lab);
}

static struct lab_message *busy_with_details(struct lab_peer *s1, struct lab_message *request)
{
    struct lab_message *answer =
        with_text(lab_answer_to(s1, request, 5030), ERROR_REPORTING_HOST, "deep.core.example");
    return with_avp(answer, 0, ERROR_MESSAGE, 0, "nobody", 6);
}

Test(ans, ANS_03_ANS_09_a_failure_of_a_server_passes_unaltered)
{
    struct lab_bed bed = lab_bed(PAIR);
    expect_passed(&bed, busy_with_details);
}

static struct lab_message *experimental(struct lab_peer *s1, struct lab_message *request)
{
    struct lab_message *inner = with_number(lab_message_new(0, 0, 0, 0, 0), VENDOR_ID, VENDOR_3GPP);
    with_number(inner, EXPERIMENTAL_RESULT_CODE, 2001);
    return with_group(without(lab_answer_to(s1, request, 0), RESULT_CODE), EXPERIMENTAL_RESULT,
                      inner);
}

Test(ans, ANS_04_an_answer_with_an_experimental_result_alone_passes)
{
    struct lab_bed bed = lab_bed(PAIR);
    expect_passed(&bed, experimental);
}

static struct lab_message *unknown_class(struct lab_peer *s1, struct lab_message *request)
{
    return lab_answer_to(s1, request, 9001);
}

Test(ans, ANS_05_an_unknown_class_of_results_passes_without_a_retry)
{
    struct lab_bed bed = lab_bed(PAIR);
    expect_passed(&bed, unknown_class);
}

static struct lab_message *with_route_record(struct lab_peer *s1, struct lab_message *request)
{
    struct lab_message *answer = with_text(lab_answer_to(s1, request, 2001), ROUTE_RECORD, C1);
    return with_text(answer, DESTINATION_REALM, "edge.example");
}

Test(ans, ANS_13_route_records_and_destinations_in_answers_pass)
{
    struct lab_bed bed = lab_bed(PAIR);
    expect_passed(&bed, with_route_record);
}

static struct lab_message *out_of_space(struct lab_peer *s1, struct lab_message *request)
{
    return lab_answer_to(s1, request, 4002);
}

Test(ans, ACC_05_a_transient_failure_passes)
{
    struct lab_bed bed = lab_bed(PAIR);
    expect_passed(&bed, out_of_space);
}

/* --- retry by result --- */

static void expect_retried(uint32_t result, uint8_t clear)
{
    struct lab_bed bed = lab_bed(PAIR);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    struct lab_message *refusal = lab_answer_to(bed.s1, at_s1, result);
    lab_send(bed.s1, with_flags(refusal, lab_flags(refusal) & (uint8_t)~clear));
    struct lab_message *at_s2 = lab_expect(bed.s2, LIR);
    cr_assert_eq(lab_flags(at_s2), R | P, "FOV-06: no T");
    cr_assert_eq(lab_end_to_end(at_s2), lab_end_to_end(lir));
    cr_assert_eq(at_s2->size, at_s1->size);
    cr_assert_arr_eq(at_s2->octets + 16, at_s1->octets + 16, at_s1->size - 16);
    lab_answer(bed.s2, at_s2, 2001);
    cr_assert_str_eq(lab_text(lab_expect_result(bed.c1, lir, 2001), ORIGIN_HOST, 0), S2);
    lab_expect_silence(bed.c1);
    lab_end(bed.lab);
}

Test(ans, ANS_06_HDR_14_FOV_06_after_3002_the_next_server_is_asked_without_T)
{
    expect_retried(3002, 0);
}

Test(ans, ANS_06_after_3004_the_next_server_is_asked)
{
    expect_retried(3004, 0);
}

Test(ans, ANS_15_a_3004_without_E_is_retried_too)
{
    expect_retried(3004, E);
}

Test(ans, ANS_06_when_all_refuse_the_last_refusal_reaches_the_client)
{
    struct lab_bed bed = lab_bed(PAIR);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_answer(bed.s1, lab_expect(bed.s1, LIR), 3002);
    lab_answer(bed.s2, lab_expect(bed.s2, LIR), 3004);
    struct lab_message *answer = lab_expect_result(bed.c1, lir, 3004);
    cr_assert_str_eq(lab_text(answer, ORIGIN_HOST, 0), S2);
    cr_assert_eq(lab_flags(answer), P | E);
    lab_end(bed.lab);
}

Test(ans, ANS_15_a_last_refusal_without_E_stays_without_E)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_send(bed.s1, with_flags(lab_answer_to(bed.s1, lab_expect(bed.s1, LIR), 3004), P));
    cr_assert_eq(lab_flags(lab_expect_result(bed.c1, lir, 3004)), P);
    lab_end(bed.lab);
}

Test(ans, FOV_09_where_a_pool_lists_timeout_silence_is_retried_once_its_share_of_the_time_is_over)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.servers = {S1, S2},
                                                   .timers = "request: 60s, watchdog: 1h",
                                                   .pool = "retry: { results: [timeout] }"});
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    lab_advance(bed.lab, 15000, 500);
    lab_expect_silence(bed.s2);
    lab_advance(bed.lab, 16000, 500);
    struct lab_message *at_s2 = lab_expect(bed.s2, LIR);
    cr_assert_eq(lab_flags(at_s2), R | P | T, "S1 may have seen it");
    cr_assert_eq(lab_end_to_end(at_s2), lab_end_to_end(lir));
    cr_assert_eq(lab_metric(bed.lab, "antipode_resends_total{peer=\"" S1 "\",reason=\"timeout\"}"),
                 1);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_silence(bed.c1);
    lab_answer(bed.s2, at_s2, 2001);
    cr_assert_str_eq(lab_text(lab_expect_result(bed.c1, lir, 2001), ORIGIN_HOST, 0), S2);
    lab_end(bed.lab);
}

static void expect_not_retried(struct lab_bed *bed, uint32_t result)
{
    struct lab_message *lir = lab_lir(bed->c1, ALICE);
    lab_send(bed->c1, lir);
    lab_answer(bed->s1, lab_expect(bed->s1, LIR), result);
    lab_expect_result(bed->c1, lir, result);
    lab_expect_silence(bed->s2);
}

Test(ans, ANS_07_other_protocol_errors_are_not_retried)
{
    static const uint32_t results[] = {3001, 3003, 3005, 3007, 3008, 3009};
    struct lab_bed bed = lab_bed(PAIR);
    for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++)
        expect_not_retried(&bed, results[i]);
    lab_end(bed.lab);
}

Test(ans, ANS_07_a_request_addressed_to_the_failing_server_is_not_retried)
{
    struct lab_bed bed = lab_bed(PAIR);
    struct lab_message *lir = with_text(lab_lir(bed.c1, ALICE), DESTINATION_HOST, S1);
    lab_send(bed.c1, lir);
    lab_answer(bed.s1, lab_expect(bed.s1, LIR), 3004);
    lab_expect_result(bed.c1, lir, 3004);
    lab_expect_silence(bed.s2);
    lab_end(bed.lab);
}

Test(ans, ANS_08_only_so_many_servers_are_asked)
{
    static const char *names[] = {S1, S2, "s3.core.example", "s4.core.example", "s5.core.example"};
    struct lab_plan plan = {0};
    memcpy(plan.servers, names, sizeof(names));
    struct lab_bed bed = lab_bed(plan);
    for (int i = 2; i < 5; i++)
        lab_server(bed.lab, names[i]);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_answer(bed.s1, lab_expect(bed.s1, LIR), 3004);
    lab_answer(bed.s2, lab_expect(bed.s2, LIR), 3004);
    lab_expect_result(bed.c1, lir, 3004);
    lab_end(bed.lab);
}

Test(ans, ANS_08_a_third_server_is_asked_where_attempts_says_so)
{
    static const char *names[] = {S1, S2, "s3.core.example", "s4.core.example"};
    struct lab_plan plan = {.pool = "retry: { attempts: 3 }"};
    memcpy(plan.servers, names, sizeof(names));
    struct lab_bed bed = lab_bed(plan);
    struct lab_peer *server[] = {bed.s1, bed.s2, lab_server(bed.lab, names[2]),
                                 lab_server(bed.lab, names[3])};
    for (int i = 0; i < 4; i++)
        server[i]->auto_result = 3004;
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_expect_result(bed.c1, lir, 3004);
    unsigned asked = 0;
    for (int i = 0; i < 4; i++)
        asked += server[i]->answered;
    cr_assert_eq(asked, 3);
    lab_end(bed.lab);
}

/* --- what does not belong --- */

Test(ans, ANS_10_DUP_06_a_second_answer_is_dropped)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    lab_answer(bed.s1, at_s1, 2001);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_expect_silence(bed.s1);
    lab_expect_silence(bed.c1);
    lab_wait_metric(bed.lab, "antipode_dropped_total{reason=\"answer_unmatched\"}", 1);
    lab_end(bed.lab);
}

Test(ans, ANS_12_HDR_29_a_malformed_answer_is_5012_for_the_client_and_nothing_for_the_server)
{
    static const uint8_t broken[] = {0, 0, 0, 1, M, 0, 1, 0x90};
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *lia = lab_answer_to(bed.s1, lab_expect(bed.s1, LIR), 2001);
    lab_send(bed.s1, with_octets(lia, broken, sizeof(broken)));
    lab_expect_error(bed.c1, lir, 5012);
    lab_expect_silence(bed.s1);
    lab_wait_metric(bed.lab, "antipode_dropped_total{reason=\"answer_malformed\"}", 1);
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

Test(ans, DUP_01_equal_end_to_ends_of_two_clients_are_both_served)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_peer *c2 = lab_client(bed.lab, C2);
    struct lab_message *first = with_ids(lab_lir(bed.c1, ALICE), 1, 500),
                       *second = with_ids(lab_lir(c2, ALICE), 2, 500);
    bed.s1->auto_result = 2001;
    lab_send(bed.c1, first);
    lab_send(c2, second);
    lab_expect_result(bed.c1, first, 2001);
    lab_expect_result(c2, second, 2001);
    lab_end(bed.lab);
}

Test(ans, DUP_02_DUP_04_the_same_request_twice_is_forwarded_and_answered_twice)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *first = with_ids(lab_lir(bed.c1, ALICE), 1, 500);
    struct lab_message *again = with_flags(with_ids(lab_copy(first), 2, 500), R | P | T);
    lab_send(bed.c1, first);
    struct lab_message *first_at_s1 = lab_expect(bed.s1, LIR);
    lab_send(bed.c1, again);
    struct lab_message *again_at_s1 = lab_expect(bed.s1, LIR);
    cr_assert(lab_flags(again_at_s1) & T);
    lab_answer(bed.s1, first_at_s1, 2001);
    lab_answer(bed.s1, again_at_s1, 2001);
    lab_expect_result(bed.c1, first, 2001);
    lab_expect_result(bed.c1, again, 2001);
    lab_end(bed.lab);
}

/* The client's other way leads through an agent; what comes by it may overtake the original. */
Test(ans, DUP_05_a_duplicate_that_comes_first_and_by_another_connection_is_served_like_its_original)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_peer *other_way = lab_client(bed.lab, C2);
    struct lab_message *original = with_ids(lab_lir(bed.c1, ALICE), 1, 500);
    struct lab_message *duplicate = with_flags(with_ids(lab_copy(original), 2, 500), R | P | T);
    lab_send(other_way, with_text(duplicate, ROUTE_RECORD, C1));
    struct lab_message *first = lab_expect(bed.s1, LIR);
    lab_send(bed.c1, original);
    struct lab_message *second = lab_expect(bed.s1, LIR);
    cr_assert_eq(lab_flags(first), R | P | T);
    cr_assert_eq(lab_flags(second), R | P);
    cr_assert_eq(lab_end_to_end(first), lab_end_to_end(second));
    cr_assert_str_eq(lab_text(first, ORIGIN_HOST, 0), lab_text(second, ORIGIN_HOST, 0));
    lab_answer(bed.s1, second, 2001);
    lab_answer(bed.s1, first, 2002);
    lab_expect_result(bed.c1, original, 2001);
    lab_expect_result(other_way, duplicate, 2002);
    lab_expect_silence(bed.c1);
    lab_end(bed.lab);
}
