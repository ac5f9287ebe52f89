/* The messages an agent originates, octet by octet where it matters. */
#include "tests/unit/proto/message.h"

#include "proto/base.h"

static const struct dm_self self = {
    .origin_host = {(const uint8_t *)"m.agent.example", 15},
    .origin_realm = {(const uint8_t *)"agent.example", 13},
    .product_name = "Antipode",
    .origin_state_id = 42,
};
static const struct dm_strictness strict = {true, true, true, true};

static struct message message;
static struct dm_fault fault;
static uint8_t room[32768];

static struct dm_header header_of(dm_bytes of)
{
    struct dm_header header;
    dm_header_read(&header, of.at);
    return header;
}

/* LIR6 of requirements.md; further AVPs may be added. */
static void lir(void)
{
    start(&message, REQUEST | DM_FLAG_PROXIABLE | DM_FLAG_RETRANSMIT, 285);
    dm_put32(message.room + 8, 6);
    add(&message, DM_AVP_SESSION_ID, "c1.edge.example;1;2");
    add32(&message, DM_AVP_AUTH_APPLICATION_ID, 6);
    add32(&message, DM_AVP_AUTH_SESSION_STATE, 1);
    add(&message, DM_AVP_ORIGIN_HOST, "c1.edge.example");
    add(&message, DM_AVP_ORIGIN_REALM, "edge.example");
    add(&message, DM_AVP_DESTINATION_REALM, "core.example");
    add(&message, DM_AVP_SIP_AOR, "sip:alice@core.example");
}

static void proxy_info(const char *host)
{
    size_t mark = dm_write_group(&message.writer, 0, DM_AVP_PROXY_INFO, M);
    add(&message, DM_AVP_PROXY_HOST, host);
    add(&message, 33, "state");
    dm_write_group_end(&message.writer, mark);
}

static dm_bytes answer(struct dm_error error)
{
    size_t size = dm_error_write(room, sizeof room, &self, finish(&message), &error);
    cr_assert_gt(size, 0);
    return dm_bytes_of(room, size);
}

Test(base, WDG_05_a_DWR_is_as_its_grammar_says)
{
    dm_bytes dwr = dm_bytes_of(room, dm_dwr_write(room, sizeof room, &self, 7, 9));
    cr_assert_str_eq(codes_of(dwr), "264 296 278");
    cr_assert_eq(header_of(dwr).flags, DM_FLAG_REQUEST);
    cr_assert_eq(header_of(dwr).command, DM_DEVICE_WATCHDOG);
    cr_assert_eq(header_of(dwr).application, 0);
    cr_assert_eq(dm_check(dwr, strict, &fault), DM_OK);
}

Test(base, DPR_01_a_DPR_names_its_cause)
{
    size_t size = dm_dpr_write(room, sizeof room, &self, DM_DO_NOT_WANT_TO_TALK_TO_YOU, 7, 9);
    dm_bytes dpr = dm_bytes_of(room, size);
    cr_assert_str_eq(codes_of(dpr), "264 296 273");
    cr_assert_eq(header_of(dpr).flags, DM_FLAG_REQUEST);
    cr_assert_eq(number_of(dpr, DM_AVP_DISCONNECT_CAUSE), 2);
    cr_assert_eq(dm_check(dpr, strict, &fault), DM_OK);
}

static dm_bytes base_answer(uint32_t command, uint8_t flags, enum dm_result result, size_t space)
{
    struct dm_header request = {.version = 1,
                                .flags = flags | DM_FLAG_REQUEST,
                                .command = command,
                                .hop_by_hop = 0x11223344,
                                .end_to_end = 0x55667788};
    size_t size = dm_base_answer_write(room, space, &self, &request, result, &fault);
    return dm_bytes_of(room, size);
}

Test(base, WDG_05_a_DWA_is_as_its_grammar_says)
{
    dm_bytes dwa = base_answer(DM_DEVICE_WATCHDOG, 0, DM_SUCCESS, sizeof room);
    cr_assert_str_eq(codes_of(dwa), "268 264 296 278");
    cr_assert_eq(header_of(dwa).flags, 0);
    cr_assert_eq(header_of(dwa).hop_by_hop, 0x11223344);
    cr_assert_eq(header_of(dwa).end_to_end, 0x55667788);
    cr_assert_eq(number_of(dwa, DM_AVP_RESULT_CODE), 2001);
}

