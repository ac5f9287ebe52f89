/* pxy_answer.c — a proxy and answers: policies, and sessions that they end. Requirements PXY-04 to
 * PXY-06, ANS-02, ANS-14, ERR-06, RTE-22, RTE-26. */
#include <string.h>

#include "tests/lab/lab.h"

TestSuite(pxy_answer, .fini = lab_fini);

enum { STR = 275, TERMINATION_CAUSE = 295, DRMP = 301 };

#define PROXY                 "  - { name: core, realm: core.example, action: proxy, pool: core, policies: [p] }"
#define POLICY(rest)          "policies: [{ name: p, " rest " }]"
#define REFUSE                POLICY("apply_to: answer, do: [{ reject: 5003, message: no roaming }]")
#define TERMINATIONS(outcome) "antipode_session_terminations_total{outcome=\"" outcome "\"}"

static struct lab_plan plan_of(const char *policies)
{
    return (struct lab_plan){.routes = PROXY, .more = policies};
}

struct exchange {
    struct lab_bed bed;
    struct lab_message *request;
    struct lab_message *at_s1;
};

static struct exchange begin(struct lab_plan plan, struct lab_message *request)
{
    struct exchange it = {.bed = lab_bed(plan)};
    it.request = request ? request : lab_lir(it.bed.c1, ALICE);
    lab_send(it.bed.c1, it.request);
    it.at_s1 = lab_expect(it.bed.s1, lab_command(it.request));
    return it;
}

/* A success with the state of its session; `state` 9: without. */
static struct lab_message *success(struct exchange *it, uint32_t state)
{
    struct lab_message *answer = lab_answer_to(it->bed.s1, it->at_s1, 2001);
    with_text(answer, USER_NAME, "alice@core.example");
    return state == 9 ? answer : with_number(answer, AUTH_SESSION_STATE, state);
}

static struct lab_message *answer_with(struct exchange *it, struct lab_message *answer)
{
    lab_send(it->bed.s1, answer);
    struct lab_message *at_c1 = lab_expect_answer(it->bed.c1, it->request);
    cr_assert(lab_is_well_formed(at_c1));
    return at_c1;
}

/* --- policies on answers --- */

Test(pxy_answer, PXY_02_AVP_16_an_answer_is_changed_and_the_rest_stays_octet_for_octet)
{
    struct exchange it = begin(
        plan_of(POLICY("apply_to: answer, do: [{ remove: User-Name }, { add: DRMP, to: 2 }]")),
        NULL);
    struct lab_message *sent = success(&it, 1);
    struct lab_message *wanted =
        with_avp(without(lab_copy(sent), USER_NAME), 0, DRMP, 0, "\0\0\0\2", 4);
    struct lab_message *at_c1 = answer_with(&it, sent);
    cr_assert_eq(lab_count(it.at_s1, DRMP), 0);
    cr_assert_eq(at_c1->size, wanted->size);
    cr_assert_arr_eq(at_c1->octets + 20, wanted->octets + 20, wanted->size - 20);
    cr_assert_eq(lab_hop_by_hop(at_c1), lab_hop_by_hop(it.request));
    lab_expect_silence(it.bed.s1);
    lab_end(it.bed.lab);
}

Test(pxy_answer, PXY_02_the_last_error_of_several_servers_goes_by_the_policies_too)
{
    struct lab_plan plan = plan_of(POLICY("apply_to: answer, do: [{ remove: Error-Message }]"));
    plan.servers[0] = S1;
    plan.servers[1] = S2;
    struct exchange it = begin(plan, NULL);
    struct lab_message *first = lab_answer_to(it.bed.s1, it.at_s1, 3004);
    lab_send(it.bed.s1, with_avp(first, 0, ERROR_MESSAGE, 0, "at s1", 5));
    lab_expect(it.bed.s2, LIR);
    lab_reset(it.bed.s2);
    struct lab_message *at_c1 = lab_expect_result(it.bed.c1, it.request, 3004);
    cr_assert_str_eq(lab_text(at_c1, ORIGIN_HOST, 0), S1);
    cr_assert_eq(lab_count(at_c1, ERROR_MESSAGE), 0);
    lab_end(it.bed.lab);
}

