/* hss_mar.c — MAR of RFC 4740: challenges, the delegated final check, and the HSS's own. */
#include "bench/hss_auth.h"
#include "hss_play.h"

#define ALICE     "user2@example.net"
#define ALICE_AOR "sip:user2@example.net"
#define SERVER    "sip:sip2.example.com"
#define URI       "sip:example.net"

static const uint32_t authenticate[] = {SIP_AUTH_DATA_ITEM, SIP_AUTHENTICATE, 0};

static void begin_mar(const char *method, const char *user_name, const char *server)
{
    sip_begin(SIP_MAR);
    put(0, SIP_AOR, ALICE_AOR);
    put(0, SIP_METHOD, method);
    if (user_name)
        put(0, DM_AVP_USER_NAME, user_name);
    if (server)
        put(0, SIP_SERVER_URI, server);
}

static void put_scheme(uint32_t scheme)
{
    size_t item = dm_write_group(&play.out, 0, SIP_AUTH_DATA_ITEM, DM_AVP_MANDATORY);
    put32(0, SIP_AUTHENTICATION_SCHEME, scheme);
    dm_write_group_end(&play.out, item);
}

/* Of the challenge in the last answer. */
static dm_bytes challenged(uint32_t code)
{
    struct dm_avp avp;
    dm_bytes group = inside(0, authenticate);
    return group.at && dm_avp_find_in(group, 0, code, &avp) ? avp.data : (dm_bytes){0};
}

static void put_bytes(uint32_t code, dm_bytes value)
{
    dm_write_avp(&play.out, 0, code, DM_AVP_MANDATORY, value);
}

struct
try {
    const char *password, *username, *qop, *algorithm;
};

static const struct try good = {"secret2", ALICE, "auth", "MD5"};

static void put_credentials(struct try try, dm_bytes nonce)
{
    struct digest digest;
    char ha1[DIGEST_HEX], ha2[DIGEST_HEX], response[DIGEST_HEX];
    const struct digest_credentials credentials = {.nonce = nonce,
                                                   .nonce_count = dm_text("00000001"),
                                                   .cnonce = dm_text("0a4f113b"),
                                                   .qop = dm_text(try.qop)};
    cr_assert(digest_init(&digest));
    digest_ha1(&digest, dm_text(try.username), dm_text("example.net"), dm_text(try.password), ha1);
    digest_ha2(&digest, dm_text("REGISTER"), dm_text(URI), ha2);
    digest_response(&digest, ha1, &credentials, ha2, response);
    digest_fini(&digest);
    size_t item = dm_write_group(&play.out, 0, SIP_AUTH_DATA_ITEM, DM_AVP_MANDATORY);
    put32(0, SIP_AUTHENTICATION_SCHEME, 0);
    size_t group = dm_write_group(&play.out, 0, SIP_AUTHORIZATION, DM_AVP_MANDATORY);
    put(0, DIGEST_USERNAME, try.username);
    put(0, DIGEST_REALM, "example.net");
    put_bytes(DIGEST_NONCE, nonce);
    put(0, DIGEST_URI, URI);
    put_bytes(DIGEST_RESPONSE, dm_bytes_of(response, DIGEST_HEX));
    put(0, DIGEST_ALGORITHM, try.algorithm);
    put(0, DIGEST_CNONCE, "0a4f113b");
    put(0, DIGEST_QOP, try.qop);
    put(0, DIGEST_NONCE_COUNT, "00000001");
    put(0, DIGEST_METHOD, "REGISTER");
    dm_write_group_end(&play.out, group);
    dm_write_group_end(&play.out, item);
}

static void keep_nonce(char nonce[HSS_NONCE])
{
    dm_bytes given = challenged(DIGEST_NONCE);
    cr_assert_not_null(given.at);
    cr_assert_eq(given.size, HSS_NONCE);
    memcpy(nonce, given.at, HSS_NONCE);
}

/* Challenges, then answers the challenge. */
static uint32_t log_in(struct try try, const char *user_name, const char *server)
{
    char nonce[HSS_NONCE];
    begin_mar("REGISTER", user_name, server);
    ask();
    keep_nonce(nonce);
    begin_mar("REGISTER", user_name, server);
    put_credentials(try, dm_bytes_of(nonce, HSS_NONCE));
    return ask();
}

