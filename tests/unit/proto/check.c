/* What the agent consumes itself: each way to be wrong, its Result-Code and what Failed-AVP shows.
 */
#include "tests/unit/proto/message.h"

#include "proto/check.h"
#include "proto/dict.h"

static const struct dm_strictness strict = {.refuse_unknown_mandatory = true,
                                            .refuse_unexpected = true};
static const struct dm_strictness lenient;

static struct message message;
static struct dm_fault fault;

static void address(const void *octets, size_t size)
{
    dm_write_avp(&message.writer, 0, DM_AVP_HOST_IP_ADDRESS, M, dm_bytes_of(octets, size));
}

static void identity_of_c1(void)
{
    add(&message, DM_AVP_ORIGIN_HOST, "c1.edge.example");
    add(&message, DM_AVP_ORIGIN_REALM, "edge.example");
}

/* A good CER; further AVPs may be added before finish(). */
static void cer(void)
{
    start(&message, REQUEST, DM_CAPABILITIES_EXCHANGE);
    identity_of_c1();
    address("\0\1\12\0\0\1", 6);
    add32(&message, DM_AVP_VENDOR_ID, 0);
    dm_write_text(&message.writer, 0, DM_AVP_PRODUCT_NAME, 0, "edge");
    add32(&message, DM_AVP_AUTH_APPLICATION_ID, 6);
}

static void dwr(void)
{
    start(&message, REQUEST, DM_DEVICE_WATCHDOG);
    identity_of_c1();
}

static void dpr(void)
{
    start(&message, REQUEST, DM_DISCONNECT_PEER);
    identity_of_c1();
    add32(&message, DM_AVP_DISCONNECT_CAUSE, 0);
}

static enum dm_result checked(struct dm_strictness strictness)
{
    return dm_check(finish(&message), strictness, &fault);
}

/* The code of the AVP that is shown, and that it can be read in its place. */
static struct dm_avp shown(void)
{
    static uint8_t room[16384];
    struct dm_writer writer;
    struct dm_header header = {.version = DM_VERSION};
    dm_writer_init(&writer, room, sizeof room);
    dm_write_header(&writer, &header);
    dm_write_failed_avp(&writer, &fault, true);
    dm_bytes answer = dm_bytes_of(room, dm_writer_finish(&writer));
    struct dm_avp failed = avp_of(answer, DM_AVP_FAILED_AVP), avp = {0};
    cr_assert_eq(failed.flags, M);
    struct dm_avps walk = dm_avps_in(failed.data);
    cr_assert(dm_avps_next(&walk, &avp));
    return avp;
}

Test(check, good_requests_pass)
{
    cer();
    cr_assert_eq(checked(strict), DM_OK);
    dwr();
    cr_assert_eq(checked(strict), DM_OK);
    dpr();
    cr_assert_eq(checked(strict), DM_OK);
    cr_assert_eq(fault.avp.size, 0);
}

Test(check, another_command_has_no_grammar_here)
{
    start(&message, REQUEST, 300);
    cr_assert_eq(checked(strict), DM_COMMAND_UNSUPPORTED);
}

Test(check, HDR_11_a_request_with_the_E_bit_is_refused)
{
    start(&message, REQUEST | DM_FLAG_ERROR, DM_DEVICE_WATCHDOG);
    identity_of_c1();
    cr_assert_eq(checked(lenient), DM_INVALID_HDR_BITS);
}

Test(check, HDR_10_reserved_header_bits_are_refused_where_configured)
{
    start(&message, REQUEST | 1, DM_DEVICE_WATCHDOG);
    identity_of_c1();
    cr_assert_eq(checked(strict), DM_OK);
    struct dm_strictness bits = {.refuse_reserved_bits = true};
    cr_assert_eq(checked(bits), DM_INVALID_BIT_IN_HEADER);
}

Test(check, HDR_17_a_proxiable_DWR_passes)
{
    start(&message, REQUEST | DM_FLAG_PROXIABLE, DM_DEVICE_WATCHDOG);
    identity_of_c1();
    cr_assert_eq(checked(strict), DM_OK);
}

Test(check, AVP_03_an_AVP_of_length_0_is_shown_with_a_header_that_can_be_read)
{
    dwr();
    add_octets(&message, "\0\0\1\026\100\0\0\0\0\0\0\0", 12); /* 278, M, length 0 */
    cr_assert_eq(checked(strict), DM_INVALID_AVP_LENGTH);
    struct dm_avp avp = shown();
    cr_assert_eq(avp.code, DM_AVP_ORIGIN_STATE_ID);
    cr_assert_eq(avp.flags, M);
    cr_assert_eq(avp.data.size, 4);
    cr_assert_eq(dm_get32(avp.data.at), 0);
}

