/* rdr_cache.c — what is remembered of redirects: for what, how long, and which goes first.
 * Requirements RDR-10 to RDR-16, STK-11. */
#include <stdio.h>

#include "tests/lab/redirect.h"

TestSuite(rdr_cache, .fini = lab_fini);

static const struct lab_plan FOLLOW = {REDIRECT_PLAN};

Test(rdr_cache, RDR_11_RDR_12_ALL_USER_is_one_user_whichever_command_asks)
{
    struct redirect_bed bed = redirect_bed(FOLLOW);
    expect_followed(&bed, lab_lir(bed.c1, ALICE), ALL_USER, 60);
    expect_remembered(&bed, 1);
    struct lab_message *uar = lab_request_from(bed.c1, UAR, APP_SIP);
    with_text(with_text(uar, SIP_AOR, ALICE), USER_NAME, "alice@core.example");
    expect_direct(&bed, bed.s1, uar);
    expect_direct(&bed, bed.d1, lab_lir(bed.c1, BOB));
    lab_end(bed.lab);
}

Test(rdr_cache, RDR_13_what_is_remembered_is_forgotten_in_time)
{
    struct redirect_bed bed = redirect_bed(FOLLOW);
    expect_followed(&bed, lab_lir(bed.c1, ALICE), ALL_USER, 60);
    expect_direct(&bed, bed.s1, lab_lir(bed.c1, ALICE));
    lab_advance(bed.lab, 61000, 1000);
    expect_direct(&bed, bed.d1, lab_lir(bed.c1, ALICE));
    lab_end(bed.lab);
}

Test(rdr_cache, RDR_15_what_points_to_a_lost_host_is_forgotten)
{
    struct redirect_bed bed = redirect_bed(FOLLOW);
    expect_followed(&bed, lab_lir(bed.c1, ALICE), ALL_USER, 3600);
    expect_direct(&bed, bed.s1, lab_lir(bed.c1, ALICE));
    lab_reset(bed.s1);
    expect_remembered(&bed, 0);
    expect_direct(&bed, bed.d1, lab_lir(bed.c1, ALICE));
    lab_end(bed.lab);
}

/* --- each usage: what matches, and what does not --- */

static struct lab_message *lir_in(struct redirect_bed *bed, const char *session, const char *realm,
                                  const char *aor)
{
    struct lab_message *lir =
        without(without(lab_lir(bed->c1, aor), SESSION_ID), DESTINATION_REALM);
    return with_text(with_text(lir, SESSION_ID, session), DESTINATION_REALM, realm);
}

static struct lab_message *cx_lir(struct redirect_bed *bed, const char *realm)
{
    struct lab_message *lir = without(lab_request_from(bed->c1, CX_LIR, APP_CX), DESTINATION_REALM);
    with_avp(lir, VENDOR_3GPP, 601, M | V, ALICE, sizeof(ALICE) - 1);
    return with_text(lir, DESTINATION_REALM, realm);
}

/* Both realms go to D1. */
static const struct lab_plan TWO_REALMS = {
    .servers = {D1, S1, S2},
    .pools = LOCATORS,
    .routes = "  - { name: any, realm: \"*\", action: relay, pool: locators }"};

Test(rdr_cache, RDR_11_ALL_SESSION_is_the_same_session)
{
    struct redirect_bed bed = redirect_bed(TWO_REALMS);
    expect_followed(&bed, lir_in(&bed, "one", "core.example", ALICE), ALL_SESSION, 60);
    expect_remembered(&bed, 1);
    expect_direct(&bed, bed.s1, lir_in(&bed, "one", "far.example", BOB));
    expect_direct(&bed, bed.d1, lir_in(&bed, "two", "core.example", ALICE));
    lab_end(bed.lab);
}

Test(rdr_cache, RDR_11_ALL_REALM_is_every_application_of_the_realm)
{
    struct redirect_bed bed = redirect_bed(TWO_REALMS);
    expect_followed(&bed, lir_in(&bed, "one", "core.example", ALICE), ALL_REALM, 60);
    expect_remembered(&bed, 1);
    expect_direct(&bed, bed.s1, lir_in(&bed, "two", "Core.Example", BOB));
    expect_direct(&bed, bed.s1, cx_lir(&bed, "core.example"));
    expect_direct(&bed, bed.d1, lir_in(&bed, "one", "far.example", ALICE));
    lab_end(bed.lab);
}

