/* What a peer may send. SEC-10. */
#include "agent/screen.h"

#include <stdlib.h>

#include <criterion/criterion.h>

#define HEAD                                                                                       \
    "version: 1\nidentity: dra1.example.net\nrealm: example.net\nroutes: []\n"                     \
    "listen: [{ transport: tcp, address: 127.0.0.1 }]\npeers:\n"

enum { SIP = 6, CX = 16777216, UAR = 283, LIR = 285, CX_LIR = 302, S = 1000000000 };

static struct conf *conf_of(const char *peer)
{
    char text[1000];
    int size = snprintf(text, sizeof text, HEAD "  - { identity: gw.partner.example, %s }\n", peer);
    struct conf *conf = conf_load_octets("F", text, (size_t)size, stderr);
    cr_assert_not_null(conf);
    return conf;
}

struct asked {
    uint32_t application;
    uint32_t command;
    const char *host;
    const char *realm;
};

static const struct asked good = {SIP, LIR, "gw.partner.example", "partner.example"};

static enum dm_result look(const struct conf *conf, struct asked asked)
{
    enum dm_result result;
    struct rt_query query = {.header = {.application = asked.application, .command = asked.command},
                             .origin_host = dm_text(asked.host),
                             .origin_realm = dm_text(asked.realm)};
    enum screen_reason reason =
        screen_look(conf->peers[0].screen, dm_text("gw.partner.example"), &query, &result);
    cr_assert_eq(reason == SCREEN_ADMITTED, result == DM_OK);
    return result;
}

Test(screen, a_peer_of_which_nothing_is_said_has_none)
{
    struct conf *conf = conf_of("role: agent");
    cr_assert_null(conf->peers[0].screen);
    conf_free(conf);
}

Test(screen, SEC_10_an_application_that_is_not_the_peers_is_3007)
{
    struct conf *conf = conf_of("applications: [sip]");
    struct asked asked = good;
    cr_assert_eq(look(conf, asked), DM_OK);
    asked.application = CX;
    cr_assert_eq(look(conf, asked), DM_APPLICATION_UNSUPPORTED);
    conf_free(conf);
}

Test(screen, SEC_10_an_application_beyond_the_screen_is_5003)
{
    struct conf *conf = conf_of("applications: [sip, cx], screen: { applications: [sip] }");
    struct asked asked = good;
    cr_assert_eq(look(conf, asked), DM_OK);
    asked.application = CX;
    cr_assert_eq(look(conf, asked), DM_AUTHORIZATION_REJECTED);
    asked.application = 4;
    cr_assert_eq(look(conf, asked), DM_APPLICATION_UNSUPPORTED);
    conf_free(conf);
}

Test(screen, SEC_10_a_command_counts_in_the_applications_in_which_it_has_its_name)
{
    struct conf *conf = conf_of("applications: [sip, cx], screen: { commands: [LIR, 8388620] }");
    struct asked asked = good;
    cr_assert_eq(look(conf, asked), DM_OK);
    asked.command = UAR;
    cr_assert_eq(look(conf, asked), DM_AUTHORIZATION_REJECTED);
    asked.application = CX;
    asked.command = CX_LIR;
    cr_assert_eq(look(conf, asked), DM_OK);
    asked.command = LIR;
    cr_assert_eq(look(conf, asked), DM_AUTHORIZATION_REJECTED);
    asked.command = 8388620;
    cr_assert_eq(look(conf, asked), DM_OK, "a code is one in every application");
    conf_free(conf);
}

Test(screen, SEC_10_a_realm_that_is_not_listed_is_5003)
{
    struct conf *conf =
        conf_of("screen: { origin_realms: [\"*.partner.example\", partner.example] }");
    struct asked asked = good;
    cr_assert_eq(look(conf, asked), DM_OK);
    asked.realm = "West.Partner.Example";
    cr_assert_eq(look(conf, asked), DM_OK);
    asked.realm = "core.example";
    cr_assert_eq(look(conf, asked), DM_AUTHORIZATION_REJECTED);
    asked.realm = "notpartner.example";
    cr_assert_eq(look(conf, asked), DM_AUTHORIZATION_REJECTED);
    asked.realm = "";
    cr_assert_eq(look(conf, asked), DM_AUTHORIZATION_REJECTED);
    conf_free(conf);
}

Test(screen, SEC_10_a_host_is_the_peer_itself_or_one_of_its_realms)
{
    struct conf *conf = conf_of("screen: { origin_realms: [partner.example] }");
    struct asked asked = good;
    asked.host = "c1.PARTNER.example";
    cr_assert_eq(look(conf, asked), DM_OK);
    asked.host = "s1.core.example";
    cr_assert_eq(look(conf, asked), DM_AUTHORIZATION_REJECTED);
    asked.host = "c1.notpartner.example";
    cr_assert_eq(look(conf, asked), DM_AUTHORIZATION_REJECTED);
    asked.host = "";
    cr_assert_eq(look(conf, asked), DM_AUTHORIZATION_REJECTED);
    conf_free(conf);
}

Test(screen, a_star_is_any_realm_and_any_host)
{
    struct conf *conf = conf_of("screen: { origin_realms: [\"*\"] }");
    struct asked asked = {SIP, LIR, "s1.core.example", "core.example"};
    cr_assert_eq(look(conf, asked), DM_OK);
    conf_free(conf);
}

/* --- the rate --- */

static unsigned admitted(const struct conf_rate *rate, uint64_t *due, uint64_t now, unsigned most)
{
    unsigned count = 0;
    while (count < most && screen_rate(rate, due, now))
        count++;
    return count;
}

Test(screen, SEC_10_a_burst_is_admitted_and_then_the_rate)
{
    struct conf *conf = conf_of("rate: { requests: 10, burst: 30 }");
    const struct conf_rate *rate = &conf->peers[0].screen->rate;
    uint64_t due = 0;
    uint64_t now = 5 * (uint64_t)S;
    cr_assert_eq(admitted(rate, &due, now, 100), 30);
    cr_assert_eq(admitted(rate, &due, now + S, 100), 10);
    cr_assert_eq(admitted(rate, &due, now + 2 * (uint64_t)S, 100), 10);
    cr_assert_eq(admitted(rate, &due, now + 100 * (uint64_t)S, 100), 30, "no more is saved up");
    conf_free(conf);
}

Test(screen, SEC_10_a_steady_stream_at_the_rate_loses_nothing)
{
    struct conf *conf = conf_of("rate: { requests: 1000, burst: 1 }");
    const struct conf_rate *rate = &conf->peers[0].screen->rate;
    uint64_t due = 0;
    for (uint64_t i = 0; i < 5000; i++)
        cr_assert(screen_rate(rate, &due, S + i * 1000000));
    cr_assert_not(screen_rate(rate, &due, S + (uint64_t)4999 * 1000000 + 500000));
    conf_free(conf);
}

Test(screen, a_rate_without_a_burst_has_a_second_of_it)
{
    struct conf *conf = conf_of("rate: { requests: 7 }");
    uint64_t due = 0;
    cr_assert_eq(admitted(&conf->peers[0].screen->rate, &due, S, 100), 7);
    conf_free(conf);
}

Test(screen, without_a_rate_all_is_admitted)
{
    struct conf *conf = conf_of("applications: [sip]");
    uint64_t due = 0;
    cr_assert_eq(admitted(&conf->peers[0].screen->rate, &due, S, 1000), 1000);
    conf_free(conf);
}