Test(check, AVP_03_a_vendor_header_cut_short_is_filled_with_zeros)
{
    dwr();
    add_octets(&message, "\0\0\2\131\300\0\0\013", 8); /* 601, VM, length 11, no Vendor-Id */
    cr_assert_eq(checked(strict), DM_INVALID_AVP_LENGTH);
    struct dm_avp avp = shown();
    cr_assert_eq(avp.code, 601);
    cr_assert_eq(avp.vendor, 0);
}

Test(check, AVP_04_an_AVP_past_the_end_is_shown_without_its_payload)
{
    dwr();
    add_octets(&message, "\0\0\1\010\100\0\1\220abcd", 12); /* 264, length 400 */
    cr_assert_eq(checked(strict), DM_INVALID_AVP_LENGTH);
    cr_assert_eq(shown().whole.size, 8);
}

Test(check, AVP_07_a_number_of_six_octets_is_refused)
{
    cer();
    add_octets(&message, "\0\0\1\002\100\0\0\016abcdef", 14); /* 258, length 14 */
    cr_assert_eq(checked(strict), DM_INVALID_AVP_LENGTH);
    cr_assert_eq(shown().code, DM_AVP_AUTH_APPLICATION_ID);
    cr_assert_eq(shown().data.size, 6);
}

Test(check, AVP_07_sizes_count_in_answers_too)
{
    start(&message, 0, DM_DEVICE_WATCHDOG);
    add(&message, DM_AVP_RESULT_CODE, "2001!");
    cr_assert_eq(checked(lenient), DM_INVALID_AVP_LENGTH);
}

static void specific(const void *inner, size_t size)
{
    dm_write_avp(&message.writer, 0, DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID, M,
                 dm_bytes_of(inner, size));
}

Test(check, AVP_08_AVP_28_damage_in_a_group_is_shown_in_its_group)
{
    cer();
    specific("\0\0\1\002\100\0\0\100\1\0\0\0", 12); /* 258 of length 64 in a group of 12 */
    cr_assert_eq(checked(strict), DM_INVALID_AVP_LENGTH);
    struct dm_avp group = shown(), inner = {0};
    cr_assert_eq(group.code, DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID);
    cr_assert(dm_avp_find_in(group.data, 0, DM_AVP_AUTH_APPLICATION_ID, &inner));
    cr_assert_eq(inner.data.size, 4);
}

Test(check, AVP_08_a_number_of_the_wrong_size_in_a_group_is_refused)
{
    cer();
    specific("\0\0\1\002\100\0\0\012\1\0\0\0", 12); /* 258 of length 10 */
    cr_assert_eq(checked(strict), DM_INVALID_AVP_LENGTH);
    cr_assert_eq(shown().code, DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID);
}

Test(check, AVP_08_a_huge_offender_in_a_group_is_shown_by_its_header)
{
    uint8_t inner[408] = {0, 0, 1, 2, M, 0, 1, 152}; /* 258 of length 408 */
    cer();
    specific(inner, sizeof inner);
    cr_assert_eq(checked(strict), DM_INVALID_AVP_LENGTH);
    cr_assert_leq(fault.avp.size, sizeof fault.made);
    cr_assert_eq(shown().code, DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID);
}

Test(check, CEX_13_several_vendors_in_a_group_pass)
{
    cer();
    size_t mark = dm_write_group(&message.writer, 0, DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID, M);
    add32(&message, DM_AVP_VENDOR_ID, 10415);
    add32(&message, DM_AVP_VENDOR_ID, 13019);
    add32(&message, DM_AVP_AUTH_APPLICATION_ID, 16777216);
    dm_write_group_end(&message.writer, mark);
    cr_assert_eq(checked(strict), DM_OK);
}

Test(check, AVP_11_an_unknown_mandatory_AVP_is_shown_whole)
{
    dwr();
    add(&message, 99999, "what is this");
    cr_assert_eq(checked(strict), DM_AVP_UNSUPPORTED);
    cr_assert_eq(shown().code, 99999);
    cr_assert_eq(shown().data.size, 12);
    cr_assert_eq(checked(lenient), DM_OK);
}

Test(check, AVP_09_AVP_11_an_AVP_of_another_vendor_with_our_code_is_unknown)
{
    dwr();
    dm_write_text(&message.writer, 10415, DM_AVP_ORIGIN_HOST, M, "evil");
    cr_assert_eq(checked(strict), DM_AVP_UNSUPPORTED);
    cr_assert_eq(shown().vendor, 10415);
}

