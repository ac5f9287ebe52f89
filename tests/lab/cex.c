/* cex.c — the first words of a connection. Requirements CEX-01 to CEX-27. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/lab/lab.h"

TestSuite(cex, .fini = lab_fini);

static const struct lab_plan USUAL = {0};

/* --- who speaks, and when --- */

Test(cex, CEX_01_the_agent_says_nothing_to_a_silent_arrival_and_closes_by_its_timer)
{
    struct lab *lab = lab_start((struct lab_plan){.timers = "capabilities: 60s"});
    struct lab_peer *stranger = lab_dial(lab, C1);
    lab_advance(lab, 30000, 1000);
    cr_assert(!stranger->ended, "closed before its time");
    lab_advance(lab, 31000, 1000);
    lab_expect_closed(stranger);
    lab_wait_metric(lab, "antipode_connections_refused_total{reason=\"timeout\"}", 1);
    lab_end(lab);
}

Test(cex, CEX_01_the_agent_sends_a_CER_at_once_where_it_dials)
{
    struct lab *lab = lab_start(USUAL);
    struct lab_peer *s1 = lab_accept(lab, S1);
    struct lab_message *cer = lab_expect(s1, CER);
    cr_assert_eq(lab_flags(cer), R);
    cr_assert_eq(lab_application(cer), 0);
    lab_end(lab);
}

/* 3GPP is among them, none is 0, none is there twice. CEX-24 */
static void expect_supported_vendors(const struct lab_message *message)
{
    struct lab_avp a, b;
    bool has_3gpp = false;
    for (unsigned i = 0; lab_nth(message, SUPPORTED_VENDOR_ID, i, &a); i++) {
        cr_assert(memcmp(a.value, "\0\0\0\0", 4) != 0, "Supported-Vendor-Id 0");
        has_3gpp = has_3gpp || memcmp(a.value, "\0\0\x28\xaf", 4) == 0;
        for (unsigned k = 0; k < i; k++)
            cr_assert(lab_nth(message, SUPPORTED_VENDOR_ID, k, &b) &&
                          memcmp(a.value, b.value, 4) != 0,
                      "twice");
    }
    cr_assert(has_3gpp);
}

static void expect_capabilities(const struct lab_message *message)
{
    cr_assert_str_eq(lab_text(message, ORIGIN_HOST, 0), A_HOST);
    cr_assert_str_eq(lab_text(message, ORIGIN_REALM, 0), A_REALM);
    cr_assert_geq(lab_count(message, HOST_IP_ADDRESS), 1);
    cr_assert_eq(lab_count(message, VENDOR_ID), 1);
    cr_assert_eq(lab_number(message, VENDOR_ID), 0);
    cr_assert_str_eq(lab_text(message, PRODUCT_NAME, 0), "Antipode");
    cr_assert_eq(lab_count(message, DESTINATION_HOST) + lab_count(message, DESTINATION_REALM), 0);
    cr_assert_eq(lab_count(message, SESSION_ID) + lab_count(message, ROUTE_RECORD), 0);
    cr_assert_eq(lab_count(message, INBAND_SECURITY_ID), 0, "CEX-16");
    expect_supported_vendors(message);
}

/* Is this Application-Id named, directly or by a Vendor-Specific-Application-Id of 3GPP? */
static bool offers(const struct lab_message *message, uint32_t code, uint32_t application)
{
    struct lab_avp avp;
    uint8_t wanted[4] = {(uint8_t)(application >> 24), (uint8_t)(application >> 16),
                         (uint8_t)(application >> 8), (uint8_t)application};
    for (unsigned n = 0; lab_nth(message, code, n, &avp); n++) {
        if (avp.size >= 4 && memcmp(avp.value + avp.size - 4, wanted, 4) == 0)
            return true;
    }
    return false;
}

