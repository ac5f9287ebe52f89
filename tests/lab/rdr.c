/* rdr.c — the agent as redirect agent, and as follower of redirects. Requirements RDR-01 to RDR-18,
 * AVP-23; sip-app.md §4.7. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lab/lab.h"

TestSuite(rdr, .fini = lab_fini);

#define D1        "d1.core.example"
#define D2        "d2.core.example"
#define AAA(host) "aaa://" host ":3868;transport=tcp"

enum {
    MAR = 286,
    SAR = 284,
    REDIRECT_HOST_USAGE = 261,
    REDIRECT_MAX_CACHE_TIME = 262,
    REDIRECT_HOST = 292,
    REDIRECT_REALM = 620
};
enum {
    DONT_CACHE,
    ALL_SESSION,
    ALL_REALM,
    REALM_AND_APPLICATION,
    ALL_APPLICATION,
    ALL_HOST,
    ALL_USER
};

/* --- the agent as redirect agent --- */

static const struct lab_plan ELSEWHERE = {
    .servers = {""},
    .routes = "  - { name: there, realm: core.example, action: redirect, redirect: { to: [\"" AAA(
        S1) "\", \"aaas://" S2 "\"] } }"};

/* A redirect with all that RFC 6733 §6.1.8 wants, and nothing that a relay would do. */
static struct lab_message *expect_redirect(struct lab_peer *client,
                                           const struct lab_message *request)
{
    struct lab_message *answer = lab_expect_error(client, request, 3006);
    cr_assert_eq(lab_flags(answer), P | E);
    cr_assert_str_eq(lab_text(answer, ORIGIN_HOST, 0), A_HOST);
    return answer;
}

Test(rdr, RDR_01_HDR_25_a_redirect_agent_names_each_server_by_its_URI)
{
    struct lab_bed bed = lab_bed(ELSEWHERE);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *answer = expect_redirect(bed.c1, lir);
    cr_assert_eq(lab_count(answer, REDIRECT_HOST), 2);
    cr_assert_str_eq(lab_text(answer, REDIRECT_HOST, 0), AAA(S1));
    cr_assert_str_eq(lab_text(answer, REDIRECT_HOST, 1), "aaas://" S2 ":5868;transport=tcp");
    cr_assert_eq(lab_count(answer, REDIRECT_HOST_USAGE), 0);
    cr_assert_eq(lab_count(answer, REDIRECT_MAX_CACHE_TIME), 0);
    lab_end(bed.lab);
}

Test(rdr, RDR_03_AVP_10_a_redirect_agent_does_not_mind_unknown_avps)
{
    struct lab_bed bed = lab_bed(ELSEWHERE);
    struct lab_message *lir = with_avp(lab_lir(bed.c1, ALICE), 0, 99999, M, "what", 4);
    lab_send(bed.c1, lir);
    expect_redirect(bed.c1, lir);
    lab_end(bed.lab);
}

Test(rdr, RDR_02_the_usage_comes_with_its_time)
{
    static const char *const names[] = {
        "DONT_CACHE",      "ALL_SESSION", "ALL_REALM", "REALM_AND_APPLICATION",
        "ALL_APPLICATION", "ALL_HOST",    "ALL_USER"};
    char routes[2000] = "";
    for (int i = 0; i <= ALL_USER; i++)
        snprintf(routes + strlen(routes), sizeof(routes) - strlen(routes),
                 "  - { name: r%d, realm: r%d.example, action: redirect, redirect: { to: [%s], "
                 "usage: %s%s } }\n",
                 i, i, S1, names[i], i ? ", cache: 10m" : "");
    struct lab_bed bed = lab_bed((struct lab_plan){.servers = {""}, .routes = routes});
    for (uint32_t i = 0; i <= ALL_USER; i++) {
        char realm[16];
        snprintf(realm, sizeof(realm), "r%u.example", i);
        struct lab_message *lir =
            with_text(without(lab_lir(bed.c1, ALICE), DESTINATION_REALM), DESTINATION_REALM, realm);
        lab_send(bed.c1, lir);
        struct lab_message *answer = expect_redirect(bed.c1, lir);
        cr_assert_eq(lab_count(answer, REDIRECT_HOST_USAGE), i ? 1 : 0);
        cr_assert_eq(lab_count(answer, REDIRECT_MAX_CACHE_TIME), i ? 1 : 0);
        cr_assert_eq(lab_number(answer, REDIRECT_HOST_USAGE), i);
        cr_assert_eq(lab_number(answer, REDIRECT_MAX_CACHE_TIME), i ? 600 : 0);
    }
    lab_end(bed.lab);
}

