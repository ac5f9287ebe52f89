/* pressure.c — greedy, deaf and slow peers: the others are served, memory is bounded, watchdogs are
 * on time. Issue 2, 7; RTE-25. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lab/lab.h"

TestSuite(pressure, .fini = lab_fini);

/* Resident memory says nothing of an agent with a sanitizer. */
static void expect_memory_below(struct lab *lab, uint64_t octets)
{
#ifndef LAB_SANITIZED
    if (getenv("ANTIPODE_BIN"))
        return;
    cr_assert_lt(lab_resident_memory(lab), octets, "%.0f MiB resident",
                 (double)lab_resident_memory(lab) / (1 << 20));
#else
    (void)lab;
    (void)octets;
#endif
}

/* A request to a server that answers by itself. */
static void expect_served(struct lab_peer *client)
{
    struct lab_message *lir = lab_lir(client, ALICE);
    lab_send(client, lir);
    lab_expect_result(client, lir, 2001);
}

static struct lab_message *big_request(const struct lab_peer *from, size_t size)
{
    static uint8_t filling[1 << 16];
    return with_avp(lab_lir(from, ALICE), 0, 99999, 0, filling, size);
}

Test(pressure, a_client_that_sends_without_reading_harms_nobody, .timeout = 120)
{
    struct lab_bed bed =
        lab_bed((struct lab_plan){.limits = "memory: 64MiB, outbound_per_peer: 256KiB"});
    struct lab_peer *deaf = lab_client(bed.lab, C2);
    bed.s1->auto_result = 2001;
    deaf->paused = true;
    for (int i = 0; i < 1000000 && deaf->out_size < (1 << 20); i++) {
        lab_push(deaf, lab_lir(deaf, ALICE));
        if (i % 500 == 0)
            expect_served(bed.c1);
    }
    cr_assert_geq(deaf->out_size, 1 << 20, "it was never stopped");
    for (int i = 0; i < 100; i++)
        expect_served(bed.c1);
    lab_expect_silence(bed.c1);
    expect_memory_below(bed.lab, 128 << 20);
    lab_reset(deaf);
    lab_wait_metric(bed.lab, "antipode_requests_in_flight", 0);
    expect_served(bed.c1);
    lab_end(bed.lab);
}

Test(pressure, a_client_that_floods_harms_nobody, .timeout = 120)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.limits = "memory: 64MiB"});
    struct lab_peer *greedy = lab_client(bed.lab, C2);
    size_t sent = 0;
    bed.s1->auto_result = 2001;
    for (int round = 0; round < 60; round++) {
        for (int i = 0; i < 500; i++, sent++)
            lab_push(greedy, lab_lir(greedy, ALICE));
        expect_served(bed.c1);
        lab_expect_silence(bed.c1);
    }
    lab_wait_inbox(greedy, sent);
    for (size_t i = 0; i < sent; i++) {
        uint32_t result = lab_result(lab_take(greedy));
        cr_assert(result == 2001 || result == 3004, "result %u", result);
    }
    expect_memory_below(bed.lab, 128 << 20);
    lab_end(bed.lab);
}