Test(check, AVP_11_an_unknown_AVP_without_M_is_ignored)
{
    dwr();
    dm_write_text(&message.writer, 0, 99999, 0, "what is this");
    cr_assert_eq(checked(strict), DM_OK);
}

Test(check, AVP_13_an_unknown_group_without_M_may_hold_what_it_likes)
{
    dwr();
    size_t mark = dm_write_group(&message.writer, 0, 99999, 0);
    add(&message, 99998, "mandatory");
    dm_write_group_end(&message.writer, mark);
    cr_assert_eq(checked(strict), DM_OK);
}

Test(check, AVP_15_flags_are_accepted_by_default)
{
    dwr();
    add_octets(&message, "\0\0\1\026\340\0\0\020\0\0\0\0\0\0\0\7", 16); /* 278, V M P, vendor 0 */
    cr_assert_eq(checked(strict), DM_OK);
}

Test(check, AVP_15_contradicting_flags_are_refused_where_configured)
{
    struct dm_strictness flags = {.refuse_avp_flags = true};
    cer();
    cr_assert_eq(checked(flags), DM_OK);
    dwr();
    dm_write32(&message.writer, 0, DM_AVP_ORIGIN_STATE_ID, 0, 7);
    cr_assert_eq(checked(flags), DM_INVALID_AVP_BITS);
    cr_assert_eq(shown().code, DM_AVP_ORIGIN_STATE_ID);
}

Test(check, AVP_18_the_first_excess_instance_is_shown)
{
    dwr();
    add(&message, DM_AVP_ORIGIN_HOST, "second.example");
    add(&message, DM_AVP_ORIGIN_HOST, "third.example");
    cr_assert_eq(checked(strict), DM_AVP_OCCURS_TOO_MANY_TIMES);
    cr_assert(dm_bytes_equal(shown().data, dm_text("second.example")));
}

Test(check, AVP_19_a_CER_to_a_destination_is_refused_where_configured)
{
    cer();
    add(&message, DM_AVP_DESTINATION_HOST, "m.agent.example");
    cr_assert_eq(checked(strict), DM_AVP_NOT_ALLOWED);
    cr_assert_eq(shown().code, DM_AVP_DESTINATION_HOST);
    cr_assert_eq(checked(lenient), DM_OK);
}

Test(check, HDR_16_AVP_19_a_DWR_to_a_realm_is_refused)
{
    dwr();
    add(&message, DM_AVP_DESTINATION_REALM, "core.example");
    cr_assert_eq(checked(strict), DM_AVP_NOT_ALLOWED);
}

/* A CER without one of its AVPs. */
static void cer_without(uint32_t code)
{
    static struct message whole;
    cer();
    whole = message;
    start(&message, REQUEST, DM_CAPABILITIES_EXCHANGE);
    struct dm_avps walk =
        dm_avps_of(dm_bytes_of(whole.room, (size_t)(whole.writer.at - whole.writer.start)));
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp))
        if (avp.code != code)
            dm_write_raw(&message.writer, avp.whole);
}

Test(check, AVP_20_a_missing_Origin_Host_is_shown_as_an_example)
{
    cer_without(DM_AVP_ORIGIN_HOST);
    cr_assert_eq(checked(lenient), DM_MISSING_AVP);
    cr_assert_eq(shown().code, DM_AVP_ORIGIN_HOST);
    cr_assert_eq(shown().whole.size, 8);
}

Test(check, AVP_20_a_missing_Host_IP_Address_is_shown_with_six_zeros)
{
    cer_without(DM_AVP_HOST_IP_ADDRESS);
    cr_assert_eq(checked(lenient), DM_MISSING_AVP);
    cr_assert_eq(shown().code, DM_AVP_HOST_IP_ADDRESS);
    cr_assert(dm_bytes_equal(shown().data, dm_bytes_of("\0\0\0\0\0\0", 6)));
}

Test(check, AVP_20_every_AVP_that_a_CER_needs_is_missed)
{
    static const uint32_t needed[] = {DM_AVP_ORIGIN_HOST, DM_AVP_ORIGIN_REALM,
                                      DM_AVP_HOST_IP_ADDRESS, DM_AVP_VENDOR_ID,
                                      DM_AVP_PRODUCT_NAME};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        cer_without(needed[i]);
        cr_assert_eq(checked(strict), DM_MISSING_AVP);
        cr_assert_eq(shown().code, needed[i]);
    }
}

Test(check, AVP_20_a_DPR_needs_its_cause)
{
    start(&message, REQUEST, DM_DISCONNECT_PEER);
    identity_of_c1();
    cr_assert_eq(checked(strict), DM_MISSING_AVP);
    cr_assert_eq(shown().code, DM_AVP_DISCONNECT_CAUSE);
    cr_assert_eq(shown().data.size, 4);
}