static unsigned count_relay_ids(const struct lab_message *message)
{
    struct lab_avp avp;
    unsigned count = 0;
    for (unsigned i = 0; lab_nth(message, AUTH_APPLICATION_ID, i, &avp); i++)
        count += memcmp(avp.value, "\xff\xff\xff\xff", 4) == 0;
    for (unsigned i = 0; lab_nth(message, ACCT_APPLICATION_ID, i, &avp); i++)
        count += memcmp(avp.value, "\xff\xff\xff\xff", 4) == 0;
    return count;
}

Test(rdr, CEX_05_a_redirect_agent_advertises_the_relay_application)
{
    struct lab_bed bed = lab_bed(ELSEWHERE);
    struct lab_peer *c2 = lab_dial(bed.lab, C2);
    struct lab_message *cer = lab_cer(c2);
    lab_send(c2, cer);
    cr_assert_eq(count_relay_ids(lab_expect_result(c2, cer, 2001)), 2);
    lab_end(bed.lab);
}

/* --- the agent follows --- */

/* D1 redirects; S1 and S2 serve. Only D1 is in the route's pool. */
static const struct lab_plan FOLLOW = {
    .servers = {"d1.core.example", "s1.core.example", "s2.core.example"},
    .pools = "  - { name: locators, members: [{ peer: d1.core.example }] }",
    .routes = "  - { name: core, realm: core.example, action: relay, pool: locators }"};

struct bed {
    struct lab *lab;
    struct lab_peer *c1, *d1, *s1, *s2;
};

static struct bed open_bed(struct lab_plan plan)
{
    struct bed bed = {.lab = lab_start(plan)};
    bed.d1 = lab_server(bed.lab, D1);
    bed.s1 = lab_server(bed.lab, S1);
    bed.s2 = lab_server(bed.lab, S2);
    bed.c1 = lab_client(bed.lab, C1);
    return bed;
}

static struct lab_message *redirect_to(const struct lab_peer *from,
                                       const struct lab_message *request, const char *uri,
                                       uint32_t usage, uint32_t seconds)
{
    struct lab_message *answer = lab_answer_to(from, request, 3006);
    if (uri)
        with_text(answer, REDIRECT_HOST, uri);
    if (usage != DONT_CACHE)
        with_number(with_number(answer, REDIRECT_HOST_USAGE, usage), REDIRECT_MAX_CACHE_TIME,
                    seconds);
    return answer;
}

/* `request` reaches D1, which sends it on to S1; S1 answers, and the client sees that alone. */
static void expect_followed(struct bed *bed, struct lab_message *request, uint32_t usage,
                            uint32_t seconds)
{
    lab_send(bed->c1, request);
    struct lab_message *at_d1 = lab_expect(bed->d1, lab_command(request));
    lab_send(bed->d1, redirect_to(bed->d1, at_d1, AAA(S1), usage, seconds));
    struct lab_message *at_s1 = lab_expect(bed->s1, lab_command(request));
    lab_answer(bed->s1, at_s1, 2001);
    cr_assert_str_eq(lab_text(lab_expect_result(bed->c1, request, 2001), ORIGIN_HOST, 0), S1);
}

/* It goes to this server at once. */
static void expect_direct(struct bed *bed, struct lab_peer *server, struct lab_message *request)
{
    lab_send(bed->c1, request);
    struct lab_message *there = lab_expect(server, lab_command(request));
    lab_answer(server, there, 2001);
    cr_assert_str_eq(lab_text(lab_expect_result(bed->c1, request, 2001), ORIGIN_HOST, 0),
                     server->identity);
}

Test(rdr, RDR_05_RDR_06_HDR_25_one_of_the_hosts_gets_the_very_same_request)
{
    struct bed bed = open_bed(FOLLOW);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *at_d1 = lab_expect(bed.d1, LIR);
    lab_send(bed.d1, with_text(redirect_to(bed.d1, at_d1, AAA(S1), 0, 0), REDIRECT_HOST, AAA(S2)));
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    cr_assert_eq(at_s1->size, at_d1->size);
    cr_assert_arr_eq(at_s1->octets, at_d1->octets, 12);
    cr_assert_arr_eq(at_s1->octets + 16, at_d1->octets + 16, at_d1->size - 16,
                     "End-to-End, and every AVP");
    cr_assert_eq(lab_end_to_end(at_s1), lab_end_to_end(lir));
    cr_assert_eq(lab_count(at_s1, ROUTE_RECORD), 1);
    cr_assert_str_eq(lab_text(at_s1, ROUTE_RECORD, 0), C1);
    lab_answer(bed.s1, at_s1, 2001);
    cr_assert_str_eq(lab_text(lab_expect_result(bed.c1, lir, 2001), ORIGIN_HOST, 0), S1);
    lab_expect_silence(bed.s2);
    lab_expect_silence(bed.c1);
    cr_assert_eq(lab_metric(bed.lab, "antipode_resends_total{peer=\"" D1 "\",reason=\"redirect\"}"),
                 1);
    lab_end(bed.lab);
}

