/* hss_answers.c — what all answers of the stand-in HSS have in common, and what it says to bad
 * requests. */
#include "hss_play.h"

TestSuite(hss_answer, .init = play_start, .fini = play_stop);

static struct dm_header answer_header(void)
{
    struct dm_header header;
    dm_header_read(&header, play.got.at);
    return header;
}

/* A LIR, to be changed. */
static void begin_lir(void)
{
    sip_begin(SIP_LIR);
    put(0, SIP_AOR, "sip:user2@example.net");
}

Test(hss_answer, copies_command_application_hop_by_hop_and_end_to_end)
{
    begin_lir();
    ask();
    struct dm_header header = answer_header();
    cr_assert_eq(header.command, SIP_LIR);
    cr_assert_eq(header.application, SIP_APPLICATION);
    cr_assert_eq(header.hop_by_hop, 0x11223344);
    cr_assert_eq(header.end_to_end, 0x55667788);
    cr_assert_eq(header.length, play.got.size);
}

Test(hss_answer, HDR_12_clears_r_and_t_and_copies_p)
{
    begin_lir();
    play.request[4] = DM_FLAG_REQUEST | DM_FLAG_PROXIABLE | DM_FLAG_RETRANSMIT;
    ask();
    cr_assert_eq(answer_header().flags, DM_FLAG_PROXIABLE);
    cr_assert_eq(play.worker.counts.retransmitted, 1);
    begin_lir();
    play.request[4] = DM_FLAG_REQUEST;
    ask();
    cr_assert_eq(answer_header().flags, 0);
}

Test(hss_answer, begins_with_session_application_state_and_origin)
{
    const uint32_t wanted[] = {263, 258, 277, 264, 296, 268};
    struct dm_avp avp;
    begin_lir();
    ask();
    struct dm_avps walk = dm_avps_of(play.got);
    for (size_t i = 0; i < 6; i++) {
        cr_assert(dm_avps_next(&walk, &avp));
        cr_assert_eq(avp.code, wanted[i]);
    }
    cr_assert(has_text(0, DM_AVP_SESSION_ID, "sip1.example.com;1;2"));
    cr_assert(has_text(0, DM_AVP_ORIGIN_HOST, "hss.example.net"));
}

Test(hss_answer, keeps_the_session_state_that_the_client_wants)
{
    struct dm_avp avp;
    begin_flags(SIP_APPLICATION, SIP_LIR, DM_FLAG_REQUEST);
    put(0, DM_AVP_SESSION_ID, "s");
    put32(0, DM_AVP_AUTH_APPLICATION_ID, SIP_APPLICATION);
    put32(0, DM_AVP_AUTH_SESSION_STATE, 0);
    put(0, DM_AVP_ORIGIN_HOST, "sip1.example.com");
    put(0, DM_AVP_ORIGIN_REALM, "example.com");
    put(0, DM_AVP_DESTINATION_REALM, "example.net");
    put(0, SIP_AOR, "sip:user2@example.net");
    cr_assert_eq(ask(), 2005);
    cr_assert(dm_avp_find(play.got, 0, DM_AVP_AUTH_SESSION_STATE, &avp));
    cr_assert_eq(dm_get32(avp.data.at), 0);
}

static void put_proxy_info(const char *host)
{
    size_t group = dm_write_group(&play.out, 0, DM_AVP_PROXY_INFO, DM_AVP_MANDATORY);
    put(0, DM_AVP_PROXY_HOST, host);
    put(0, 33, "state");
    dm_write_group_end(&play.out, group);
}

