/* srv.c — requests that servers start: RTR, PPR and their like reach the client by
 * Destination-Host. SRV-01 to SRV-08. */
#include "tests/lab/lab.h"

TestSuite(srv, .fini = lab_fini);

static const struct lab_plan USUAL = {0};

static void expect_delivered(uint32_t command, const char *realm)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *request = lab_push_request(bed.s1, command, C1, realm);
    lab_send(bed.s1, request);
    struct lab_message *at_c1 = lab_expect_relayed(bed.s1, bed.c1, request);
    cr_assert_str_eq(lab_text(at_c1, ROUTE_RECORD, 0), S1, "SRV-05");
    lab_end(bed.lab);
}

Test(srv, SRV_01_an_RTR_reaches_the_client_and_its_answer_the_server)
{
    expect_delivered(RTR, "edge.example");
}

Test(srv, SRV_01_a_PPR_reaches_the_client)
{
    expect_delivered(PPR, "edge.example");
}

Test(srv, SRV_01_SRV_06_an_ASR_reaches_the_client)
{
    expect_delivered(274, "edge.example");
}

Test(srv, SRV_01_SRV_06_a_RAR_reaches_the_client)
{
    expect_delivered(258, "edge.example");
}

Test(srv, RTE_12_an_RTR_without_realm_reaches_the_client)
{
    expect_delivered(RTR, NULL);
}

Test(srv, SRV_01_a_Cx_RTR_reaches_the_client)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *rtr =
        with_command(lab_push_request(bed.s1, CX_RTR, C1, "edge.example"), CX_RTR, APP_CX);
    lab_send(bed.s1, rtr);
    lab_expect_relayed(bed.s1, bed.c1, rtr);
    lab_end(bed.lab);
}

Test(srv, SRV_02_an_application_that_the_client_does_not_offer_is_answered_3002)
{
    struct lab *lab = lab_start(USUAL);
    struct lab_peer *s1 = lab_server(lab, S1);
    struct lab_peer *c1 = lab_dial(lab, C1);
    struct lab_message *cer = without(lab_cer(c1), VENDOR_SPECIFIC_APPLICATION_ID);
    lab_send(c1, cer);
    lab_expect_result(c1, cer, 2001);
    struct lab_message *rtr =
        with_command(lab_push_request(s1, CX_RTR, C1, "edge.example"), CX_RTR, APP_CX);
    lab_send(s1, rtr);
    lab_expect_error(s1, rtr, 3002);
    lab_expect_silence(c1);
    lab_end(lab);
}

Test(srv, SRV_04_a_request_of_a_server_for_an_unknown_client_never_goes_to_another_server)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.servers = {S1, S2}});
    struct lab_message *rtr = lab_push_request(bed.s1, RTR, "c9.core.example", "core.example");
    lab_send(bed.s1, rtr);
    lab_expect_error(bed.s1, rtr, 3002);
    lab_expect_silence(bed.s2);
    lab_end(bed.lab);
}

/* Nobody remembers it when its slot is given back: its pattern says that it is a peer. */
Test(srv, SRV_05_a_client_of_a_pattern_that_is_not_there_is_3002_for_the_server)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *rtr = lab_push_request(bed.s1, RTR, "c9.edge.example", "edge.example");
    lab_send(bed.s1, rtr);
    lab_expect_error(bed.s1, rtr, 3002);
    struct lab_message *other = lab_push_request(bed.s1, RTR, "c9.far.example", "far.example");
    lab_send(bed.s1, other);
    lab_expect_error(bed.s1, other, 3003);
    lab_end(bed.lab);
}

Test(srv, SRV_05_a_client_that_goes_while_an_RTR_is_pending_is_3002_for_the_server)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *rtr = lab_push_request(bed.s1, RTR, C1, "edge.example");
    lab_send(bed.s1, rtr);
    lab_expect(bed.c1, RTR);
    lab_reset(bed.c1);
    lab_expect_error(bed.s1, rtr, 3002);
    lab_end(bed.lab);
}

Test(srv, SRV_08_hop_by_hops_of_both_directions_are_independent)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    struct lab_message *rtr = lab_push_request(bed.s1, RTR, C1, "edge.example");
    lab_send(bed.s1, with_ids(rtr, lab_hop_by_hop(at_s1), lab_end_to_end(at_s1)));
    struct lab_message *at_c1 = lab_expect(bed.c1, RTR);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_answer(bed.c1, at_c1, 2002);
    lab_expect_result(bed.s1, rtr, 2002);
    lab_end(bed.lab);
}

Test(srv, SRV_01_a_client_that_never_answers_leaves_the_server_3002)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *rtr = lab_push_request(bed.s1, RTR, C1, "edge.example");
    lab_send(bed.s1, rtr);
    lab_expect(bed.c1, RTR);
    lab_advance(bed.lab, 6000, 500);
    lab_expect_error(bed.s1, rtr, 3002);
    lab_end(bed.lab);
}

Test(srv, SRV_07_a_server_reaches_the_client_by_the_name_its_requests_bore)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir =
        with_text(without(lab_lir(bed.c1, ALICE), ORIGIN_HOST), ORIGIN_HOST, "C1.Edge.Example");
    lab_send(bed.c1, lir);
    struct lab_message *at_s1 = lab_expect_relayed(bed.c1, bed.s1, lir);
    const char *name = lab_text(at_s1, ORIGIN_HOST, 0), *realm = lab_text(at_s1, ORIGIN_REALM, 0);
    cr_assert_str_eq(name, "C1.Edge.Example");
    struct lab_message *rtr = lab_push_request(bed.s1, RTR, name, realm);
    lab_send(bed.s1, rtr);
    lab_expect_relayed(bed.s1, bed.c1, rtr);
    lab_end(bed.lab);
}