Test(rdr, RDR_06_T_is_as_received)
{
    struct bed bed = open_bed(FOLLOW);
    struct lab_message *lir = with_flags(lab_lir(bed.c1, ALICE), R | P | T);
    lab_send(bed.c1, lir);
    lab_send(bed.d1, redirect_to(bed.d1, lab_expect(bed.d1, LIR), AAA(S1), 0, 0));
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    cr_assert_eq(lab_flags(at_s1), R | P | T);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}

Test(rdr, RDR_07_a_relay_leaves_the_destination_alone)
{
    struct bed bed = open_bed(FOLLOW);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_send(bed.d1, redirect_to(bed.d1, lab_expect(bed.d1, LIR), AAA(S1), 0, 0));
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    cr_assert_eq(lab_count(at_s1, DESTINATION_HOST), 0);
    cr_assert_str_eq(lab_text(at_s1, DESTINATION_REALM, 0), "core.example");
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}

Test(rdr, RDR_10_without_a_usage_every_request_goes_to_the_redirecting_host)
{
    struct bed bed = open_bed(FOLLOW);
    for (int i = 0; i < 100; i++)
        expect_followed(&bed, lab_lir(bed.c1, ALICE), DONT_CACHE, 0);
    cr_assert_eq(lab_metric(bed.lab, "antipode_redirects_entries"), 0);
    lab_end(bed.lab);
}

static const char BOB[] = "sip:bob@core.example";

Test(rdr, RDR_11_RDR_12_ALL_USER_is_one_user_whichever_command_asks)
{
    struct bed bed = open_bed(FOLLOW);
    expect_followed(&bed, lab_lir(bed.c1, ALICE), ALL_USER, 60);
    lab_wait_metric(bed.lab, "antipode_redirects_entries", 1);
    struct lab_message *uar = lab_request_from(bed.c1, UAR, APP_SIP);
    with_text(with_text(uar, SIP_AOR, ALICE), USER_NAME, "alice@core.example");
    expect_direct(&bed, bed.s1, uar);
    expect_direct(&bed, bed.d1, lab_lir(bed.c1, BOB));
    lab_end(bed.lab);
}

Test(rdr, RDR_13_what_is_remembered_is_forgotten_in_time)
{
    struct bed bed = open_bed(FOLLOW);
    expect_followed(&bed, lab_lir(bed.c1, ALICE), ALL_USER, 5);
    expect_direct(&bed, bed.s1, lab_lir(bed.c1, ALICE));
    lab_advance(bed.lab, 5100, 500);
    expect_direct(&bed, bed.d1, lab_lir(bed.c1, ALICE));
    lab_end(bed.lab);
}

Test(rdr, RDR_15_what_points_to_a_lost_host_is_forgotten)
{
    struct bed bed = open_bed(FOLLOW);
    expect_followed(&bed, lab_lir(bed.c1, ALICE), ALL_USER, 3600);
    expect_direct(&bed, bed.s1, lab_lir(bed.c1, ALICE));
    lab_reset(bed.s1);
    lab_wait_metric(bed.lab, "antipode_redirects_entries", 0);
    expect_direct(&bed, bed.d1, lab_lir(bed.c1, ALICE));
    lab_end(bed.lab);
}

/* --- hosts that are not configured --- */

/* A redirect to a host at this port of the loopback address. */
static struct lab_message *redirect_to_port(const struct lab_peer *from,
                                            const struct lab_message *request, const char *host,
                                            uint16_t port, uint32_t usage, uint32_t seconds)
{
    char uri[300];
    snprintf(uri, sizeof(uri), "aaa://%s:%u;transport=tcp", host, port);
    return redirect_to(from, request, uri, usage, seconds);
}

#define GUEST "127.0.0.1"

static const struct lab_plan HOSTS = {
    .servers = {D1, S1, S2},
    .pools = "  - { name: locators, members: [{ peer: d1.core.example }] }",
    .routes = "  - { name: core, realm: core.example, action: relay, pool: locators }",
    .more = "redirects: { hosts: [localhost, \"127.0.0.1\", \"*.invalid\"] }"};

static struct lab_peer *accept_guest(struct bed *bed, int listener, const char *identity)
{
    int fd = -1;
    for (int i = 0; fd < 0 && i < 1000; i++) {
        lab_serve(bed->lab, 10);
        fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    }
    cr_assert_geq(fd, 0, "the agent did not dial");
    struct lab_peer *guest = lab_peer_on(bed->lab, identity, fd);
    lab_answer_cer(guest);
    return guest;
}

