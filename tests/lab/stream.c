/* stream.c — damaged octets: what is sent is hostile or broken, and nobody else notices. Issue 2,
 * 5; HDR-03 to HDR-08, SEC-15.
 *
 * The mutations are drawn from a fixed seed, so that a finding can be repeated. */
#include <stdio.h>
#include <string.h>

#include "tests/lab/lab.h"

TestSuite(stream, .fini = lab_fini);

static const struct lab_plan USUAL = {0};

static uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % below;
}

/* One to four octets from `first` on get another value. */
static struct lab_message *mutate(struct lab_message *message, size_t first, uint64_t *seed)
{
    static const uint8_t nasty[] = {0x00, 0x01, 0x07, 0x08, 0x7f, 0x80, 0xff};
    for (uint32_t n = 1 + draw(seed, 4); n-- > 0;) {
        size_t at = first + draw(seed, (uint32_t)(message->size - first));
        message->octets[at] =
            draw(seed, 2) ? nasty[draw(seed, sizeof(nasty))] : (uint8_t)draw(seed, 256);
    }
    return message;
}

/* Throws away what came; has the answer to `fence` come? */
static bool drain_until(struct lab_peer *peer, const struct lab_message *fence)
{
    for (struct lab_message *got; (got = lab_take(peer));) {
        if (lab_command(got) == DWR && !(lab_flags(got) & R) &&
            lab_hop_by_hop(got) == lab_hop_by_hop(fence))
            return true;
    }
    return false;
}

static struct lab_peer *fresh_client(struct lab *lab)
{
    static int count;
    char name[40];
    snprintf(name, sizeof(name), "mutant%d.edge.example", count++);
    return lab_client(lab, name);
}

static void expect_undisturbed(struct lab_bed *bed)
{
    struct lab_message *lir = lab_lir(bed->c1, ALICE);
    lab_send(bed->c1, lir);
    lab_expect_result(bed->c1, lir, 2001);
    cr_assert(!bed->s1->ended, "the server was disturbed");
}

/* The length stays, so that the octets behind are a message again. */
static void send_mutated_requests(struct lab_bed *bed, int many, uint64_t seed)
{
    enum { AT_ONCE = 10 };
    struct lab_peer *mutant = fresh_client(bed->lab);
    for (int sent = 0; sent < many;) {
        for (int i = 0; i < AT_ONCE; i++)
            lab_push(mutant, mutate(lab_lir(mutant, ALICE), 4, &seed));
        struct lab_message *fence = lab_dwr(mutant);
        lab_push(mutant, fence);
        if (drain_until(mutant, fence)) {
            sent += AT_ONCE;
        } else {
            lab_close(mutant);
            mutant = fresh_client(bed->lab);
        }
        if (sent % 500 == 0)
            expect_undisturbed(bed);
    }
}

Test(stream, ten_thousand_mutated_requests_disturb_nobody, .timeout = 240)
{
    struct lab_bed bed = lab_bed(USUAL);
    bed.s1->auto_result = 2001;
    send_mutated_requests(&bed, 10000, 20060926);
    expect_undisturbed(&bed);
    lab_end(bed.lab);
}

/* Header and lengths are mutated, too; each needs a connection of its own. */
static void send_alone(struct lab_bed *bed, struct lab_peer *peer,
                       const struct lab_message *message)
{
    lab_push(peer, message);
    lab_finish(peer);
    while (lab_take(peer))
        ;
    lab_close(peer);
    if (lab_hop_by_hop(message) % 50 == 0)
        expect_undisturbed(bed);
}

Test(stream, mutated_headers_end_their_connection_and_no_other, .timeout = 240)
{
    struct lab_bed bed = lab_bed(USUAL);
    uint64_t seed = 3588;
    bed.s1->auto_result = 2001;
    for (int i = 0; i < 500; i++) {
        struct lab_peer *mutant = fresh_client(bed.lab);
        struct lab_message *lir = lab_lir(mutant, ALICE);
        lir->octets[draw(&seed, 8)] = (uint8_t)draw(&seed, 256);
        send_alone(&bed, mutant, lir);
    }
    expect_undisturbed(&bed);
    lab_end(bed.lab);
}