static void expect_offers(const struct lab_message *message)
{
    cr_assert(offers(message, AUTH_APPLICATION_ID, APP_RELAY), "CEX-05");
    cr_assert(offers(message, ACCT_APPLICATION_ID, APP_RELAY), "CEX-05");
    cr_assert(offers(message, AUTH_APPLICATION_ID, APP_SIP), "CEX-07");
    cr_assert(offers(message, VENDOR_SPECIFIC_APPLICATION_ID, APP_CX), "CEX-07");
    cr_assert(offers(message, VENDOR_SPECIFIC_APPLICATION_ID, APP_SH), "CEX-07");
}

Test(cex, CEX_02_CEX_05_CEX_07_the_CER_has_what_it_must_have)
{
    struct lab *lab = lab_start(USUAL);
    struct lab_message *cer = lab_expect(lab_accept(lab, S1), CER);
    expect_capabilities(cer);
    expect_offers(cer);
    cr_assert_eq(lab_count(cer, RESULT_CODE), 0);
    lab_end(lab);
}

Test(cex, CEX_03_CEX_11_the_CEA_lists_all_applications)
{
    struct lab *lab = lab_start(USUAL);
    struct lab_peer *c1 = lab_dial(lab, C1);
    struct lab_message *cer = lab_cer(c1);
    lab_send(c1, cer);
    struct lab_message *cea = lab_expect_result(c1, cer, 2001);
    cr_assert_eq(lab_flags(cea), 0);
    expect_capabilities(cea);
    expect_offers(cea);
    lab_end(lab);
}

Test(cex, CEX_07_a_peer_is_told_only_what_is_advertised_to_it)
{
    struct lab *lab = lab_start(
        (struct lab_plan){.clients = "  - { identity: \"*.edge.example\", advertise: [cx] }"});
    struct lab_peer *c1 = lab_dial(lab, C1);
    struct lab_message *cer = lab_cer(c1);
    lab_send(c1, cer);
    struct lab_message *cea = lab_expect_result(c1, cer, 2001);
    cr_assert(offers(cea, VENDOR_SPECIFIC_APPLICATION_ID, APP_CX));
    cr_assert(!offers(cea, AUTH_APPLICATION_ID, APP_SIP) &&
              !offers(cea, AUTH_APPLICATION_ID, APP_RELAY));
    lab_end(lab);
}

Test(cex, CEX_04_over_IPv6_the_address_of_the_connection_is_told_and_requests_pass)
{
    static const uint8_t loopback[18] = {[1] = 2, [17] = 1};
    uint16_t port = 0;
    int fd = lab_listen_on(true, &port);
    struct lab_avp address;
    if (fd < 0)
        cr_skip_test("this machine has no IPv6");
    close(fd);
    struct lab *lab = lab_start((struct lab_plan){.ipv6 = true});
    struct lab_peer *s1 = lab_accept(lab, S1);
    struct lab_message *cer = lab_expect(s1, CER);
    cr_assert(lab_nth(cer, HOST_IP_ADDRESS, 0, &address) && address.size == sizeof(loopback));
    cr_assert_arr_eq(address.value, loopback, sizeof(loopback));
    lab_send(s1, lab_cea(s1, cer, 2001));
    lab_wait_metric(lab, "antipode_peer_up{peer=\"" S1 "\"}", 1);
    lab_expect_service(lab_client(lab, C1), s1);
    lab_end(lab);
}

/* --- common applications --- */

static struct lab_message *cer_without_applications(const struct lab_peer *peer)
{
    struct lab_message *cer = without(lab_cer(peer), AUTH_APPLICATION_ID);
    while (lab_count(cer, VENDOR_SPECIFIC_APPLICATION_ID))
        without(cer, VENDOR_SPECIFIC_APPLICATION_ID);
    return cer;
}

static struct lab_message *with_vsai(struct lab_message *message, uint32_t vendor, uint32_t auth,
                                     uint32_t acct)
{
    struct lab_message *inner = with_number(lab_message_new(0, 0, 0, 0, 0), VENDOR_ID, vendor);
    if (auth)
        with_number(inner, AUTH_APPLICATION_ID, auth);
    if (acct)
        with_number(inner, ACCT_APPLICATION_ID, acct);
    return with_group(message, VENDOR_SPECIFIC_APPLICATION_ID, inner);
}