TestSuite(hss_mar, .init = play_start, .fini = play_stop);

Test(hss_mar, with_a_server_uri_delegates_the_final_check_with_h_a1)
{
    char ha1[DIGEST_HEX];
    begin_mar("REGISTER", NULL, SERVER);
    put_scheme(0);
    cr_assert_eq(ask(), 2001);
    digest_ha1(&play.worker.digest, dm_text(ALICE), dm_text("example.net"), dm_text("secret2"),
               ha1);
    cr_assert(dm_bytes_equal(challenged(DIGEST_HA1), dm_bytes_of(ha1, DIGEST_HEX)));
    cr_assert(dm_bytes_equal(challenged(DIGEST_REALM), dm_text("example.net")));
    cr_assert(dm_bytes_equal(challenged(DIGEST_ALGORITHM), dm_text("MD5")));
    cr_assert(dm_bytes_equal(challenged(DIGEST_QOP), dm_text("auth")));
    cr_assert_eq(challenged(DIGEST_NONCE).size, HSS_NONCE);
}

Test(hss_mar, repeats_user_name_and_aor)
{
    begin_mar("REGISTER", ALICE, SERVER);
    ask();
    cr_assert(has_text(0, DM_AVP_USER_NAME, ALICE));
    cr_assert(has_text(0, SIP_AOR, ALICE_AOR));
}

Test(hss_mar, makes_authentication_pending_until_the_sar)
{
    begin_mar("REGISTER", ALICE, SERVER);
    ask();
    cr_assert_neq(user(2).pending, 0);
    cr_assert_eq(user(2).server, 0);
    cr_assert_eq(sar(SIP_REGISTRATION, ALICE, ALICE_AOR, SERVER), 2001);
    cr_assert_eq(user(2).pending, 0);
    cr_assert_neq(user(2).server, 0);
}

Test(hss_mar, from_the_server_that_is_stored_already_leaves_nothing_pending)
{
    sar(SIP_REGISTRATION, ALICE, ALICE_AOR, SERVER);
    begin_mar("REGISTER", ALICE, "sip:other.example.com");
    ask();
    cr_assert_neq(user(2).pending, 0);
    begin_mar("REGISTER", ALICE, SERVER);
    ask();
    cr_assert_eq(user(2).pending, 0);
    cr_assert(user(2).registered);
}

Test(hss_mar, each_challenge_has_another_nonce)
{
    char nonce[HSS_NONCE];
    begin_mar("REGISTER", NULL, SERVER);
    ask();
    keep_nonce(nonce);
    begin_mar("REGISTER", NULL, SERVER);
    ask();
    cr_assert_arr_neq(nonce, challenged(DIGEST_NONCE).at, HSS_NONCE);
}

Test(hss_mar, without_a_server_uri_is_2008_and_keeps_h_a1)
{
    begin_mar("INVITE", NULL, NULL);
    cr_assert_eq(ask(), 2008);
    cr_assert_eq(challenged(DIGEST_NONCE).size, HSS_NONCE);
    cr_assert_eq(challenged(DIGEST_HA1).size, 0);
}

Test(hss_mar, that_the_hss_checks_itself_is_1001_and_keeps_h_a1)
{
    play_stop();
    play_start_with((struct hss_policy){.checks_itself = true}, false);
    begin_mar("REGISTER", NULL, SERVER);
    cr_assert_eq(ask(), 1001);
    cr_assert_eq(challenged(DIGEST_HA1).size, 0);
    cr_assert_neq(user(2).pending, 0);
}

Test(hss_mar, right_credentials_with_a_server_uri_are_2001)
{
    cr_assert_eq(log_in(good, ALICE, SERVER), 2001);
    cr_assert_neq(user(2).pending, 0);
}

Test(hss_mar, right_credentials_bring_the_proof_that_we_know_the_secret)
{
    const uint32_t path[] = {SIP_AUTH_DATA_ITEM, SIP_AUTHENTICATION_INFO, DIGEST_RESPONSE_AUTH, 0};
    log_in(good, ALICE, SERVER);
    cr_assert_eq(inside(0, path).size, DIGEST_HEX);
}

