/* hss_sip.c — UAR, SAR and LIR of RFC 4740: which code when, request octets in, answer octets out.
 */
#include "hss_play.h"

#define ALICE     "user2@example.net"
#define ALICE_AOR "sip:user2@example.net"
#define BOB       "user3@example.net"
#define BOB_AOR   "sip:user3@example.net"
#define SERVER    "sip:sip2.example.com"
#define OTHER     "sip:other.example.com"

static void register_alice(void)
{
    cr_assert_eq(sar(SIP_REGISTRATION, ALICE, ALICE_AOR, SERVER), 2001);
}

TestSuite(hss_uar, .init = play_start, .fini = play_stop);

Test(hss_uar, without_a_server_is_a_first_registration_with_capabilities)
{
    cr_assert_eq(uar(NULL, ALICE_AOR, -1), 2003);
    cr_assert(has(0, SIP_SERVER_CAPABILITIES));
    cr_assert_not(has(0, SIP_SERVER_URI));
    cr_assert_eq(uar(ALICE, ALICE_AOR, SIP_AUTHORIZE_REGISTRATION), 2003);
}

Test(hss_uar, with_a_server_is_a_subsequent_registration_that_names_it)
{
    register_alice();
    cr_assert_eq(uar(ALICE, ALICE_AOR, -1), 2004);
    cr_assert(has_text(0, SIP_SERVER_URI, SERVER));
    cr_assert_not(has(0, SIP_SERVER_CAPABILITIES));
}

Test(hss_uar, for_capabilities_succeeds_and_names_no_server)
{
    register_alice();
    cr_assert_eq(uar(ALICE, ALICE_AOR, SIP_AUTHORIZE_CAPABILITIES), 2001);
    cr_assert(has(0, SIP_SERVER_CAPABILITIES));
    cr_assert_not(has(0, SIP_SERVER_URI));
}

Test(hss_uar, for_deregistration_names_the_server)
{
    register_alice();
    cr_assert_eq(uar(ALICE, ALICE_AOR, SIP_AUTHORIZE_DEREGISTRATION), 2001);
    cr_assert(has_text(0, SIP_SERVER_URI, SERVER));
}

Test(hss_uar, for_deregistration_of_who_is_not_registered_is_5034)
{
    cr_assert_eq(uar(ALICE, ALICE_AOR, SIP_AUTHORIZE_DEREGISTRATION), 5034);
}

Test(hss_uar, of_an_unknown_user_is_5032)
{
    cr_assert_eq(uar("user100@example.net", "sip:user100@example.net", -1), 5032);
    cr_assert_eq(uar("alice@example.net", ALICE_AOR, -1), 5032);
    cr_assert_eq(uar(NULL, "sip:user100@example.net", -1), 5032);
}

Test(hss_uar, with_the_name_of_another_is_5033)
{
    cr_assert_eq(uar(BOB, ALICE_AOR, -1), 5033);
    cr_assert_eq(uar(BOB, "sip:nobody@example.net", -1), 5033);
}

Test(hss_uar, from_a_barred_network_is_5035_but_not_for_deregistration)
{
    for (uint32_t type = 0; type < 3; type++) {
        sip_begin(SIP_UAR);
        put(0, SIP_AOR, ALICE_AOR);
        put(0, SIP_VISITED_NETWORK_ID, "barred.example.org");
        put32(0, SIP_USER_AUTHORIZATION_TYPE, type);
        cr_assert_eq(ask(), type == SIP_AUTHORIZE_DEREGISTRATION ? 5034 : 5035);
    }
}

Test(hss_uar, of_an_unknown_type_is_5004_and_shows_it)
{
    cr_assert_eq(uar(ALICE, ALICE_AOR, 7), 5004);
    cr_assert_eq(failed_avp(), SIP_USER_AUTHORIZATION_TYPE);
}