/* Sends the CER that `make` builds to an agent that is no relay; returns its answer's result. */
static uint32_t result_for(const char *advertise,
                           struct lab_message *(*make)(const struct lab_peer *), bool closes)
{
    struct lab *lab = lab_start((struct lab_plan){.advertise = advertise});
    struct lab_peer *c1 = lab_dial(lab, C1);
    struct lab_message *cer = make(c1);
    lab_send(c1, cer);
    struct lab_message *cea = lab_expect_answer(c1, cer);
    uint32_t result = lab_result(cea);
    cr_assert_eq(lab_flags(cea) & E, result / 1000 == 3 ? E : 0);
    if (closes)
        lab_expect_closed(c1);
    else
        lab_expect_silence(c1);
    lab_end(lab);
    return result;
}

static struct lab_message *cer_with_many(const struct lab_peer *peer)
{
    struct lab_message *cer = cer_without_applications(peer);
    for (uint32_t i = 0; i < 20; i++)
        with_number(cer, AUTH_APPLICATION_ID, 9000 + i);
    return with_vsai(cer, 99999, APP_CX, 0);
}

Test(cex, CEX_08_all_instances_count_and_the_vendor_does_not)
{
    cr_assert_eq(result_for("sip, cx", cer_with_many, false), 2001);
}

static struct lab_message *cer_of_relay(const struct lab_peer *peer)
{
    return with_number(cer_without_applications(peer), AUTH_APPLICATION_ID, APP_RELAY);
}

Test(cex, CEX_09_a_relay_has_everything_in_common)
{
    cr_assert_eq(result_for("sip, cx", cer_of_relay, false), 2001);
}

Test(cex, CEX_09_to_a_relay_nobody_has_nothing_in_common)
{
    cr_assert_eq(result_for("relay, sip", cer_without_applications, false), 2001);
}

static struct lab_message *cer_with_four(const struct lab_peer *peer)
{
    return with_number(cer_without_applications(peer), AUTH_APPLICATION_ID, 4);
}

Test(cex, CEX_10_nothing_in_common_is_answered_5010_and_closed)
{
    cr_assert_eq(result_for("sip, cx", cer_with_four, true), 5010);
}

Test(cex, CEX_12_RTE_21_a_server_never_gets_an_application_it_did_not_offer)
{
    struct lab *lab = lab_start(USUAL);
    struct lab_peer *s1 = lab_accept(lab, S1);
    struct lab_message *cea = lab_cea(s1, lab_expect(s1, CER), 2001);
    without(cea, AUTH_APPLICATION_ID);
    lab_send(s1, cea);
    lab_wait_metric(lab, "antipode_peer_up{peer=\"s1.core.example\"}", 1);
    struct lab_peer *c1 = lab_client(lab, C1);
    struct lab_message *lir = lab_lir(c1, ALICE);
    lab_send(c1, lir);
    lab_expect_error(c1, lir, 3002);
    lab_expect_silence(s1);
    lab_end(lab);
}

static struct lab_message *cer_with_empty_vsai(const struct lab_peer *peer)
{
    return with_vsai(lab_cer(peer), VENDOR_3GPP, 0, 0);
}

Test(cex, CEX_13_a_VSAI_without_an_application_is_answered_5005)
{
    cr_assert_eq(result_for(NULL, cer_with_empty_vsai, true), 5005);
}

static struct lab_message *cer_with_double_vsai(const struct lab_peer *peer)
{
    return with_vsai(lab_cer(peer), VENDOR_3GPP, APP_CX, APP_CX);
}

Test(cex, CEX_13_a_VSAI_with_both_applications_is_answered_5009)
{
    cr_assert_eq(result_for(NULL, cer_with_double_vsai, true), 5009);
}

static struct lab_message *cer_with_two_vendors(const struct lab_peer *peer)
{
    struct lab_message *inner = with_number(lab_message_new(0, 0, 0, 0, 0), VENDOR_ID, VENDOR_3GPP);
    with_number(with_number(inner, VENDOR_ID, 13019), AUTH_APPLICATION_ID, APP_CX);
    return with_group(lab_cer(peer), VENDOR_SPECIFIC_APPLICATION_ID, inner);
}

