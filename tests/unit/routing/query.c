/* query.c — the one walk over a request: what it finds, and what it refuses. */
#include "routing/query.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const char own[] = "m.agent.example";

static uint8_t room[4096];
static struct dm_writer writer;
static struct rt_query query;
static struct dm_fault fault;

static void begin(uint8_t flags, uint32_t application, uint32_t command)
{
    struct dm_header header = {.version = DM_VERSION,
                               .flags = flags,
                               .command = command,
                               .application = application,
                               .hop_by_hop = 0x11,
                               .end_to_end = 0x22};
    dm_writer_init(&writer, room, sizeof room);
    dm_write_header(&writer, &header);
}

static void text(uint32_t code, const char *value)
{
    dm_write_text(&writer, 0, code, DM_AVP_MANDATORY, value);
}

static void text_3gpp(uint32_t code, const char *value)
{
    dm_write_text(&writer, RT_VENDOR_3GPP, code, DM_AVP_MANDATORY, value);
}

/* LIR of RFC 4740 from c1.edge.example, without destination and user. */
static void begin_lir(void)
{
    begin(DM_FLAG_REQUEST | DM_FLAG_PROXIABLE, RT_APPLICATION_SIP, 285);
    text(DM_AVP_SESSION_ID, "c1.edge.example;1;1");
    text(DM_AVP_ORIGIN_HOST, "c1.edge.example");
    text(DM_AVP_ORIGIN_REALM, "edge.example");
}

/* The octets lie in memory of their size, so that AddressSanitizer sees one read too many. */
static uint8_t *tight;

static enum dm_result read_octets(size_t size, bool refuse_reserved_bits)
{
    free(tight);
    tight = malloc(size);
    memcpy(tight, room, size);
    return rt_query_read(&query, dm_bytes_of(tight, size), dm_text(own), refuse_reserved_bits,
                         &fault);
}

static enum dm_result read_it(void)
{
    return read_octets(dm_writer_finish(&writer), false);
}

static void release(void)
{
    free(tight);
}

TestSuite(query, .fini = release);

static bool is_text(dm_bytes bytes, const char *expected)
{
    return bytes.at && dm_bytes_equal(bytes, dm_text(expected));
}

Test(query, a_request_says_where_it_comes_from_and_goes_to)
{
    begin_lir();
    text(DM_AVP_DESTINATION_REALM, "core.example");
    text(DM_AVP_DESTINATION_HOST, "s1.core.example");
    text(DM_AVP_SIP_AOR, "sip:alice@core.example");
    text(DM_AVP_USER_NAME, "alice@core.example");
    text(DM_AVP_SIP_METHOD, "REGISTER");

    cr_assert_eq(read_it(), DM_OK);
    cr_assert_eq(query.header.command, 285);
    cr_assert_eq(query.header.application, 6);
    cr_assert(is_text(query.session_id, "c1.edge.example;1;1"));
    cr_assert(is_text(query.origin_host, "c1.edge.example"));
    cr_assert(is_text(query.origin_realm, "edge.example"));
    cr_assert(is_text(query.destination_realm, "core.example"));
    cr_assert(is_text(query.destination_host, "s1.core.example"));
    cr_assert(is_text(query.public_identity, "sip:alice@core.example"));
    cr_assert(is_text(query.user_name, "alice@core.example"));
    cr_assert(is_text(query.sip_method, "REGISTER"));
    cr_assert_eq(query.route_records, 0);
}

Test(query, what_is_absent_is_not_there_and_what_is_empty_is)
{
    begin_lir();
    text(DM_AVP_DESTINATION_HOST, "");

    cr_assert_eq(read_it(), DM_OK);
    cr_assert_null(query.destination_realm.at);
    cr_assert_not_null(query.destination_host.at);
    cr_assert_eq(query.destination_host.size, 0);
}

Test(query, a_request_without_any_avp_is_read)
{
    begin(DM_FLAG_REQUEST, 6, 285);

    cr_assert_eq(read_it(), DM_OK);
    cr_assert_null(query.session_id.at);
}

