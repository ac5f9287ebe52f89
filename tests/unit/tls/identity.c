/* For whom a certificate speaks. SEC-05. */
#include "tests/unit/tls/pair.h"

TestSuite(identity, .init = make_certificates, .fini = remove_certificates);

/* What the server makes of a client whose certificate has these dNSNames, and of its claim. */
static enum tls_proof proof(const char *dns, const char *claim)
{
    certificates_make(&certificates,
                      &(struct certificate){.name = "peer", .issuer = "ca", .dns = dns});
    struct pair pair = open_pair();
    enum tls_proof found = tls_session_speaks_for(pair.server, claim, strlen(claim));
    pair_free(&pair);
    return found;
}

Test(identity, SEC_05_its_dNSName)
{
    cr_assert_eq(proof("c1.example.net", "c1.example.net"), TLS_PROVES);
}

Test(identity, SEC_05_any_of_several)
{
    cr_assert_eq(proof("a.example.net,c1.example.net,b.example.net", "c1.example.net"), TLS_PROVES);
}

Test(identity, SEC_05_in_any_case)
{
    cr_assert_eq(proof("C1.Example.net", "c1.eXAMPLE.NET"), TLS_PROVES);
}

Test(identity, SEC_05_case_is_of_letters_only)
{
    cr_assert_eq(proof("c1[.example.net", "c1{.example.net"), TLS_DENIES);
}

Test(identity, SEC_05_nobody_else)
{
    cr_assert_eq(proof("x.example.net", "c1.example.net"), TLS_DENIES);
}

Test(identity, SEC_05_no_beginning_and_no_end_of_a_name)
{
    cr_assert_eq(proof("c1.example.net", "c1.example.ne"), TLS_DENIES);
    cr_assert_eq(proof("c1.example.net", "1.example.net"), TLS_DENIES);
    cr_assert_eq(proof("example.net", "c1.example.net"), TLS_DENIES);
}

Test(identity, SEC_05_no_wildcard)
{
    cr_assert_eq(proof("*.example.net", "c1.example.net"), TLS_DENIES);
}

Test(identity, SEC_05_no_common_name)
{
    cr_assert_eq(proof(NULL, "peer"), TLS_DENIES);
}

Test(identity, SEC_05_the_claim_need_not_end_in_NUL)
{
    struct pair pair = open_pair();
    cr_assert_eq(tls_session_speaks_for(pair.server, "peer.example.net.org", 16), TLS_PROVES);
    cr_assert_eq(tls_session_speaks_for(pair.server, "", 0), TLS_DENIES);
    cr_assert_eq(tls_session_speaks_for(pair.client, "agent.example.net", 17), TLS_PROVES);
    pair_free(&pair);
}

Test(identity, SEC_05_without_a_certificate_there_is_no_word)
{
    struct tls_options server = options_of("agent");
    struct tls_options client = server;
    client.certificate = client.private_key = NULL;
    server.verify = TLS_VERIFY_OPTIONAL;
    struct tls_context *one = context_with(&client);
    struct tls_context *two = context_with(&server);
    struct pair pair = pair_of(one, two);
    shake(&pair);
    cr_assert_eq(tls_session_speaks_for(pair.server, "peer.example.net", 16), TLS_SILENT);
    pair_free(&pair);
    tls_context_unref(one);
    tls_context_unref(two);
}
