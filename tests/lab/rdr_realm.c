/* rdr_realm.c — a 3011: proxies of applications that define it send the request to another realm;
 * all others pass it. RFC 7075 §3.2; RDR-18. */
#include <string.h>

#include "tests/lab/redirect.h"

TestSuite(rdr_realm, .fini = lab_fini);

#define S9 "s9.other.example"

#define REALM_PLAN(action)                                                                         \
    .servers = {S1, S9, S2},                                                                       \
    .pools = "  - { name: home, members: [{ peer: s1.core.example }] }\n"                          \
             "  - { name: other, members: [{ peer: s9.other.example }] }",                         \
    .routes = "  - { name: core, realm: core.example, action: " action ", pool: home }\n"          \
              "  - { name: other, realm: other.example, action: " action ", pool: other }"

#define DEFINES_IT "redirects: { realm_redirect: [sip] }"

static const struct lab_plan PROXY = {REALM_PLAN("proxy"), .more = DEFINES_IT};
static const struct lab_plan RELAY = {REALM_PLAN("relay"), .more = DEFINES_IT};
static const struct lab_plan UNDEFINED = {REALM_PLAN("proxy")};

struct bed {
    struct lab *lab;
    struct lab_peer *c1, *s1, *s9;
};

static struct bed open_bed(struct lab_plan plan)
{
    struct redirect_bed bed = redirect_bed(plan);
    return (struct bed){bed.lab, bed.c1, bed.d1, bed.s1};
}

static struct lab_message *to_realm(struct bed *bed, const struct lab_message *request,
                                    const char *realm)
{
    struct lab_message *answer = lab_answer_to(bed->s1, request, 3011);
    return with_avp(answer, 0, REDIRECT_REALM, 0, realm, strlen(realm));
}

static void expect_at_s9(struct bed *bed, const struct lab_message *lir)
{
    struct lab_message *at_s9 = lab_expect(bed->s9, LIR);
    cr_assert_str_eq(lab_text(at_s9, DESTINATION_REALM, 0), "other.example");
    cr_assert_eq(lab_count(at_s9, DESTINATION_REALM), 1);
    cr_assert_eq(lab_count(at_s9, DESTINATION_HOST), 0);
    cr_assert_eq(lab_count(at_s9, ROUTE_RECORD), 1);
    cr_assert_eq(lab_end_to_end(at_s9), lab_end_to_end(lir));
    cr_assert_eq(lab_flags(at_s9), R | P);
    lab_answer(bed->s9, at_s9, 2001);
    cr_assert_str_eq(lab_text(lab_expect_result(bed->c1, lir, 2001), ORIGIN_HOST, 0), S9);
}

Test(rdr_realm, RDR_18_a_proxy_sends_it_to_the_other_realm)
{
    struct bed bed = open_bed(PROXY);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_send(bed.s1, to_realm(&bed, lab_expect(bed.s1, LIR), "other.example"));
    expect_at_s9(&bed, lir);
    cr_assert_eq(lab_metric(bed.lab, "antipode_redirects_entries"), 0);
    lab_end(bed.lab);
}

Test(rdr_realm, RDR_18_a_realm_that_leads_nowhere_leaves_it_to_the_next)
{
    struct bed bed = open_bed(PROXY);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *answer = to_realm(&bed, lab_expect(bed.s1, LIR), "nowhere.example");
    lab_send(bed.s1, with_avp(answer, 0, REDIRECT_REALM, 0, "other.example", 13));
    expect_at_s9(&bed, lir);
    lab_end(bed.lab);
}

static void expect_3011_passed(struct bed *bed, const char *realm)
{
    struct lab_message *lir = lab_lir(bed->c1, ALICE);
    lab_send(bed->c1, lir);
    struct lab_message *answer = to_realm(bed, lab_expect(bed->s1, LIR), realm);
    lab_send(bed->s1, answer);
    struct lab_message *passed = lab_expect_result(bed->c1, lir, 3011);
    cr_assert_eq(passed->size, answer->size);
    cr_assert_arr_eq(passed->octets + 16, answer->octets + 16, answer->size - 16);
    lab_expect_silence(bed->s9);
    lab_end(bed->lab);
}

Test(rdr_realm, RDR_18_when_no_realm_works_the_client_gets_the_3011)
{
    struct bed bed = open_bed(PROXY);
    expect_3011_passed(&bed, "nowhere.example");
}

Test(rdr_realm, RDR_18_a_relay_passes_a_3011)
{
    struct bed bed = open_bed(RELAY);
    expect_3011_passed(&bed, "other.example");
}

Test(rdr_realm, RDR_18_an_application_that_does_not_define_it_passes_a_3011)
{
    struct bed bed = open_bed(UNDEFINED);
    expect_3011_passed(&bed, "other.example");
}

Test(rdr_realm, RDR_18_when_the_other_realm_is_lost_the_client_gets_the_3011)
{
    struct bed bed = open_bed(PROXY);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_send(bed.s1, to_realm(&bed, lab_expect(bed.s1, LIR), "other.example"));
    lab_expect(bed.s9, LIR);
    lab_reset(bed.s9);
    lab_expect_result(bed.c1, lir, 3011);
    lab_end(bed.lab);
}

Test(rdr_realm, RDR_18_the_way_is_remembered_as_the_answer_says)
{
    struct bed bed = open_bed(PROXY);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *answer = to_realm(&bed, lab_expect(bed.s1, LIR), "other.example");
    with_number(with_number(answer, REDIRECT_HOST_USAGE, REALM_AND_APPLICATION),
                REDIRECT_MAX_CACHE_TIME, 60);
    lab_send(bed.s1, answer);
    expect_at_s9(&bed, lir);
    lab_wait_metric(bed.lab, "antipode_redirects_entries", 1);
    struct lab_message *next = lab_lir(bed.c1, BOB);
    lab_send(bed.c1, next);
    expect_at_s9(&bed, next);
    lab_advance(bed.lab, 60000, 5000);
    struct lab_message *late = lab_lir(bed.c1, BOB);
    lab_send(bed.c1, late);
    lab_answer(bed.s1, lab_expect(bed.s1, LIR), 2001);
    lab_expect_result(bed.c1, late, 2001);
    lab_end(bed.lab);
}