Test(base, DPR_02_a_DPA_has_no_Origin_State_Id)
{
    cr_assert_str_eq(codes_of(base_answer(DM_DISCONNECT_PEER, 0, DM_SUCCESS, sizeof room)),
                     "268 264 296");
}

Test(base, HDR_17_the_P_bit_of_a_DWR_is_copied_and_T_is_not)
{
    uint8_t flags = DM_FLAG_PROXIABLE | DM_FLAG_RETRANSMIT;
    cr_assert_eq(base_answer(DM_DEVICE_WATCHDOG, flags, DM_SUCCESS, sizeof room).at[4],
                 DM_FLAG_PROXIABLE);
}

Test(base, ERR_07_a_failing_DWA_shows_what_failed)
{
    dm_fault_example(&fault, DM_MISSING_AVP, 0, DM_AVP_ORIGIN_REALM);
    dm_bytes dwa = base_answer(DM_DEVICE_WATCHDOG, 0, DM_MISSING_AVP, sizeof room);
    cr_assert_str_eq(codes_of(dwa), "268 264 296 279 278");
    cr_assert_str_eq(codes(dm_avps_in(avp_of(dwa, DM_AVP_FAILED_AVP).data)), "296");
    cr_assert_eq(header_of(dwa).flags, 0);
}

Test(base, a_DWA_fits_into_512_octets_whatever_failed)
{
    static uint8_t huge[12000] = {0, 1, 0x86, 0x9f, M, 0, 0x2e, 0xe0}; /* 99999, length 12000 */
    dm_fault_show(&fault, DM_AVP_UNSUPPORTED, dm_bytes_of(huge, sizeof huge));
    dm_bytes dwa = base_answer(DM_DEVICE_WATCHDOG, 0, DM_AVP_UNSUPPORTED, 512 + 28);
    cr_assert_gt(dwa.size, 0);
    cr_assert_eq(avp_of(dwa, DM_AVP_FAILED_AVP).data.size, 8);
}

Test(base, an_Origin_State_Id_of_0_is_not_sent)
{
    struct dm_self stateless = self;
    stateless.origin_state_id = 0;
    dm_bytes dwr = dm_bytes_of(room, dm_dwr_write(room, sizeof room, &stateless, 7, 9));
    cr_assert_str_eq(codes_of(dwr), "264 296");
}

Test(base, ERR_01_ERR_02_an_error_answer_has_its_form)
{
    lir();
    dm_bytes error =
        answer((struct dm_error){.result = DM_UNABLE_TO_DELIVER, .message = "no peer"});
    cr_assert_str_eq(codes_of(error), "263 264 296 268 278 281");
    struct dm_header header = header_of(error);
    cr_assert_eq(header.flags, DM_FLAG_PROXIABLE | DM_FLAG_ERROR);
    cr_assert_eq(header.command, 285);
    cr_assert_eq(header.application, 6);
    cr_assert_eq(header.hop_by_hop, 0x11223344);
    cr_assert_eq(header.end_to_end, 0x55667788);
}

Test(base, AVP_27_ERR_08_the_flags_of_an_error_answer)
{
    lir();
    dm_bytes error =
        answer((struct dm_error){.result = DM_UNABLE_TO_DELIVER, .message = "no peer"});
    cr_assert_eq(avp_of(error, DM_AVP_SESSION_ID).flags, M);
    cr_assert_eq(avp_of(error, DM_AVP_ORIGIN_HOST).flags, M);
    cr_assert_eq(avp_of(error, DM_AVP_RESULT_CODE).flags, M);
    cr_assert_eq(avp_of(error, DM_AVP_ERROR_MESSAGE).flags, 0);
}

Test(base, ERR_06_ANS_13_no_reporting_host_and_no_destination)
{
    struct dm_avp avp;
    lir();
    dm_bytes error = answer((struct dm_error){.result = DM_UNABLE_TO_DELIVER});
    cr_assert_not(dm_avp_find(error, 0, DM_AVP_ERROR_REPORTING_HOST, &avp));
    cr_assert_not(dm_avp_find(error, 0, DM_AVP_DESTINATION_REALM, &avp));
    cr_assert(dm_bytes_equal(avp_of(error, DM_AVP_ORIGIN_HOST).data, self.origin_host));
}

