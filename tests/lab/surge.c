/* surge.c — a server is lost while very many requests wait for it: what moves does not topple the
 * next. Requirement FOV-11.
 *
 * Sixty clients and a thousand requests each; the messages are counted, not compared. */
#include <stdio.h>

#include "tests/lab/lab.h"

TestSuite(surge, .fini = lab_fini);

enum { CLIENTS = 60, EACH = 1000, ALL = CLIENTS * EACH };

static const struct lab_plan SURGE = {
    .servers = {S1, S2}, .timers = "request: 10m", .limits = "outbound_per_peer: 1MiB"};

/* All requests are at S1, and nobody has an answer. */
static void load_server(struct lab_bed *bed, struct lab_peer **client)
{
    char name[40];
    for (int i = 0; i < CLIENTS; i++) {
        snprintf(name, sizeof(name), "one%d.edge.example", i);
        client[i] = lab_client(bed->lab, name);
    }
    for (int n = 0; n < EACH; n += 50) {
        for (int i = 0; i < CLIENTS; i++) {
            for (int k = 0; k < 50; k++)
                lab_push(client[i], lab_lir(client[i], ALICE));
        }
        while (bed->s1->received < (size_t)(n + 50) * CLIENTS)
            lab_serve(bed->lab, 100);
    }
    lab_wait_metric(bed->lab, "antipode_peer_pending_requests{peer=\"" S1 "\"}", ALL);
}

/* Each request has its answer, and none was shed. */
static void expect_all_served(struct lab_bed *bed, struct lab_peer **client)
{
    lab_wait_metric(bed->lab, "antipode_requests_in_flight", 0);
    for (int i = 0; i < CLIENTS; i++) {
        lab_wait_inbox(client[i], EACH);
        for (int k = 0; k < EACH; k++)
            cr_assert_eq(lab_result(lab_take(client[i])), 2001);
        lab_expect_silence(client[i]);
    }
    cr_assert_eq(bed->s2->answered, ALL);
    lab_wait_metric(bed->lab, "antipode_resends_total{peer=\"" S1 "\",reason=\"failover\"}", ALL);
    bed->s2->auto_result = 0;
    lab_expect_service(bed->c1, bed->s2);
}

Test(surge, FOV_11_sixty_thousand_requests_fail_over_and_the_alternate_keeps_its_watchdog,
     .timeout = 240)
{
    struct lab_peer *client[CLIENTS];
    struct lab_bed bed = lab_bed(SURGE);
    load_server(&bed, client);
    bed.s2->auto_result = 2001;
    lab_reset(bed.s1);
    for (int i = 0; i < 10; i++)
        lab_expect_silence(bed.s2); /* a DWR of S2 is answered in the midst of it */
    expect_all_served(&bed, client);
    lab_end(bed.lab);
}

/* S2 reads nothing: what it has not got waits at its limit, the rest where it was. */
static void expect_bounded(struct lab_bed *bed, size_t message)
{
    double at_s1 = 0, at_s2 = 0;
    uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;
    for (int still = 0; still < 20 && lab_now_ms() < deadline; still++) {
        double before = at_s2;
        lab_serve(bed->lab, 20);
        at_s1 = lab_metric(bed->lab, "antipode_peer_pending_requests{peer=\"" S1 "\"}");
        at_s2 = lab_metric(bed->lab, "antipode_peer_pending_requests{peer=\"" S2 "\"}");
        if (before != at_s2 || at_s1 + at_s2 != ALL) /* some are in letters between the workers */
            still = 0;
    }
    cr_assert_gt(at_s2, 0);
    cr_assert_leq(at_s2 * (double)message, 3 << 20, "the queue, and what the system buffers");
    cr_assert_eq(at_s1 + at_s2, ALL, "%g wait at S1, %g at S2", at_s1, at_s2);
}

Test(surge, FOV_11_the_queue_of_an_alternate_that_does_not_read_is_bounded, .timeout = 240)
{
    struct lab_peer *client[CLIENTS];
    struct lab_plan plan = SURGE;
    plan.receive_buffer = 65536;
    struct lab_bed bed = lab_bed(plan);
    load_server(&bed, client);
    bed.s2->paused = true;
    bed.s2->auto_result = 2001;
    lab_reset(bed.s1);
    expect_bounded(&bed, bed.s1->inbox->size);
    struct lab_message *dwr = lab_dwr(bed.s2);
    lab_push(bed.s2, dwr);
    bed.s2->paused = false;
    lab_expect_result(bed.s2, dwr, 2001);
    cr_assert_lt(bed.s2->answered, ALL / 2, "the DWA did not overtake");
    expect_all_served(&bed, client);
    lab_end(bed.lab);
}
