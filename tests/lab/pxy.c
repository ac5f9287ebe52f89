/* pxy.c — a proxy and requests: policies, the application, the host that it names. Requirements
 * PXY-01 to PXY-03, PXY-07, PXY-08; HDR-19, AVP-10, AVP-12, AVP-16. */
#include <string.h>

#include "tests/lab/lab.h"

TestSuite(pxy, .fini = lab_fini);

enum { DRMP = 301, CX_UAR = 300, SH_UDR = 306, SUPPORTED_FEATURES = 628, FEATURE_LIST = 630 };

#define PROXY "  - { name: core, realm: core.example, action: proxy, pool: core, policies: [p] }"
#define PLAIN "  - { name: core, realm: core.example, action: proxy, pool: core }"

/* A policy `p`, and what else its map has. */
#define POLICY(rest) "policies: [{ name: p, " rest " }]"

static struct lab_plan plan_of(const char *policies)
{
    return (struct lab_plan){.routes = PROXY, .more = policies};
}

/* The request as the server gets it. */
static struct lab_message *pass(struct lab_bed *bed, struct lab_message *request)
{
    lab_send(bed->c1, request);
    struct lab_message *at_s1 = lab_expect(bed->s1, lab_command(request));
    cr_assert(lab_is_well_formed(at_s1));
    return at_s1;
}

static void finish(struct lab_bed *bed, struct lab_message *request, struct lab_message *at_s1)
{
    lab_answer(bed->s1, at_s1, 2001);
    lab_expect_result(bed->c1, request, 2001);
    lab_end(bed->lab);
}

/* A policy of one line of `do` makes `wanted` of `request`, and puts a Route-Record behind it. */
static void expect_made(const char *policies, struct lab_message *request,
                        struct lab_message *wanted)
{
    struct lab_bed bed = lab_bed(plan_of(policies));
    struct lab_message *at_s1 = pass(&bed, request);
    with_text(wanted, ROUTE_RECORD, C1);
    cr_assert_eq(at_s1->size, wanted->size, "%zu, not %zu", at_s1->size, wanted->size);
    cr_assert_arr_eq(at_s1->octets + 20, wanted->octets + 20, wanted->size - 20);
    finish(&bed, request, at_s1);
}

/* Requests are made before there is a peer. */
static const struct lab_peer SENDER = {.identity = C1, .realm = "edge.example"};

/* --- policies on requests --- */

Test(pxy, PXY_02_PXY_08_AVP_16_an_added_AVP_comes_behind_and_the_rest_stays_octet_for_octet)
{
    struct lab_message *lir = lab_lir(&SENDER, ALICE);
    expect_made(POLICY("do: [{ add: DRMP, to: 10 }]"), lir,
                with_avp(lab_copy(lir), 0, DRMP, 0, "\0\0\0\x0a", 4));
}

Test(pxy, PXY_02_a_vendors_AVP_by_number_has_the_type_and_the_flags_that_are_said)
{
    struct lab_message *lir = lab_lir(&SENDER, ALICE);
    expect_made(
        POLICY("do: [{ add: \"10415:1407\", to: 0x13f184, type: octets, mandatory: true }]"), lir,
        with_avp(lab_copy(lir), VENDOR_3GPP, 1407, V | M, "\x13\xf1\x84", 3));
}

Test(pxy, PXY_02_all_instances_of_an_AVP_are_removed)
{
    struct lab_message *lir = lab_lir(&SENDER, ALICE);
    struct lab_message *with = with_avp(lab_copy(lir), VENDOR_3GPP, 1407, V | M, "abc", 3);
    with_avp(with, VENDOR_3GPP, 1407, V, "defgh", 5);
    expect_made(POLICY("do: [{ remove: \"10415:1407\" }]"), with, lir);
}

static struct lab_message *of_alice(const struct lab_message *message, const char *aor)
{
    return with_text(with_text(lab_copy(message), SIP_AOR, aor), USER_NAME, "alice");
}

Test(pxy, PXY_02_an_AVP_that_is_set_stays_in_its_place)
{
    struct lab_message *lir = without(lab_lir(&SENDER, ALICE), SIP_AOR);
    expect_made(POLICY("do: [{ set: SIP-AOR, to: \"sip:x@core.example\" }]"), of_alice(lir, ALICE),
                of_alice(lir, "sip:x@core.example"));
}

