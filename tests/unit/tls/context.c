/* What a context says of its files. SEC-07, SEC-08. */
#include "tests/unit/tls/pair.h"

TestSuite(context, .init = make_certificates, .fini = remove_certificates);

/* Why these options make no context. */
static const char *complaint(const struct tls_options *options)
{
    static char why[TLS_WHY_SIZE];
    cr_assert_null(tls_context_new(options, why));
    return why;
}

static const char *expected(const char *path, const char *text)
{
    static char line[TLS_WHY_SIZE];
    (void)snprintf(line, sizeof line, "%s: %s", path, text);
    return line;
}

Test(context, a_file_that_is_not_there_is_named)
{
    struct tls_options options = options_of("agent");
    options.certificate = certificates_path(&certificates, "nobody.pem");
    cr_assert_str_eq(complaint(&options),
                     expected(options.certificate, "cannot be read: No such file or directory"));
}

Test(context, a_certificate_file_without_a_certificate_is_named)
{
    struct tls_options options = options_of("agent");
    options.certificate = options.private_key;
    cr_assert_str_eq(complaint(&options),
                     expected(options.certificate, "there is no PEM certificate in it"));
}

Test(context, a_broken_certificate_is_named)
{
    struct tls_options options = options_of("agent");
    certificates_write(&certificates, "broken.pem",
                       "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    options.certificate = certificates_path(&certificates, "broken.pem");
    const char *said = complaint(&options);
    cr_assert(strstr(said, "broken.pem: not a PEM certificate: "), "%s", said);
}

Test(context, a_key_of_another_certificate_is_named_with_both_files)
{
    struct tls_options options = options_of("agent");
    char text[512];
    options.private_key = certificates_path(&certificates, "peer.key");
    (void)snprintf(text, sizeof text, "does not belong to the certificate in %s",
                   options.certificate);
    cr_assert_str_eq(complaint(&options), expected(options.private_key, text));
}

Test(context, a_key_file_without_a_key_is_named)
{
    struct tls_options options = options_of("agent");
    options.private_key = options.certificate;
    cr_assert_str_eq(complaint(&options),
                     expected(options.private_key, "there is no PEM private key in it"));
}

Test(context, an_encrypted_key_is_named_and_nobody_is_asked)
{
    struct tls_options options = options_of("agent");
    options.private_key = certificates_path(&certificates, "encrypted.key");
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = fopen(options.private_key, "w");
    cr_assert(PEM_write_PKCS8PrivateKey(file, key, EVP_aes_128_cbc(), "word", 4, NULL, NULL));
    (void)fclose(file);
    EVP_PKEY_free(key);
    cr_assert_str_eq(complaint(&options),
                     expected(options.private_key, "it is encrypted, and there is nobody to ask"));
}

Test(context, a_missing_ca_file_is_named)
{
    struct tls_options options = options_of("agent");
    options.ca = certificates_path(&certificates, "nobody.pem");
    cr_assert_str_eq(complaint(&options),
                     expected(options.ca, "cannot be read: No such file or directory"));
}

Test(context, a_ca_file_without_a_certificate_is_named)
{
    struct tls_options options = options_of("agent");
    certificates_write(&certificates, "empty.pem", "");
    options.ca = certificates_path(&certificates, "empty.pem");
    cr_assert_str_eq(complaint(&options),
                     expected(options.ca, "there is no PEM certificate in it"));
}

Test(context, a_crl_file_without_a_list_is_named)
{
    struct tls_options options = options_of("agent");
    options.crl = options.ca;
    cr_assert_str_eq(complaint(&options),
                     expected(options.crl, "there is no PEM revocation list in it"));
}

Test(context, SEC_08_a_weak_key_is_refused)
{
    struct tls_options options = options_of("agent");
    certificates_write(&certificates, "weak.cnf", "");
    X509 *certificate = X509_new();
    EVP_PKEY *key = EVP_RSA_gen(1024);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    cr_assert(X509_sign(certificate, key, EVP_sha256()));
    options.certificate = certificates_path(&certificates, "weak.pem");
    FILE *file = fopen(options.certificate, "w");
    cr_assert(PEM_write_X509(file, certificate));
    (void)fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
    cr_assert_str_eq(complaint(&options),
                     expected(options.certificate, "certificate refused: ee key too small"));
}

Test(context, SEC_06_each_file_says_when_it_ends)
{
    struct tls_options options = options_of("agent");
    const struct tls_file *files;
    int64_t now = time(NULL);
    certificates_make(&certificates,
                      &(struct certificate){.name = "agent", .issuer = "ca", .until = 7200});
    certificates_revoke(&certificates, "ca", NULL, 3600);
    options.crl = certificates_path(&certificates, "ca.crl");
    struct tls_context *context = context_with(&options);
    cr_assert_eq(tls_context_files(context, &files), 3);
    cr_assert_str_eq(files[0].path, options.certificate);
    cr_assert_leq(labs(files[0].expires - now - 7200), 5);
    cr_assert_str_eq(files[1].path, options.ca);
    cr_assert_leq(labs(files[1].expires - now - 86400), 5);
    cr_assert_str_eq(files[2].path, options.crl);
    cr_assert_leq(labs(files[2].expires - now - 3600), 5);
    tls_context_unref(context);
}

Test(context, it_outlives_its_maker_while_a_session_holds_it)
{
    struct pair pair = open_pair(); /* which has let go of both */
    cr_assert_eq(say(pair.client, "still here"), 10);
    carry(pair.client, pair.server);
    cr_assert_str_eq(heard(pair.server), "still here");
    pair_free(&pair);
}

Test(context, a_client_may_be_without_a_certificate)
{
    struct tls_options options = {.ca = certificates_path(&certificates, "ca.pem"),
                                  .minimum_version = TLS_VERSION_1_2};
    tls_context_unref(context_with(&options));
}