Test(pressure, a_client_past_its_requests_in_flight_is_answered_3004_at_once)
{
    enum { LIMIT = 100, SENT = 150 };
    struct lab_bed bed = lab_bed((struct lab_plan){.limits = "in_flight_per_peer: 100"});
    struct lab_peer *greedy = lab_client(bed.lab, C2);
    for (int i = 0; i < SENT; i++)
        lab_push(greedy, lab_lir(greedy, ALICE));
    lab_wait_inbox(greedy, SENT - LIMIT);
    for (int i = 0; i < SENT - LIMIT; i++)
        cr_assert_eq(lab_result(lab_take(greedy)), 3004);
    lab_wait_inbox(bed.s1, LIMIT);
    cr_assert_eq(lab_inbox_size(bed.s1), LIMIT);
    for (int i = 0; i < LIMIT; i++)
        lab_answer(bed.s1, lab_expect(bed.s1, LIR), 2001);
    lab_wait_inbox(greedy, LIMIT);
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

/* How many of `sent` requests came to the server, once each has come there or was refused. */
static size_t taken_of(size_t sent, struct lab_peer *client, struct lab_peer *server)
{
    uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;
    while (lab_inbox_size(client) + lab_inbox_size(server) < sent) {
        if (lab_now_ms() > deadline)
            lab_fail("%zu requests at the server, %zu answers", lab_inbox_size(server),
                     lab_inbox_size(client));
        lab_serve(client->lab, 100);
    }
    return lab_inbox_size(server);
}

Test(pressure, one_greedy_client_never_takes_the_other_half_of_a_server)
{
    enum { PENDING = 640, SENT = 600 };
    struct lab_bed bed = lab_bed((struct lab_plan){.limits = "pending_per_peer: 640"});
    struct lab_peer *greedy = lab_client(bed.lab, C2);
    for (int i = 0; i < SENT; i++)
        lab_push(greedy, lab_lir(greedy, ALICE));
    size_t taken = taken_of(SENT, greedy, bed.s1);
    lab_expect_silence(bed.c1);
    cr_assert(taken >= PENDING / 2 && taken <= PENDING / 2 + 50, "%zu requests at the server",
              taken);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_wait_inbox(bed.s1, taken + 1);
    while (taken-- > 0)
        lab_answer(bed.s1, lab_expect(bed.s1, LIR), 2001);
    lab_answer(bed.s1, lab_expect(bed.s1, LIR), 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}

Test(pressure, RTE_25_a_full_server_gives_the_next_candidate)
{
    enum { PENDING = 64 };
    struct lab_bed bed =
        lab_bed((struct lab_plan){.servers = {S1, S2},
                                  .timers = "request: 60s",
                                  .limits = "pending_per_peer: 64, in_flight_per_peer: 1000"});
    struct lab_peer *client[PENDING];
    char name[40];
    bed.s2->auto_result = 2001;
    for (int i = 0; i < PENDING; i++) {
        snprintf(name, sizeof(name), "one%d.edge.example", i);
        client[i] = lab_client(bed.lab, name);
        lab_send(client[i], lab_lir(client[i], ALICE));
    }
    lab_wait_inbox(bed.s1, PENDING);
    expect_served(bed.c1);
    cr_assert_eq(bed.s2->answered, 1);
    lab_end_with_pending(bed.lab);
}

/* As many clients as a server may have requests, each with one. */
static void fill_server(struct lab_bed *bed, struct lab_peer *server, int pending, const char *kind)
{
    char name[60];
    for (int i = 0; i < pending; i++) {
        snprintf(name, sizeof(name), "%s%d.edge.example", kind, i);
        struct lab_peer *client = lab_client(bed->lab, name);
        lab_send(client, lab_lir(client, ALICE));
    }
    lab_wait_inbox(server, (size_t)pending);
}

Test(pressure, ERR_11_a_request_for_a_server_that_is_full_or_for_a_full_pool_is_answered_3004)
{
    enum { PENDING = 64 };
    struct lab_bed bed = lab_bed((struct lab_plan){
        .servers = {S1, S2}, .timers = "request: 60s", .limits = "pending_per_peer: 64"});
    fill_server(&bed, bed.s1, PENDING, "one");
    struct lab_message *named = with_text(lab_lir(bed.c1, ALICE), DESTINATION_HOST, S1);
    lab_send(bed.c1, named);
    lab_expect_error(bed.c1, named, 3004);
    lab_expect_silence(bed.s2);
    fill_server(&bed, bed.s2, PENDING, "two");
    struct lab_message *any = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, any);
    lab_expect_error(bed.c1, any, 3004);
    cr_assert_eq(lab_inbox_size(bed.s1), PENDING);
    cr_assert_eq(lab_inbox_size(bed.s2), PENDING);
    lab_answer(bed.s1, lab_expect(bed.s1, LIR), 2001);
    lab_wait_metric(bed.lab, "antipode_peer_pending_requests{peer=\"" S1 "\"}", PENDING - 1);
    lab_send(bed.c1, lab_lir(bed.c1, ALICE));
    lab_wait_inbox(bed.s1, PENDING);
    lab_end_with_pending(bed.lab);
}

/* What piles up for it passes the whole of outbound_per_peer: it is closed, and nobody waits for
 * it. */
Test(pressure, a_client_that_does_not_read_its_answers_is_closed_at_its_limit, .timeout = 120)
{
    enum { SENT = 1000 };
    static uint8_t filling[16000];
    struct lab_bed bed =
        lab_bed((struct lab_plan){.limits = "outbound_per_peer: 256KiB", .timers = "request: 60s"});
    struct lab_peer *deaf = lab_client(bed.lab, C2);
    struct lab_message *rtr = lab_push_request(bed.s1, RTR, C2, "edge.example");
    lab_send(bed.s1, rtr);
    lab_expect(deaf, RTR); /* never answered */
    for (int i = 0; i < SENT; i++)
        lab_push(deaf, lab_lir(deaf, ALICE));
    lab_wait_inbox(bed.s1, SENT);
    deaf->paused = true;
    for (int i = 0; i < SENT; i++) {
        struct lab_message *lia = lab_answer_to(bed.s1, lab_expect(bed.s1, LIR), 2001);
        lab_send(bed.s1, with_avp(lia, 0, 99999, 0, filling, sizeof filling));
        if (i % 100 == 0)
            lab_serve(bed.lab, 0);
    }
    lab_expect_error(bed.s1, rtr, 3002);
    lab_wait_metric(bed.lab, "antipode_connections_refused_total{reason=\"slow_reader\"}", 1);
    lab_wait_metric(bed.lab, "antipode_requests_in_flight", 0);
    double answered = lab_metric_sum(bed.lab, "antipode_requests_total", "outcome=\"answered\"");
    double gone = lab_metric_sum(bed.lab, "antipode_requests_total", "outcome=\"origin_gone\"");
    double unsent = lab_metric(bed.lab, "antipode_dropped_total{reason=\"unsent\"}");
    cr_assert_eq(answered + gone, SENT);
    cr_assert(gone > 0 && unsent > 0, "%g gone, %g unsent", gone, unsent);
    deaf->paused = false;
    size_t read = 0;
    while (lab_take(deaf))
        read++;
    cr_assert_leq((double)read, answered - unsent + 1, "it read what was counted unsent");
    cr_assert(deaf->was_reset, "closed politely");
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

Test(pressure, RTE_25_a_server_that_stops_reading_harms_nobody, .timeout = 120)
{
    struct lab_bed bed =
        lab_bed((struct lab_plan){.servers = {S1, S2},
                                  .timers = "request: 60s",
                                  .limits = "memory: 64MiB, outbound_per_peer: 1MiB",
                                  .receive_buffer = 8192});
    bed.s1->paused = true;
    bed.s2->auto_result = 2001;
    for (int i = 0; i < 600; i++)
        lab_push(bed.c1, big_request(bed.c1, 8000));
    lab_advance(bed.lab, 3000, 500);
    struct lab_peer *c2 = lab_client(bed.lab, C2);
    struct lab_message *lir = with_text(lab_lir(c2, ALICE), DESTINATION_HOST, S2);
    lab_send(c2, lir);
    lab_expect_result(c2, lir, 2001);
    expect_served(c2);
    lab_expect_silence(c2);
    lab_expect_silence(bed.s2);
    expect_memory_below(bed.lab, 128 << 20);
    lab_reset(bed.s1);
    lab_wait_inbox(bed.c1, 600);
    lab_end(bed.lab);
}

Test(pressure, watchdogs_overtake_a_full_queue)
{
    struct lab_bed bed =
        lab_bed((struct lab_plan){.limits = "outbound_per_peer: 4MiB", .receive_buffer = 8192});
    bed.s1->paused = true;
    for (int i = 0; i < 300; i++)
        lab_push(bed.c1, big_request(bed.c1, 8000));
    lab_advance(bed.lab, 500, 500);
    lab_push(bed.s1, lab_dwr(bed.s1));
    struct lab_message *fence = lab_dwr(bed.c1);
    lab_send(bed.c1, fence);
    lab_await_answer(bed.c1, fence);
    bed.s1->paused = false;
    size_t before = 0;
    for (struct lab_message *got; (got = lab_take(bed.s1)) && lab_command(got) != DWR; before++)
        ;
    cr_assert_lt(before, 290, "the DWA came after %zu requests", before);
    lab_advance(bed.lab, 6000, 500);
    lab_wait_inbox(bed.c1, 300);
    lab_end(bed.lab);
}

Test(pressure, memory_is_bounded_by_its_limit_and_comes_back, .timeout = 120)
{
    enum { SENT = 800 };
    struct lab_bed bed = lab_bed((struct lab_plan){.timers = "request: 60s",
                                                   .limits = "memory: 16MiB, message_size: 64KiB"});
    unsigned refused = 0;
    for (int i = 0; i < SENT; i++)
        lab_send(bed.c1, big_request(bed.c1, 50000)); /* 40 MB in all */
    for (size_t ended = 0; ended < SENT;) {
        lab_serve(bed.lab, 100);
        cr_assert(!bed.c1->ended, "closed instead of refused");
        for (; bed.c1->inbox; ended++)
            refused += lab_result(lab_take(bed.c1)) == 3004;
        while (bed.s1->inbox && refused)
            lab_push(bed.s1, lab_answer_to(bed.s1, lab_take(bed.s1), 2001));
    }
    cr_assert_gt(refused, 0);
    expect_memory_below(bed.lab, 96 << 20);
    lab_expect_service(bed.c1, bed.s1);
    lab_end(bed.lab);
}

Test(pressure, SEC_15_silent_connections_keep_nobody_out_for_longer_than_their_timer)
{
    enum { LIMIT = 10 };
    struct lab_bed bed = lab_bed((struct lab_plan){.limits = "half_open: 10"});
    for (int i = 0; i < LIMIT; i++)
        lab_dial(bed.lab, "silent.edge.example");
    lab_expect_service(bed.c1, bed.s1);
    struct lab_peer *c2 = lab_dial(bed.lab, C2);
    struct lab_message *cer = lab_cer(c2);
    lab_push(c2, cer);
    lab_advance(bed.lab, 12000, 500);
    lab_expect_result(c2, cer, 2001);
    lab_expect_service(c2, bed.s1);
    lab_end(bed.lab);
}

/* Connections from another address of this machine, that say nothing. */
static void idle_from_elsewhere(struct lab_bed *bed, int *sockets, unsigned count)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002)};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(bed->lab->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (unsigned i = 0; i < count; i++) {
        sockets[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        cr_assert_eq(bind(sockets[i], (struct sockaddr *)&from, sizeof from), 0);
        cr_assert_eq(connect(sockets[i], (struct sockaddr *)&to, sizeof to), 0);
    }
}

/* It is counted whenever it is full: again after each that went. */
static void wait_half_open(struct lab *lab)
{
    static const char full[] = "antipode_connections_refused_total{reason=\"half_open\"}";
    for (uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS; lab_metric(lab, full) < 1;) {
        if (lab_now_ms() > deadline)
            lab_fail("`half_open` is never reached");
        lab_serve(lab, 10);
    }
}

/* Four times as many as there is room for are before it; each round would be 10 s. */
Test(pressure, SEC_15_an_address_that_fills_half_open_keeps_no_other_out,
     .description = LAB_STREAMS)
{
    enum { LIMIT = 16, IDLE = 4 * LIMIT };
    int idle[IDLE];
    struct lab_bed bed = lab_bed((struct lab_plan){.limits = "half_open: 16"});
    idle_from_elsewhere(&bed, idle, IDLE);
    wait_half_open(bed.lab);
    struct lab_peer *c2 = lab_dial(bed.lab, C2);
    struct lab_message *cer = lab_cer(c2);
    lab_push(c2, cer);
    lab_advance(bed.lab, 3000, 500);
    lab_expect_result(c2, cer, 2001);
    double refused = lab_metric(bed.lab, "antipode_connections_refused_total{reason=\"crowd\"}");
    cr_assert_geq(refused, IDLE - LIMIT, "%g", refused);
    for (int i = 0; i < IDLE; i++)
        close(idle[i]);
    lab_end(bed.lab);
}

Test(pressure, a_thousand_connections_at_once_under_load_lose_nothing, .timeout = 120)
{
    enum { MANY = 1000, LOAD = 10000, WINDOW = 50 };
    static struct lab_peer *client[MANY];
    static struct lab_message *cer[MANY], *lir[MANY];
    struct lab_bed bed = lab_bed((struct lab_plan){.timers = "request: 10m, capabilities: 10m"});
    char name[40];
    bed.s1->auto_result = 2001;
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "c%d.edge.example", i + 10);
        client[i] = lab_dial(bed.lab, name);
        lab_push(client[i], cer[i] = lab_cer(client[i]));
        lab_push(client[i], lir[i] = lab_lir(client[i], ALICE));
        for (int k = 0; k < LOAD / MANY; k++)
            lab_push(bed.c1, lab_lir(bed.c1, ALICE));
        if (i % WINDOW == 0)
            lab_serve(bed.lab, 0);
    }
    for (int i = 0; i < MANY; i++) {
        lab_expect_result(client[i], cer[i], 2001);
        uint32_t result = lab_result(lab_expect_answer(client[i], lir[i]));
        cr_assert(result == 2001 || result == 3004, "result %u", result); /* refused is not lost */
    }
    lab_wait_inbox(bed.c1, LOAD);
    lab_end(bed.lab);
}

/* Answers of one turn are more than `outbound_per_peer`, but nobody has refused to read them. Not
 * much fewer: a kernel with a send buffer of 16 KiB refuses small writes for a moment although the
 * client reads. */
Test(pressure, a_client_that_reads_is_not_closed_for_answers_that_come_together)
{
    enum { MANY = 400 };
    struct lab_bed bed = lab_bed((struct lab_plan){.limits = "outbound_per_peer: 32KiB"});
    bed.s1->auto_result = 2001;
    for (int i = 0; i < MANY; i++)
        lab_push(bed.c1, lab_lir(bed.c1, ALICE));
    lab_wait_inbox(bed.c1, MANY);
    lab_end(bed.lab);
}
