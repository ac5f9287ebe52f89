/* Capabilities: what a CER or CEA says, and ours on the wire. */
#include "tests/unit/proto/message.h"

#include "proto/caps.h"

enum { CX = 16777216, SH = 16777217, S6A = 16777251 };

static const struct dm_self self = {
    .origin_host = {(const uint8_t *)"m.agent.example", 15},
    .origin_realm = {(const uint8_t *)"agent.example", 13},
    .product_name = "Antipode",
    .firmware_revision = 1,
    .origin_state_id = 1700000000,
};
static const struct dm_addresses addresses = {
    2, {{(const uint8_t *)"\12\0\0\1", 4}, {(const uint8_t *)"0123456789abcdef", 16}}};

static struct message message;
static struct dm_caps caps;
static struct dm_fault fault;
static uint8_t room[16384];

/* A CER as Kamailio sends it (peers.md): 264 296 257 266 269 260{266,258} 265. */
// clang-format off
static const uint8_t kamailio_cer[] = {
    1, 0, 0, 156, 0x80, 0, 1, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8,
    0, 0, 1,   8, 0x40, 0, 0, 22, 'i', 'c', 's', 'c', 'f', '.', 'n', 'e', 't', '.', 't', 'e', 's', 't', 0, 0,
    0, 0, 1,  40, 0x40, 0, 0, 16, 'n', 'e', 't', '.', 't', 'e', 's', 't',
    0, 0, 1,   1, 0x40, 0, 0, 14, 0, 1, 127, 0, 0, 1, 0, 0,
    0, 0, 1,  10, 0x40, 0, 0, 12, 0, 0, 40, 175,              /* Vendor-Id 10415 */
    0, 0, 1,  13, 0x00, 0, 0, 21, 'C', 'D', 'i', 'a', 'm', 'e', 't', 'e', 'r', 'P', 'e', 'e', 'r', 0, 0, 0,
    0, 0, 1,   4, 0x40, 0, 0, 32,                             /* Vendor-Specific-Application-Id { */
    0, 0, 1,  10, 0x40, 0, 0, 12, 0, 0, 40, 175,              /*   Vendor-Id 10415 */
    0, 0, 1,   2, 0x40, 0, 0, 12, 1, 0, 0, 0,                 /*   Auth-Application-Id Cx } */
    0, 0, 1,   9, 0x40, 0, 0, 12, 0, 0, 40, 175,              /* Supported-Vendor-Id 10415 */
};
// clang-format on

Test(caps, a_CER_of_Kamailio_is_understood)
{
    dm_bytes cer = dm_bytes_of(kamailio_cer, sizeof kamailio_cer);
    struct dm_strictness strict = {true, true, true, true};
    cr_assert_eq(dm_get24(cer.at + 1), sizeof kamailio_cer);
    cr_assert_eq(dm_check(cer, strict, &fault), DM_OK);
    cr_assert_eq(dm_caps_read(&caps, cer, &fault), DM_OK);
    cr_assert(dm_bytes_equal(caps.origin_host, dm_text("icscf.net.test")));
    cr_assert(dm_bytes_equal(caps.origin_realm, dm_text("net.test")));
    cr_assert(dm_bytes_equal(caps.product_name, dm_text("CDiameterPeer")));
    cr_assert_eq(caps.vendor_id, 10415);
    cr_assert_eq(caps.applications.count, 1);
    cr_assert_eq(caps.applications.id[0], CX);
}

static void specific(uint32_t vendor, uint32_t auth, uint32_t acct)
{
    size_t mark = dm_write_group(&message.writer, 0, DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID, M);
    add32(&message, DM_AVP_VENDOR_ID, vendor);
    if (auth)
        add32(&message, DM_AVP_AUTH_APPLICATION_ID, auth);
    if (acct)
        add32(&message, DM_AVP_ACCT_APPLICATION_ID, acct);
    dm_write_group_end(&message.writer, mark);
}