Test(hss_uar, finds_the_server_that_has_challenged_the_user)
{
    sip_begin(SIP_MAR);
    put(0, SIP_AOR, ALICE_AOR);
    put(0, SIP_METHOD, "REGISTER");
    put(0, SIP_SERVER_URI, SERVER);
    cr_assert_eq(ask(), 2001);
    cr_assert_eq(uar(ALICE, ALICE_AOR, -1), 2004);
    cr_assert(has_text(0, SIP_SERVER_URI, SERVER));
    cr_assert_not(user(2).registered);
}

Test(hss_uar_selection, with_capabilities_always_is_2007_with_both)
{
    play_start_with((struct hss_policy){.always_capabilities = true}, false);
    register_alice();
    cr_assert_eq(uar(ALICE, ALICE_AOR, -1), 2007);
    cr_assert(has(0, SIP_SERVER_CAPABILITIES));
    cr_assert(has_text(0, SIP_SERVER_URI, SERVER));
    play_stop();
}

TestSuite(hss_sar, .init = play_start, .fini = play_stop);

Test(hss_sar, registration_stores_the_server_and_brings_the_profile)
{
    register_alice();
    cr_assert(has_text(0, DM_AVP_USER_NAME, ALICE));
    cr_assert_gt(inside(0, (uint32_t[]){SIP_USER_DATA, SIP_USER_DATA_CONTENTS, 0}).size, 0);
    cr_assert(user(2).registered);
    cr_assert_eq(hss_users_registered(&play.hss.users), 1);
}

Test(hss_sar, re_registration_moves_the_user_to_the_server_that_says_so)
{
    register_alice();
    cr_assert_eq(sar(SIP_RE_REGISTRATION, ALICE, ALICE_AOR, OTHER), 2001);
    cr_assert_eq(lir(ALICE_AOR), 2001);
    cr_assert(has_text(0, SIP_SERVER_URI, OTHER));
}

Test(hss_sar, profile_is_of_the_type_the_client_supports)
{
    sip_begin(SIP_SAR);
    put32(0, SIP_SERVER_ASSIGNMENT_TYPE, SIP_REGISTRATION);
    put32(0, SIP_USER_DATA_ALREADY_AVAILABLE, 0);
    put(0, SIP_AOR, ALICE_AOR);
    put(0, SIP_SERVER_URI, SERVER);
    put(0, SIP_SUPPORTED_USER_DATA_TYPE, "type1.example");
    put(0, SIP_SUPPORTED_USER_DATA_TYPE, "type2.example");
    cr_assert_eq(ask(), 2001);
    dm_bytes type = inside(0, (uint32_t[]){SIP_USER_DATA, SIP_USER_DATA_TYPE, 0});
    cr_assert(dm_bytes_equal(type, dm_text("type1.example")));
}

Test(hss_sar, who_has_the_profile_gets_none)
{
    sip_begin(SIP_SAR);
    put32(0, SIP_SERVER_ASSIGNMENT_TYPE, SIP_REGISTRATION);
    put32(0, SIP_USER_DATA_ALREADY_AVAILABLE, 1);
    put(0, SIP_AOR, ALICE_AOR);
    put(0, SIP_SERVER_URI, SERVER);
    cr_assert_eq(ask(), 2001);
    cr_assert_not(has(0, SIP_USER_DATA));
}

Test(hss_sar, of_types_0_1_2_3_9_10_bears_exactly_one_aor)
{
    const uint32_t types[] = {0, 1, 2, 3, 9, 10};
    for (size_t i = 0; i < 6; i++) {
        cr_assert_eq(sar(types[i], ALICE, NULL, SERVER), 5009);
        sip_begin(SIP_SAR);
        put32(0, SIP_SERVER_ASSIGNMENT_TYPE, types[i]);
        put32(0, SIP_USER_DATA_ALREADY_AVAILABLE, 0);
        put(0, SIP_AOR, ALICE_AOR);
        put(0, SIP_AOR, BOB_AOR);
        put(0, SIP_SERVER_URI, SERVER);
        cr_assert_eq(ask(), 5009);
        cr_assert_not(has(0, SIP_USER_DATA));
        cr_assert_eq(failed_avp(), SIP_AOR);
    }
    cr_assert_eq(hss_users_registered(&play.hss.users), 0);
}

