/* hdr.c — the 20 octets before the AVPs, as requests, answers and the stream bring them.
 * Requirements HDR-01 to HDR-29. */
#include <stdio.h>

#include "tests/lab/lab.h"

TestSuite(hdr, .fini = lab_fini);

static const struct lab_plan USUAL = {0};

Test(hdr, HDR_03_another_version_is_answered_5011_and_the_connection_ends)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = with_version(lab_lir(bed.c1, ALICE), 2);
    lab_send(bed.c1, lir);
    struct lab_message *answer = lab_expect_result(bed.c1, lir, 5011);
    cr_assert_eq(lab_flags(answer) & (R | E), E);
    lab_expect_closed(bed.c1);
    lab_expect_silence(bed.s1);
    lab_expect_service(lab_client(bed.lab, C2), bed.s1);
    lab_end(bed.lab);
}

static void expect_length_refused(struct lab_bed *bed, uint32_t length)
{
    char name[40];
    snprintf(name, sizeof(name), "length%u.edge.example", length);
    struct lab_peer *peer = lab_client(bed->lab, name);
    struct lab_message *lir = with_length(lab_lir(peer, ALICE), length);
    lab_send_octets(peer, lir->octets, lir->size);
    lab_expect_result(peer, lir, 5015);
    lab_expect_closed(peer);
    lab_expect_silence(bed->s1);
}

Test(hdr, HDR_05_impossible_lengths_are_answered_5015_and_the_connection_ends)
{
    struct lab_bed bed = lab_bed(USUAL);
    expect_length_refused(&bed, 0);
    expect_length_refused(&bed, 16);
    expect_length_refused(&bed, 19);
    expect_length_refused(&bed, 21);
    expect_length_refused(&bed, (1 << 24) - 4);
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

static const char garbage[] =
    "GET / HTTP/1.1\r\nHost: m.agent.example\r\nUser-Agent: lab\r\nAccept: */*\r\n\r\n";

Test(hdr, HDR_06_octets_that_are_no_diameter_before_the_CER_are_reset)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_peer *stranger = lab_dial(bed.lab, C2);
    lab_send_octets(stranger, garbage, sizeof(garbage));
    lab_expect_reset(stranger);
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

static void expect_reset_by(struct lab_bed *bed, struct lab_peer *peer, struct lab_message *message)
{
    lab_send_octets(peer, message->octets, message->size);
    lab_expect_reset(peer);
    lab_expect_service(bed->c1, bed->s1);
}

Test(hdr, HDR_03_HDR_05_HDR_06_before_the_CER_there_is_never_an_answer)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_peer *peer = lab_dial(bed.lab, C2);
    expect_reset_by(&bed, peer, with_length(lab_cer(peer), 21));
    peer = lab_dial(bed.lab, C2);
    expect_reset_by(&bed, peer, with_version(lab_cer(peer), 2));
    peer = lab_dial(bed.lab, C2);
    expect_reset_by(&bed, peer, with_length(lab_cer(peer), (1 << 24) - 4));
    lab_end(bed.lab);
}

Test(hdr, HDR_03_HDR_05_HDR_06_a_broken_answer_resets_the_connection)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_peer *peer = lab_client(bed.lab, C2);
    expect_reset_by(&bed, peer, with_version(with_flags(lab_lir(peer, ALICE), P), 2));
    peer = lab_client(bed.lab, "c3.edge.example");
    expect_reset_by(&bed, peer, with_length(with_flags(lab_lir(peer, ALICE), P), 19));
    lab_end(bed.lab);
}

Test(hdr, HDR_06_octets_that_are_no_diameter_reset_an_open_connection)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_peer *c2 = lab_client(bed.lab, C2);
    lab_send_octets(c2, garbage, sizeof(garbage));
    lab_expect_reset(c2);
    lab_expect_service(bed.c1, bed.s1);
    lab_wait_metric(bed.lab, "antipode_peers_open{peer=\"*.edge.example\"}", 1);
    lab_end(bed.lab);
}

Test(hdr, HDR_06_requests_pending_at_a_server_that_talks_nonsense_fail_over)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.servers = {S1, S2}});
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_expect(bed.s1, LIR);
    lab_send_octets(bed.s1, garbage, sizeof(garbage));
    lab_expect_reset(bed.s1);
    struct lab_message *again = lab_expect(bed.s2, LIR);
    cr_assert(lab_flags(again) & T);
    lab_answer(bed.s2, again, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}

static struct lab_message *of_size(struct lab_message *message, size_t size)
{
    static const uint8_t filling[1 << 17];
    return with_avp(message, 0, 99999, 0, filling, size - message->size - 8);
}