Test(pxy, PXY_02_a_part_of_a_text_is_replaced_by_groups_of_an_expression)
{
    struct lab_message *lir = lab_lir(&SENDER, "sips:alice@old.example;x=1");
    expect_made(POLICY("do: [{ replace: SIP-AOR, matches: \"/^sips:([^@]*)@[^;]*/\", "
                       "by: 'sip:\\1@core.example' }]"),
                lir,
                with_text(without(lab_copy(lir), SIP_AOR), SIP_AOR, "sip:alice@core.example;x=1"));
}

/* Feature-List and one AVP more in a group of a vendor. */
static struct lab_message *features(uint32_t list)
{
    uint8_t value[4] = {0, 0, 0, (uint8_t)list};
    struct lab_message *inner = lab_message_new(0, 0, 0, 0, 0);
    with_avp(inner, VENDOR_3GPP, 629, V, "\0\0\0\1", 4);
    if (list)
        with_avp(inner, VENDOR_3GPP, FEATURE_LIST, V, value, 4);
    return inner;
}

static struct lab_message *with_features(struct lab_message *message, uint32_t list)
{
    struct lab_message *inner = features(list);
    with_avp(message, VENDOR_3GPP, SUPPORTED_FEATURES, V | M, inner->octets + 20, inner->size - 20);
    return with_text(message, USER_NAME, "alice");
}

Test(pxy, PXY_02_AVPs_within_groups_are_set_removed_and_added_and_lengths_mended)
{
    struct lab_message *lir = lab_lir(&SENDER, ALICE);
    expect_made(POLICY("do: [{ set: Supported-Features/Feature-List, to: 7 }]"),
                with_features(lab_copy(lir), 3), with_features(lab_copy(lir), 7));
}

Test(pxy, PXY_02_an_AVP_within_a_group_is_removed)
{
    struct lab_message *lir = lab_lir(&SENDER, ALICE);
    expect_made(POLICY("do: [{ remove: Supported-Features/Feature-List }]"),
                with_features(lab_copy(lir), 3), with_features(lab_copy(lir), 0));
}

Test(pxy, PXY_02_a_policy_applies_only_when_its_conditions_hold)
{
    struct lab_bed bed = lab_bed(plan_of(
        POLICY("apply_to: both, when: [{ avp: SIP-AOR, matches: \"sip:a*@core.example\" }, "
               "{ avp: Origin-Host, not: \"*.CORE.example\" }, { avp: User-Name, present: true }], "
               "do: [{ add: DRMP, to: 3 }]")));
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    struct lab_message *at_s1 = pass(&bed, lir);
    cr_assert_eq(lab_count(at_s1, DRMP), 0);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lir = with_text(lab_lir(bed.c1, ALICE), USER_NAME, "alice");
    at_s1 = pass(&bed, lir);
    cr_assert_eq(lab_number(at_s1, DRMP), 3);
    finish(&bed, lir, at_s1);
}

Test(pxy, policies_are_applied_one_after_the_other)
{
    struct lab_bed bed = lab_bed((struct lab_plan){
        .routes = "  - { name: core, realm: core.example, action: proxy, pool: core, "
                  "policies: [second, first] }",
        .more = "policies: [{ name: first, when: [{ avp: DRMP, matches: 5 }], "
                "do: [{ set: DRMP, to: 6 }] }, { name: second, do: [{ add: DRMP, to: 5 }] }]"});
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    struct lab_message *at_s1 = pass(&bed, lir);
    cr_assert_eq(lab_count(at_s1, DRMP), 1);
    cr_assert_eq(lab_number(at_s1, DRMP), 6);
    finish(&bed, lir, at_s1);
}

