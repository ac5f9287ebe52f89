/* Who is refused in the handshake, and the reason that is counted. SEC-03, SEC-04, SEC-07, SEC-08.
 */
#include "tests/unit/tls/pair.h"

TestSuite(refusal, .init = make_certificates, .fini = remove_certificates);

/* The reason for which a server of "agent" refuses a client with these options. */
static struct pair refused_client(const struct tls_options *client_options,
                                  const struct tls_options *server_options)
{
    struct tls_context *client = context_with(client_options);
    struct tls_context *server = context_with(server_options);
    struct pair pair = pair_of(client, server);
    tls_context_unref(client);
    tls_context_unref(server);
    shake(&pair);
    cr_assert_eq(tls_session_state(pair.server), TLS_FAILED);
    return pair;
}

static void assert_refused(const char *client, const struct tls_options *server,
                           enum tls_reason reason, const char *why)
{
    struct tls_options options = options_of(client);
    struct pair pair = refused_client(&options, server);
    cr_assert_str_eq(tls_session_why(pair.server), why);
    cr_assert_eq(tls_session_reason(pair.server), reason);
    pair_free(&pair);
}

Test(refusal, SEC_04_a_client_without_a_certificate)
{
    struct tls_options server = options_of("agent");
    struct tls_options client = server;
    client.certificate = client.private_key = NULL;
    struct pair pair = refused_client(&client, &server);
    cr_assert_eq(tls_session_reason(pair.server), TLS_REASON_NO_CERTIFICATE);
    cr_assert_str_eq(tls_session_why(pair.server),
                     "it shows no certificate (peer did not return a certificate)");
    (void)heard(pair.client);
    cr_assert_eq(tls_session_reason(pair.client), TLS_REASON_ALERT);
    pair_free(&pair);
}

Test(refusal, SEC_07_a_client_of_another_authority)
{
    struct tls_options server = options_of("agent");
    certificates_make(&certificates, &(struct certificate){.name = "other", .is_authority = 1});
    certificates_make(&certificates, &(struct certificate){.name = "stranger", .issuer = "other"});
    assert_refused("stranger", &server, TLS_REASON_UNTRUSTED,
                   "its certificate is of nobody we trust (CN=stranger)");
}

Test(refusal, SEC_07_a_client_that_signed_itself)
{
    struct tls_options server = options_of("agent");
    certificates_make(&certificates, &(struct certificate){.name = "myself"});
    assert_refused("myself", &server, TLS_REASON_UNTRUSTED,
                   "its certificate is of nobody we trust (CN=myself)");
}

Test(refusal, SEC_04_an_expired_client)
{
    struct tls_options server = options_of("agent");
    certificates_make(&certificates, &(struct certificate){
                                         .name = "late", .issuer = "ca", .from = -9, .until = -5});
    assert_refused("late", &server, TLS_REASON_EXPIRED,
                   "its certificate is not of this time (CN=late)");
}

Test(refusal, SEC_04_a_client_of_tomorrow)
{
    struct tls_options server = options_of("agent");
    certificates_make(&certificates,
                      &(struct certificate){.name = "early", .issuer = "ca", .from = 3600});
    assert_refused("early", &server, TLS_REASON_EXPIRED,
                   "its certificate is not of this time (CN=early)");
}

Test(refusal, SEC_07_a_revoked_client)
{
    struct tls_options server = options_of("agent");
    certificates_revoke(&certificates, "ca", "peer", 3600);
    server.crl = certificates_path(&certificates, "ca.crl");
    assert_refused("peer", &server, TLS_REASON_REVOKED, "its certificate is revoked (CN=peer)");
}

Test(refusal, SEC_07_nobody_passes_a_list_that_is_too_old)
{
    struct tls_options server = options_of("agent");
    certificates_revoke(&certificates, "ca", NULL, -60);
    server.crl = certificates_path(&certificates, "ca.crl");
    assert_refused("peer", &server, TLS_REASON_CERTIFICATE,
                   "its certificate does not bear examination (CN=peer)");
}

