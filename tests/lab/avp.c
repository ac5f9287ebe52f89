/* avp.c — AVPs: what is malformed is refused, everything else passes untouched. Requirements AVP-01
 * to AVP-28. */
#include <string.h>

#include "tests/lab/lab.h"

TestSuite(avp, .fini = lab_fini);

static const struct lab_plan USUAL = {0};

static void expect_untouched(struct lab_message *(*damage)(struct lab_message *))
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = damage(lab_lir(bed.c1, ALICE));
    lab_send(bed.c1, lir);
    lab_expect_relayed(bed.c1, bed.s1, lir);
    lab_end(bed.lab);
}

static void expect_refused(const void *avp, size_t size, uint32_t result)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = with_octets(lab_lir(bed.c1, ALICE), avp, size);
    lab_send(bed.c1, lir);
    struct lab_message *answer = lab_expect_error(bed.c1, lir, result);
    cr_assert_eq(lab_count(answer, FAILED_AVP), 1, "ERR-07");
    lab_expect_silence(bed.s1);
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

Test(avp, AVP_02_padding_is_forwarded_as_it_came)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = with_text(lab_lir(bed.c1, ALICE), USER_NAME, "a");
    memset(lir->octets + lir->size - 3, 0xff, 3);
    lab_send(bed.c1, lir);
    lab_expect_relayed(bed.c1, bed.s1, lir);
    lab_end(bed.lab);
}

Test(avp, HDR_04_paddings_of_one_two_and_three_octets_are_forwarded)
{
    struct lab_bed bed = lab_bed(USUAL);
    for (const char *name = "abc"; *name; name++) {
        struct lab_message *lir = with_text(lab_lir(bed.c1, ALICE), USER_NAME, name);
        lab_send(bed.c1, lir);
        lab_expect_relayed(bed.c1, bed.s1, lir);
    }
    lab_end(bed.lab);
}

Test(avp, AVP_03_a_length_of_zero_is_answered_5014)
{
    static const uint8_t avp[] = {0, 0, 0, 1, M, 0, 0, 0};
    expect_refused(avp, sizeof(avp), 5014);
}

Test(avp, AVP_03_a_length_below_the_header_is_answered_5014)
{
    static const uint8_t avp[] = {0, 0, 0, 1, M, 0, 0, 7};
    expect_refused(avp, sizeof(avp), 5014);
}

Test(avp, AVP_03_a_length_below_the_header_with_vendor_is_answered_5014)
{
    static const uint8_t avp[] = {0, 0, 0, 1, V, 0, 0, 11, 0, 0, 0x28, 0xaf};
    expect_refused(avp, sizeof(avp), 5014);
}

Test(avp, AVP_04_AVP_06_a_length_past_the_end_is_answered_5014)
{
    static const uint8_t avp[] = {0, 0, 0, 1, M, 0, 1, 0x90, 'a', 'b', 'c', 'd'};
    expect_refused(avp, sizeof(avp), 5014);
}

/* A CER whose last AVP is this; the answer is 5014 and the connection ends. */
static void expect_CER_refused(const void *avp, size_t size)
{
    struct lab *lab = lab_start(USUAL);
    struct lab_peer *c1 = lab_dial(lab, C1);
    struct lab_message *cer = with_octets(lab_cer(c1), avp, size);
    lab_send(c1, cer);
    cr_assert_eq(lab_count(lab_expect_result(c1, cer, 5014), FAILED_AVP), 1, "ERR-07");
    lab_expect_closed(c1);
    lab_end(lab);
}

Test(avp, AVP_05_a_length_whose_padding_is_missing_is_answered_5014)
{
    static const uint8_t group[] = {0,   0, 1, 4, M, 0, 0, 17, /* VSAI of 9 octets */
                                    0,   0, 1, 2, M, 0, 0, 9,  /* Auth-Application-Id of one */
                                    'a', 0, 0, 0};
    expect_CER_refused(group, sizeof(group));
}

Test(avp, AVP_07_a_number_of_six_octets_in_a_CER_is_answered_5014)
{
    static const uint8_t avp[] = {0, 0, 1, 2, M, 0, 0, 14, 0, 0, 0, 6, 0, 0, 0, 0};
    expect_CER_refused(avp, sizeof(avp));
}

Test(avp, AVP_08_an_overrun_inside_a_group_of_a_CER_is_answered_5014)
{
    static const uint8_t group[] = {0, 0, 1, 4, M, 0, 0, 20, 0, 0, 1, 2, M, 0, 0, 40, 0, 0, 0, 6};
    expect_CER_refused(group, sizeof(group));
}