static void cer(void)
{
    start(&message, REQUEST, DM_CAPABILITIES_EXCHANGE);
    add(&message, DM_AVP_ORIGIN_HOST, "c1.edge.example");
    add(&message, DM_AVP_ORIGIN_REALM, "edge.example");
}

static enum dm_result read_caps(void)
{
    return dm_caps_read(&caps, finish(&message), &fault);
}

Test(caps, CEX_08_all_instances_count_and_the_vendor_does_not)
{
    cer();
    for (uint32_t id = 100; id < 120; id++)
        add32(&message, DM_AVP_AUTH_APPLICATION_ID, id);
    add32(&message, DM_AVP_ACCT_APPLICATION_ID, 3);
    specific(99999, CX, 0);
    specific(10415, 0, SH);
    cr_assert_eq(read_caps(), DM_OK);
    cr_assert_eq(caps.applications.count, 23);
    cr_assert(dm_applications_has(&caps.applications, CX));
    cr_assert(dm_applications_has(&caps.applications, SH));
    cr_assert(dm_applications_has(&caps.applications, 3));
    cr_assert_not(dm_applications_has(&caps.applications, 6));
}

Test(caps, CEX_09_a_relay_has_everything_in_common)
{
    cer();
    add32(&message, DM_AVP_ACCT_APPLICATION_ID, DM_APPLICATION_RELAY);
    cr_assert_eq(read_caps(), DM_OK);
    struct dm_applications none = {0};
    cr_assert(caps.applications.relay);
    cr_assert(dm_applications_has(&caps.applications, 12345));
    cr_assert(dm_applications_common(&caps.applications, &none));
    cr_assert(dm_applications_common(&none, &caps.applications));
}

Test(caps, CEX_10_nothing_is_common_without_an_id_in_both)
{
    struct dm_applications a = {0}, b = {0};
    dm_applications_add(&a, 4);
    dm_applications_add(&b, 6);
    cr_assert_not(dm_applications_common(&a, &b));
    dm_applications_add(&b, 4);
    cr_assert(dm_applications_common(&a, &b));
}

Test(caps, a_set_is_ascending_without_duplicates)
{
    struct dm_applications set = {0};
    static const uint32_t ids[] = {6, CX, 4, 6, 0, CX, SH};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        dm_applications_add(&set, ids[i]);
    cr_assert_eq(set.count, 5);
    for (uint16_t i = 1; i < set.count; i++)
        cr_assert_lt(set.id[i - 1], set.id[i]);
}

Test(caps, what_does_not_fit_into_a_set_is_counted)
{
    struct dm_applications set = {0};
    for (uint32_t id = 1; id <= DM_APPLICATIONS_MAX + 5; id++)
        dm_applications_add(&set, id);
    cr_assert_eq(set.count, DM_APPLICATIONS_MAX);
    cr_assert_eq(set.dropped, 5);
    for (uint32_t more = 0; more < 70000; more++)
        dm_applications_add(&set, 1000 + more);
    cr_assert_eq(set.dropped, UINT16_MAX);
}

Test(caps, CEX_13_a_group_without_an_id_is_answered_with_examples_of_both)
{
    cer();
    specific(10415, 0, 0);
    cr_assert_eq(read_caps(), DM_MISSING_AVP);
    cr_assert_str_eq(codes(dm_avps_in(fault.avp)), "258 259");
}

Test(caps, CEX_13_a_group_with_both_ids_is_answered_with_both)
{
    cer();
    specific(10415, CX, SH);
    cr_assert_eq(read_caps(), DM_AVP_OCCURS_TOO_MANY_TIMES);
    cr_assert_str_eq(codes(dm_avps_in(fault.avp)), "258 259");
    struct dm_avp acct;
    cr_assert(dm_avp_find_in(fault.avp, 0, DM_AVP_ACCT_APPLICATION_ID, &acct));
    cr_assert_eq(dm_get32(acct.data.at), SH);
}