Test(hss_answer, echoes_each_proxy_info_in_order_and_no_route_record)
{
    const char *hosts[] = {"first.example", "second.example.org"};
    struct dm_avp avp, host;
    begin_lir();
    put_proxy_info(hosts[0]);
    put(0, DM_AVP_ROUTE_RECORD, "agent.example");
    put_proxy_info(hosts[1]);
    ask();
    struct dm_avps walk = dm_avps_of(play.got);
    for (size_t found = 0; found < 2; found++) {
        do
            cr_assert(dm_avps_next(&walk, &avp));
        while (avp.code != DM_AVP_PROXY_INFO);
        cr_assert(dm_avp_find_in(avp.data, 0, DM_AVP_PROXY_HOST, &host));
        cr_assert(dm_bytes_equal(host.data, dm_text(hosts[found])));
    }
    cr_assert_not(has(0, DM_AVP_ROUTE_RECORD));
}

Test(hss_answer, a_missing_avp_is_5005_with_an_example)
{
    sip_begin(SIP_LIR);
    cr_assert_eq(ask(), 5005);
    cr_assert_eq(failed_avp(), SIP_AOR);
    cr_assert_eq(play.worker.counts.bad, 1);
}

Test(hss_answer, each_avp_that_all_requests_have_is_missed)
{
    const uint32_t all[] = {263, 258, 277, 264, 296, 283};
    for (size_t skip = 0; skip < 6; skip++) {
        begin_flags(SIP_APPLICATION, SIP_LIR, DM_FLAG_REQUEST);
        for (size_t i = 0; i < 6; i++) {
            if (i == skip)
                continue;
            if (all[i] == 258 || all[i] == 277)
                put32(0, all[i], 6);
            else
                put(0, all[i], "example.net");
        }
        put(0, SIP_AOR, "sip:user2@example.net");
        cr_assert_eq(ask(), 5005);
        cr_assert_eq(failed_avp(), all[skip]);
    }
}

Test(hss_answer, an_avp_too_often_is_5009_and_shown)
{
    begin_lir();
    put(0, DM_AVP_ORIGIN_HOST, "again.example.com");
    cr_assert_eq(ask(), 5009);
    cr_assert_eq(failed_avp(), DM_AVP_ORIGIN_HOST);
}

Test(hss_answer, a_number_of_another_size_is_5014)
{
    sip_begin(SIP_UAR);
    put(0, SIP_AOR, "sip:user2@example.net");
    put(0, SIP_USER_AUTHORIZATION_TYPE, "12345");
    cr_assert_eq(ask(), 5014);
    cr_assert_eq(failed_avp(), SIP_USER_AUTHORIZATION_TYPE);
}

Test(hss_answer, an_avp_past_the_end_is_5014_and_the_session_is_named)
{
    begin_lir();
    put(0, 1, "x");
    dm_put24(play.out.at - 12 + 5, 200);
    cr_assert_eq(ask(), 5014);
    cr_assert(has(0, DM_AVP_SESSION_ID));
}

Test(hss_answer, an_unknown_avp_is_ignored_unless_it_is_mandatory)
{
    begin_lir();
    dm_write_avp(&play.out, 50, 494, 0, dm_text("call"));
    cr_assert_eq(ask(), 2005);
    begin_lir();
    dm_write_avp(&play.out, 50, 494, DM_AVP_MANDATORY, dm_text("call"));
    cr_assert_eq(ask(), 5001);
    cr_assert_eq(failed_avp(), 494);
}

Test(hss_answer, an_unknown_command_is_3001_with_e)
{
    sip_begin(999);
    cr_assert_eq(ask(), 3001);
    cr_assert(answer_header().flags & DM_FLAG_ERROR);
}

Test(hss_answer, an_unknown_application_is_3007_with_e)
{
    sip_begin(SIP_LIR);
    dm_put32(play.request + 8, 4);
    cr_assert_eq(ask(), 3007);
    cr_assert(answer_header().flags & DM_FLAG_ERROR);
}

Test(hss_answer, e_in_a_request_is_3008)
{
    begin_lir();
    play.request[4] |= DM_FLAG_ERROR;
    cr_assert_eq(ask(), 3008);
}