static struct lab_message *with_broken_group(struct lab_message *lir)
{
    static const uint8_t inner[] = {0, 0, 1, 0x18, M, 0, 0xff, 0xff, 'a', 'b', 'c', 'd'};
    with_avp(lir, 0, PROXY_INFO, M, inner, sizeof(inner));
    return with_avp(lir, 0, 99999, M, inner, sizeof(inner));
}

Test(avp, AVP_08_RTE_23_damage_inside_groups_of_others_is_forwarded)
{
    expect_untouched(with_broken_group);
}

static struct lab_message *with_deep_nesting(struct lab_message *lir)
{
    static uint8_t deep[60000];
    for (size_t at = 0; at + 8 <= sizeof(deep); at += 8) {
        size_t length = sizeof(deep) - at;
        uint8_t header[8] = {
            0, 1, 0x86, 0x9f, M, (uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length};
        memcpy(deep + at, header, 8);
    }
    return with_octets(lir, deep, sizeof(deep));
}

Test(avp, AVP_08_thousands_of_nested_groups_are_forwarded)
{
    expect_untouched(with_deep_nesting);
}

Test(avp, AVP_09_a_vendors_264_is_not_the_origin_host)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = lab_request(R | P, LIR, APP_SIP);
    with_avp(lir, VENDOR_3GPP, DESTINATION_HOST, M, A_HOST, strlen(A_HOST));
    with_avp(lir, VENDOR_3GPP, DESTINATION_REALM, M, "evil.example", 12);
    with_octets(lir, lab_lir(bed.c1, ALICE)->octets + 20, lab_lir(bed.c1, ALICE)->size - 20);
    lab_send(bed.c1, lir);
    lab_expect_relayed(bed.c1, bed.s1, lir);
    lab_end(bed.lab);
}

static struct lab_message *with_unknown_mandatory(struct lab_message *message)
{
    return with_avp(message, 0, 99999, M, "abcd", 4);
}

Test(avp, AVP_10_unknown_mandatory_AVPs_are_relayed)
{
    expect_untouched(with_unknown_mandatory);
}

Test(avp, AVP_11_an_unknown_mandatory_AVP_in_a_DWR_is_answered_5001)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *dwr = with_unknown_mandatory(lab_dwr(bed.c1));
    struct lab_avp failed;
    lab_send(bed.c1, dwr);
    struct lab_message *dwa = lab_expect_result(bed.c1, dwr, 5001);
    cr_assert(lab_nth(dwa, FAILED_AVP, 0, &failed));
    cr_assert_arr_eq(failed.value, dwr->octets + dwr->size - 12, 12, "AVP-28: the whole AVP");
    lab_end(bed.lab);
}

Test(avp, AVP_11_AVP_13_unknown_AVPs_without_M_in_a_DWR_are_ignored)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *inner = with_unknown_mandatory(lab_message_new(0, 0, 0, 0, 0));
    struct lab_message *dwr =
        with_avp(lab_dwr(bed.c1), 0, 99998, 0, inner->octets + 20, inner->size - 20);
    lab_send(bed.c1, dwr);
    lab_expect_result(bed.c1, dwr, 2001);
    lab_end(bed.lab);
}

Test(avp, AVP_11_an_unknown_mandatory_AVP_in_a_CER_is_answered_5001_and_closed)
{
    struct lab *lab = lab_start(USUAL);
    struct lab_peer *c1 = lab_dial(lab, C1);
    struct lab_message *cer = with_unknown_mandatory(lab_cer(c1));
    lab_send(c1, cer);
    lab_expect_result(c1, cer, 5001);
    lab_expect_closed(c1);
    lab_end(lab);
}

Test(avp, AVP_11_an_unknown_mandatory_AVP_is_accepted_where_it_is_ignored)
{
    struct lab *lab = lab_start((struct lab_plan){.compatibility = "unknown_mandatory: ignore"});
    struct lab_peer *c1 = lab_dial(lab, C1);
    struct lab_message *cer = with_unknown_mandatory(lab_cer(c1));
    lab_send(c1, cer);
    lab_expect_result(c1, cer, 2001);
    lab_end(lab);
}

static struct lab_message *with_reserved_bits(struct lab_message *lir)
{
    return with_avp(lir, 0, USER_NAME, M | 1, "alice", 5);
}

Test(avp, AVP_14_reserved_flag_bits_are_forwarded)
{
    expect_untouched(with_reserved_bits);
}

Test(avp, AVP_15_an_origin_host_with_vendor_zero_is_accepted)
{
    struct lab *lab = lab_start(USUAL);
    struct lab_peer *c1 = lab_dial(lab, C1);
    struct lab_message *cer = without(lab_cer(c1), ORIGIN_HOST);
    with_avp(cer, 0, ORIGIN_HOST, V | M, C1, strlen(C1));
    lab_send(c1, cer);
    lab_expect_result(c1, cer, 2001);
    lab_end(lab);
}