static void specific_of_two_vendors(void)
{
    size_t mark = dm_write_group(&message.writer, 0, DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID, M);
    add32(&message, DM_AVP_VENDOR_ID, 10415);
    add32(&message, DM_AVP_VENDOR_ID, 13019);
    add32(&message, DM_AVP_AUTH_APPLICATION_ID, CX);
    dm_write_group_end(&message.writer, mark);
}

Test(caps, CEX_13_several_vendors_as_in_RFC_3588_are_accepted)
{
    cer();
    specific_of_two_vendors();
    cr_assert_eq(read_caps(), DM_OK);
    cr_assert(dm_applications_has(&caps.applications, CX));
}

Test(caps, a_CEA_with_both_ids_in_a_group_names_both)
{
    start(&message, 0, DM_CAPABILITIES_EXCHANGE);
    add32(&message, DM_AVP_RESULT_CODE, 2001);
    add(&message, DM_AVP_ORIGIN_HOST, "s1.core.example");
    add(&message, DM_AVP_ORIGIN_REALM, "core.example");
    specific(10415, CX, SH);
    cr_assert_eq(read_caps(), DM_OK);
    cr_assert_eq(caps.result_code, 2001);
    cr_assert_eq(caps.applications.count, 2);
}

static void refuses_host(const char *name, size_t size)
{
    start(&message, REQUEST, DM_CAPABILITIES_EXCHANGE);
    dm_write_avp(&message.writer, 0, DM_AVP_ORIGIN_HOST, M, dm_bytes_of(name, size));
    add(&message, DM_AVP_ORIGIN_REALM, "edge.example");
    cr_assert_eq(read_caps(), DM_INVALID_AVP_VALUE);
    cr_assert(dm_bytes_equal(fault.avp, avp_of(finish(&message), DM_AVP_ORIGIN_HOST).whole));
}

Test(caps, AVP_22_a_name_that_is_none_is_refused)
{
    refuses_host("c1.edge.example\0", 16);
    refuses_host("c1.edge.example.", 16);
    refuses_host("c1.\303\251dge.example", 17);
    refuses_host("", 0);
}

Test(caps, AVP_22_a_realm_that_is_none_is_refused)
{
    start(&message, REQUEST, DM_CAPABILITIES_EXCHANGE);
    add(&message, DM_AVP_ORIGIN_HOST, "c1.edge.example");
    add(&message, DM_AVP_ORIGIN_REALM, "edge example");
    cr_assert_eq(read_caps(), DM_INVALID_AVP_VALUE);
}

Test(caps, AVP_09_the_Origin_Host_of_another_vendor_is_not_read)
{
    start(&message, REQUEST, DM_CAPABILITIES_EXCHANGE);
    dm_write_text(&message.writer, 10415, DM_AVP_ORIGIN_HOST, M, "evil.example");
    add(&message, DM_AVP_ORIGIN_REALM, "edge.example");
    cr_assert_eq(read_caps(), DM_MISSING_AVP);
}

Test(caps, AVP_20_a_CER_without_a_realm_is_not_read)
{
    start(&message, REQUEST, DM_CAPABILITIES_EXCHANGE);
    add(&message, DM_AVP_ORIGIN_HOST, "c1.edge.example");
    cr_assert_eq(read_caps(), DM_MISSING_AVP);
    cr_assert_str_eq(codes(dm_avps_in(fault.avp)), "296");
}

static dm_bytes our_cer(const struct dm_applications *advertise)
{
    size_t size = dm_cer_write(room, sizeof room, &self, advertise, &addresses, 7, 9);
    cr_assert_gt(size, 0);
    return dm_bytes_of(room, size);
}

static struct dm_applications advertised(bool relay, uint32_t first, uint32_t second)
{
    struct dm_applications set = {.relay = relay};
    if (first)
        dm_applications_add(&set, first);
    if (second)
        dm_applications_add(&set, second);
    return set;
}