Test(hdr, HDR_07_a_message_of_exactly_the_limit_is_forwarded)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = of_size(lab_lir(bed.c1, ALICE), 65536);
    cr_assert_eq(lir->size, 65536);
    lab_send(bed.c1, lir);
    lab_expect_relayed(bed.c1, bed.s1, lir);
    lab_end(bed.lab);
}

Test(hdr, HDR_07_a_message_above_the_limit_is_answered_5015_before_it_is_there)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = of_size(lab_lir(bed.c1, ALICE), 65540);
    lab_send_octets(bed.c1, lir->octets, 1000);
    lab_expect_result(bed.c1, lir, 5015);
    lab_expect_closed(bed.c1);
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}

Test(hdr, HDR_08_messages_arrive_one_octet_at_a_time_from_the_CER_on)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_peer *c2 = lab_dial(bed.lab, C2);
    struct lab_message *cer = lab_cer(c2);
    for (size_t i = 0; i < cer->size; i++)
        lab_send_octets(c2, cer->octets + i, 1);
    lab_expect_result(c2, cer, 2001);
    bed.s1->auto_result = 2001;
    for (int n = 0; n < 20; n++) {
        struct lab_message *lir = lab_lir(c2, ALICE);
        for (size_t i = 0; i < lir->size; i++)
            lab_send_octets(c2, lir->octets + i, 1);
        lab_expect_result(c2, lir, 2001);
    }
    lab_end(bed.lab);
}

Test(hdr, HDR_08_a_message_is_cut_at_every_octet)
{
    struct lab_bed bed = lab_bed(USUAL);
    bed.s1->auto_result = 2001;
    for (size_t cut = 1; cut < lab_lir(bed.c1, ALICE)->size; cut++) {
        struct lab_message *lir = lab_lir(bed.c1, ALICE);
        lab_send_octets(bed.c1, lir->octets, cut);
        lab_serve(bed.lab, 0);
        lab_send_octets(bed.c1, lir->octets + cut, lir->size - cut);
        lab_expect_result(bed.c1, lir, 2001);
    }
    lab_end(bed.lab);
}

Test(hdr, HDR_08_five_hundred_messages_in_one_write_are_all_answered)
{
    enum { MANY = 500 };
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir[MANY];
    struct lab_message *all = lab_from_octets("", 0);
    bed.s1->auto_result = 2001;
    for (size_t i = 0; i < MANY; i++) {
        lir[i] = lab_lir(bed.c1, ALICE);
        lab_join(all, lir[i]);
    }
    lab_send_octets(bed.c1, all->octets, all->size);
    lab_wait_inbox(bed.c1, MANY);
    for (size_t i = 0; i < MANY; i++)
        lab_await_answer(bed.c1, lir[i]);
    lab_end(bed.lab);
}

Test(hdr, HDR_10_reserved_bits_are_ignored_and_forwarded)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = with_flags(lab_lir(bed.c1, ALICE), R | P | 1);
    lab_send(bed.c1, lir);
    lab_expect_relayed(bed.c1, bed.s1, lir);
    lab_end(bed.lab);
}

Test(hdr, HDR_10_reserved_bits_are_answered_5013_where_they_are_refused)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.compatibility = "reserved_bits: refuse"});
    struct lab_message *lir = with_flags(lab_lir(bed.c1, ALICE), R | P | 1);
    lab_send(bed.c1, lir);
    lab_expect_error(bed.c1, lir, 5013);
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}

Test(hdr, HDR_11_the_error_bit_in_a_request_is_answered_3008)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = with_flags(lab_lir(bed.c1, ALICE), R | P | E);
    lab_send(bed.c1, lir);
    lab_expect_error(bed.c1, lir, 3008);
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}

Test(hdr, HDR_12_T_is_cleared_in_a_relayed_answer)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *lia = lab_answer_to(bed.s1, lab_expect(bed.s1, LIR), 2001);
    lab_send(bed.s1, with_flags(lia, P | T));
    cr_assert_eq(lab_flags(lab_expect_result(bed.c1, lir, 2001)), P);
    lab_end(bed.lab);
}

Test(hdr, HDR_13_T_of_a_request_stays)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = with_flags(lab_lir(bed.c1, ALICE), R | P | T);
    lab_send(bed.c1, lir);
    lab_expect_relayed(bed.c1, bed.s1, lir);
    lab_end(bed.lab);
}

