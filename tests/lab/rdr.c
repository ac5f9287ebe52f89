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

/* --- URIs --- */

Test(rdr, AVP_23_every_form_of_a_URI_names_its_host)
{
    static const char *const uris[] = {
        "aaa://" S1,
        "aaas://" S1,
        "aaa://" S1 ":6666",
        "aaa://" S1 ";transport=tcp",
        "aaa://" S1 ":6666;transport=tcp;protocol=diameter",
        "aaa://" S1 ";protocol=diameter",
        "aaas://" S1 ":5868;transport=sctp",
        "AAA://S1.Core.Example:3868;Transport=TCP",
        S1,
    };
    struct redirect_bed bed = redirect_bed(FOLLOW);
    for (size_t i = 0; i < sizeof(uris) / sizeof(*uris); i++) {
        struct lab_message *lir = lab_lir(bed.c1, ALICE);
        lab_send(bed.c1, lir);
        redirect_at_d1(&bed, uris[i], 0, 0);
        lab_answer(bed.s1, lab_expect(bed.s1, LIR), 2001);
        lab_expect_result(bed.c1, lir, 2001);
    }
    lab_end(bed.lab);
}

Test(rdr, AVP_23_RDR_17_a_redirect_without_a_readable_URI_is_passed_where_nobody_else_is)
{
    static const char *const uris[] = {NULL,
                                       "aaa://" S1 ";transport=udp",
                                       "http://" S1,
                                       "aaa://",
                                       "aaa://" S1 ":0",
                                       "aaa://" S1 ";protocol=radius"};
    struct redirect_bed bed = redirect_bed(FOLLOW);
    for (size_t i = 0; i < sizeof(uris) / sizeof(*uris); i++) {
        struct lab_message *lir = lab_lir(bed.c1, ALICE);
        lab_send(bed.c1, lir);
        expect_passed(&bed, lir, redirect_at_d1(&bed, uris[i], 0, 0));
        lab_expect_silence(bed.s1);
    }
    lab_end(bed.lab);
}

/* D1 first, S1 as its alternate. */
static const struct lab_plan ALTERNATE = {
    .servers = {D1, S1, S2},
    .pools = "  - { name: locators, members: [{ peer: d1.core.example }, "
             "{ peer: s1.core.example, priority: 2 }] }",
    .routes = "  - { name: core, realm: core.example, action: relay, pool: locators }"};

