/* acc.c — accounting is relayed like everything else. Requirements ACC-01 to ACC-06; RFC 6733 §9.
 *
 * Application 3 is accounting by itself (split), any other an application's own (coupled). */
#include <stdio.h>

#include "tests/lab/lab.h"

TestSuite(acc, .fini = lab_fini);

enum { ACR = 271, APP_ACCOUNTING = 3 };
enum { ACCOUNTING_RECORD_TYPE = 480, ACCOUNTING_RECORD_NUMBER = 485 };
enum { SIP_ACCOUNTING_INFORMATION = 368, SIP_ACCOUNTING_SERVER_URI = 369 };

static const struct lab_plan USUAL = {0};
static const struct lab_plan PAIR = {.servers = {S1, S2}, .timers = "request: 60s"};

static struct lab_message *acr_of(const struct lab_peer *from, uint32_t application)
{
    struct lab_message *acr = with_command(lab_request_from(from, UAR, APP_SIP), ACR, application);
    acr = without(without(acr, AUTH_APPLICATION_ID), AUTH_SESSION_STATE);
    with_number(with_number(acr, ACCOUNTING_RECORD_TYPE, 1), ACCOUNTING_RECORD_NUMBER, 7);
    return with_number(acr, ACCT_APPLICATION_ID, application);
}

/* Opens a server that offers accounting beside the rest. */
static struct lab_peer *accountant(struct lab *lab, const char *identity)
{
    struct lab_peer *server = lab_accept(lab, identity);
    struct lab_message *cea = lab_cea(server, lab_expect(server, CER), 2001);
    lab_send(server, with_number(cea, ACCT_APPLICATION_ID, APP_ACCOUNTING));
    char sample[300];
    snprintf(sample, sizeof sample, "antipode_peer_up{peer=\"%s\"}", identity);
    lab_wait_metric(lab, sample, 1);
    return server;
}

static struct lab_bed bed_with_accountants(struct lab_plan plan)
{
    struct lab_bed bed = {.lab = lab_start(plan)};
    bed.s1 = accountant(bed.lab, S1);
    if (bed.lab->server_count > 1)
        bed.s2 = accountant(bed.lab, S2);
    bed.c1 = lab_client(bed.lab, C1);
    return bed;
}

static void expect_passage(struct lab_bed *bed, struct lab_peer *to, struct lab_message *acr)
{
    lab_send(bed->c1, acr);
    lab_expect_relayed(bed->c1, to, acr);
}

Test(acc, ACC_01_the_application_of_an_ACR_decides_its_route)
{
    struct lab_plan plan = PAIR;
    plan.pools = "  - { name: accountants, members: [{ peer: s2.core.example }] }";
    plan.routes =
        "  - { name: acct, realm: core.example, application: accounting, action: relay, pool: "
        "accountants }\n"
        "  - { name: sip, realm: core.example, application: sip, action: relay, pool: core }";
    struct lab_bed bed = bed_with_accountants(plan);
    expect_passage(&bed, bed.s2, acr_of(bed.c1, APP_ACCOUNTING));
    expect_passage(&bed, bed.s1, acr_of(bed.c1, APP_SIP));
    lab_expect_silence(bed.s2);
    lab_end(bed.lab);
}

Test(acc, ACC_02_an_ACR_goes_only_to_a_server_that_offers_accounting)
{
    struct lab *lab = lab_start(PAIR);
    struct lab_peer *s1 = lab_server(lab, S1), *s2 = accountant(lab, S2);
    struct lab_bed bed = {lab, lab_client(lab, C1), s1, s2};
    expect_passage(&bed, s2, acr_of(bed.c1, APP_ACCOUNTING));
    expect_passage(&bed, s1, acr_of(bed.c1, APP_SIP)); /* the first of the pool otherwise */
    lab_expect_silence(s1);
    lab_end(lab);
}

Test(acc, ACC_02_an_ACR_that_no_server_offers_is_answered_3002)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *acr = acr_of(bed.c1, APP_ACCOUNTING);
    lab_send(bed.c1, acr);
    lab_expect_error(bed.c1, acr, 3002);
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}

Test(acc, ACC_03_without_a_server_an_ACR_is_answered_3002_and_never_2001)
{
    struct lab_bed bed = bed_with_accountants(USUAL);
    struct lab_message *pending = acr_of(bed.c1, APP_ACCOUNTING);
    lab_send(bed.c1, pending);
    lab_expect(bed.s1, ACR);
    lab_stop_listening(bed.lab, S1);
    lab_reset(bed.s1);
    lab_expect_error(bed.c1, pending, 3002);
    lab_wait_metric(bed.lab, "antipode_peer_up{peer=\"" S1 "\"}", 0);
    struct lab_message *late = acr_of(bed.c1, APP_ACCOUNTING);
    lab_send(bed.c1, late);
    lab_expect_error(bed.c1, late, 3002);
    lab_end(bed.lab);
}

Test(acc, ACC_04_an_ACR_fails_over_with_T_and_its_record_number)
{
    struct lab_bed bed = bed_with_accountants(PAIR);
    struct lab_message *acr = acr_of(bed.c1, APP_ACCOUNTING);
    lab_send(bed.c1, acr);
    struct lab_message *at_s1 = lab_expect(bed.s1, ACR);
    cr_assert_eq(lab_flags(at_s1), R | P);
    lab_reset(bed.s1);
    struct lab_message *at_s2 = lab_expect(bed.s2, ACR);
    cr_assert_eq(lab_flags(at_s2), R | P | T);
    cr_assert_eq(lab_end_to_end(at_s2), lab_end_to_end(acr));
    cr_assert_eq(at_s2->size, at_s1->size);
    cr_assert_arr_eq(at_s2->octets + 16, at_s1->octets + 16, at_s1->size - 16);
    lab_answer(bed.s2, at_s2, 2001);
    lab_expect_result(bed.c1, acr, 2001);
    lab_expect_silence(bed.c1);
    lab_end(bed.lab);
}

Test(acc, ACC_04_DUP_04_a_repeated_ACR_keeps_its_T_and_its_record_number)
{
    struct lab_bed bed = bed_with_accountants(USUAL);
    struct lab_message *acr = acr_of(bed.c1, APP_ACCOUNTING);
    struct lab_message *again = with_ids(with_flags(lab_copy(acr), R | P | T),
                                         lab_hop_by_hop(acr) + 1000, lab_end_to_end(acr));
    expect_passage(&bed, bed.s1, acr);
    expect_passage(&bed, bed.s1, again); /* T and End-to-End are compared */
    lab_end(bed.lab);
}

Test(acc, ACC_06_the_accounting_servers_of_an_answer_pass_unread)
{
    static const char uri[] = "aaa://billing.core.example:3868;transport=sctp;protocol=diameter";
    enum { SAR = 284 };
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *sar = lab_request_from(bed.c1, SAR, APP_SIP);
    lab_send(bed.c1, sar);
    struct lab_message *inner = lab_message_new(0, 0, 0, 0, 0);
    with_text(inner, SIP_ACCOUNTING_SERVER_URI, uri);
    struct lab_message *saa = lab_answer_to(bed.s1, lab_expect(bed.s1, SAR), 2001);
    lab_send(bed.s1, with_group(saa, SIP_ACCOUNTING_INFORMATION, inner));
    struct lab_message *at_c1 = lab_expect_result(bed.c1, sar, 2001);
    cr_assert_eq(at_c1->size, saa->size);
    cr_assert_arr_eq(at_c1->octets + 16, saa->octets + 16, saa->size - 16);
    lab_end(bed.lab);
}