Test(rdr_cache, RDR_11_REALM_AND_APPLICATION_is_both)
{
    struct redirect_bed bed = redirect_bed(TWO_REALMS);
    expect_followed(&bed, lir_in(&bed, "one", "core.example", ALICE), REALM_AND_APPLICATION, 60);
    expect_remembered(&bed, 1);
    expect_direct(&bed, bed.s1, lir_in(&bed, "two", "core.example", BOB));
    expect_direct(&bed, bed.d1, cx_lir(&bed, "core.example"));
    expect_direct(&bed, bed.d1, lir_in(&bed, "one", "far.example", ALICE));
    lab_end(bed.lab);
}

Test(rdr_cache, RDR_11_ALL_APPLICATION_is_every_realm)
{
    struct redirect_bed bed = redirect_bed(TWO_REALMS);
    expect_followed(&bed, lir_in(&bed, "one", "core.example", ALICE), ALL_APPLICATION, 60);
    expect_remembered(&bed, 1);
    expect_direct(&bed, bed.s1, lir_in(&bed, "two", "far.example", BOB));
    expect_direct(&bed, bed.d1, cx_lir(&bed, "core.example"));
    lab_end(bed.lab);
}

/* D1 serves one realm, D2 the other. */
static const struct lab_plan TWO_LOCATORS = {
    .servers = {D1, S1, S2, D2},
    .pools = LOCATORS "\n  - { name: others, members: [{ peer: d2.core.example }] }",
    .routes = "  - { name: core, realm: core.example, action: relay, pool: locators }\n"
              "  - { name: more, realm: more.example, action: relay, pool: locators }\n"
              "  - { name: far, realm: far.example, action: relay, pool: others }"};

Test(rdr_cache, RDR_11_ALL_HOST_is_all_that_would_go_to_who_redirected)
{
    struct redirect_bed bed = redirect_bed(TWO_LOCATORS);
    struct lab_peer *d2 = bed.lab->peers[3];
    cr_assert_str_eq(d2->identity, D2);
    expect_followed(&bed, lir_in(&bed, "one", "core.example", ALICE), ALL_HOST, 60);
    expect_remembered(&bed, 1);
    expect_direct(&bed, bed.s1, lir_in(&bed, "two", "more.example", BOB));
    expect_direct(&bed, bed.s1, cx_lir(&bed, "core.example"));
    expect_direct(&bed, d2, lir_in(&bed, "one", "far.example", ALICE));
    lab_end(bed.lab);
}

