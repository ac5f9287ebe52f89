/* hss_cx.c — the same rules in the words of 29.229. */
#include "hss_play.h"

#define IMPI  "user2@example.net"
#define IMPU  "sip:user2@example.net"
#define SCSCF "sip:scscf.example.com:6060"

static void cx_uar(const char *impi, const char *impu, int type)
{
    cx_begin(CX_UAR);
    put(0, DM_AVP_USER_NAME, impi);
    put(CX, CX_PUBLIC_IDENTITY, impu);
    put(CX, CX_VISITED_NETWORK_IDENTIFIER, "example.net");
    if (type >= 0)
        put32(CX, CX_USER_AUTHORIZATION_TYPE, (uint32_t)type);
}

static void cx_lir(const char *impu)
{
    cx_begin(CX_LIR);
    put(CX, CX_PUBLIC_IDENTITY, impu);
}

static void cx_sar(uint32_t type, const char *impi)
{
    cx_begin(CX_SAR);
    put(CX, CX_PUBLIC_IDENTITY, IMPU);
    put(CX, CX_SERVER_NAME, SCSCF);
    if (impi)
        put(0, DM_AVP_USER_NAME, impi);
    put32(CX, CX_SERVER_ASSIGNMENT_TYPE, type);
    put32(CX, CX_USER_DATA_ALREADY_AVAILABLE, 0);
}

static void cx_mar(const char *scheme)
{
    cx_begin(CX_MAR);
    put(0, DM_AVP_USER_NAME, IMPI);
    put(CX, CX_PUBLIC_IDENTITY, IMPU);
    put32(CX, CX_NUMBER_AUTH_ITEMS, 1);
    size_t item = dm_write_group(&play.out, CX, CX_AUTH_DATA_ITEM, DM_AVP_MANDATORY);
    put(CX, CX_AUTHENTICATION_SCHEME, scheme);
    dm_write_group_end(&play.out, item);
    put(CX, CX_SERVER_NAME, SCSCF);
}

static size_t item_size(uint32_t code)
{
    const uint32_t path[] = {CX_AUTH_DATA_ITEM, code, 0};
    return inside(CX, path).size;
}

TestSuite(hss_cx, .init = play_start, .fini = play_stop);

Test(hss_cx, answers_name_the_application_of_3gpp_and_no_session_state)
{
    const uint32_t wanted[] = {263, 260, 277, 264, 296, 297};
    struct dm_avp avp;
    cx_uar(IMPI, IMPU, -1);
    ask();
    struct dm_avps walk = dm_avps_of(play.got);
    for (size_t i = 0; i < 6; i++) {
        cr_assert(dm_avps_next(&walk, &avp));
        cr_assert_eq(avp.code, wanted[i]);
    }
}

Test(hss_cx, initial_registration_goes_2001_2001_2002_2001)
{
    cx_uar(IMPI, IMPU, 0);
    cr_assert_eq(ask_experimental(), 2001);
    cr_assert(has(CX, CX_SERVER_CAPABILITIES));
    cx_mar("SIP Digest");
    cr_assert_eq(ask(), 2001);
    cx_uar(IMPI, IMPU, 0);
    cr_assert_eq(ask_experimental(), 2002);
    cr_assert(has_text(CX, CX_SERVER_NAME, SCSCF));
    cx_sar(SIP_REGISTRATION, IMPI);
    cr_assert_eq(ask(), 2001);
    cr_assert(has(CX, CX_USER_DATA));
    cr_assert(has(CX, CX_CHARGING_INFORMATION));
    cr_assert(has(CX, CX_ASSOCIATED_IDENTITIES));
    cr_assert(has_text(0, DM_AVP_USER_NAME, IMPI));
}

Test(hss_cx, uar_of_an_unknown_user_is_5001_and_of_another_5002)
{
    cx_uar("nobody@example.net", IMPU, -1);
    cr_assert_eq(ask_experimental(), 5001);
    cx_uar("user3@example.net", IMPU, -1);
    cr_assert_eq(ask_experimental(), 5002);
}