Test(pxy_answer, PXY_04_whoever_hides_the_origin_hides_its_state_too)
{
    struct exchange it =
        begin(plan_of(POLICY("apply_to: answer, do: [{ set: Origin-Host, to: hss.core.example }]")),
              NULL);
    struct lab_message *at_c1 = answer_with(&it, with_number(success(&it, 1), ORIGIN_STATE_ID, 7));
    cr_assert_str_eq(lab_text(at_c1, ORIGIN_HOST, 0), "hss.core.example");
    cr_assert_eq(lab_count(at_c1, ORIGIN_STATE_ID), 0);
    lab_end(it.bed.lab);
}

Test(pxy_answer, an_answer_that_a_policy_would_make_too_large_becomes_5012)
{
    struct lab_plan plan = plan_of(POLICY(
        "apply_to: answer, do: [{ replace: User-Name, matches: \"/a/\", by: "
        "'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy' "
        "}]"));
    plan.limits = "message_size: 512";
    struct exchange it = begin(plan, NULL);
    char filler[512] = {0};
    struct lab_message *answer = success(&it, 1);
    with_avp(answer, 0, 33, 0, filler, 512 - answer->size - 8);
    struct lab_message *at_c1 = answer_with(&it, answer);
    cr_assert_eq(lab_result(at_c1), 5012);
    cr_assert_str_eq(lab_text(at_c1, ORIGIN_HOST, 0), A_HOST);
    lab_expect_silence(it.bed.s1);
    lab_end(it.bed.lab);
}

/* --- success becomes failure --- */

Test(pxy_answer, PXY_05_ERR_06_ANS_14_a_success_becomes_a_failure_and_says_by_whom)
{
    struct exchange it = begin(plan_of(REFUSE), NULL);
    struct lab_message *at_c1 = answer_with(&it, success(&it, 1));
    cr_assert_eq(lab_result(at_c1), 5003);
    cr_assert_eq(lab_count(at_c1, RESULT_CODE), 1);
    cr_assert_eq(lab_flags(at_c1), P);
    cr_assert_str_eq(lab_text(at_c1, ERROR_REPORTING_HOST, 0), A_HOST);
    cr_assert_str_eq(lab_text(at_c1, ERROR_MESSAGE, 0), "no roaming");
    cr_assert_str_eq(lab_text(at_c1, ORIGIN_HOST, 0), S1);
    lab_expect_silence(it.bed.s1);
    lab_end(it.bed.lab);
}

Test(pxy_answer, PXY_05_an_experimental_success_becomes_an_experimental_failure)
{
    struct exchange it =
        begin(plan_of(POLICY("apply_to: answer, do: [{ reject: \"10415:5004\" }]")), NULL);
    struct lab_message *inner = with_number(lab_message_new(0, 0, 0, 0, 0), VENDOR_ID, VENDOR_3GPP);
    with_number(inner, EXPERIMENTAL_RESULT_CODE, 2001);
    struct lab_message *at_c1 = answer_with(
        &it, with_group(without(success(&it, 1), RESULT_CODE), EXPERIMENTAL_RESULT, inner));
    struct lab_avp group;
    cr_assert_eq(lab_count(at_c1, RESULT_CODE), 0);
    cr_assert_eq(lab_count(at_c1, EXPERIMENTAL_RESULT), 1);
    cr_assert(lab_nth(at_c1, EXPERIMENTAL_RESULT, 0, &group));
    cr_assert_arr_eq(group.value + group.size - 4, "\0\0\x13\x8c", 4);
    cr_assert_str_eq(lab_text(at_c1, ERROR_REPORTING_HOST, 0), A_HOST);
    lab_end(it.bed.lab);
}

Test(pxy_answer, PXY_05_a_policy_that_sets_the_result_says_by_whom_too)
{
    struct exchange it =
        begin(plan_of(POLICY("apply_to: answer, do: [{ set: Result-Code, to: 5003 }]")), NULL);
    struct lab_message *at_c1 = answer_with(&it, success(&it, 1));
    cr_assert_eq(lab_result(at_c1), 5003);
    cr_assert_str_eq(lab_text(at_c1, ERROR_REPORTING_HOST, 0), A_HOST);
    lab_end(it.bed.lab);
}

static struct lab_message *expect_str(struct exchange *it)
{
    struct lab_message *str = lab_expect(it->bed.s1, STR);
    cr_assert(lab_is_well_formed(str));
    return str;
}