Test(stream, mutated_CERs_disturb_nobody, .timeout = 240)
{
    struct lab_bed bed = lab_bed(USUAL);
    uint64_t seed = 6733;
    bed.s1->auto_result = 2001;
    for (int i = 0; i < 1000; i++) {
        struct lab_peer *mutant = lab_dial(bed.lab, C2);
        send_alone(&bed, mutant, mutate(lab_cer(mutant), 0, &seed));
    }
    expect_undisturbed(&bed);
    lab_end(bed.lab);
}

/* Whatever the server says, every request ends once. */
Test(stream, mutated_answers_end_every_request_once, .timeout = 240)
{
    enum { MANY = 2000, AT_ONCE = 20 };
    struct lab_bed bed = lab_bed(USUAL);
    uint64_t seed = 4740;
    for (int sent = 0; sent < MANY; sent += AT_ONCE) {
        for (int i = 0; i < AT_ONCE; i++)
            lab_push(bed.c1, lab_lir(bed.c1, ALICE));
        for (int i = 0; i < AT_ONCE; i++) {
            struct lab_message *lia = lab_answer_to(bed.s1, lab_expect(bed.s1, LIR), 2001);
            lab_push(bed.s1, mutate(lia, 8, &seed)); /* an answer it stays */
        }
    }
    lab_expect_silence(bed.s1);
    lab_advance(bed.lab, 6000, 500);
    lab_wait_inbox(bed.c1, MANY);
    lab_wait_metric(bed.lab, "antipode_requests_in_flight", 0);
    cr_assert_eq(lab_inbox_size(bed.c1), MANY);
    lab_end(bed.lab);
}

/* --- single deeds --- */

static void expect_survived(const void *octets, size_t size)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_peer *c2 = lab_client(bed.lab, C2);
    lab_send_octets(c2, octets, size);
    lab_finish(c2);
    while (lab_take(c2))
        ;
    lab_expect_silence(bed.s1);
    bed.s1->auto_result = 2001;
    expect_undisturbed(&bed);
    lab_end(bed.lab);
}

Test(stream, a_header_cut_short_by_the_end_is_no_message)
{
    static const uint8_t half[] = {1, 0, 0, 20, R};
    expect_survived(half, sizeof(half));
}

Test(stream, zeros_are_no_diameter)
{
    static const uint8_t zeros[4096];
    expect_survived(zeros, sizeof(zeros));
}

Test(stream, a_huge_claim_without_octets_takes_no_memory)
{
    enum { CLIENTS = 200 };
    struct lab_bed bed = lab_bed((struct lab_plan){.limits = "message_size: 15MiB"});
    uint64_t before = lab_resident_memory(bed.lab);
    for (int i = 0; i < CLIENTS; i++) {
        struct lab_peer *mutant = fresh_client(bed.lab);
        struct lab_message *lir = with_length(lab_lir(mutant, ALICE), 15 << 20);
        lab_send_octets(mutant, lir->octets, lir->size);
    }
    lab_expect_service(bed.c1, bed.s1);
    cr_assert_lt(lab_resident_memory(bed.lab), before + (64 << 20));
    lab_end(bed.lab);
}

Test(stream, a_client_that_vanishes_in_the_middle_of_a_message_is_forgotten)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send_octets(bed.c1, lir->octets, lir->size - 4);
    lab_reset(bed.c1);
    lab_expect_service(lab_client(bed.lab, C2), bed.s1);
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}

Test(stream, HDR_05_an_AVP_chain_of_empty_AVPs_is_relayed)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    for (int i = 0; i < 5000; i++)
        with_avp(lir, 0, 99999, 0, "", 0);
    lab_send(bed.c1, lir);
    lab_expect_relayed(bed.c1, bed.s1, lir);
    lab_end(bed.lab);
}