Test(cex, CEX_13_a_VSAI_with_two_vendors_is_accepted)
{
    cr_assert_eq(result_for(NULL, cer_with_two_vendors, false), 2001);
}

/* --- who may come in --- */

Test(cex, CEX_14_an_unknown_peer_is_answered_3010_and_closed)
{
    struct lab *lab = lab_start(USUAL);
    struct lab_peer *x = lab_dial(lab, "x.unknown.example");
    struct lab_message *cer = lab_cer(x);
    lab_send(x, cer);
    cr_assert_eq(lab_flags(lab_expect_result(x, cer, 3010)), E);
    lab_expect_closed(x);
    lab_wait_metric(lab, "antipode_connections_refused_total{reason=\"unknown_peer\"}", 1);
    lab_end(lab);
}

Test(cex, CEX_14_an_unknown_peer_is_closed_without_a_word_where_that_is_wanted)
{
    struct lab *lab = lab_start((struct lab_plan){.compatibility = "unknown_peer: close"});
    struct lab_peer *x = lab_dial(lab, "x.unknown.example");
    lab_send(x, lab_cer(x));
    lab_expect_closed(x);
    lab_end(lab);
}

Test(cex, CEX_14_an_unknown_peer_is_accepted_where_that_is_wanted)
{
    struct lab *lab = lab_start((struct lab_plan){.compatibility = "unknown_peer: accept"});
    struct lab_peer *s1 = lab_server(lab, S1);
    struct lab_peer *x = lab_client(lab, "x.unknown.example");
    lab_expect_service(x, s1);
    lab_close(x);
    lab_wait_metric_sum(lab, "antipode_connections", "", 1);
    lab_end(lab);
}

Test(cex, CEX_19_a_known_name_from_another_network_is_refused)
{
    struct lab *lab = lab_start((struct lab_plan){
        .clients = "  - { identity: \"*.edge.example\", from: [10.1.0.0/16, \"fd00:1::/32\"] }"});
    struct lab_peer *c1 = lab_dial(lab, C1);
    lab_send(c1, lab_cer(c1));
    struct lab_message *cea = lab_take(c1);
    if (cea)
        cr_assert_eq(lab_result(cea), 3010);
    lab_wait_metric(lab, "antipode_connections_refused_total{reason=\"source\"}", 1);
    lab_end(lab);
}

Test(cex, CEX_17_peers_behind_one_address_are_told_apart_by_name)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_peer *c2 = lab_client(bed.lab, C2);
    lab_expect_service(bed.c1, bed.s1);
    lab_expect_service(c2, bed.s1);
    lab_end(bed.lab);
}

Test(cex, CEX_18_a_server_of_another_name_is_closed_and_gets_nothing)
{
    struct lab *lab = lab_start(USUAL);
    struct lab_peer *s1 = lab_accept(lab, S1);
    struct lab_message *cea = without(lab_cea(s1, lab_expect(s1, CER), 2001), ORIGIN_HOST);
    lab_send(s1, with_text(cea, ORIGIN_HOST, S2));
    lab_expect_closed(s1);
    struct lab_peer *c1 = lab_client(lab, C1);
    struct lab_message *lir = lab_lir(c1, ALICE);
    lab_send(c1, lir);
    lab_expect_error(c1, lir, 3002);
    lab_end(lab);
}

Test(cex, CEX_20_our_own_name_is_refused)
{
    struct lab *lab = lab_start((struct lab_plan){.clients = "  - { identity: \"*\" }"});
    struct lab_peer *me = lab_dial(lab, A_HOST);
    lab_send(me, lab_cer(me));
    struct lab_message *cea = lab_take(me);
    if (cea) {
        cr_assert_eq(lab_result(cea), 3010, "result %u", lab_result(cea));
        lab_expect_closed(me);
    }
    lab_end(lab);
}

Test(cex, CEX_21_a_connection_that_starts_with_a_DWR_is_closed_without_an_answer)
{
    struct lab *lab = lab_start(USUAL);
    struct lab_peer *c1 = lab_dial(lab, C1);
    lab_send(c1, lab_dwr(c1));
    lab_expect_closed(c1);
    lab_end(lab);
}

