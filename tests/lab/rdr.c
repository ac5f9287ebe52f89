/* rdr.c — the agent as redirect agent, and as follower of redirects. Requirements RDR-01 to RDR-18,
 * AVP-23; sip-app.md §4.7. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lab/redirect.h"

TestSuite(rdr, .fini = lab_fini);

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

static const struct lab_plan FOLLOW = {REDIRECT_PLAN};

Test(rdr, RDR_05_RDR_06_HDR_25_one_of_the_hosts_gets_the_very_same_request)
{
    struct redirect_bed bed = redirect_bed(FOLLOW);
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
    struct redirect_bed bed = redirect_bed(FOLLOW);
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
    struct redirect_bed bed = redirect_bed(FOLLOW);
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
    struct redirect_bed bed = redirect_bed(FOLLOW);
    for (int i = 0; i < 100; i++)
        expect_followed(&bed, lab_lir(bed.c1, ALICE), DONT_CACHE, 0);
    cr_assert_eq(lab_metric(bed.lab, "antipode_redirects_entries"), 0);
    lab_end(bed.lab);
}
