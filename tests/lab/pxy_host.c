/* pxy_host.c — the host that a proxy of Cx and Sh names. 29.229 §5.5; requirement PXY-07. */
#include <string.h>

#include "tests/lab/lab.h"

TestSuite(pxy_host, .fini = lab_fini);

enum { CX_UAR = 300, SH_UDR = 306 };

#define PROXY "  - { name: core, realm: \"*\", action: proxy, pool: core }"

static struct lab_message *pass(struct lab_peer *client, struct lab_peer *server,
                                struct lab_message *request)
{
    lab_send(client, request);
    struct lab_message *came = lab_expect(server, lab_command(request));
    cr_assert(lab_is_well_formed(came));
    return came;
}

static void finish(struct lab_bed *bed, struct lab_peer *server, struct lab_message *request,
                   struct lab_message *came)
{
    lab_answer(server, came, 2001);
    struct lab_message *answer = lab_expect_result(bed->c1, request, 2001);
    cr_assert_str_eq(lab_text(answer, ORIGIN_HOST, 0), server->identity);
    cr_assert_str_eq(lab_text(answer, ORIGIN_REALM, 0), "core.example");
    lab_end(bed->lab);
}

static void expect_named(uint32_t command, uint32_t application)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.routes = PROXY});
    struct lab_message *request = lab_request_from(bed.c1, command, application);
    struct lab_message *at_s1 = pass(bed.c1, bed.s1, request);
    cr_assert_eq(lab_count(at_s1, DESTINATION_HOST), 1);
    cr_assert_str_eq(lab_text(at_s1, DESTINATION_HOST, 0), S1);
    cr_assert_str_eq(lab_text(at_s1, DESTINATION_REALM, 0), "core.example");
    cr_assert_str_eq(lab_text(at_s1, ROUTE_RECORD, 0), C1);
    finish(&bed, bed.s1, request, at_s1);
}

Test(pxy_host, PXY_07_a_request_of_Cx_gets_its_host_and_the_answer_keeps_its_own)
{
    expect_named(CX_UAR, APP_CX);
}

Test(pxy_host, PXY_07_a_request_of_Sh_gets_its_host)
{
    expect_named(SH_UDR, APP_SH);
}

Test(pxy_host, PXY_07_the_realm_becomes_that_of_the_host_in_its_place)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.routes = PROXY});
    struct lab_message *request = lab_request_from(bed.c1, CX_UAR, APP_CX);
    with_text(without(request, DESTINATION_REALM), DESTINATION_REALM, "ims.example");
    with_text(request, USER_NAME, "alice@ims.example");
    struct lab_message *at_s1 = pass(bed.c1, bed.s1, request);
    cr_assert_eq(lab_count(at_s1, DESTINATION_REALM), 1);
    cr_assert_str_eq(lab_text(at_s1, DESTINATION_REALM, 0), "core.example");
    cr_assert_str_eq(lab_text(at_s1, DESTINATION_HOST, 0), S1);
    cr_assert_str_eq(lab_text(at_s1, USER_NAME, 0), "alice@ims.example");
    finish(&bed, bed.s1, request, at_s1);
}

Test(pxy_host, PXY_07_a_host_that_the_client_names_stays)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.servers = {S1, S2}, .routes = PROXY});
    struct lab_message *request = lab_request_from(bed.c1, CX_UAR, APP_CX);
    with_text(request, DESTINATION_HOST, "S2.core.example");
    struct lab_message *at_s2 = pass(bed.c1, bed.s2, request);
    cr_assert_eq(lab_count(at_s2, DESTINATION_HOST), 1);
    cr_assert_str_eq(lab_text(at_s2, DESTINATION_HOST, 0), "S2.core.example");
    finish(&bed, bed.s2, request, at_s2);
}

Test(pxy_host, PXY_07_FOV_02_after_a_failover_it_is_the_other_one)
{
    struct lab_bed bed =
        lab_bed((struct lab_plan){.servers = {S1, S2}, .routes = PROXY, .timers = "request: 60s"});
    struct lab_message *request = lab_request_from(bed.c1, CX_UAR, APP_CX);
    struct lab_message *at_s1 = pass(bed.c1, bed.s1, request);
    cr_assert_str_eq(lab_text(at_s1, DESTINATION_HOST, 0), S1);
    lab_reset(bed.s1);
    struct lab_message *at_s2 = lab_expect(bed.s2, CX_UAR);
    cr_assert(lab_is_well_formed(at_s2));
    cr_assert(lab_flags(at_s2) & T);
    cr_assert_eq(lab_end_to_end(at_s2), lab_end_to_end(request));
    cr_assert_eq(lab_count(at_s2, DESTINATION_HOST), 1);
    cr_assert_str_eq(lab_text(at_s2, DESTINATION_HOST, 0), S2);
    finish(&bed, bed.s2, request, at_s2);
}

Test(pxy_host, PXY_07_another_application_names_its_host_itself)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.routes = PROXY});
    struct lab_message *request = lab_lir(bed.c1, ALICE);
    struct lab_message *at_s1 = pass(bed.c1, bed.s1, request);
    cr_assert_eq(lab_count(at_s1, DESTINATION_HOST), 0);
    finish(&bed, bed.s1, request, at_s1);
}

Test(pxy_host, PXY_07_an_agent_looks_for_the_host_itself)
{
    struct lab_bed bed = lab_bed((struct lab_plan){
        .servers = {R1},
        .pools = "  - { name: transit, members: [{ peer: r1.transit.example }] }",
        .routes = "  - { name: all, realm: \"*\", action: proxy, pool: transit }"});
    struct lab_message *request = lab_request_from(bed.c1, CX_UAR, APP_CX);
    struct lab_message *at_r1 = pass(bed.c1, bed.s1, request);
    cr_assert_eq(lab_count(at_r1, DESTINATION_HOST), 0);
    lab_answer(bed.s1, at_r1, 2001);
    lab_expect_result(bed.c1, request, 2001);
    lab_end(bed.lab);
}