Test(caps, CEX_02_our_CER_follows_the_grammar)
{
    struct dm_applications set = advertised(true, 6, CX);
    struct dm_strictness strict = {true, true, true, true};
    dm_bytes cer = our_cer(&set);
    cr_assert_eq(dm_check(cer, strict, &fault), DM_OK);
    cr_assert_str_eq(codes_of(cer), "264 296 257 257 266 269 278 265 265 258 260 258 259 267");
    struct dm_header header;
    dm_header_read(&header, cer.at);
    cr_assert_eq(header.flags, DM_FLAG_REQUEST);
    cr_assert_eq(header.application, 0);
    cr_assert_eq(header.hop_by_hop, 7);
    cr_assert_eq(header.end_to_end, 9);
}

Test(caps, AVP_27_CEX_24_the_flags_and_values_of_our_CER)
{
    struct dm_applications set = advertised(false, 6, 0);
    dm_bytes cer = our_cer(&set);
    cr_assert_eq(avp_of(cer, DM_AVP_PRODUCT_NAME).flags, 0);
    cr_assert_eq(avp_of(cer, DM_AVP_FIRMWARE_REVISION).flags, 0);
    cr_assert_eq(avp_of(cer, DM_AVP_ORIGIN_HOST).flags, M);
    cr_assert_eq(avp_of(cer, DM_AVP_HOST_IP_ADDRESS).flags, M);
    cr_assert_eq(number_of(cer, DM_AVP_VENDOR_ID), 0);
    cr_assert_eq(number_of(cer, DM_AVP_ORIGIN_STATE_ID), 1700000000);
}

Test(caps, CEX_05_a_relay_names_its_id_in_both_AVPs)
{
    struct dm_applications set = advertised(true, 0, 0);
    dm_bytes cer = our_cer(&set);
    cr_assert_eq(number_of(cer, DM_AVP_AUTH_APPLICATION_ID), DM_APPLICATION_RELAY);
    cr_assert_eq(number_of(cer, DM_AVP_ACCT_APPLICATION_ID), DM_APPLICATION_RELAY);
}

/* The Supported-Vendor-Ids of a message: "10415 13019". */
static const char *vendors_of(dm_bytes of)
{
    static char text[256];
    struct dm_avps walk = dm_avps_of(of);
    struct dm_avp avp;
    size_t at = 0;
    *text = '\0';
    while (dm_avps_next(&walk, &avp))
        if (avp.code == DM_AVP_SUPPORTED_VENDOR_ID)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%u", at ? " " : "",
                                   dm_get32(avp.data.at));
    return text;
}

Test(caps, CEX_06_Cx_is_named_with_its_vendor)
{
    struct dm_applications set = advertised(false, CX, 0);
    struct dm_avp group = avp_of(our_cer(&set), DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID), avp;
    cr_assert_str_eq(codes(dm_avps_in(group.data)), "266 258");
    cr_assert(dm_avp_find_in(group.data, 0, DM_AVP_VENDOR_ID, &avp));
    cr_assert_eq(dm_get32(avp.data.at), 10415);
    cr_assert_not(
        dm_avp_find(dm_bytes_of(room, dm_get24(room + 1)), 0, DM_AVP_AUTH_APPLICATION_ID, &avp));
}

Test(caps, CEX_06_CEX_24_Cx_and_Sh_name_3GPP_and_ETSI_once)
{
    struct dm_applications set = advertised(true, CX, SH);
    cr_assert_str_eq(vendors_of(our_cer(&set)), "10415 13019");
}

Test(caps, CEX_24_no_vendor_is_named_without_its_application)
{
    struct dm_applications sip = advertised(true, 6, 3), s6a = advertised(false, S6A, 0);
    cr_assert_str_eq(vendors_of(our_cer(&sip)), "");
    cr_assert_str_eq(vendors_of(our_cer(&s6a)), "10415");
}