Test(hss_answer, what_is_for_another_host_or_realm_is_3002_or_3003)
{
    begin_lir();
    put(0, DM_AVP_DESTINATION_HOST, "hss2.example.net");
    cr_assert_eq(ask(), 3002);
    begin_lir();
    put(0, DM_AVP_DESTINATION_HOST, "HSS.example.net");
    cr_assert_eq(ask(), 2005);
    begin_flags(SIP_APPLICATION, SIP_LIR, DM_FLAG_REQUEST);
    put(0, DM_AVP_SESSION_ID, "s");
    put32(0, DM_AVP_AUTH_APPLICATION_ID, SIP_APPLICATION);
    put32(0, DM_AVP_AUTH_SESSION_STATE, 1);
    put(0, DM_AVP_ORIGIN_HOST, "sip1.example.com");
    put(0, DM_AVP_ORIGIN_REALM, "example.com");
    put(0, DM_AVP_DESTINATION_REALM, "elsewhere.example");
    put(0, SIP_AOR, "sip:user2@example.net");
    cr_assert_eq(ask(), 3003);
}

static void begin_with(struct hss_policy policy)
{
    play_stop();
    play_start_with(policy, false);
    begin_lir();
}

Test(hss_answer, busy_is_3004_with_e)
{
    begin_with((struct hss_policy){.busy = 100});
    cr_assert_eq(ask(), 3004);
    cr_assert(answer_header().flags & DM_FLAG_ERROR);
}

Test(hss_answer, silence_is_no_answer_and_counted)
{
    begin_with((struct hss_policy){.silent = 100});
    ask();
    cr_assert_eq(play.got.size, 0);
    cr_assert_eq(play.worker.counts.silent, 1);
}

Test(hss_answer, fails_with_the_code_it_was_given)
{
    begin_with((struct hss_policy){.fail = 100, .fail_code = 5012});
    cr_assert_eq(ask(), 5012);
    cr_assert_not(answer_header().flags & DM_FLAG_ERROR);
    begin_with((struct hss_policy){.fail = 100, .fail_code = 5001, .fail_vendor = CX_VENDOR});
    cr_assert_eq(ask_experimental(), 5001);
}

Test(hss_answer, a_percentage_is_met_within_reason)
{
    begin_with((struct hss_policy){.busy = 25});
    dm_writer_finish(&play.out);
    for (size_t i = 0; i < 4000; i++)
        play_octets(dm_bytes_of(play.request, (size_t)(play.out.at - play.request)));
    cr_assert_gt(play.worker.counts.by_result[3004], 800);
    cr_assert_lt(play.worker.counts.by_result[3004], 1200);
}

Test(hss_answer, survives_10000_mutations_with_a_well_formed_answer)
{
    uint8_t mutant[8192];
    sip_begin(SIP_MAR);
    put(0, SIP_AOR, "sip:user2@example.net");
    put(0, SIP_METHOD, "REGISTER");
    put(0, DM_AVP_USER_NAME, "user2@example.net");
    size_t item = dm_write_group(&play.out, 0, SIP_AUTH_DATA_ITEM, DM_AVP_MANDATORY);
    put32(0, SIP_AUTHENTICATION_SCHEME, 0);
    size_t group = dm_write_group(&play.out, 0, SIP_AUTHORIZATION, DM_AVP_MANDATORY);
    for (uint32_t code = 103; code < 117; code++)
        put(0, code, "auth");
    dm_write_group_end(&play.out, group);
    dm_write_group_end(&play.out, item);
    put_proxy_info("agent.example");
    size_t size = dm_writer_finish(&play.out);
    for (size_t i = 0; i < 10000; i++) {
        memcpy(mutant, play.request, size);
        for (size_t changes = 1 + i % 4; changes; changes--)
            mutant[20 + hss_random(&play.worker) % (size - 20)] = (uint8_t)hss_random(&play.worker);
        play_octets(dm_bytes_of(mutant, size));
        struct dm_avps walk = dm_avps_of(play.got);
        struct dm_avp avp;
        while (dm_avps_next(&walk, &avp))
            ;
        cr_assert_eq(walk.error, DM_OK);
        cr_assert_eq(answer_header().length, play.got.size);
    }
}