/* A route is not evaded by naming a host. */
Test(pxy, policies_are_applied_to_what_goes_to_its_destination_host_and_do_not_route_again)
{
    struct lab_bed bed =
        lab_bed((struct lab_plan){.servers = {S1, S2},
                                  .routes = PROXY,
                                  .more = POLICY("do: [{ remove: Destination-Host }]")});
    struct lab_message *lir = with_text(lab_lir(bed.c1, ALICE), DESTINATION_HOST, S2);
    lab_send(bed.c1, lir);
    struct lab_message *at_s2 = lab_expect(bed.s2, LIR);
    cr_assert_eq(lab_count(at_s2, DESTINATION_HOST), 0);
    lab_answer(bed.s2, at_s2, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}

/* --- reject --- */

static struct lab_message *refused(struct lab_bed *bed, const char *policies, uint32_t result)
{
    *bed = lab_bed(plan_of(policies));
    struct lab_message *lir = lab_lir(bed->c1, ALICE);
    lab_send(bed->c1, lir);
    struct lab_message *answer =
        result ? lab_expect_result(bed->c1, lir, result) : lab_expect_answer(bed->c1, lir);
    cr_assert(lab_is_well_formed(answer));
    cr_assert_str_eq(lab_text(answer, ORIGIN_HOST, 0), A_HOST);
    lab_expect_silence(bed->s1);
    return answer;
}

Test(pxy, ERR_13_a_policy_rejects_as_the_application_would)
{
    struct lab_bed bed;
    struct lab_message *answer =
        refused(&bed, POLICY("do: [{ reject: 5035, message: roaming not allowed }]"), 5035);
    cr_assert_eq(lab_flags(answer), P);
    cr_assert_eq(lab_number(answer, AUTH_APPLICATION_ID), APP_SIP);
    cr_assert_eq(lab_number(answer, AUTH_SESSION_STATE), 1);
    cr_assert_str_eq(lab_text(answer, ERROR_MESSAGE, 0), "roaming not allowed");
    cr_assert_eq(lab_count(answer, ERROR_REPORTING_HOST), 0);
    lab_wait_metric(bed.lab, "antipode_requests_total{route=\"core\",outcome=\"answered_locally\"}",
                    1);
    lab_end(bed.lab);
}

Test(pxy, ERR_13_a_protocol_error_of_a_policy_has_the_E_bit)
{
    struct lab_bed bed;
    struct lab_message *answer = refused(&bed, POLICY("do: [{ reject: 3004 }]"), 3004);
    cr_assert_eq(lab_flags(answer), P | E);
    cr_assert_eq(lab_count(answer, AUTH_SESSION_STATE), 0);
    lab_end(bed.lab);
}

Test(pxy, ERR_13_a_vendors_result_goes_into_experimental_result)
{
    struct lab_bed bed;
    struct lab_message *answer = refused(&bed, POLICY("do: [{ reject: \"10415:5004\" }]"), 0);
    struct lab_avp group, avp;
    size_t offset = 0;
    cr_assert_eq(lab_flags(answer), P);
    cr_assert_eq(lab_count(answer, RESULT_CODE), 0);
    cr_assert(lab_nth(answer, EXPERIMENTAL_RESULT, 0, &group));
    cr_assert(lab_next(group.value, group.size, &offset, &avp));
    cr_assert_eq(avp.code, VENDOR_ID);
    cr_assert(lab_next(group.value, group.size, &offset, &avp));
    cr_assert_eq(avp.code, EXPERIMENTAL_RESULT_CODE);
    cr_assert_arr_eq(avp.value, "\0\0\x13\x8c", 4);
    lab_end(bed.lab);
}

Test(pxy, a_message_that_a_policy_would_make_too_large_is_answered_5012)
{
    struct lab_bed bed = lab_bed((struct lab_plan){
        .routes = PROXY,
        .limits = "message_size: 512",
        .more =
            POLICY("do: [{ replace: User-Name, matches: \"/x/\", by: "
                   "'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy' "
                   "}]")});
    char name[400];
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    memset(name, 'x', sizeof(name));
    with_avp(lir, 0, USER_NAME, M, name, 512 - lir->size - 8);
    lab_send(bed.c1, lir);
    struct lab_message *answer = lab_expect_result(bed.c1, lir, 5012);
    cr_assert_str_eq(lab_text(answer, ERROR_MESSAGE, 0),
                     "a policy makes the message larger than this agent takes");
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}

/* --- what is not the proxy's business, and what is --- */

Test(pxy, AVP_12_AVP_10_AVP_16_unknown_mandatory_AVPs_pass_a_proxy)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.routes = PLAIN});
    struct lab_message *lir = with_avp(lab_lir(bed.c1, ALICE), 0, 99999, M, "?", 1);
    with_avp(lir, 4711, 1, V | M, "abcdefg", 7);
    struct lab_message *at_s1 = pass(&bed, lir);
    cr_assert_arr_eq(at_s1->octets + 20, lir->octets + 20, lir->size - 20);
    finish(&bed, lir, at_s1);
}