Test(pxy_answer, PXY_06_ANS_14_RTE_26_the_server_is_told_that_the_session_is_over)
{
    struct exchange it = begin(plan_of(REFUSE), NULL);
    cr_assert_eq(lab_result(answer_with(&it, success(&it, 0))), 5003);
    struct lab_message *str = expect_str(&it);
    cr_assert_eq(lab_flags(str), R | P);
    cr_assert_eq(lab_application(str), APP_SIP);
    cr_assert_neq(lab_end_to_end(str), lab_end_to_end(it.request));
    cr_assert_str_eq(lab_text(str, SESSION_ID, 0), lab_text(it.request, SESSION_ID, 0));
    cr_assert_str_eq(lab_text(str, ORIGIN_HOST, 0), A_HOST);
    cr_assert_str_eq(lab_text(str, ORIGIN_REALM, 0), A_REALM);
    cr_assert_str_eq(lab_text(str, DESTINATION_HOST, 0), S1);
    cr_assert_str_eq(lab_text(str, DESTINATION_REALM, 0), "core.example");
    cr_assert_eq(lab_number(str, AUTH_APPLICATION_ID), APP_SIP);
    cr_assert_eq(lab_number(str, TERMINATION_CAUSE), 4);
    cr_assert_eq(lab_count(str, ROUTE_RECORD), 0);
    lab_answer(it.bed.s1, str, 2001);
    lab_wait_metric(it.bed.lab, TERMINATIONS("answered"), 1);
    lab_expect_silence(it.bed.c1);
    lab_expect_balance(it.bed.lab);
    lab_end(it.bed.lab);
}

Test(pxy_answer, PXY_06_without_a_state_in_the_answer_that_of_the_request_counts)
{
    struct exchange it = begin(plan_of(REFUSE), NULL);
    answer_with(&it, success(&it, 9)); /* the request says 1 */
    lab_expect_silence(it.bed.s1);
    struct lab_message *lir = without(lab_lir(it.bed.c1, ALICE), AUTH_SESSION_STATE);
    lab_send(it.bed.c1, lir);
    it.at_s1 = lab_expect(it.bed.s1, LIR);
    lab_answer(it.bed.s1, it.at_s1, 2001);
    lab_expect_result(it.bed.c1, lir, 5003);
    lab_answer(it.bed.s1, expect_str(&it), 2001);
    lab_wait_metric(it.bed.lab, TERMINATIONS("answered"), 1);
    lab_end(it.bed.lab);
}

Test(pxy_answer, PXY_06_a_failure_of_the_server_has_no_session_to_end)
{
    struct exchange it = begin(plan_of(REFUSE), NULL);
    struct lab_message *failure = lab_answer_to(it.bed.s1, it.at_s1, 5032);
    struct lab_message *at_c1 = answer_with(&it, with_number(failure, AUTH_SESSION_STATE, 0));
    cr_assert_eq(lab_result(at_c1), 5003);
    lab_expect_silence(it.bed.s1);
    lab_end(it.bed.lab);
}

Test(pxy_answer, PXY_06_an_end_of_a_session_that_nobody_answers_is_counted)
{
    struct lab_plan plan = plan_of(REFUSE);
    plan.timers = "request: 60s";
    struct exchange it = begin(plan, NULL);
    answer_with(&it, success(&it, 0));
    expect_str(&it);
    lab_advance(it.bed.lab, 61000, 1000);
    lab_wait_metric(it.bed.lab, TERMINATIONS("timeout"), 1);
    lab_expect_balance(it.bed.lab);
    lab_expect_silence(it.bed.c1);
    lab_end(it.bed.lab);
}

Test(pxy_answer, PXY_06_an_end_of_a_session_is_lost_with_the_server)
{
    struct lab_plan plan = plan_of(REFUSE);
    plan.servers[0] = S1;
    plan.servers[1] = S2;
    struct exchange it = begin(plan, NULL);
    answer_with(&it, success(&it, 0));
    expect_str(&it);
    lab_reset(it.bed.s1);
    lab_wait_metric(it.bed.lab, TERMINATIONS("lost"), 1);
    lab_expect_silence(it.bed.s2);
    lab_expect_balance(it.bed.lab);
    lab_end(it.bed.lab);
}