Test(hss_mar, right_credentials_without_a_server_uri_are_2006)
{
    cr_assert_eq(log_in(good, ALICE, NULL), 2006);
    cr_assert_eq(user(2).pending, 0);
}

Test(hss_mar, a_wrong_password_is_4001)
{
    cr_assert_eq(log_in((struct try){"secret3", ALICE, "auth", "MD5"}, ALICE, SERVER), 4001);
}

Test(hss_mar, the_digest_of_another_user_is_4001)
{
    struct try bob = {"secret3", "user3@example.net", "auth", "MD5"};
    cr_assert_eq(log_in(bob, ALICE, SERVER), 4001);
}

Test(hss_mar, a_quality_of_protection_that_was_not_offered_is_4001)
{
    cr_assert_eq(log_in((struct try){"secret2", ALICE, "auth-int", "MD5"}, ALICE, SERVER), 4001);
}

Test(hss_mar, another_algorithm_is_5037)
{
    cr_assert_eq(log_in((struct try){"secret2", ALICE, "auth", "SHA-256"}, ALICE, SERVER), 5037);
}

Test(hss_mar, a_nonce_that_is_not_ours_gets_a_fresh_challenge_marked_stale)
{
    begin_mar("REGISTER", ALICE, SERVER);
    put_credentials(good, dm_text("0123456789abcdef0123456789abcdef"));
    cr_assert_eq(ask(), 1001);
    cr_assert(dm_bytes_equal(challenged(DIGEST_STALE), dm_text("true")));
    cr_assert_eq(challenged(DIGEST_NONCE).size, HSS_NONCE);
}

Test(hss_mar, credentials_without_user_name_are_4013_with_a_challenge)
{
    cr_assert_eq(log_in(good, NULL, NULL), 4013);
    cr_assert_eq(challenged(DIGEST_NONCE).size, HSS_NONCE);
}

Test(hss_mar, credentials_that_lack_an_avp_are_5005)
{
    begin_mar("REGISTER", ALICE, SERVER);
    size_t item = dm_write_group(&play.out, 0, SIP_AUTH_DATA_ITEM, DM_AVP_MANDATORY);
    put32(0, SIP_AUTHENTICATION_SCHEME, 0);
    size_t group = dm_write_group(&play.out, 0, SIP_AUTHORIZATION, DM_AVP_MANDATORY);
    put(0, DIGEST_USERNAME, ALICE);
    put(0, DIGEST_REALM, "example.net");
    dm_write_group_end(&play.out, group);
    dm_write_group_end(&play.out, item);
    cr_assert_eq(ask(), 5005);
    cr_assert_eq(failed_avp(), DIGEST_NONCE);
}

Test(hss_mar, another_scheme_than_digest_is_5037)
{
    begin_mar("REGISTER", ALICE, SERVER);
    put_scheme(1);
    cr_assert_eq(ask(), 5037);
}

Test(hss_mar, an_unknown_user_is_5032)
{
    begin_mar("REGISTER", "nobody@example.net", SERVER);
    cr_assert_eq(ask(), 5032);
    begin_mar("INVITE", "nobody@example.net", NULL);
    cr_assert_eq(ask(), 5032);
}

Test(hss_mar, identities_must_match_for_register_only)
{
    begin_mar("REGISTER", "user3@example.net", SERVER);
    cr_assert_eq(ask(), 5033);
    begin_mar("INVITE", "user3@example.net", NULL);
    cr_assert_eq(ask(), 2008);
}

Test(hss_mar, without_sip_method_is_5005)
{
    sip_begin(SIP_MAR);
    put(0, SIP_AOR, ALICE_AOR);
    cr_assert_eq(ask(), 5005);
    cr_assert_eq(failed_avp(), SIP_METHOD);
}

Test(hss_nonce, is_known_again_and_no_other, .init = play_start, .fini = play_stop)
{
    char nonce[HSS_NONCE];
    hss_nonce_make(&play.worker, nonce);
    cr_assert(hss_nonce_is_ours(&play.hss, dm_bytes_of(nonce, HSS_NONCE)));
    nonce[31] ^= 1;
    cr_assert_not(hss_nonce_is_ours(&play.hss, dm_bytes_of(nonce, HSS_NONCE)));
    cr_assert_not(hss_nonce_is_ours(&play.hss, dm_text("short")));
}