Test(rdr_cache, RDR_16_ALL_HOST_is_of_the_peer_that_was_asked_whoever_answered)
{
    struct redirect_bed bed = redirect_bed(TWO_LOCATORS);
    struct lab_message *lir = lir_in(&bed, "one", "core.example", ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *answer =
        redirect_to(bed.d1, lab_expect(bed.d1, LIR), AAA(S1), ALL_HOST, 60);
    answer = with_text(without(answer, ORIGIN_HOST), ORIGIN_HOST, D2);
    lab_send(bed.d1, answer);
    lab_answer(bed.s1, lab_expect(bed.s1, LIR), 2001);
    lab_expect_result(bed.c1, lir, 2001);
    expect_remembered(&bed, 1);
    expect_direct(&bed, bed.s1, lir_in(&bed, "two", "more.example", BOB));
    expect_direct(&bed, bed.lab->peers[3], lir_in(&bed, "three", "far.example", BOB));
    lab_end(bed.lab);
}

Test(rdr_cache, RDR_11_RDR_12_ALL_USER_is_within_realm_and_application)
{
    struct redirect_bed bed = redirect_bed(TWO_REALMS);
    expect_followed(&bed, cx_lir(&bed, "core.example"), ALL_USER, 60);
    expect_remembered(&bed, 1);
    expect_direct(&bed, bed.s1, cx_lir(&bed, "core.example"));
    expect_direct(&bed, bed.d1, cx_lir(&bed, "far.example"));
    expect_direct(&bed, bed.d1, lir_in(&bed, "one", "core.example", ALICE));
    lab_end(bed.lab);
}

Test(rdr_cache, RDR_12_LIR_UAR_and_MAR_of_a_user_go_to_one_host)
{
    struct redirect_bed bed = redirect_bed(FOLLOW);
    expect_followed(&bed, lab_lir(bed.c1, ALICE), ALL_USER, 60);
    expect_remembered(&bed, 1);
    struct lab_message *mar = lab_request_from(bed.c1, MAR, APP_SIP);
    with_text(with_text(mar, SIP_AOR, "sips:alice@Core.Example:5061"), USER_NAME,
              "alice@core.example");
    expect_direct(&bed, bed.s1, with_text(mar, SIP_METHOD, "REGISTER"));
    lab_end(bed.lab);
}

Test(rdr_cache, RDR_13_no_time_is_no_entry)
{
    struct redirect_bed bed = redirect_bed(FOLLOW);
    expect_followed(&bed, lab_lir(bed.c1, ALICE), ALL_USER, 0);
    expect_direct(&bed, bed.d1, lab_lir(bed.c1, ALICE));
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *untimed = redirect_to(bed.d1, lab_expect(bed.d1, LIR), AAA(S1), 0, 0);
    lab_send(bed.d1, with_number(untimed, REDIRECT_HOST_USAGE, ALL_USER));
    lab_answer(bed.s1, lab_expect(bed.s1, LIR), 2001);
    lab_expect_result(bed.c1, lir, 2001);
    cr_assert_eq(lab_metric(bed.lab, "antipode_redirects_entries"), 0);
    lab_end(bed.lab);
}

/* --- which goes first --- */

#define S(n) "s" #n ".core.example"

static const struct lab_plan PRECEDENCE = {
    .servers = {D1, S1, S2, S(3), S(4), S(5)},
    .timers = "request: 60s",
    .pools = LOCATORS,
    .routes = "  - { name: core, realm: core.example, action: relay, pool: locators }"};

/* Six requests that a follow-up matches in all ways; each is redirected by another usage. ALL_HOST
 * to S5, for which there is no server of its own, is the last one standing. */
Test(rdr_cache, RDR_14_the_order_is_session_user_realm_and_application_realm_application_host)
{
    static const uint32_t usages[] = {ALL_SESSION, ALL_USER,        REALM_AND_APPLICATION,
                                      ALL_REALM,   ALL_APPLICATION, ALL_HOST};
    static const char *const uris[] = {AAA(S1), AAA(S2), AAA(S(3)), AAA(S(4)), AAA(S(5)), AAA(S1)};
    struct redirect_bed bed = redirect_bed(PRECEDENCE);
    struct lab_message *asked[6], *at_d1[6];
    for (int i = 0; i < 6; i++) {
        asked[i] = lir_in(&bed, "one", "core.example", ALICE);
        lab_send(bed.c1, asked[i]);
        at_d1[i] = lab_expect(bed.d1, LIR);
    }
    for (int i = 0; i < 6; i++) {
        struct lab_peer *server = bed.lab->peers[1 + i % 5];
        lab_send(bed.d1,
                 redirect_to(bed.d1, at_d1[i], uris[i], usages[i], 100 * (uint32_t)(i + 1)));
        lab_answer(server, lab_expect(server, LIR), 2001);
        lab_await_answer(bed.c1, asked[i]);
        expect_remembered(&bed, (unsigned)i + 1);
    }
    for (int i = 0; i < 6; i++) {
        expect_direct(&bed, bed.lab->peers[1 + i % 5], lir_in(&bed, "one", "core.example", ALICE));
        lab_advance(bed.lab, 100000, 5000);
    }
    expect_direct(&bed, bed.d1, lir_in(&bed, "one", "core.example", ALICE));
    expect_remembered(&bed, 0);
    lab_end(bed.lab);
}

Test(rdr_cache, RDR_16_the_cache_is_bounded)
{
    struct lab_plan plan = FOLLOW;
    plan.more = "redirects: { cache: 3 }";
    struct redirect_bed bed = redirect_bed(plan);
    for (int i = 0; i < 5; i++) {
        char aor[64];
        snprintf(aor, sizeof(aor), "sip:user%d@core.example", i);
        expect_followed(&bed, lab_lir(bed.c1, aor), ALL_USER, 60);
    }
    expect_remembered(&bed, 3);
    expect_direct(&bed, bed.d1, lab_lir(bed.c1, "sip:user0@core.example"));
    expect_direct(&bed, bed.d1, lab_lir(bed.c1, "sip:user1@core.example"));
    expect_direct(&bed, bed.s1, lab_lir(bed.c1, "sip:user4@core.example"));
    lab_end(bed.lab);
}

Test(rdr_cache, every_worker_knows_what_one_has_learnt)
{
    struct lab_plan plan = FOLLOW;
    plan.workers = 4;
    struct redirect_bed bed = redirect_bed(plan);
    expect_followed(&bed, lab_lir(bed.c1, ALICE), ALL_USER, 60);
    for (int i = 2; i < 8; i++) {
        char name[64];
        snprintf(name, sizeof(name), "c%d.edge.example", i);
        bed.c1 = lab_client(bed.lab, name);
        expect_direct(&bed, bed.s1, lab_lir(bed.c1, ALICE));
    }
    lab_end(bed.lab);
}

Test(rdr_cache, STK_11_RDR_12_a_command_with_the_user_name_alone_follows_once_it_is_linked)
{
    struct redirect_bed bed = redirect_bed(FOLLOW);
    expect_followed(&bed, lab_lir(bed.c1, ALICE), ALL_USER, 60);
    expect_remembered(&bed, 1);
    struct lab_message *sar =
        with_text(lab_request_from(bed.c1, SAR, APP_SIP), USER_NAME, "alice@core.example");
    expect_direct(&bed, bed.d1, lab_copy(sar));
    struct lab_message *uar = lab_request_from(bed.c1, UAR, APP_SIP);
    expect_direct(&bed, bed.s1,
                  with_text(with_text(uar, SIP_AOR, ALICE), USER_NAME, "alice@core.example"));
    expect_remembered(&bed, 2);
    expect_direct(&bed, bed.s1, with_ids(sar, 4711, 4712));
    lab_end(bed.lab);
}

Test(rdr_cache, RDR_12_a_failure_links_nothing)
{
    struct redirect_bed bed = redirect_bed(FOLLOW);
    expect_followed(&bed, lab_lir(bed.c1, ALICE), ALL_USER, 60);
    expect_remembered(&bed, 1);
    struct lab_message *uar = lab_request_from(bed.c1, UAR, APP_SIP);
    with_text(with_text(uar, SIP_AOR, ALICE), USER_NAME, "mallory@core.example");
    lab_send(bed.c1, uar);
    lab_answer(bed.s1, lab_expect(bed.s1, UAR), 5033);
    lab_expect_result(bed.c1, uar, 5033);
    expect_remembered(&bed, 1);
    lab_end(bed.lab);
}

Test(rdr_cache, a_reload_may_make_the_cache_smaller_or_end_following)
{
    struct lab_plan plan = FOLLOW, smaller = FOLLOW, ended = FOLLOW;
    smaller.more = "redirects: { cache: 1 }";
    ended.more = "redirects: { follow: false, cache: 0 }";
    struct redirect_bed bed = redirect_bed(plan);
    expect_followed(&bed, lab_lir(bed.c1, ALICE), ALL_USER, 600);
    expect_followed(&bed, lab_lir(bed.c1, BOB), ALL_USER, 600);
    expect_remembered(&bed, 2);
    cr_assert(lab_reload(bed.lab, smaller));
    expect_remembered(&bed, 1);
    expect_direct(&bed, bed.s1, lab_lir(bed.c1, BOB));
    cr_assert(lab_reload(bed.lab, ended));
    expect_remembered(&bed, 0);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    expect_passed(&bed, lir, redirect_at_d1(&bed, AAA(S1), ALL_USER, 600));
    lab_end(bed.lab);
}