Test(base, AVP_17_a_Session_Id_at_the_end_comes_first_in_the_answer)
{
    start(&message, REQUEST, 285);
    add(&message, DM_AVP_ORIGIN_HOST, "c1.edge.example");
    add(&message, DM_AVP_SESSION_ID, "c1.edge.example;1;2");
    dm_bytes error = answer((struct dm_error){.result = DM_UNABLE_TO_DELIVER});
    cr_assert_str_eq(codes_of(error), "263 264 296 268 278");
    cr_assert(
        dm_bytes_equal(avp_of(error, DM_AVP_SESSION_ID).data, dm_text("c1.edge.example;1;2")));
}

Test(base, without_a_Session_Id_there_is_none)
{
    start(&message, REQUEST, 285);
    cr_assert_str_eq(codes_of(answer((struct dm_error){.result = DM_MISSING_AVP})),
                     "264 296 268 278");
}

Test(base, ERR_05_every_Proxy_Info_is_copied_in_order)
{
    lir();
    proxy_info("first.example");
    add(&message, DM_AVP_USER_NAME, "between");
    proxy_info("second.example");
    dm_bytes error = answer((struct dm_error){.result = DM_UNABLE_TO_DELIVER});
    cr_assert_str_eq(codes_of(error), "263 264 296 268 278 284 284");
    struct dm_avp first = avp_of(error, DM_AVP_PROXY_INFO),
                  sent = avp_of(finish(&message), DM_AVP_PROXY_INFO);
    cr_assert(dm_bytes_equal(first.whole, sent.whole));
}

Test(base, AVP_09_another_vendor_s_AVPs_are_not_repeated)
{
    lir();
    dm_write_text(&message.writer, 10415, DM_AVP_PROXY_INFO, M, "not ours");
    dm_bytes error = answer((struct dm_error){.result = DM_UNABLE_TO_DELIVER});
    cr_assert_str_eq(codes_of(error), "263 264 296 268 278");
}

/* The longest names there are, a vendor's result and a long text: the promise of base.h. */
Test(base, request_size_and_1024_octets_do_for_the_longest_names)
{
    static char name[256];
    memset(name, 'x', 255);
    struct dm_self long_self = {
        .origin_host = dm_text(name), .origin_realm = dm_text(name), .origin_state_id = 1};
    static char text[401];
    memset(text, 't', 400);
    dm_fault_example(&fault, DM_MISSING_AVP, 0, DM_AVP_HOST_IP_ADDRESS);
    lir();
    proxy_info("first.example");
    dm_bytes request = finish(&message);
    struct dm_error error = {.result = 5001,
                             .experimental_vendor = 10415,
                             .fault = &fault,
                             .message = text,
                             .echo_application = true};
    cr_assert_gt(dm_error_write(room, request.size + 1024, &long_self, request, &error), 0);
}

static uint8_t error_bit(struct dm_error error)
{
    lir();
    return header_of(answer(error)).flags & DM_FLAG_ERROR;
}

Test(base, ERR_03_ERR_04_ERR_13_who_has_the_E_bit)
{
    cr_assert(error_bit((struct dm_error){.result = DM_TOO_BUSY}));
    cr_assert(error_bit((struct dm_error){.result = DM_INVALID_AVP_LENGTH, .error_bit = true}));
    cr_assert_not(error_bit((struct dm_error){.result = DM_ERROR_USER_UNKNOWN}));
    cr_assert_not(error_bit((struct dm_error){.result = DM_OUT_OF_SPACE, .error_bit = true}));
    cr_assert_not(error_bit(
        (struct dm_error){.result = 5001, .experimental_vendor = 10415, .error_bit = true}));
}

Test(base, ERR_13_a_vendor_s_result_stands_in_its_group)
{
    lir();
    dm_bytes error = answer((struct dm_error){.result = 5001, .experimental_vendor = 10415});
    cr_assert_str_eq(codes_of(error), "263 264 296 297 278");
    struct dm_avp group = avp_of(error, DM_AVP_EXPERIMENTAL_RESULT), avp;
    cr_assert_str_eq(codes(dm_avps_in(group.data)), "266 298");
    cr_assert(dm_avp_find_in(group.data, 0, DM_AVP_EXPERIMENTAL_RESULT_CODE, &avp));
    cr_assert_eq(dm_get32(avp.data.at), 5001);
}

