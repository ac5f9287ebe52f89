/* digest.c — the vectors of RFC 2617 §3.5, and those of our own users by md5sum(1). */
#include <criterion/criterion.h>

#include "bench/digest.h"

static struct digest digest;

static void make(void)
{
    cr_assert(digest_init(&digest));
}

static void unmake(void)
{
    digest_fini(&digest);
}

TestSuite(digest, .init = make, .fini = unmake);

static void assert_hex(const char got[DIGEST_HEX], const char *wanted)
{
    char text[DIGEST_HEX + 1] = {0};
    memcpy(text, got, DIGEST_HEX);
    cr_assert_str_eq(text, wanted);
}

static void mufasa(char ha1[DIGEST_HEX])
{
    digest_ha1(&digest, dm_text("Mufasa"), dm_text("testrealm@host.com"), dm_text("Circle Of Life"),
               ha1);
}

Test(digest, ha1_of_the_example_of_rfc_2617)
{
    char ha1[DIGEST_HEX];
    mufasa(ha1);
    assert_hex(ha1, "939e7578ed9e3c518a452acee763bce9");
}

Test(digest, ha2_is_method_and_uri)
{
    char ha2[DIGEST_HEX];
    digest_ha2(&digest, dm_text("GET"), dm_text("/dir/index.html"), ha2);
    assert_hex(ha2, "39aff3a2bab6126f332b942af96d3366");
}

Test(digest, response_of_the_example_of_rfc_2617)
{
    char ha1[DIGEST_HEX], ha2[DIGEST_HEX], response[DIGEST_HEX];
    const struct digest_credentials credentials = {
        .nonce = dm_text("dcd98b7102dd2f0e8b11d0f600bfb0c093"),
        .nonce_count = dm_text("00000001"),
        .cnonce = dm_text("0a4f113b"),
        .qop = dm_text("auth"),
    };
    mufasa(ha1);
    digest_ha2(&digest, dm_text("GET"), dm_text("/dir/index.html"), ha2);
    digest_response(&digest, ha1, &credentials, ha2, response);
    assert_hex(response, "6629fae49393a05397450978507c4ef1");
}

Test(digest, response_without_qop_is_that_of_rfc_2069)
{
    char ha1[DIGEST_HEX], ha2[DIGEST_HEX], response[DIGEST_HEX];
    const struct digest_credentials credentials = {
        .nonce = dm_text("dcd98b7102dd2f0e8b11d0f600bfb0c093")};
    mufasa(ha1);
    digest_ha2(&digest, dm_text("GET"), dm_text("/dir/index.html"), ha2);
    digest_response(&digest, ha1, &credentials, ha2, response);
    assert_hex(response, "670fd8c2df070c60b045671b8b24ff02");
}

Test(digest, is_the_same_when_the_machine_is_used_again)
{
    char first[DIGEST_HEX], other[DIGEST_HEX], again[DIGEST_HEX];
    mufasa(first);
    digest_ha2(&digest, dm_text("REGISTER"), dm_text("sip:example.net"), other);
    mufasa(again);
    cr_assert_arr_eq(first, again, DIGEST_HEX);
}
