/* sec.c — what a peer may not send: SEC-10. */
#include <stdio.h>

#include "tests/lab/lab.h"

TestSuite(sec, .fini = lab_fini);

#define CLIENTS(keys) "  - { identity: \"*.edge.example\", realm: edge.example, " keys " }"

static void expect_screened(struct lab_bed *bed, struct lab_message *request, uint32_t result,
                            const char *reason)
{
    char sample[128];
    snprintf(sample, sizeof sample,
             "antipode_screened_total{peer=\"*.edge.example\",reason=\"%s\"}", reason);
    double before = lab_metric(bed->lab, sample);
    lab_send(bed->c1, request);
    lab_expect_error(bed->c1, request, result);
    lab_expect_silence(bed->s1);
    lab_wait_metric(bed->lab, sample, before + 1);
}

static struct lab_message *from(struct lab_message *request, const char *host, const char *realm)
{
    return with_text(
        with_text(without(without(request, ORIGIN_HOST), ORIGIN_REALM), ORIGIN_HOST, host),
        ORIGIN_REALM, realm);
}

Test(sec, SEC_10_a_client_does_not_speak_for_a_server)
{
    struct lab_bed bed =
        lab_bed((struct lab_plan){.clients = CLIENTS("screen: { origin_realms: [edge.example] }")});
    lab_expect_service(bed.c1, bed.s1);
    expect_screened(&bed, from(lab_lir(bed.c1, ALICE), S1, "core.example"), 5003, "origin");
    expect_screened(&bed, from(lab_lir(bed.c1, ALICE), S1, "edge.example"), 5003, "origin");
    struct lab_message *lir = from(lab_lir(bed.c1, ALICE), "behind.edge.example", "edge.example");
    lab_send(bed.c1, lir);
    lab_expect_relayed(bed.c1, bed.s1, lir);
    lab_end(bed.lab);
}

Test(sec, SEC_10_an_application_that_is_not_the_clients_is_answered_3007)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.clients = CLIENTS("applications: [sip]")});
    lab_expect_service(bed.c1, bed.s1);
    expect_screened(&bed, lab_request_from(bed.c1, CX_LIR, APP_CX), 3007, "application");
    lab_end(bed.lab);
}

Test(sec, SEC_10_a_command_that_is_not_listed_is_answered_5003)
{
    struct lab_bed bed = lab_bed(
        (struct lab_plan){.clients = CLIENTS("screen: { applications: [sip], commands: [LIR] }")});
    lab_expect_service(bed.c1, bed.s1);
    expect_screened(&bed, lab_request_from(bed.c1, UAR, APP_SIP), 5003, "command");
    expect_screened(&bed, lab_request_from(bed.c1, CX_LIR, APP_CX), 5003, "application");
    lab_end(bed.lab);
}

/* Returns how many were served; the others were refused. */
static int push_many(struct lab_bed *bed, int many)
{
    struct lab_message *sent[40];
    int good = 0;
    for (int i = 0; i < many; i++)
        lab_push(bed->c1, sent[i] = lab_lir(bed->c1, ALICE));
    for (int i = 0; i < many; i++) {
        uint32_t result = lab_result(lab_await_answer(bed->c1, sent[i]));
        cr_assert(result == 2001 || result == 3004);
        good += result == 2001;
    }
    return good;
}

/* At least so many, and on a busy machine what the rate (a second) has added since `begin`. */
static void expect_good(const struct lab *lab, int good, int least, int rate, uint64_t begin)
{
    int most = least + rate * (int)(lab_agent_ms(lab) - begin + 1) / 1000;
    cr_assert(good >= least && good <= most, "%d are not %d to %d", good, least, most);
}

Test(sec, SEC_10_above_its_rate_a_client_is_answered_3004)
{
    struct lab_bed bed =
        lab_bed((struct lab_plan){.clients = CLIENTS("rate: { requests: 2, burst: 10 }")});
    bed.s1->auto_result = 2001;
    uint64_t begin = lab_agent_ms(bed.lab);
    int first = push_many(&bed, 30);
    expect_good(bed.lab, first, 10, 2, begin);
    lab_advance(bed.lab, 3000, 500);
    int second = push_many(&bed, 30);
    cr_assert_geq(second, 6);
    expect_good(bed.lab, first + second, 10, 2, begin);
    lab_expect_silence(bed.c1);
    lab_wait_metric(bed.lab, "antipode_screened_total{peer=\"*.edge.example\",reason=\"rate\"}",
                    60 - first - second);
    lab_end(bed.lab);
}

Test(sec, SEC_10_each_client_of_an_entry_has_its_own_rate)
{
    struct lab_bed bed =
        lab_bed((struct lab_plan){.clients = CLIENTS("rate: { requests: 1, burst: 5 }")});
    bed.s1->auto_result = 2001;
    for (int i = 0; i < 2; i++) {
        uint64_t begin = lab_agent_ms(bed.lab);
        int good = push_many(&bed, 20);
        expect_good(bed.lab, good, 5, 1, begin);
        bed.c1 = i == 0 ? lab_client(bed.lab, C2) : NULL;
    }
    lab_end(bed.lab);
}