Test(hss_sar, unregistered_user_stores_the_server_without_registering)
{
    cr_assert_eq(sar(SIP_UNREGISTERED_USER, NULL, ALICE_AOR, SERVER), 2001);
    cr_assert_not(user(2).registered);
    cr_assert_eq(lir(ALICE_AOR), 2001);
    cr_assert(has_text(0, SIP_SERVER_URI, SERVER));
}

Test(hss_sar, unregistered_user_that_nobody_knows_is_5032_without_a_name)
{
    cr_assert_eq(sar(SIP_UNREGISTERED_USER, NULL, "sip:nobody@example.net", SERVER), 5032);
    cr_assert_not(has(0, DM_AVP_USER_NAME));
}

Test(hss_sar, deregistrations_4_5_8_11_clear_the_server)
{
    const uint32_t types[] = {4, 5, 8, 11};
    for (size_t i = 0; i < 4; i++) {
        register_alice();
        cr_assert_eq(sar(types[i], ALICE, ALICE_AOR, SERVER), 2001);
        cr_assert_eq(user(2).server, 0);
        cr_assert_not(user(2).registered);
        cr_assert_not(has(0, SIP_USER_DATA));
    }
}

Test(hss_sar, deregistration_by_the_name_alone_is_enough)
{
    register_alice();
    cr_assert_eq(sar(SIP_USER_DEREGISTRATION, ALICE, NULL, NULL), 2001);
    cr_assert_eq(user(2).server, 0);
}

Test(hss_sar, deregistration_of_many_aors_clears_them_all)
{
    register_alice();
    cr_assert_eq(sar(SIP_REGISTRATION, BOB, BOB_AOR, SERVER), 2001);
    sip_begin(SIP_SAR);
    put32(0, SIP_SERVER_ASSIGNMENT_TYPE, SIP_ADMINISTRATIVE_DEREGISTRATION);
    put32(0, SIP_USER_DATA_ALREADY_AVAILABLE, 1);
    put(0, SIP_AOR, ALICE_AOR);
    put(0, SIP_AOR, BOB_AOR);
    cr_assert_eq(ask(), 2001);
    cr_assert_eq(hss_users_registered(&play.hss.users), 0);
}

Test(hss_sar, deregistration_of_a_strangers_aor_is_5033_and_changes_nothing)
{
    register_alice();
    sip_begin(SIP_SAR);
    put32(0, SIP_SERVER_ASSIGNMENT_TYPE, SIP_USER_DEREGISTRATION);
    put32(0, SIP_USER_DATA_ALREADY_AVAILABLE, 1);
    put(0, DM_AVP_USER_NAME, ALICE);
    put(0, SIP_AOR, ALICE_AOR);
    put(0, SIP_AOR, BOB_AOR);
    cr_assert_eq(ask(), 5033);
    cr_assert(user(2).registered);
}

Test(hss_sar, without_any_identity_wants_a_user_name)
{
    cr_assert_eq(sar(SIP_USER_DEREGISTRATION, NULL, NULL, NULL), 4013);
}

Test(hss_sar, deregistrations_6_7_keep_the_server)
{
    for (uint32_t type = 6; type <= 7; type++) {
        register_alice();
        cr_assert_eq(sar(type, ALICE, ALICE_AOR, SERVER), 2001);
        cr_assert_neq(user(2).server, 0);
        cr_assert_not(user(2).registered);
    }
}

Test(hss_sar, deregistrations_6_7_without_a_stored_server_are_2006)
{
    cr_assert_eq(sar(6, ALICE, ALICE_AOR, SERVER), 2006);
    cr_assert_eq(sar(7, ALICE, ALICE_AOR, SERVER), 2006);
}