Test(rdr, RDR_05_RDR_08_a_host_that_is_allowed_is_dialled_and_gets_the_request)
{
    struct bed bed = open_bed(HOSTS);
    uint16_t port = 0;
    int listener = lab_listen_on(false, &port);
    struct lab_message *lir = lab_lir(bed.c1, ALICE), *other = lab_lir(bed.c1, BOB);
    lab_send(bed.c1, lir);
    lab_send(bed.c1, other);
    for (int i = 0; i < 2; i++)
        lab_send(bed.d1, redirect_to_port(bed.d1, lab_expect(bed.d1, LIR), GUEST, port, 0, 0));
    struct lab_peer *guest = accept_guest(&bed, listener, GUEST);
    for (int i = 0; i < 2; i++)
        lab_answer(guest, lab_expect(guest, LIR), 2001);
    cr_assert_str_eq(lab_text(lab_expect_result(bed.c1, lir, 2001), ORIGIN_HOST, 0), GUEST);
    lab_expect_result(bed.c1, other, 2001);
    struct lab_message *again = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, again);
    lab_send(bed.d1, redirect_to_port(bed.d1, lab_expect(bed.d1, LIR), GUEST, port, 0, 0));
    lab_answer(guest, lab_expect(guest, LIR), 2001);
    lab_expect_result(bed.c1, again, 2001);
    close(listener);
    lab_end(bed.lab);
}

Test(rdr, RDR_13_a_host_that_nobody_asks_any_more_is_let_go)
{
    struct bed bed = open_bed(HOSTS);
    uint16_t port = 0;
    int listener = lab_listen_on(false, &port);
    for (int i = 0; i < 2; i++) {
        struct lab_message *lir = lab_lir(bed.c1, ALICE);
        lab_send(bed.c1, lir);
        lab_send(bed.d1, redirect_to_port(bed.d1, lab_expect(bed.d1, LIR), GUEST, port, 0, 0));
        struct lab_peer *guest = accept_guest(&bed, listener, GUEST);
        lab_answer(guest, lab_expect(guest, LIR), 2001);
        lab_expect_result(bed.c1, lir, 2001);
        guest->auto_disconnect = true;
        lab_advance(bed.lab, 61000, 1000);
        lab_expect_closed(guest);
        lab_wait_metric(bed.lab, "antipode_peers_open{peer=\"-\"}", 0);
    }
    close(listener);
    lab_end(bed.lab);
}

/* The client gets the 3006 as it was. */
static void expect_passed(struct bed *bed, const struct lab_message *lir,
                          const struct lab_message *redirect)
{
    struct lab_message *answer = lab_expect_result(bed->c1, lir, 3006);
    cr_assert_eq(answer->size, redirect->size);
    cr_assert_arr_eq(answer->octets + 16, redirect->octets + 16, redirect->size - 16);
}

static void expect_not_followed(struct bed *bed, const char *uri)
{
    struct lab_message *lir = lab_lir(bed->c1, ALICE);
    lab_send(bed->c1, lir);
    struct lab_message *redirect = redirect_to(bed->d1, lab_expect(bed->d1, LIR), uri, 0, 0);
    lab_send(bed->d1, redirect);
    expect_passed(bed, lir, redirect);
    lab_expect_silence(bed->s1);
    lab_expect_silence(bed->s2);
}

Test(rdr, RDR_08_SEC_17_a_host_that_is_not_allowed_is_not_contacted)
{
    struct bed bed = open_bed(HOSTS);
    expect_not_followed(&bed, AAA("evil.example"));
    expect_not_followed(&bed, "aaas://localhost");
    expect_not_followed(&bed, "aaa://localhost;transport=sctp");
    expect_not_followed(&bed, AAA(A_HOST));
    expect_not_followed(&bed, AAA(C1));
    lab_end(bed.lab);
}

Test(rdr, RDR_08_a_host_that_has_no_address_or_nobody_listening_is_given_up)
{
    struct bed bed = open_bed(HOSTS);
    expect_not_followed(&bed, AAA("nobody.invalid"));
    uint16_t port = 0;
    close(lab_listen_on(false, &port));
    char uri[64];
    snprintf(uri, sizeof(uri), "aaa://127.0.0.1:%u", port);
    expect_not_followed(&bed, uri);
    expect_not_followed(&bed, uri);
    lab_end(bed.lab);
}

Test(rdr, RDR_08_a_host_that_says_it_is_another_is_not_used)
{
    struct bed bed = open_bed(HOSTS);
    uint16_t port = 0;
    int listener = lab_listen_on(false, &port);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *redirect =
        redirect_to_port(bed.d1, lab_expect(bed.d1, LIR), GUEST, port, 0, 0);
    lab_send(bed.d1, redirect);
    struct lab_peer *guest = accept_guest(&bed, listener, "mallory.example");
    expect_passed(&bed, lir, redirect);
    cr_assert_eq(lab_inbox_size(guest), 0);
    close(listener);
    lab_end(bed.lab);
}