Test(pxy_answer, PXY_06_the_end_of_the_agent_does_not_wait_for_it)
{
    struct exchange it = begin(plan_of(REFUSE), NULL);
    answer_with(&it, success(&it, 0));
    expect_str(&it);
    lab_end_with_pending(it.bed.lab);
}

/* --- Proxy-Info --- */

/* Proxy-Host m.agent.example, Proxy-State "abcd", as the octets of the group. */
#define OURS                                                                                       \
    "0x00000118400000176d2e6167656e742e6578616d706c650000000021" /* … */                         \
    "4000000c61626364"

static struct lab_message *proxy_info(const char *host, const char *state)
{
    struct lab_message *inner = with_text(lab_message_new(0, 0, 0, 0, 0), PROXY_HOST, host);
    return with_avp(inner, 0, PROXY_STATE, M, state, strlen(state));
}

static struct exchange begin_with_proxy_info(void)
{
    struct lab_peer sender = {.identity = C1, .realm = "edge.example"};
    struct lab_message *lir =
        with_group(lab_lir(&sender, ALICE), PROXY_INFO, proxy_info("c9.edge.example", "mine"));
    struct exchange it = begin(plan_of(POLICY("do: [{ add: Proxy-Info, to: " OURS " }]")), lir);
    struct lab_avp avp;
    cr_assert_eq(lab_count(it.at_s1, PROXY_INFO), 2);
    cr_assert(lab_nth(it.at_s1, PROXY_INFO, 1, &avp));
    struct lab_message *wanted = proxy_info(A_HOST, "abcd");
    cr_assert_eq(avp.size, wanted->size - 20);
    cr_assert_arr_eq(avp.value, wanted->octets + 20, avp.size);
    return it;
}

static struct lab_message *answer_with_infos(struct exchange *it, const char *first,
                                             const char *second, const char *state)
{
    struct lab_message *answer = success(it, 1);
    with_group(answer, PROXY_INFO, proxy_info(first, "mine"));
    if (second)
        with_group(answer, PROXY_INFO, proxy_info(second, state));
    return answer_with(it, answer);
}

Test(pxy_answer, ANS_02_our_proxy_info_is_taken_out_of_the_answer_and_others_stay)
{
    struct exchange it = begin_with_proxy_info();
    struct lab_message *at_c1 = answer_with_infos(&it, "c9.edge.example", A_HOST, "abcd");
    struct lab_message *wanted = with_group(lab_message_new(0, 0, 0, 0, 0), PROXY_INFO,
                                            proxy_info("c9.edge.example", "mine"));
    cr_assert_eq(lab_count(at_c1, PROXY_INFO), 1);
    cr_assert_arr_eq(at_c1->octets + at_c1->size - (wanted->size - 20), wanted->octets + 20,
                     wanted->size - 20);
    lab_end(it.bed.lab);
}

Test(pxy_answer, ANS_02_an_answer_without_our_proxy_info_or_with_another_behind_it_is_delivered)
{
    struct exchange it = begin_with_proxy_info();
    struct lab_message *at_c1 = answer_with_infos(&it, "c9.edge.example", NULL, NULL);
    cr_assert_eq(lab_count(at_c1, PROXY_INFO), 1);
    lab_send(it.bed.c1, it.request = lab_lir(it.bed.c1, ALICE));
    it.at_s1 = lab_expect(it.bed.s1, LIR);
    at_c1 = answer_with_infos(&it, A_HOST, "c9.edge.example", "mine");
    cr_assert_eq(lab_count(at_c1, PROXY_INFO), 2);
    lab_end(it.bed.lab);
}

Test(pxy_answer, RTE_22_nothing_hangs_on_the_state_in_our_proxy_info)
{
    struct exchange it = begin_with_proxy_info();
    struct lab_message *at_c1 = answer_with_infos(&it, "c9.edge.example", A_HOST, "forged");
    cr_assert_eq(lab_count(at_c1, PROXY_INFO), 1);
    cr_assert_eq(lab_result(at_c1), 2001);
    lab_end(it.bed.lab);
}

Test(pxy_answer, ERR_05_our_own_proxy_info_is_not_in_our_own_answers)
{
    struct exchange it = begin_with_proxy_info();
    lab_reset(it.bed.s1);
    struct lab_message *at_c1 = lab_expect_result(it.bed.c1, it.request, 3002);
    cr_assert_eq(lab_count(at_c1, PROXY_INFO), 1);
    lab_end(it.bed.lab);
}