Test(query, AVP_09_an_avp_of_another_vendor_is_another_avp)
{
    begin(DM_FLAG_REQUEST, 6, 285);
    text_3gpp(DM_AVP_ORIGIN_HOST, "evil.example");
    text_3gpp(DM_AVP_ROUTE_RECORD, own);
    text(DM_AVP_ORIGIN_HOST, "c1.edge.example");
    text(RT_AVP_PUBLIC_IDENTITY, "sip:evil@core.example");

    cr_assert_eq(read_it(), DM_OK);
    cr_assert(is_text(query.origin_host, "c1.edge.example"));
    cr_assert_eq(query.route_records, 0);
    cr_assert_null(query.public_identity.at);
}

Test(query, AVP_09_the_v_bit_with_vendor_0_is_the_ietf)
{
    static const uint8_t realm[] = {0, 0, 1, 0x1b, 0xc0, 0, 0, 13, 0, 0, 0, 0, 'x', 0, 0, 0};
    begin_lir();
    dm_write_raw(&writer, dm_bytes_of(realm, sizeof realm));

    cr_assert_eq(read_it(), DM_OK);
    cr_assert(is_text(query.destination_realm, "x"));
}

Test(query, the_first_of_several_users_counts)
{
    begin_lir();
    text(DM_AVP_SIP_AOR, "sip:alice@core.example");
    text(DM_AVP_SIP_AOR, "sip:bob@core.example");
    text(DM_AVP_USER_NAME, "alice");
    text(DM_AVP_USER_NAME, "bob");

    cr_assert_eq(read_it(), DM_OK);
    cr_assert(is_text(query.public_identity, "sip:alice@core.example"));
    cr_assert(is_text(query.user_name, "alice"));
}

Test(query, cx_has_the_public_identity_of_3gpp_and_others_the_sip_aor)
{
    begin(DM_FLAG_REQUEST, RT_APPLICATION_CX, 302);
    text(DM_AVP_SIP_AOR, "sip:aor@core.example");
    text_3gpp(RT_AVP_PUBLIC_IDENTITY, "sip:impu@core.example");
    cr_assert_eq(read_it(), DM_OK);
    cr_assert(is_text(query.public_identity, "sip:impu@core.example"));

    begin(DM_FLAG_REQUEST, RT_APPLICATION_SIP, 285);
    text_3gpp(RT_AVP_PUBLIC_IDENTITY, "sip:impu@core.example");
    text(DM_AVP_SIP_AOR, "sip:aor@core.example");
    cr_assert_eq(read_it(), DM_OK);
    cr_assert(is_text(query.public_identity, "sip:aor@core.example"));
}

Test(query, sh_has_its_group)
{
    begin(DM_FLAG_REQUEST, RT_APPLICATION_SH, 306);
    size_t mark = dm_write_group(&writer, RT_VENDOR_3GPP, RT_AVP_USER_IDENTITY, DM_AVP_MANDATORY);
    text_3gpp(RT_AVP_PUBLIC_IDENTITY, "sip:impu@core.example");
    dm_write_group_end(&writer, mark);

    cr_assert_eq(read_it(), DM_OK);
    cr_assert_eq(query.user_identity.size, 12 + 24);
}

Test(query, HDR_11_the_error_bit_in_a_request_is_refused)
{
    begin(DM_FLAG_REQUEST | DM_FLAG_PROXIABLE | DM_FLAG_ERROR, 6, 285);

    cr_assert_eq(read_it(), DM_INVALID_HDR_BITS);
    cr_assert_eq(fault.result, DM_INVALID_HDR_BITS);
    cr_assert_eq(fault.avp.size, 0);
}

Test(query, HDR_10_reserved_bits_are_refused_only_on_demand)
{
    begin(DM_FLAG_REQUEST | 0x01, 6, 285);
    size_t size = dm_writer_finish(&writer);

    cr_assert_eq(read_octets(size, false), DM_OK);
    cr_assert_eq(read_octets(size, true), DM_INVALID_BIT_IN_HEADER);
    cr_assert_eq(fault.result, DM_INVALID_BIT_IN_HEADER);
}

Test(query, AVP_06_a_bad_length_behind_all_that_routing_needs_is_found)
{
    static const uint8_t bad[] = {0, 0, 0, 99, 0x40, 0, 0, 4};
    begin_lir();
    text(DM_AVP_DESTINATION_REALM, "core.example");
    text(DM_AVP_SIP_AOR, "sip:alice@core.example");
    dm_write_raw(&writer, dm_bytes_of(bad, sizeof bad));

    cr_assert_eq(read_it(), DM_INVALID_AVP_LENGTH);
    cr_assert_eq(fault.result, DM_INVALID_AVP_LENGTH);
    cr_assert_geq(fault.avp.size, 8);
    cr_assert_eq(dm_get32(fault.avp.at), 99);
}

