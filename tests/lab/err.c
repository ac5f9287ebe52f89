/* err.c — the agent's own error answers; their form is checked by lab_expect_error. Requirements
 * ERR-01 to ERR-13. */
#include <stdio.h>
#include <string.h>

#include "tests/lab/lab.h"

TestSuite(err, .fini = lab_fini);

static const struct lab_plan USUAL = {0};

static struct lab_message *with_proxy_info(struct lab_message *request, const char *host)
{
    struct lab_message *inner = with_text(lab_message_new(0, 0, 0, 0, 0), PROXY_HOST, host);
    return with_group(request, PROXY_INFO, with_text(inner, PROXY_STATE, "opaque"));
}

static struct lab_message *to_nowhere(struct lab_message *request)
{
    return with_text(without(request, DESTINATION_REALM), DESTINATION_REALM, "nowhere.example");
}

Test(err, ERR_05_proxy_infos_are_copied_in_their_order)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir =
        with_proxy_info(with_proxy_info(to_nowhere(lab_lir(bed.c1, ALICE)), "p1"), "p2");
    struct lab_avp sent, returned;
    lab_send(bed.c1, lir);
    struct lab_message *answer = lab_expect_error(bed.c1, lir, 3003);
    for (unsigned n = 0; n < 2; n++) {
        cr_assert(lab_nth(lir, PROXY_INFO, n, &sent) && lab_nth(answer, PROXY_INFO, n, &returned));
        cr_assert_eq(sent.size, returned.size);
        cr_assert_arr_eq(sent.value, returned.value, sent.size);
    }
    lab_end(bed.lab);
}

Test(err, RTE_23_proxy_infos_of_others_are_relayed)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    with_proxy_info(with_proxy_info(with_proxy_info(lir, "p1"), "p2"), "p3");
    lab_send(bed.c1, lir);
    cr_assert_eq(lab_count(lab_expect_relayed(bed.c1, bed.s1, lir), PROXY_INFO), 3);
    lab_end(bed.lab);
}

Test(err, ERR_01_a_request_without_session_id_gets_an_answer_without_one)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = without(to_nowhere(lab_lir(bed.c1, ALICE)), SESSION_ID);
    lab_send(bed.c1, lir);
    cr_assert_eq(lab_count(lab_expect_error(bed.c1, lir, 3003), SESSION_ID), 0);
    lab_end(bed.lab);
}

Test(err, ERR_02_T_is_not_copied_into_an_answer)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = with_flags(to_nowhere(lab_lir(bed.c1, ALICE)), R | P | T);
    lab_send(bed.c1, lir);
    cr_assert_eq(lab_flags(lab_expect_error(bed.c1, lir, 3003)), P | E);
    lab_end(bed.lab);
}

Test(err, ERR_10_by_default_the_applications_are_not_echoed)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *request = to_nowhere(lab_request_from(bed.c1, CX_LIR, APP_CX));
    lab_send(bed.c1, request);
    struct lab_message *answer = lab_expect_error(bed.c1, request, 3003);
    cr_assert_eq(lab_count(answer, VENDOR_SPECIFIC_APPLICATION_ID) +
                     lab_count(answer, AUTH_SESSION_STATE),
                 0);
    lab_end(bed.lab);
}

Test(err, ERR_10_picky_clients_get_the_applications_echoed)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.compatibility = "error_echo: true"});
    struct lab_message *request = to_nowhere(lab_request_from(bed.c1, CX_LIR, APP_CX));
    lab_send(bed.c1, request);
    struct lab_message *answer = lab_expect_error(bed.c1, request, 3003);
    cr_assert_eq(lab_count(answer, VENDOR_SPECIFIC_APPLICATION_ID), 1);
    cr_assert_eq(lab_number(answer, AUTH_SESSION_STATE), 1);
    lab_end(bed.lab);
}

static void expect_rejected(const char *result, uint32_t code, uint8_t flags)
{
    char routes[200];
    snprintf(routes, sizeof(routes),
             "  - { name: no, realm: core.example, action: reject, result: %s }", result);
    struct lab_bed bed = lab_bed((struct lab_plan){.routes = routes});
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *answer = lab_expect_result(bed.c1, lir, code);
    cr_assert_eq(lab_flags(answer), flags);
    cr_assert_eq(lab_count(answer, AUTH_APPLICATION_ID), flags & E ? 0 : 1);
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}

Test(err, ERR_13_a_rejection_with_a_protocol_error_has_E)
{
    expect_rejected("3004", 3004, P | E);
}

Test(err, ERR_13_a_rejection_with_a_permanent_failure_has_no_E)
{
    expect_rejected("5003", 5003, P);
}

Test(err, ERR_13_a_rejection_with_a_transient_failure_has_no_E)
{
    expect_rejected("4001", 4001, P);
}

Test(err, local_answers_are_counted_by_route_and_result)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = to_nowhere(lab_lir(bed.c1, ALICE));
    lab_send(bed.c1, lir);
    lab_expect_error(bed.c1, lir, 3003);
    lab_wait_metric(bed.lab, "antipode_local_answers_total{route=\"-\",result=\"3003\"}", 1);
    lab_wait_metric(bed.lab, "antipode_requests_total{route=\"-\",outcome=\"answered_locally\"}",
                    1);
    lab_end(bed.lab);
}