Test(check, AVP_24_an_address_of_a_family_of_its_own_passes)
{
    cer();
    address("\0\3what", 6);
    cr_assert_eq(checked(strict), DM_OK);
}

Test(check, AVP_24_an_IPv4_address_of_sixteen_octets_is_refused)
{
    cer();
    address("\0\1aaaabbbbccccdddd", 18);
    cr_assert_eq(checked(strict), DM_INVALID_AVP_VALUE);
    cr_assert_eq(shown().data.size, 18);
}

Test(check, AVP_24_an_address_without_a_family_is_refused)
{
    cer();
    address("\0", 1);
    cr_assert_eq(checked(strict), DM_INVALID_AVP_LENGTH);
}

Test(check, ERR_09_AVP_28_the_first_of_three_errors_is_reported)
{
    dwr();
    add(&message, DM_AVP_DESTINATION_REALM, "core.example");
    add(&message, 99999, "unknown");
    add(&message, DM_AVP_ORIGIN_HOST, "second.example");
    cr_assert_eq(checked(strict), DM_AVP_NOT_ALLOWED);
    cr_assert_eq(shown().code, DM_AVP_DESTINATION_REALM);
}

Test(check, CEX_16_an_Inband_Security_Id_is_tolerated)
{
    cer();
    add32(&message, DM_AVP_INBAND_SECURITY_ID, 0);
    add32(&message, DM_AVP_INBAND_SECURITY_ID, 1);
    cr_assert_eq(checked(strict), DM_OK);
}

Test(check, a_CEA_needs_its_result_and_its_origin)
{
    start(&message, 0, DM_CAPABILITIES_EXCHANGE);
    identity_of_c1();
    cr_assert_eq(checked(strict), DM_MISSING_AVP);
    cr_assert_eq(shown().code, DM_AVP_RESULT_CODE);
}

Test(check, a_CEA_may_carry_what_it_likes_beside)
{
    start(&message, DM_FLAG_ERROR, DM_CAPABILITIES_EXCHANGE);
    add32(&message, DM_AVP_RESULT_CODE, 3010);
    identity_of_c1();
    add(&message, DM_AVP_DESTINATION_REALM, "agent.example");
    add(&message, 99999, "unknown");
    cr_assert_eq(checked(strict), DM_OK);
}

Test(check, a_DPA_without_a_result_passes)
{
    start(&message, 0, DM_DISCONNECT_PEER);
    identity_of_c1();
    cr_assert_eq(checked(strict), DM_OK);
}

Test(check, AVP_06_the_chain_of_an_answer_is_walked_to_its_end)
{
    start(&message, 0, DM_DEVICE_WATCHDOG);
    add32(&message, DM_AVP_RESULT_CODE, 2001);
    add_octets(&message, "\0\0\1\010", 4);
    cr_assert_eq(checked(lenient), DM_INVALID_AVP_LENGTH);
}

Test(check, a_message_cut_at_any_octet_is_read_no_further)
{
    cer();
    dm_bytes whole = finish(&message);
    for (size_t size = DM_HEADER_SIZE; size < whole.size; size++) {
        uint8_t *cut = malloc(size);
        memcpy(cut, whole.at, size);
        enum dm_result wrong = dm_check(dm_bytes_of(cut, size), strict, &fault);
        bool is_expected = wrong == DM_INVALID_AVP_LENGTH || wrong == DM_MISSING_AVP;
        /* The last AVP is not one a CER must have. */
        cr_assert(is_expected || size == whole.size - 12, "%zu octets: %d", size, wrong);
        free(cut);
    }
}

/* The M of the grammar's AVPs is what RFC 6733 §4.5 says, or AVP-15 and our examples would be
 * wrong. */
Test(check, the_dictionary_knows_every_AVP_of_the_grammars)
{
    static const uint32_t known[] = {
#define RULE(command, is_request, avp, least, most) DM_AVP_##avp,
#define FOREIGN(code, name)                         code,
#include "proto/grammars.def"
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        cr_assert_not_null(dm_dict_avp(0, known[i]), "%u", known[i]);
}

Test(check, the_foreign_AVPs_bear_their_names)
{
    static const struct {
        uint32_t code;
        const char *name;
    } foreign[] = {
#define RULE(command, is_request, avp, least, most)
#define FOREIGN(code, name) {code, #name},
#include "proto/grammars.def"
    };
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        cr_assert_str_eq(dm_dict_avp(0, foreign[i].code)->name, foreign[i].name);
}