Test(query, AVP_18_a_second_of_what_routing_needs_once_is_refused_and_shown)
{
    static const uint32_t codes[] = {DM_AVP_SESSION_ID, DM_AVP_ORIGIN_HOST, DM_AVP_ORIGIN_REALM,
                                     DM_AVP_DESTINATION_HOST, DM_AVP_DESTINATION_REALM};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        begin(DM_FLAG_REQUEST, 6, 285);
        text(codes[i], "first.example");
        text(DM_AVP_SIP_AOR, "sip:alice@core.example");
        text(codes[i], "second.example");
        text(codes[i], "third.example");

        cr_assert_eq(read_it(), DM_AVP_OCCURS_TOO_MANY_TIMES, "%u", codes[i]);
        cr_assert_eq(fault.result, DM_AVP_OCCURS_TOO_MANY_TIMES);
        cr_assert_eq(dm_get32(fault.avp.at), codes[i]);
        cr_assert_eq(memcmp(fault.avp.at + 8, "second.example", 14), 0);
    }
}

Test(query, damage_goes_before_a_second_instance)
{
    static const uint8_t bad[] = {0, 0, 0, 99, 0x40, 0, 0, 0};
    begin_lir();
    text(DM_AVP_ORIGIN_HOST, "c2.edge.example");
    dm_write_raw(&writer, dm_bytes_of(bad, sizeof bad));

    cr_assert_eq(read_it(), DM_INVALID_AVP_LENGTH);
}

Test(query, RTE_05_our_name_in_the_very_last_avp_is_a_loop_whatever_its_case)
{
    begin_lir();
    text(DM_AVP_DESTINATION_HOST, "s1.core.example");
    for (int i = 0; i < 5; i++)
        text(DM_AVP_ROUTE_RECORD, "r.transit.example");
    text(DM_AVP_ROUTE_RECORD, "M.Agent.Example");

    cr_assert_eq(read_it(), DM_LOOP_DETECTED);
    cr_assert(query.loops);
    cr_assert_eq(query.route_records, 6);
    cr_assert_eq(fault.result, DM_LOOP_DETECTED);
    cr_assert_eq(fault.avp.size, 0);
}

Test(query, RTE_05_our_name_as_origin_host_is_a_loop)
{
    begin(DM_FLAG_REQUEST, 6, 285);
    text(DM_AVP_ORIGIN_HOST, own);

    cr_assert_eq(read_it(), DM_LOOP_DETECTED);
}

Test(query, other_faults_go_before_a_loop)
{
    begin(DM_FLAG_REQUEST, 6, 285);
    text(DM_AVP_ROUTE_RECORD, own);
    text(DM_AVP_ORIGIN_HOST, "a.example");
    text(DM_AVP_ORIGIN_HOST, "b.example");

    cr_assert_eq(read_it(), DM_AVP_OCCURS_TOO_MANY_TIMES);
}

Test(query, RTE_06_who_is_in_a_route_record_has_passed_it)
{
    begin_lir();
    text(DM_AVP_ROUTE_RECORD, "r1.transit.example");
    text(DM_AVP_ROUTE_RECORD, "R2.Transit.Example");

    cr_assert_eq(read_it(), DM_OK);
    cr_assert(rt_query_has_passed(&query, dm_text("r1.transit.example")));
    cr_assert(rt_query_has_passed(&query, dm_text("r2.transit.example")));
    cr_assert_not(rt_query_has_passed(&query, dm_text("r3.transit.example")));
    cr_assert_not(rt_query_has_passed(&query, dm_text("c1.edge.example")));
}

Test(query, a_request_cut_at_any_octet_is_read_or_refused)
{
    begin_lir();
    text(DM_AVP_DESTINATION_REALM, "core.example");
    text_3gpp(RT_AVP_USER_IDENTITY, "x");
    size_t size = dm_writer_finish(&writer);

    for (size_t cut = DM_HEADER_SIZE; cut <= size; cut++) {
        enum dm_result result = read_octets(cut, false);
        cr_assert(result == DM_OK || result == DM_INVALID_AVP_LENGTH);
    }
}