Test(cex, CEX_21_a_connection_that_starts_with_a_request_is_closed_and_nothing_forwarded)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_peer *c2 = lab_dial(bed.lab, C2);
    lab_send(c2, lab_lir(c2, ALICE));
    lab_expect_closed(c2);
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}

Test(cex, CEX_22_a_CEA_that_refuses_us_ends_the_connection_and_we_try_again)
{
    struct lab *lab = lab_start(USUAL);
    static const uint32_t refusals[] = {5010, 3010, 5012};
    for (size_t i = 0; i < 3; i++) {
        struct lab_peer *s1 = lab_accept(lab, S1);
        lab_send(s1, lab_cea(s1, lab_expect(s1, CER), refusals[i]));
        lab_expect_closed(s1);
    }
    lab_server(lab, S1);
    lab_end(lab);
}

/* The second process is born a quarter of a second after the first, most often in the same second.
 */
Test(cex, CEX_23_the_origin_state_is_one_value_and_grows_with_a_restart)
{
    struct lab *lab = lab_start(USUAL);
    uint64_t born = lab_now_ms();
    uint32_t first = lab_number(lab_expect(lab_accept(lab, S1), CER), ORIGIN_STATE_ID);
    struct lab_peer *c1 = lab_client(lab, C1);
    struct lab_message *dwr = lab_dwr(c1);
    lab_send(c1, dwr);
    cr_assert_eq(lab_number(lab_expect_result(c1, dwr, 2001), ORIGIN_STATE_ID), first);
    while (lab_now_ms() <= born + 250)
        lab_serve(lab, 20);
    lab_restart(lab);
    uint32_t second = lab_number(lab_expect(lab_accept(lab, S1), CER), ORIGIN_STATE_ID);
    cr_assert(second > first && first > 0, "%u after %u", second, first);
    lab_end(lab);
}

Test(cex, CEX_23_an_origin_state_of_a_client_is_relayed)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = with_number(lab_lir(bed.c1, ALICE), ORIGIN_STATE_ID, 7);
    lab_send(bed.c1, lir);
    cr_assert_eq(lab_number(lab_expect_relayed(bed.c1, bed.s1, lir), ORIGIN_STATE_ID), 7);
    lab_end(bed.lab);
}

Test(cex, CEX_25_a_CER_on_an_open_connection_is_answered_again)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *cer = lab_cer(bed.c1);
    lab_send(bed.c1, cer);
    lab_expect_result(bed.c1, cer, 2001);
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

Test(cex, CEX_25_a_CER_of_another_name_on_an_open_connection_closes_it)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *cer = with_text(without(lab_cer(bed.c1), ORIGIN_HOST), ORIGIN_HOST, C2);
    lab_send(bed.c1, cer);
    lab_expect_closed(bed.c1);
    lab_end(bed.lab);
}

Test(cex, CEX_27_a_CER_is_never_sent_elsewhere)
{
    struct lab *lab = lab_start((struct lab_plan){.servers = {S1, S2}});
    struct lab_peer *s2 = lab_server(lab, S2);
    struct lab_peer *s1 = lab_accept(lab, S1);
    lab_expect(s1, CER);
    lab_reset(s1);
    lab_server(lab, S1);
    lab_expect_silence(s2);
    lab_end(lab);
}

Test(cex, CEX_10_strangers_that_are_refused_leave_their_slots_to_others)
{
    struct lab *lab = lab_start((struct lab_plan){
        .limits = "connections: 4", .advertise = "sip", .compatibility = "unknown_peer: accept"});
    lab_server(lab, S1);
    for (int i = 0; i < 6; i++) {
        char name[32];
        snprintf(name, sizeof name, "x%d.edge.example", i);
        struct lab_peer *stranger = lab_dial(lab, name);
        lab_send(stranger, cer_with_four(stranger));
        cr_assert_eq(lab_result(lab_take(stranger)), 5010);
        lab_close(stranger);
        lab_advance(lab, 1500, 100);
    }
    lab_client(lab, C1);
    lab_end(lab);
}
