/* conf_admit.c — which row of `peers` admits whom, and from where. */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "agent/conf/conf.h"
#include "agent/conf/endpoint.h"

enum { EXACT, BELOW_SIP, BELOW, FROM_TEN, ANY };

static const char text[] =
    "version: 1\n"
    "identity: dra1.example.net\n"
    "realm: example.net\n"
    "listen:\n"
    "  - { transport: tcp, address: 127.0.0.1 }\n"
    "  - { transport: tcp, address: 10.0.0.1 }\n"
    "routes: []\n"
    "peers:\n"
    "  - { identity: ps1.sip.example.net }\n"
    "  - { identity: \"*.sip.example.net\" }\n"
    "  - { identity: \"*.example.net\" }\n"
    "  - { identity: ten.example.org, from: [10.0.0.0/9, \"fd00:1::/33\"] }\n";

static struct conf *load(const char *more)
{
    char whole[1024];
    int size = snprintf(whole, sizeof whole, "%s%s", text, more);
    struct conf *conf = conf_load_octets("F", whole, (size_t)size, stderr);
    cr_assert_not_null(conf);
    return conf;
}

static int row_of(const char *more, const char *identity, const char *from)
{
    struct conf *conf = load(more);
    union conf_socket source;
    cr_assert(from == NULL || conf_parse_address(from, &source));
    int row = conf_peer_for(conf, dm_text(identity), from ? &source : NULL);
    conf_free(conf);
    return row;
}

Test(conf_admit, the_exact_row_comes_first)
{
    cr_assert_eq(row_of("", "ps1.sip.example.net", NULL), EXACT);
    cr_assert_eq(row_of("", "PS1.Sip.Example.NET", NULL), EXACT);
}

Test(conf_admit, then_the_longest_suffix)
{
    cr_assert_eq(row_of("", "ps2.sip.example.net", NULL), BELOW_SIP);
    cr_assert_eq(row_of("", "a.ps2.sip.example.net", NULL), BELOW_SIP);
    cr_assert_eq(row_of("", "sip.example.net", NULL), BELOW);
}

Test(conf_admit, then_the_star)
{
    cr_assert_eq(row_of("  - { identity: \"*\" }\n", "example.net", NULL), ANY);
    cr_assert_eq(row_of("  - { identity: \"*\" }\n", "single", NULL), ANY);
}

Test(conf_admit, a_pattern_is_for_names_below_it)
{
    cr_assert_eq(row_of("", "example.net", NULL), -1);
    cr_assert_eq(row_of("", "badexample.net", NULL), -1);
}

Test(conf_admit, a_name_that_is_none_is_nobody)
{
    cr_assert_eq(row_of("  - { identity: \"*\" }\n", "a b", NULL), -1);
    cr_assert_eq(row_of("  - { identity: \"*\" }\n", "", NULL), -1);
    cr_assert_eq(row_of("", "*.example.net", NULL), -1);
}

Test(conf_admit, a_source_must_be_in_one_of_the_rows_networks)
{
    cr_assert_eq(row_of("", "ten.example.org", "10.127.0.1"), FROM_TEN);
    cr_assert_eq(row_of("", "ten.example.org", "::ffff:10.127.0.1"), FROM_TEN);
    cr_assert_eq(row_of("", "ten.example.org", "10.128.0.1"), -2);
    cr_assert_eq(row_of("", "ten.example.org", "fd00:1:7fff::1"), FROM_TEN);
    cr_assert_eq(row_of("", "ten.example.org", "fd00:1:8000::1"), -2);
}

Test(conf_admit, where_the_row_of_a_name_does_not_take_the_source_no_wider_one_is_asked)
{
    cr_assert_eq(row_of("  - { identity: \"*\" }\n", "ten.example.org", "192.0.2.1"), -2);
    cr_assert_eq(
        row_of("  - { identity: \"*\", from: [\"::1\"] }\n", "ten.example.org", "192.0.2.1"), -2);
}

Test(conf_admit, tcp_beyond_loopback_is_counted)
{
    struct conf *conf =
        load("  - { identity: h1, connect: { transport: tcp, address: \"::1\" } }\n"
             "  - { identity: h2, connect: { transport: tcp, address: \"::2\" } }\n");
    cr_assert_eq(conf_cleartext_beyond_loopback(conf), 2);
    conf_free(conf);
}