Test(hss_cx, uar_for_deregistration_of_who_is_not_registered_is_5003)
{
    cx_uar(IMPI, IMPU, SIP_AUTHORIZE_DEREGISTRATION);
    cr_assert_eq(ask_experimental(), 5003);
}

Test(hss_cx, lir_follows_the_registration)
{
    cx_lir(IMPU);
    cr_assert_eq(ask_experimental(), 2003);
    cx_sar(SIP_REGISTRATION, IMPI);
    ask();
    cx_lir(IMPU);
    cr_assert_eq(ask(), 2001);
    cr_assert(has_text(CX, CX_SERVER_NAME, SCSCF));
    cx_lir("sip:user3@example.net");
    cr_assert_eq(ask_experimental(), 5003);
    cx_lir("sip:nobody@example.net");
    cr_assert_eq(ask_experimental(), 5001);
}

Test(hss_cx, sar_that_cannot_keep_the_server_name_is_2004)
{
    cx_sar(SIP_USER_DEREGISTRATION_STORE, IMPI);
    cr_assert_eq(ask_experimental(), 2004);
}

Test(hss_cx, sar_for_unregistered_services_needs_no_user_name)
{
    cx_sar(SIP_UNREGISTERED_USER, NULL);
    cr_assert_eq(ask(), 2001);
    cr_assert(has_text(0, DM_AVP_USER_NAME, IMPI));
}

Test(hss_cx, sar_without_server_name_is_5005)
{
    cx_begin(CX_SAR);
    put(CX, CX_PUBLIC_IDENTITY, IMPU);
    put32(CX, CX_SERVER_ASSIGNMENT_TYPE, 1);
    put32(CX, CX_USER_DATA_ALREADY_AVAILABLE, 0);
    cr_assert_eq(ask(), 5005);
    cr_assert_eq(failed_avp(), CX_SERVER_NAME);
}

Test(hss_cx, mar_for_sip_digest_brings_realm_algorithm_qop_and_h_a1)
{
    const uint32_t codes[] = {DIGEST_REALM, DIGEST_ALGORITHM, DIGEST_QOP, DIGEST_HA1};
    const size_t sizes[] = {11, 3, 4, 32};
    cx_mar("SIP Digest");
    cr_assert_eq(ask(), 2001);
    for (size_t i = 0; i < 4; i++) {
        const uint32_t path[] = {CX_AUTH_DATA_ITEM, CX_DIGEST_AUTHENTICATE, codes[i], 0};
        cr_assert_eq(inside(CX, path).size, sizes[i]);
    }
    cr_assert(has_text(0, DM_AVP_USER_NAME, IMPI));
    cr_assert(has_text(CX, CX_PUBLIC_IDENTITY, IMPU));
}

Test(hss_cx, mar_for_aka_brings_a_vector)
{
    cx_mar("Digest-AKAv1-MD5");
    cr_assert_eq(ask(), 2001);
    cr_assert_eq(item_size(CX_AUTHENTICATE), 32);
    cr_assert_eq(item_size(CX_AUTHORIZATION), 8);
    cr_assert_eq(item_size(CX_CONFIDENTIALITY_KEY), 16);
    cr_assert_eq(item_size(CX_INTEGRITY_KEY), 16);
}

Test(hss_cx, mar_for_another_scheme_is_5006)
{
    cx_mar("Early-IMS-Security");
    cr_assert_eq(ask_experimental(), 5006);
}

Test(hss_cx, avps_of_rfc_4740_do_not_count_in_cx)
{
    cx_begin(CX_LIR);
    put(0, SIP_AOR, IMPU);
    cr_assert_eq(ask(), 5005);
    cr_assert_eq(failed_avp(), CX_PUBLIC_IDENTITY);
}

Test(hss_cx, without_vendor_specific_application_id_is_5005)
{
    begin_flags(CX_APPLICATION, CX_LIR, DM_FLAG_REQUEST);
    put(0, DM_AVP_SESSION_ID, "s");
    put_routing();
    put(CX, CX_PUBLIC_IDENTITY, IMPU);
    cr_assert_eq(ask(), 5005);
    cr_assert_eq(failed_avp(), DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID);
}