Test(hdr, HDR_15_a_request_that_is_not_proxiable_is_never_relayed)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = with_flags(lab_lir(bed.c1, ALICE), R);
    lab_send(bed.c1, lir);
    lab_expect_error(bed.c1, lir, 3007);
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}

Test(hdr, HDR_16_a_DWR_with_a_destination_is_answered_by_the_agent)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *dwr = with_text(lab_dwr(bed.c1), DESTINATION_REALM, "core.example");
    lab_send(bed.c1, with_flags(dwr, R | P));
    struct lab_message *dwa = lab_expect_result(bed.c1, dwr, 5008);
    cr_assert_eq(lab_count(dwa, FAILED_AVP), 1);
    lab_expect_silence(bed.s1);
    cr_assert_eq(bed.s1->watchdogs, 0);
    lab_end(bed.lab);
}

Test(hdr, HDR_17_a_proxiable_DWR_is_answered_with_P)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *dwr = with_flags(lab_dwr(bed.c1), R | P);
    lab_send(bed.c1, dwr);
    cr_assert_eq(lab_flags(lab_expect_result(bed.c1, dwr, 2001)), P);
    lab_end(bed.lab);
}

Test(hdr, HDR_18_a_DWR_of_another_application_is_answered)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *dwr = with_command(lab_dwr(bed.c1), DWR, APP_SIP);
    lab_send(bed.c1, dwr);
    lab_expect_result(bed.c1, dwr, 2001);
    lab_end(bed.lab);
}

Test(hdr, HDR_19_RTE_19_the_application_of_the_header_decides)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir =
        with_number(without(lab_lir(bed.c1, ALICE), AUTH_APPLICATION_ID), AUTH_APPLICATION_ID, 4);
    lab_send(bed.c1, lir);
    lab_expect_relayed(bed.c1, bed.s1, lir);
    lab_end(bed.lab);
}

Test(hdr, HDR_21_RTE_03_equal_hop_by_hops_of_two_clients_are_told_apart)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_peer *c2 = lab_client(bed.lab, C2);
    struct lab_message *first = with_ids(lab_lir(bed.c1, ALICE), 1, 100);
    struct lab_message *second = with_ids(lab_lir(c2, ALICE), 1, 200);
    lab_send(bed.c1, first);
    struct lab_message *first_at_s1 = lab_expect(bed.s1, LIR);
    lab_send(c2, second);
    struct lab_message *second_at_s1 = lab_expect(bed.s1, LIR);
    cr_assert_neq(lab_hop_by_hop(first_at_s1), lab_hop_by_hop(second_at_s1));
    lab_answer(bed.s1, second_at_s1, 2002);
    lab_answer(bed.s1, first_at_s1, 2001);
    lab_expect_result(bed.c1, first, 2001);
    lab_expect_result(c2, second, 2002);
    lab_end(bed.lab);
}

Test(hdr, HDR_22_HDR_26_identifiers_differ_after_a_restart)
{
    struct lab *lab = lab_start(USUAL);
    uint32_t hop_by_hop[3], end_to_end[3];
    for (int i = 0; i < 3; i++) {
        struct lab_message *cer = lab_expect(lab_accept(lab, S1), CER);
        hop_by_hop[i] = lab_hop_by_hop(cer);
        end_to_end[i] = lab_end_to_end(cer);
        if (i < 2)
            lab_restart(lab);
    }
    cr_assert(hop_by_hop[0] != hop_by_hop[1] && hop_by_hop[1] != hop_by_hop[2]);
    cr_assert(end_to_end[0] != end_to_end[1] && end_to_end[1] != end_to_end[2] &&
              end_to_end[0] != end_to_end[2]);
    lab_end(lab);
}

Test(hdr, HDR_23_an_answer_nobody_asked_for_is_dropped_and_counted)
{
    struct lab_bed bed = lab_bed(USUAL);
    lab_answer(bed.s1, lab_lir(bed.c1, ALICE), 2001);
    lab_expect_silence(bed.s1);
    lab_expect_silence(bed.c1);
    lab_wait_metric(bed.lab, "antipode_dropped_total{reason=\"answer_unmatched\"}", 1);
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

static struct lab_message *answer_with_ids(struct lab_peer *server,
                                           const struct lab_message *request, uint32_t ids)
{
    return with_ids(lab_answer_to(server, request, 2001), lab_hop_by_hop(request),
                    lab_end_to_end(request) + ids);
}

Test(hdr, HDR_24_an_answer_with_another_end_to_end_leaves_the_request_pending)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *at_s1 = lab_expect(bed.s1, LIR);
    lab_send(bed.s1, answer_with_ids(bed.s1, at_s1, 1));
    lab_send(bed.s1, with_command(answer_with_ids(bed.s1, at_s1, 0), UAR, APP_SIP));
    lab_send(bed.s1, with_command(answer_with_ids(bed.s1, at_s1, 0), LIR, APP_CX));
    lab_expect_silence(bed.s1);
    lab_expect_silence(bed.c1);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}