Test(base, ERR_10_ERR_13_the_application_is_echoed_where_asked)
{
    lir();
    dm_bytes error =
        answer((struct dm_error){.result = DM_ERROR_USER_UNKNOWN, .echo_application = true});
    cr_assert_str_eq(codes_of(error), "263 258 277 264 296 268 278");
    cr_assert_eq(number_of(error, DM_AVP_AUTH_APPLICATION_ID), 6);
    cr_assert_eq(number_of(error, DM_AVP_AUTH_SESSION_STATE), 1);
}

Test(base, ERR_13_a_vendor_s_application_is_echoed_as_its_group)
{
    start(&message, REQUEST, 302);
    size_t mark = dm_write_group(&message.writer, 0, DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID, M);
    add32(&message, DM_AVP_VENDOR_ID, 10415);
    add32(&message, DM_AVP_AUTH_APPLICATION_ID, 16777216);
    dm_write_group_end(&message.writer, mark);
    dm_bytes error = answer(
        (struct dm_error){.result = 5001, .experimental_vendor = 10415, .echo_application = true});
    cr_assert_str_eq(codes_of(error), "260 264 296 297 278");
}

Test(base, ERR_09_AVP_04_a_malformed_request_is_answered_with_what_can_be_read)
{
    lir();
    proxy_info("first.example");
    add_octets(&message, "\0\0\1\010\100\0\1\220abcd", 12); /* 264, length 400 */
    dm_bytes request = finish(&message);
    struct dm_avps walk = dm_avps_of(request);
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp))
        ;
    dm_fault_walk(&fault, &walk);
    dm_bytes error =
        answer((struct dm_error){.result = fault.result, .fault = &fault, .error_bit = true});
    cr_assert_str_eq(codes_of(error), "263 264 296 268 278 279 284");
    cr_assert_str_eq(codes(dm_avps_in(avp_of(error, DM_AVP_FAILED_AVP).data)), "264");
}

Test(base, what_failed_is_cut_before_a_Proxy_Info_is)
{
    static uint8_t huge[12000] = {0, 1, 0x86, 0x9f, M, 0, 0x2e, 0xe0}; /* 99999, length 12000 */
    dm_fault_show(&fault, DM_AVP_UNSUPPORTED, dm_bytes_of(huge, sizeof huge));
    lir();
    proxy_info("first.example");
    dm_bytes request = finish(&message);
    struct dm_error error = {.result = DM_AVP_UNSUPPORTED, .fault = &fault};
    size_t size = dm_error_write(room, request.size + 1024, &self, request, &error);
    cr_assert_gt(size, 0);
    cr_assert_str_eq(codes_of(dm_bytes_of(room, size)), "263 264 296 268 278 279 284");
    cr_assert_eq(avp_of(dm_bytes_of(room, size), DM_AVP_FAILED_AVP).data.size, 8);
}

/* Two Session-Ids, or two of anything: the one that is shown and the one that is repeated are both
 * in the request. */
Test(base, AVP_18_a_duplicate_as_long_as_the_request_fits)
{
    static char name[6001];
    memset(name, 'x', sizeof name - 1);
    start(&message, REQUEST, 285);
    add(&message, DM_AVP_SESSION_ID, name);
    dm_bytes one = finish(&message);
    add(&message, DM_AVP_SESSION_ID, name);
    dm_bytes request = finish(&message);
    dm_fault_show(&fault, DM_AVP_OCCURS_TOO_MANY_TIMES, dm_bytes_of(one.at + one.size, 8 + 6000));
    struct dm_error error = {.result = fault.result, .fault = &fault, .error_bit = true};
    size_t size = dm_error_write(room, request.size + 1024, &self, request, &error);
    cr_assert_gt(size, 0);
    cr_assert_eq(avp_of(dm_bytes_of(room, size), DM_AVP_FAILED_AVP).data.size, 8 + 6000);
}

Test(base, without_room_nothing_is_written)
{
    lir();
    proxy_info("first.example");
    dm_bytes request = finish(&message);
    struct dm_error error = {.result = DM_UNABLE_TO_DELIVER};
    size_t whole = dm_error_write(room, sizeof room, &self, request, &error);
    for (size_t space = 0; space < whole; space++)
        cr_assert_eq(dm_error_write(room, space, &self, request, &error), 0);
}