static struct lab_message *with_random_avps(struct lab_message *lir, uint64_t *random)
{
    uint8_t value[64];
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    for (unsigned i = 0; i < 1 + *random % 6; i++) {
        uint64_t bits = (*random >> 8) * (2 * i + 1);
        memset(value, (int)bits, sizeof(value));
        with_avp(lir, bits & 1 ? 9999 : 0, 90000 + bits % 1000, (uint8_t)(bits & 0x60), value,
                 bits % sizeof(value));
    }
    return lir;
}

Test(avp, AVP_16_RTE_01_RTE_02_only_a_route_record_is_added_to_random_messages)
{
    enum { MESSAGES = 10000, AT_ONCE = 50 };
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir[AT_ONCE];
    uint64_t random = 1;
    for (int n = 0; n < MESSAGES; n += AT_ONCE) {
        for (int i = 0; i < AT_ONCE; i++)
            lab_push(bed.c1, lir[i] = with_random_avps(lab_lir(bed.c1, ALICE), &random));
        for (int i = 0; i < AT_ONCE; i++) {
            struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
            cr_assert_eq(at_s1->size, lir[i]->size + 24);
            cr_assert_arr_eq(at_s1->octets + 20, lir[i]->octets + 20, lir[i]->size - 20);
            cr_assert_eq(lab_end_to_end(at_s1), lab_end_to_end(lir[i]));
            lab_push(bed.s1, lab_answer_to(bed.s1, at_s1, 2001));
        }
        for (int i = 0; i < AT_ONCE; i++)
            lab_expect_result(bed.c1, lir[i], 2001);
    }
    lab_end(bed.lab);
}

Test(avp, AVP_17_a_session_id_at_the_end_is_first_in_the_error_answer)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir =
        with_text(without(lab_lir(bed.c1, ALICE), SESSION_ID), SESSION_ID, "c1;last");
    lab_send(bed.c1,
             with_text(without(lir, DESTINATION_REALM), DESTINATION_REALM, "nowhere.example"));
    struct lab_message *answer = lab_expect_error(bed.c1, lir, 3003);
    cr_assert_str_eq(lab_text(answer, SESSION_ID, 0), "c1;last");
    lab_end(bed.lab);
}

Test(avp, AVP_18_a_second_destination_host_is_answered_5009)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir =
        with_text(with_text(lab_lir(bed.c1, ALICE), DESTINATION_HOST, S1), DESTINATION_HOST, S2);
    struct lab_avp failed;
    lab_send(bed.c1, lir);
    struct lab_message *answer = lab_expect_error(bed.c1, lir, 5009);
    cr_assert(lab_nth(answer, FAILED_AVP, 0, &failed));
    cr_assert_eq(memcmp(failed.value + 8, S2, strlen(S2)), 0, "the second one");
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}

Test(avp, AVP_19_a_destination_host_in_a_CER_is_answered_5008_and_closed)
{
    struct lab *lab = lab_start(USUAL);
    struct lab_peer *c1 = lab_dial(lab, C1);
    struct lab_message *cer = with_text(lab_cer(c1), DESTINATION_HOST, A_HOST);
    lab_send(c1, cer);
    cr_assert_eq(lab_count(lab_expect_result(c1, cer, 5008), FAILED_AVP), 1);
    lab_expect_closed(c1);
    lab_end(lab);
}

static void expect_missing(uint32_t code, size_t at_least)
{
    struct lab *lab = lab_start(USUAL);
    struct lab_peer *c1 = lab_dial(lab, C1);
    struct lab_message *cer = without(lab_cer(c1), code);
    struct lab_avp failed, example;
    size_t offset = 0;
    lab_send(c1, cer);
    struct lab_message *cea = lab_expect_result(c1, cer, 5005);
    cr_assert(lab_nth(cea, FAILED_AVP, 0, &failed));
    cr_assert(lab_next(failed.value, failed.size, &offset, &example));
    cr_assert_eq(example.code, code);
    cr_assert_geq(example.size, at_least);
    lab_expect_closed(c1);
    lab_end(lab);
}

Test(avp, AVP_20_a_CER_without_origin_host_is_answered_5005_with_an_example)
{
    expect_missing(ORIGIN_HOST, 0);
}

Test(avp, AVP_20_a_CER_without_host_address_is_answered_5005_with_an_example)
{
    expect_missing(HOST_IP_ADDRESS, 6);
}