Test(hdr, HDR_27_unknown_commands_are_relayed)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *request = lab_request_from(bed.c1, 8388620, APP_SIP);
    lab_send(bed.c1, request);
    lab_expect_relayed(bed.c1, bed.s1, request);
    lab_end(bed.lab);
}

Test(hdr, HDR_27_an_unknown_command_for_the_agent_itself_is_answered_3007)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *request =
        with_text(lab_request_from(bed.c1, 8388620, APP_SIP), DESTINATION_HOST, A_HOST);
    lab_send(bed.c1, request);
    lab_expect_error(bed.c1, request, 3007);
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}

Test(hdr, HDR_28_an_unknown_application_goes_to_a_relay)
{
    struct lab_bed bed = lab_bed((struct lab_plan){
        .servers = {R1},
        .pools = "  - { name: transit, members: [{ peer: r1.transit.example }] }",
        .routes = "  - { name: transit, realm: core.example, action: relay, pool: transit }"});
    struct lab_message *request = lab_request_from(bed.c1, LIR, 16777999);
    lab_send(bed.c1, request);
    lab_expect_relayed(bed.c1, bed.s1, request);
    lab_end(bed.lab);
}

Test(hdr, HDR_28_an_unknown_application_that_no_server_offers_is_answered_3002)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *request = lab_request_from(bed.c1, LIR, 16777999);
    lab_send(bed.c1, request);
    lab_expect_error(bed.c1, request, 3002);
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}

/* Each is refused: in vain addressed, or without a server. */
Test(hdr, HDR_20_an_answer_keeps_the_command_and_the_application)
{
    static const struct {
        uint32_t command, application;
        const char *realm;
        uint32_t result;
    } refused[] = {{LIR, APP_SIP, "nowhere.example", 3003},
                   {CX_LIR, APP_CX, "nowhere.example", 3003},
                   {8388620, APP_SH, "nowhere.example", 3003},
                   {271, 3, "core.example", 3002},
                   {272, 4, "core.example", 3002},
                   {16777215, 16777999, "core.example", 3002}};
    struct lab_bed bed = lab_bed(USUAL);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct lab_message *request =
            lab_request_from(bed.c1, refused[i].command, refused[i].application);
        request =
            with_text(without(request, DESTINATION_REALM), DESTINATION_REALM, refused[i].realm);
        lab_send(bed.c1, request);
        struct lab_message *answer = lab_expect_error(bed.c1, request, refused[i].result);
        cr_assert_eq(lab_command(answer), refused[i].command);
        cr_assert_eq(lab_application(answer), refused[i].application);
    }
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}

/* Requests and answers, of the agent and relayed, good and bad; also the answer to another version.
 */
Test(hdr, HDR_02_the_version_is_1_in_everything_that_is_sent)
{
    struct lab *lab = lab_start(USUAL);
    struct lab_peer *s1 = lab_accept(lab, S1);
    struct lab_message *seen[7], *cer, *dwr, *lir, *lost, *wrong;
    seen[0] = lab_expect(s1, CER);
    lab_send(s1, lab_cea(s1, seen[0], 2001));
    lab_wait_metric(lab, "antipode_peer_up{peer=\"" S1 "\"}", 1);
    struct lab_peer *c1 = lab_dial(lab, C1);
    lab_send(c1, cer = lab_cer(c1));
    seen[1] = lab_expect_answer(c1, cer);
    lab_send(c1, dwr = lab_dwr(c1));
    seen[2] = lab_expect_answer(c1, dwr);
    lab_send(c1, lir = lab_lir(c1, ALICE));
    seen[3] = lab_expect(s1, LIR);
    lab_answer(s1, seen[3], 2001);
    seen[4] = lab_expect_answer(c1, lir);
    lab_send(c1, lost = without(lab_lir(c1, ALICE), DESTINATION_REALM));
    seen[5] = lab_expect_answer(c1, lost);
    lab_send(c1, wrong = with_version(lab_lir(c1, ALICE), 3));
    seen[6] = lab_expect_answer(c1, wrong);
    for (int i = 0; i < 7; i++)
        cr_assert_eq(seen[i]->octets[0], 1, "message %d", i);
    lab_end(lab);
}