Test(rdr, RDR_17_a_redirect_that_cannot_be_read_is_a_failure_of_its_candidate)
{
    struct redirect_bed bed = redirect_bed(ALTERNATE);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    redirect_at_d1(&bed, NULL, 0, 0);
    lab_answer(bed.s1, lab_expect(bed.s1, LIR), 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}

Test(rdr, ANS_07_RDR_08_a_redirect_to_nobody_usable_is_passed_and_not_retried)
{
    struct redirect_bed bed = redirect_bed(ALTERNATE);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    expect_passed(&bed, lir, redirect_at_d1(&bed, AAA("evil.example"), 0, 0));
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}

Test(rdr, ANS_07_follow_false_passes_every_redirect)
{
    struct lab_plan plan = ALTERNATE;
    plan.more = "redirects: { follow: false }";
    struct redirect_bed bed = redirect_bed(plan);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    expect_passed(&bed, lir, redirect_at_d1(&bed, AAA(S2), ALL_USER, 60));
    lab_expect_silence(bed.s1);
    lab_expect_silence(bed.s2);
    cr_assert_eq(lab_metric(bed.lab, "antipode_redirects_entries"), 0);
    lab_end(bed.lab);
}

Test(rdr, a_request_for_one_host_is_not_redirected_by_it)
{
    struct redirect_bed bed = redirect_bed(FOLLOW);
    struct lab_message *lir = with_text(lab_lir(bed.c1, ALICE), DESTINATION_HOST, D1);
    lab_send(bed.c1, lir);
    expect_passed(&bed, lir, redirect_at_d1(&bed, AAA(S1), 0, 0));
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}

/* --- the next host --- */

static struct lab_message *redirect_to_both(struct redirect_bed *bed)
{
    struct lab_message *answer = redirect_to(bed->d1, lab_expect(bed->d1, LIR), AAA(S1), 0, 0);
    lab_send(bed->d1, with_text(answer, REDIRECT_HOST, AAA(S2)));
    return answer;
}

Test(rdr, RDR_05_where_a_host_is_not_there_the_next_one_gets_it)
{
    struct redirect_bed bed = redirect_bed(FOLLOW);
    lab_stop_listening(bed.lab, S1);
    lab_reset(bed.s1);
    lab_wait_metric(bed.lab, "antipode_peer_up{peer=\"" S1 "\"}", 0);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    redirect_to_both(&bed);
    lab_answer(bed.s2, lab_expect(bed.s2, LIR), 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}

Test(rdr, RDR_05_a_host_that_refuses_leaves_it_to_the_next_without_T)
{
    struct redirect_bed bed = redirect_bed(FOLLOW);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    redirect_to_both(&bed);
    lab_answer(bed.s1, lab_expect(bed.s1, LIR), 3004);
    struct lab_message *at_s2 = lab_expect(bed.s2, LIR);
    cr_assert_eq(lab_flags(at_s2), R | P);
    lab_answer(bed.s2, at_s2, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}

Test(rdr, RDR_05_when_all_hosts_refuse_the_last_refusal_is_the_answer)
{
    struct redirect_bed bed = redirect_bed(FOLLOW);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    redirect_to_both(&bed);
    lab_answer(bed.s1, lab_expect(bed.s1, LIR), 3004);
    lab_answer(bed.s2, lab_expect(bed.s2, LIR), 3002);
    cr_assert_str_eq(lab_text(lab_expect_result(bed.c1, lir, 3002), ORIGIN_HOST, 0), S2);
    lab_end(bed.lab);
}

Test(rdr, HDR_25_FOV_02_after_the_loss_of_a_host_the_next_gets_it_with_T)
{
    struct redirect_bed bed = redirect_bed(FOLLOW);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    redirect_to_both(&bed);
    lab_expect(bed.s1, LIR);
    lab_reset(bed.s1);
    struct lab_message *at_s2 = lab_expect(bed.s2, LIR);
    cr_assert_eq(lab_flags(at_s2), R | P | T);
    cr_assert_eq(lab_end_to_end(at_s2), lab_end_to_end(lir));
    cr_assert_eq(lab_count(at_s2, ROUTE_RECORD), 1);
    lab_answer(bed.s2, at_s2, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}

Test(rdr, RDR_08_when_all_hosts_are_lost_the_client_gets_the_redirect)
{
    struct redirect_bed bed = redirect_bed(FOLLOW);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *redirect = redirect_at_d1(&bed, AAA(S1), 0, 0);
    lab_expect(bed.s1, LIR);
    lab_reset(bed.s1);
    expect_passed(&bed, lir, redirect);
    lab_end(bed.lab);
}

/* --- chains --- */

/* D1, S1 and S2 all redirect here: each is a locator to the next. */
static void redirect_from(struct lab_peer *from, const char *uri)
{
    lab_send(from, redirect_to(from, lab_expect(from, LIR), uri, 0, 0));
}

Test(rdr, RDR_09_a_chain_is_followed_as_far_as_it_may)
{
    struct redirect_bed bed = redirect_bed(FOLLOW);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    redirect_from(bed.d1, AAA(S1));
    redirect_from(bed.s1, AAA(S2));
    struct lab_message *at_s2 = lab_expect(bed.s2, LIR);
    cr_assert_eq(lab_count(at_s2, ROUTE_RECORD), 1);
    lab_answer(bed.s2, at_s2, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}

Test(rdr, RDR_09_a_chain_that_is_too_long_ends_with_3002)
{
    struct lab_plan plan = FOLLOW;
    plan.more = "redirects: { hops: 1 }";
    struct redirect_bed bed = redirect_bed(plan);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    redirect_from(bed.d1, AAA(S1));
    redirect_from(bed.s1, AAA(S2));
    lab_expect_error(bed.c1, lir, 3002);
    lab_expect_silence(bed.s2);
    lab_end(bed.lab);
}

Test(rdr, RDR_09_a_loop_ends_with_3002)
{
    struct redirect_bed bed = redirect_bed(FOLLOW);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    redirect_from(bed.d1, AAA(S1));
    redirect_from(bed.s1, AAA(D1));
    lab_expect_error(bed.c1, lir, 3002);
    lab_expect_silence(bed.d1);
    lab_end(bed.lab);
}

/* --- proxies --- */

static const struct lab_plan PROXY = {
    .servers = {D1, S1, S2},
    .pools = LOCATORS,
    .routes = "  - { name: core, realm: core.example, action: proxy, pool: locators }"};

Test(rdr, RDR_07_a_proxy_names_the_host)
{
    struct redirect_bed bed = redirect_bed(PROXY);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    redirect_to_both(&bed);
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    cr_assert_eq(lab_count(at_s1, DESTINATION_HOST), 1);
    cr_assert_str_eq(lab_text(at_s1, DESTINATION_HOST, 0), S1);
    lab_answer(bed.s1, at_s1, 3004);
    struct lab_message *at_s2 = lab_expect(bed.s2, LIR);
    cr_assert_eq(lab_count(at_s2, DESTINATION_HOST), 1);
    cr_assert_str_eq(lab_text(at_s2, DESTINATION_HOST, 0), S2);
    lab_answer(bed.s2, at_s2, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}

Test(rdr, RDR_07_PXY_07_a_proxy_of_cx_names_the_host_once)
{
    struct redirect_bed bed = redirect_bed(PROXY);
    struct lab_message *lir = lab_request_from(bed.c1, CX_LIR, APP_CX);
    with_avp(lir, VENDOR_3GPP, 601, M | V, ALICE, sizeof(ALICE) - 1);
    lab_send(bed.c1, lir);
    redirect_at_d1(&bed, AAA(S1), ALL_USER, 60);
    struct lab_message *at_s1 = lab_expect(bed.s1, CX_LIR);
    cr_assert_eq(lab_count(at_s1, DESTINATION_HOST), 1);
    cr_assert_str_eq(lab_text(at_s1, DESTINATION_HOST, 0), S1);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}

Test(rdr, RDR_07_a_proxy_names_the_host_that_it_remembers)
{
    struct redirect_bed bed = redirect_bed(PROXY);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    expect_followed(&bed, lab_lir(bed.c1, ALICE), ALL_USER, 60);
    expect_remembered(&bed, 1);
    lab_send(bed.c1, lir);
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    cr_assert_eq(lab_count(at_s1, DESTINATION_HOST), 1);
    cr_assert_str_eq(lab_text(at_s1, DESTINATION_HOST, 0), S1);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}