static void expect_5004(struct lab_message *request, uint32_t failed)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.routes = PLAIN});
    lab_send(bed.c1, request);
    struct lab_message *answer = lab_expect_error(bed.c1, request, 5004);
    struct lab_avp group, avp;
    size_t offset = 0;
    cr_assert(lab_nth(answer, FAILED_AVP, 0, &group));
    cr_assert(lab_next(group.value, group.size, &offset, &avp));
    cr_assert_eq(avp.code, failed);
    lab_expect_silence(bed.s1);
    lab_wait_metric(bed.lab, "antipode_local_answers_total{route=\"core\",result=\"5004\"}", 1);
    lab_end(bed.lab);
}

Test(pxy, HDR_19_a_proxy_refuses_another_Auth_Application_Id_than_that_of_the_header)
{
    struct lab_message *lir = lab_request_from(&SENDER, LIR, APP_SIP);
    expect_5004(with_number(without(lir, AUTH_APPLICATION_ID), AUTH_APPLICATION_ID, 4),
                AUTH_APPLICATION_ID);
}

Test(pxy, HDR_19_a_proxy_refuses_another_Acct_Application_Id_than_that_of_the_header)
{
    expect_5004(with_number(lab_lir(&SENDER, ALICE), ACCT_APPLICATION_ID, 3), ACCT_APPLICATION_ID);
}

Test(pxy, HDR_19_a_proxy_refuses_another_application_in_a_Vendor_Specific_Application_Id)
{
    struct lab_message *uar = lab_request_from(&SENDER, CX_UAR, APP_CX);
    struct lab_message *inner = with_number(lab_message_new(0, 0, 0, 0, 0), VENDOR_ID, VENDOR_3GPP);
    with_number(inner, AUTH_APPLICATION_ID, APP_SH);
    expect_5004(with_group(without(uar, VENDOR_SPECIFIC_APPLICATION_ID),
                           VENDOR_SPECIFIC_APPLICATION_ID, inner),
                VENDOR_SPECIFIC_APPLICATION_ID);
}

Test(pxy, HDR_19_a_relay_does_not_look)
{
    struct lab_bed bed = lab_bed((struct lab_plan){0});
    struct lab_message *lir = with_number(lab_lir(bed.c1, ALICE), ACCT_APPLICATION_ID, 3);
    finish(&bed, lir, pass(&bed, lir));
}

/* --- PXY-01, PXY-03 --- */

Test(pxy, PXY_01_CEX_06_a_proxy_advertises_what_it_proxies_and_no_relay)
{
    struct lab *lab = lab_start((struct lab_plan){
        .routes = "  - { name: core, realm: core.example, application: cx, action: proxy, "
                  "pool: core }"});
    struct lab_peer *s1 = lab_accept(lab, S1);
    struct lab_message *cer = lab_expect(s1, CER);
    struct lab_avp avp;
    cr_assert_eq(lab_count(cer, AUTH_APPLICATION_ID), 0);
    cr_assert_eq(lab_count(cer, ACCT_APPLICATION_ID), 0);
    cr_assert_eq(lab_count(cer, VENDOR_SPECIFIC_APPLICATION_ID), 1);
    cr_assert(lab_nth(cer, VENDOR_SPECIFIC_APPLICATION_ID, 0, &avp));
    cr_assert_arr_eq(avp.value + avp.size - 4, "\x01\0\0\0", 4);
    lab_send(s1, lab_cea(s1, cer, 2001));
    lab_end(lab);
}

Test(pxy, PXY_03_one_client_over_its_limit_is_refused_and_the_other_served)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.routes = PROXY,
                                                   .limits = "in_flight_per_peer: 1",
                                                   .more = POLICY("do: [{ add: DRMP, to: 1 }]")});
    struct lab_peer *c2 = lab_client(bed.lab, C2);
    struct lab_message *first = lab_lir(bed.c1, ALICE);
    struct lab_message *at_s1 = pass(&bed, first);
    struct lab_message *second = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, second);
    lab_expect_error(bed.c1, second, 3004);
    lab_expect_service(c2, bed.s1);
    finish(&bed, first, at_s1);
}