Test(refusal, SEC_07_a_list_lets_the_others_pass)
{
    struct tls_options server = options_of("agent");
    certificates_make(&certificates, &(struct certificate){.name = "other", .issuer = "ca"});
    certificates_revoke(&certificates, "ca", "other", 3600);
    server.crl = certificates_path(&certificates, "ca.crl");
    struct tls_context *one = context_of("peer");
    struct tls_context *two = context_with(&server);
    struct pair pair = pair_of(one, two);
    shake(&pair);
    cr_assert_eq(tls_session_state(pair.server), TLS_OPEN);
    pair_free(&pair);
    tls_context_unref(one);
    tls_context_unref(two);
}

Test(refusal, SEC_04_the_dialling_side_examines_the_server)
{
    certificates_make(&certificates, &(struct certificate){.name = "other", .is_authority = 1});
    certificates_make(&certificates, &(struct certificate){.name = "stranger", .issuer = "other"});
    struct tls_context *client = context_of("peer");
    struct tls_context *server = context_of("stranger");
    struct pair pair = pair_of(client, server);
    shake(&pair);
    cr_assert_eq(tls_session_reason(pair.client), TLS_REASON_UNTRUSTED);
    cr_assert_eq(tls_session_reason(pair.server), TLS_REASON_ALERT);
    pair_free(&pair);
    tls_context_unref(client);
    tls_context_unref(server);
}

/* --- foreigners --- */

static enum tls_reason reason_against(struct foreigner *it, int (*how)(SSL *), enum tls_side side,
                                      const struct tls_options *options)
{
    struct tls_context *context = context_with(options);
    struct tls_session *session = tls_session_new(context, side, NULL);
    foreigner_begin(it);
    foreigner_meets(it, session, how);
    enum tls_reason reason = tls_session_reason(session);
    tls_session_free(session);
    tls_context_unref(context);
    return reason;
}

static void assert_version(int version, const struct tls_options *options, enum tls_reason reason)
{
    struct foreigner it = foreigner_of(TLS_client_method(), "peer");
    SSL_CTX_set_max_proto_version(it.ctx, version);
    SSL_CTX_set_cipher_list(it.ctx, "ALL:@SECLEVEL=0");
    cr_assert_eq(reason_against(&it, SSL_connect, TLS_SERVER, options), reason);
    foreigner_end(&it);
}

Test(refusal, SEC_08_clients_of_TLS_1_0_and_1_1)
{
    struct tls_options options = options_of("agent");
    assert_version(TLS1_VERSION, &options, TLS_REASON_VERSION);
    assert_version(TLS1_1_VERSION, &options, TLS_REASON_VERSION);
    assert_version(TLS1_2_VERSION, &options, TLS_REASON_NONE);
}

Test(refusal, SEC_08_a_client_of_TLS_1_2_where_1_3_is_the_least)
{
    struct tls_options options = options_of("agent");
    options.minimum_version = TLS_VERSION_1_3;
    assert_version(TLS1_2_VERSION, &options, TLS_REASON_VERSION);
    assert_version(TLS1_3_VERSION, &options, TLS_REASON_NONE);
}

Test(refusal, SEC_08_a_server_of_TLS_1_1)
{
    struct tls_options options = options_of("peer");
    struct foreigner it = foreigner_of(TLS_server_method(), "agent");
    SSL_CTX_set_max_proto_version(it.ctx, TLS1_1_VERSION);
    SSL_CTX_set_cipher_list(it.ctx, "ALL:@SECLEVEL=0");
    cr_assert_eq(reason_against(&it, SSL_accept, TLS_CLIENT, &options), TLS_REASON_VERSION);
    foreigner_end(&it);
}