Test(avp, AVP_21_identities_are_compared_without_case_and_forwarded_as_they_are)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.servers = {S1, S2}});
    struct lab_message *lir =
        with_text(lab_lir(bed.c1, ALICE), DESTINATION_HOST, "S2.CORE.Example");
    with_text(without(lir, DESTINATION_REALM), DESTINATION_REALM, "CORE.EXAMPLE");
    lab_send(bed.c1, lir);
    lab_expect_relayed(bed.c1, bed.s2, lir);
    lab_end(bed.lab);
}

static void expect_identity_refused(const char *identity, size_t size)
{
    struct lab *lab = lab_start((struct lab_plan){.clients = "  - { identity: \"*\" }"});
    struct lab_peer *c1 = lab_dial(lab, C1);
    struct lab_message *cer = without(lab_cer(c1), ORIGIN_HOST);
    lab_send(c1, with_avp(cer, 0, ORIGIN_HOST, M, identity, size));
    struct lab_message *cea = lab_take(c1);
    if (cea) {
        cr_assert_eq(lab_result(cea), 5004, "result %u", lab_result(cea));
        lab_expect_closed(c1);
    }
    lab_end(lab);
}

Test(avp, AVP_22_an_identity_with_a_NUL_is_refused)
{
    expect_identity_refused("c1.edge.example", 16);
}

Test(avp, AVP_22_an_empty_identity_is_refused)
{
    expect_identity_refused("", 0);
}

Test(avp, AVP_22_an_identity_with_a_trailing_dot_is_refused)
{
    expect_identity_refused("c1.edge.example.", 16);
}

Test(avp, AVP_22_an_odd_destination_is_nobody)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = without(lab_lir(bed.c1, ALICE), DESTINATION_REALM);
    lab_send(bed.c1, with_avp(lir, 0, DESTINATION_REALM, M, "core.example", 13));
    lab_expect_error(bed.c1, lir, 3003);
    lab_end(bed.lab);
}

Test(avp, AVP_24_a_host_address_of_an_unknown_family_does_no_harm)
{
    struct lab_bed bed = lab_bed(USUAL);
    static const uint8_t odd[] = {0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    struct lab_peer *c2 = lab_dial(bed.lab, C2);
    struct lab_message *cer = without(lab_cer(c2), HOST_IP_ADDRESS);
    lab_send(c2, with_avp(cer, 0, HOST_IP_ADDRESS, M, odd, sizeof(odd)));
    uint32_t result = lab_result(lab_expect_answer(c2, cer));
    cr_assert(result == 2001 || result == 5004, "result %u", result);
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

static struct lab_message *with_ugly_text(struct lab_message *lir)
{
    static const char ugly[] = "sip:%s%n\n\0\xff\xfe@core.example";
    return with_avp(without(lir, SIP_AOR), 0, SIP_AOR, M, ugly, sizeof(ugly));
}

Test(avp, AVP_26_ugly_text_is_forwarded)
{
    expect_untouched(with_ugly_text);
}

Test(avp, AVP_27_flags_of_AVPs_the_agent_adds)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    struct lab_avp avp;
    lab_send(bed.c1, lir);
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    cr_assert(lab_nth(at_s1, ROUTE_RECORD, 0, &avp) && avp.flags == M);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_send(bed.c1, lir = with_flags(lab_lir(bed.c1, ALICE), R | P | E));
    struct lab_message *error = lab_expect_error(bed.c1, lir, 3008);
    size_t offset = 20;
    while (lab_next(error->octets, error->size, &offset, &avp))
        cr_assert_eq(avp.flags, avp.code == ERROR_MESSAGE ? 0 : M, "AVP %u has %02x", avp.code,
                     avp.flags);
    lab_end(bed.lab);
}

Test(avp, AVP_28_ERR_09_of_three_errors_the_first_is_reported)
{
    struct lab_bed bed = lab_bed(USUAL);
    static const uint8_t broken[] = {0, 0, 0, 1, M, 0, 0, 3};
    struct lab_message *lir =
        with_text(with_text(lab_lir(bed.c1, ALICE), DESTINATION_HOST, S1), DESTINATION_HOST, S2);
    with_octets(with_text(lir, ROUTE_RECORD, A_HOST), broken, sizeof(broken));
    lab_send(bed.c1, lir);
    struct lab_message *answer = lab_expect_answer(bed.c1, lir);
    cr_assert(lab_result(answer) == 5009 || lab_result(answer) == 5014, "result %u",
              lab_result(answer));
    cr_assert_eq(lab_count(answer, RESULT_CODE), 1);
    cr_assert_eq(lab_count(answer, FAILED_AVP), 1);
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}