Test(hss_sar, no_assignment_is_for_the_server_that_is_stored)
{
    register_alice();
    cr_assert_eq(sar(SIP_NO_ASSIGNMENT, ALICE, ALICE_AOR, SERVER), 2001);
    cr_assert(has(0, SIP_USER_DATA));
    cr_assert_eq(sar(SIP_NO_ASSIGNMENT, ALICE, ALICE_AOR, OTHER), 5012);
    cr_assert_not(has(0, SIP_USER_DATA));
}

Test(hss_sar, failed_and_timed_out_authentication_clear_the_server)
{
    for (uint32_t type = 9; type <= 10; type++) {
        register_alice();
        cr_assert_eq(sar(type, ALICE, ALICE_AOR, SERVER), 2001);
        cr_assert_eq(user(2).server, 0);
    }
}

Test(hss_sar, registration_without_any_server_misses_its_uri)
{
    cr_assert_eq(sar(SIP_REGISTRATION, ALICE, ALICE_AOR, NULL), 5005);
    cr_assert_eq(failed_avp(), SIP_SERVER_URI);
}

Test(hss_sar, of_an_unknown_type_is_5004)
{
    cr_assert_eq(sar(12, ALICE, ALICE_AOR, SERVER), 5004);
    cr_assert_eq(failed_avp(), SIP_SERVER_ASSIGNMENT_TYPE);
}

TestSuite(hss_lir, .init = play_start, .fini = play_stop);

Test(hss_lir, names_the_server_that_serves_the_user)
{
    register_alice();
    cr_assert_eq(lir(ALICE_AOR), 2001);
    cr_assert(has_text(0, SIP_SERVER_URI, SERVER));
}

Test(hss_lir, of_an_even_user_without_a_server_is_2005_with_capabilities)
{
    cr_assert_eq(lir(ALICE_AOR), 2005);
    cr_assert(has(0, SIP_SERVER_CAPABILITIES));
    cr_assert_not(has(0, SIP_SERVER_URI));
}

Test(hss_lir, of_an_odd_user_without_a_server_is_5034)
{
    cr_assert_eq(lir(BOB_AOR), 5034);
    cr_assert_not(has(0, SIP_SERVER_CAPABILITIES));
}

Test(hss_lir, of_an_unknown_user_is_5032)
{
    cr_assert_eq(lir("sip:user100@example.net"), 5032);
    cr_assert_eq(lir("tel:+12015550123"), 5032);
}

Test(hss_lir, all_are_known_at_the_realms_server_where_they_start_registered)
{
    play_stop();
    play_start_with((struct hss_policy){0}, true);
    cr_assert_eq(lir(BOB_AOR), 2001);
    cr_assert(has_text(0, SIP_SERVER_URI, "sip:server.example.net"));
    cr_assert_eq(hss_users_registered(&play.hss.users), 100);
}

TestSuite(hss_str, .init = play_start, .fini = play_stop);

Test(hss_str, ends_any_session)
{
    sip_begin(SIP_STR);
    put32(0, SIP_TERMINATION_CAUSE, 1);
    cr_assert_eq(ask(), 2001);
}

Test(hss_str, ends_the_registration_of_whom_it_names)
{
    sar(SIP_REGISTRATION, ALICE, ALICE_AOR, SERVER);
    sip_begin(SIP_STR);
    put32(0, SIP_TERMINATION_CAUSE, 1);
    put(0, DM_AVP_USER_NAME, ALICE);
    cr_assert_eq(ask(), 2001);
    cr_assert_eq(uar(ALICE, ALICE_AOR, SIP_AUTHORIZE_DEREGISTRATION), 5034);
}

static unsigned changes;

static void count_change(void *context, uint32_t index)
{
    cr_assert_eq(*(uint32_t *)context, index);
    changes++;
}

Test(hss_sar, a_change_is_told_once_and_a_repetition_not_at_all)
{
    uint32_t alice = 2;
    play.hss.on_change = count_change;
    play.hss.change_context = &alice;
    register_alice();
    register_alice();
    cr_assert_eq(changes, 1);
    sar(SIP_USER_DEREGISTRATION, ALICE, NULL, NULL);
    cr_assert_eq(changes, 2);
}