Test(refusal, SEC_08_ciphers_that_are_no_AEAD_or_keep_no_secret)
{
    static const char *const ciphers[] = {
        "ECDHE-ECDSA-AES128-SHA",    "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-NULL-SHA",
        "DHE-RSA-AES128-GCM-SHA256", "AES128-GCM-SHA256",         "ADH-AES128-GCM-SHA256",
    };
    struct tls_options options = options_of("agent");
    for (size_t i = 0; i < sizeof ciphers / sizeof *ciphers; i++) {
        struct foreigner it = foreigner_of(TLS_client_method(), "peer");
        SSL_CTX_set_max_proto_version(it.ctx, TLS1_2_VERSION);
        cr_assert(SSL_CTX_set_cipher_list(it.ctx, ciphers[i]), "%s", ciphers[i]);
        cr_assert_eq(reason_against(&it, SSL_connect, TLS_SERVER, &options), TLS_REASON_CIPHER,
                     "%s", ciphers[i]);
        foreigner_end(&it);
    }
}

Test(refusal, SEC_08_a_client_cannot_renegotiate)
{
    struct tls_context *context = context_of("agent");
    struct tls_session *session = tls_session_new(context, TLS_SERVER, NULL);
    struct foreigner it = foreigner_of(TLS_client_method(), "peer");
    char room[64];
    SSL_CTX_set_max_proto_version(it.ctx, TLS1_2_VERSION);
    foreigner_begin(&it);
    foreigner_meets(&it, session, SSL_connect);
    cr_assert_eq(tls_session_state(session), TLS_OPEN);
    cr_assert(SSL_renegotiate(it.ssl));
    (void)SSL_do_handshake(it.ssl);
    foreigner_says(&it, session);
    (void)tls_session_read(session, NULL, 0, room, sizeof room);
    foreigner_hears(&it, session);
    cr_assert_neq(SSL_do_handshake(it.ssl), 1);
    cr_assert_neq(SSL_get_error(it.ssl, -1), SSL_ERROR_WANT_READ); /* refused, not pending */
    foreigner_end(&it);
    tls_session_free(session);
    tls_context_unref(context);
}

static enum tls_reason reason_of_octets(const void *octets, size_t size)
{
    struct tls_context *context = context_of("agent");
    struct tls_session *session = tls_session_new(context, TLS_SERVER, NULL);
    cr_assert_not(tls_session_feed(session, octets, size));
    enum tls_reason reason = tls_session_reason(session);
    tls_session_free(session);
    tls_context_unref(context);
    return reason;
}

Test(refusal, SEC_03_a_clear_CER)
{
    static const uint8_t cer[] = {0x01, 0, 0, 0xc8, 0x80, 0, 1, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6};
    cr_assert_eq(reason_of_octets(cer, sizeof cer), TLS_REASON_PROTOCOL);
}

Test(refusal, SEC_03_another_protocol)
{
    cr_assert_eq(reason_of_octets("GET / HTTP/1.1\r\n\r\n", 18), TLS_REASON_PROTOCOL);
}

Test(refusal, SEC_04_optional_takes_a_client_without_a_certificate_and_no_wrong_one)
{
    struct tls_options server = options_of("agent");
    struct tls_options client = server;
    client.certificate = client.private_key = NULL;
    server.verify = TLS_VERIFY_OPTIONAL;
    struct tls_context *one = context_with(&client);
    struct tls_context *two = context_with(&server);
    struct pair pair = pair_of(one, two);
    shake(&pair);
    cr_assert_eq(tls_session_state(pair.server), TLS_OPEN);
    cr_assert_eq(tls_session_expires(pair.server), 0);
    pair_free(&pair);
    tls_context_unref(one);
    tls_context_unref(two);
    certificates_make(&certificates, &(struct certificate){.name = "myself"});
    assert_refused("myself", &server, TLS_REASON_UNTRUSTED,
                   "its certificate is of nobody we trust (CN=myself)");
}