Test(caps, an_accounting_application_is_named_as_one)
{
    struct dm_applications set = advertised(false, 3, 0);
    cr_assert_eq(number_of(our_cer(&set), DM_AVP_ACCT_APPLICATION_ID), 3);
}

static const struct dm_header request = {.version = 1,
                                         .flags = DM_FLAG_REQUEST,
                                         .command = 257,
                                         .hop_by_hop = 0x11223344,
                                         .end_to_end = 0x55667788};

static dm_bytes our_cea(const struct dm_header *to, enum dm_result result, size_t space)
{
    struct dm_applications set = advertised(true, 6, CX);
    size_t size = dm_cea_write(room, space, &self, &set, &addresses, to, result, &fault);
    return dm_bytes_of(room, size);
}

Test(caps, CEX_03_our_CEA_follows_the_grammar)
{
    dm_bytes cea = our_cea(&request, DM_SUCCESS, sizeof room);
    cr_assert_str_eq(codes_of(cea), "268 264 296 257 257 266 269 278 265 265 258 260 258 259 267");
    struct dm_header header;
    dm_header_read(&header, cea.at);
    cr_assert_eq(header.flags, 0);
    cr_assert_eq(header.hop_by_hop, 0x11223344);
    cr_assert_eq(header.end_to_end, 0x55667788);
    cr_assert_eq(dm_caps_read(&caps, cea, &fault), DM_OK);
    cr_assert_eq(caps.result_code, DM_SUCCESS);
    cr_assert(caps.applications.relay);
}

Test(caps, CEX_14_ERR_03_a_refusal_with_3xxx_has_the_E_bit)
{
    cr_assert_eq(our_cea(&request, DM_UNKNOWN_PEER, sizeof room).at[4], DM_FLAG_ERROR);
    cr_assert_eq(our_cea(&request, DM_NO_COMMON_APPLICATION, sizeof room).at[4], 0);
}

Test(caps, HDR_17_ERR_02_the_P_bit_is_copied)
{
    struct dm_header proxiable = request;
    proxiable.flags |= DM_FLAG_PROXIABLE | DM_FLAG_RETRANSMIT;
    cr_assert_eq(our_cea(&proxiable, DM_SUCCESS, sizeof room).at[4], DM_FLAG_PROXIABLE);
}

Test(caps, ERR_07_a_refusal_shows_what_failed)
{
    dm_fault_example(&fault, DM_MISSING_AVP, 0, DM_AVP_HOST_IP_ADDRESS);
    dm_bytes cea = our_cea(&request, DM_MISSING_AVP, sizeof room);
    cr_assert_str_eq(codes(dm_avps_in(avp_of(cea, DM_AVP_FAILED_AVP).data)), "257");
}

Test(caps, what_failed_is_cut_where_there_is_no_room)
{
    static uint8_t huge[12000] = {0, 1, 0x86, 0x9f, M, 0, 0x2e, 0xe0}; /* 99999, length 12000 */
    dm_fault_show(&fault, DM_AVP_UNSUPPORTED, dm_bytes_of(huge, sizeof huge));
    dm_bytes cea = our_cea(&request, DM_AVP_UNSUPPORTED, 1024);
    cr_assert_gt(cea.size, 0);
    cr_assert_eq(avp_of(cea, DM_AVP_FAILED_AVP).data.size, 8);
    cr_assert_eq(
        avp_of(our_cea(&request, DM_AVP_UNSUPPORTED, sizeof room), DM_AVP_FAILED_AVP).data.size,
        12000);
}

Test(caps, without_room_nothing_is_written)
{
    struct dm_applications set = advertised(true, 6, CX);
    dm_bytes whole = our_cer(&set);
    for (size_t space = 0; space < whole.size; space++)
        cr_assert_eq(dm_cer_write(room, space, &self, &set, &addresses, 7, 9), 0);
}
