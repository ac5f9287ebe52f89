/* arrive.c — what comes close behind the CER is not lost, and a thousand may come at once. Issue
 * 2, 4. */
#include <stdio.h>

#include "tests/lab/lab.h"

TestSuite(arrive, .fini = lab_fini);

/* A thousand take a while to come, and nobody answers meanwhile. */
static const struct lab_plan USUAL = {.timers = "request: 10m, capabilities: 10m"};

Test(arrive, requests_in_the_same_segment_as_the_CER_are_answered)
{
    enum { BEHIND = 5 };
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_peer *c2 = lab_dial(bed.lab, C2);
    struct lab_message *cer = lab_cer(c2), *lir[BEHIND];
    struct lab_message *segment = lab_join(lab_from_octets("", 0), cer);
    bed.s1->auto_result = 2001;
    for (int i = 0; i < BEHIND; i++)
        lab_join(segment, lir[i] = lab_lir(c2, ALICE));
    lab_send_octets(c2, segment->octets, segment->size);
    lab_expect_result(c2, cer, 2001);
    for (int i = 0; i < BEHIND; i++)
        lab_expect_result(c2, lir[i], 2001);
    lab_end(bed.lab);
}

Test(arrive, requests_right_behind_the_CER_are_answered)
{
    enum { BEHIND = 100 };
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_peer *c2 = lab_dial(bed.lab, C2);
    struct lab_message *cer = lab_cer(c2), *lir[BEHIND];
    bed.s1->auto_result = 2001;
    lab_send(c2, cer);
    for (int i = 0; i < BEHIND; i++)
        lab_send(c2, lir[i] = lab_lir(c2, ALICE));
    lab_expect_result(c2, cer, 2001);
    for (int i = 0; i < BEHIND; i++)
        lab_await_answer(c2, lir[i]);
    lab_end(bed.lab);
}

Test(arrive, half_a_request_behind_the_CER_is_finished_later)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_peer *c2 = lab_dial(bed.lab, C2);
    struct lab_message *cer = lab_cer(c2), *lir = lab_lir(c2, ALICE);
    struct lab_message *segment = lab_join(lab_copy(cer), lir);
    lab_send_octets(c2, segment->octets, segment->size - 50);
    lab_expect_result(c2, cer, 2001);
    lab_send_octets(c2, segment->octets + segment->size - 50, 50);
    lab_expect_relayed(c2, bed.s1, lir);
    lab_end(bed.lab);
}

static void expect_thousand_clients(struct lab *lab, struct lab_peer *s1)
{
    enum { MANY = 1000 };
    static struct lab_peer *client[MANY];
    static struct lab_message *cer[MANY], *lir[MANY];
    char name[40];
    s1->auto_result = 2001;
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "c%d.edge.example", i + 10);
        client[i] = lab_dial(lab, name);
        lab_push(client[i], cer[i] = lab_cer(client[i]));
        lab_push(client[i], lir[i] = lab_lir(client[i], ALICE));
    }
    for (int i = 0; i < MANY; i++) {
        lab_expect_result(client[i], cer[i], 2001);
        lab_expect_result(client[i], lir[i], 2001);
    }
}

Test(arrive, a_thousand_connections_at_once_lose_nothing)
{
    struct lab_bed bed = lab_bed(USUAL);
    expect_thousand_clients(bed.lab, bed.s1);
    lab_end(bed.lab);
}

Test(arrive, a_thousand_connections_at_once_on_one_worker_lose_nothing)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.workers = 1, .timers = USUAL.timers});
    expect_thousand_clients(bed.lab, bed.s1);
    lab_end(bed.lab);
}
