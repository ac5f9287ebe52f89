/* transparency.c — a relay changes the Hop-by-Hop and adds a Route-Record: nothing else, whatever
 * is said. Requirements AVP-16, RTE-02; issue 6.
 *
 * Requests and answers are drawn at random, from a fixed seed: AVPs, vendors, flags, padding that
 * is not zero, sizes up to 60 kB. Each message is compared to the last octet on the other side. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lab/lab.h"

TestSuite(transparency, .fini = lab_fini);

enum { BATCH = 100 };

static uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % below;
}

/* --- random AVPs --- */

/* No code that a relay reads, in vendor 0: those begin where nobody has numbered yet. */
static size_t write_avp_header(uint8_t *at, uint64_t *seed, size_t value_size)
{
    bool has_vendor = draw(seed, 2);
    size_t header = has_vendor ? 12 : 8;
    uint32_t code = has_vendor ? draw(seed, UINT32_MAX) : 70000 + draw(seed, 1 << 20);
    uint32_t vendor = 1 + draw(seed, UINT32_MAX - 1);
    size_t length = header + value_size;
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(code >> (24 - 8 * i));
        at[8 + i] = (uint8_t)(vendor >> (24 - 8 * i));
    }
    at[4] = (uint8_t)(draw(seed, 256) & ~V); /* reserved bits, too */
    if (has_vendor)
        at[4] |= V;
    at[5] = (uint8_t)(length >> 16);
    at[6] = (uint8_t)(length >> 8);
    at[7] = (uint8_t)length;
    return header;
}

/* Most are short, one of some dozens is long; now and then one reaches 60 kB. */
static size_t draw_size(uint64_t *seed)
{
    uint32_t kind = draw(seed, 400);
    return kind == 0 ? 40000 + draw(seed, 20000) : kind < 10 ? draw(seed, 4000) : draw(seed, 70);
}

static void add_random_avp(struct lab_message *message, uint64_t *seed)
{
    static uint8_t avp[12 + 60000 + 3];
    size_t value_size = draw_size(seed);
    if (message->size + value_size > 60000)
        value_size = draw(seed, 16);
    size_t header = write_avp_header(avp, seed, value_size);
    size_t padded = (header + value_size + 3) & ~(size_t)3;
    for (size_t i = header; i < padded; i++) /* the padding is not zero, either */
        avp[i] = (uint8_t)draw(seed, 256);
    with_octets(message, avp, padded);
}

static struct lab_message *with_random_avps(struct lab_message *message, uint64_t *seed)
{
    for (uint32_t n = draw(seed, 12); n > 0; n--)
        add_random_avp(message, seed);
    return message;
}

/* --- random requests and answers --- */

/* The AVPs that routing needs stand anywhere among the others. */
static struct lab_message *random_request(const struct lab_peer *from, uint64_t *seed)
{
    static const uint32_t applications[] = {APP_SIP, APP_CX, APP_SH};
    /* A PPR of RFC 4740 goes to a client. */
    uint32_t command = draw(seed, 4) ? UAR + draw(seed, PPR - UAR) : 400 + draw(seed, 1 << 20);
    struct lab_message *request = lab_request(R | P, command, applications[draw(seed, 3)]);
    if (draw(seed, 2)) {
        char session[64]; /* of its own: sessions go on where they began */
        snprintf(session, sizeof(session), "c1.edge.example;1;%u", draw(seed, UINT32_MAX));
        with_text(request, SESSION_ID, session);
    }
    with_random_avps(request, seed);
    with_text(request, ORIGIN_HOST, draw(seed, 2) ? from->identity : "Behind.Edge.Example");
    with_text(with_random_avps(request, seed), ORIGIN_REALM, "edge.example");
    if (draw(seed, 3) == 0)
        with_text(request, ROUTE_RECORD, "before.edge.example");
    with_text(with_random_avps(request, seed), DESTINATION_REALM,
              draw(seed, 2) ? "core.example" : "Core.EXAMPLE");
    uint8_t flags = (uint8_t)(R | P | (draw(seed, 4) == 0 ? T : 0));
    return with_flags(with_random_avps(request, seed), flags);
}

/* Results that no pool retries. */
static struct lab_message *random_answer(const struct lab_peer *from,
                                         const struct lab_message *request, uint64_t *seed)
{
    static const uint32_t results[] = {2001, 2002, 1001, 4001, 5003, 5030, 3001, 9999, 1};
    uint32_t result = results[draw(seed, sizeof(results) / sizeof(*results))];
    struct lab_message *answer = lab_message_new(P, lab_command(request), lab_application(request),
                                                 lab_hop_by_hop(request), lab_end_to_end(request));
    with_random_avps(answer, seed);
    if (draw(seed, 8))
        with_number(answer, RESULT_CODE, result);
    with_text(with_random_avps(answer, seed), ORIGIN_HOST, from->identity);
    return with_flags(with_random_avps(answer, seed), (uint8_t)(P | (draw(seed, 8) ? 0 : E)));
}

/* --- the comparison --- */

/* As sent, but for the length, the Hop-by-Hop and the octets that follow. */
static void expect_same(const struct lab_message *came, const struct lab_message *sent)
{
    cr_assert_geq(came->size, sent->size);
    cr_assert_eq(came->octets[0], sent->octets[0]);
    cr_assert_eq(memcmp(came->octets + 4, sent->octets + 4, 8), 0, "flags, command, application");
    cr_assert_eq(memcmp(came->octets + 16, sent->octets + 16, sent->size - 16), 0,
                 "End-to-End or AVPs of command %u, %zu octets", lab_command(sent), sent->size);
}

static void expect_route_record(const struct lab_message *came, size_t offset, const char *of)
{
    struct lab_avp last;
    cr_assert(lab_next(came->octets, came->size, &offset, &last));
    cr_assert_eq(offset, came->size, "more than a Route-Record was added");
    cr_assert_eq(last.code, ROUTE_RECORD);
    cr_assert_eq(last.vendor, 0);
    cr_assert_eq(last.flags, M);
    cr_assert_eq(last.size, strlen(of));
    cr_assert_eq(memcmp(last.value, of, last.size), 0);
}

static void expect_request_passed(const struct lab_message *came, const struct lab_message *sent,
                                  const char *ingress)
{
    expect_same(came, sent);
    expect_route_record(came, sent->size, ingress);
}

static void expect_answer_passed(const struct lab_message *came, const struct lab_message *sent)
{
    cr_assert_eq(came->size, sent->size);
    expect_same(came, sent);
}

/* A batch goes there and back. */
static void exchange_batch(struct lab_bed *bed, uint64_t *seed)
{
    struct lab_message *request[BATCH], *answer[BATCH];
    for (int i = 0; i < BATCH; i++)
        lab_push(bed->c1, request[i] = random_request(bed->c1, seed));
    for (int i = 0; i < BATCH; i++) {
        struct lab_message *at_s1 = lab_take(bed->s1);
        expect_request_passed(at_s1, request[i], C1);
        lab_push(bed->s1, answer[i] = random_answer(bed->s1, at_s1, seed));
    }
    for (int i = 0; i < BATCH; i++)
        expect_answer_passed(lab_expect_answer(bed->c1, request[i]), answer[i]);
}

static void exchange(struct lab_plan plan, int batches, uint64_t seed)
{
    struct lab_bed bed = lab_bed(plan);
    for (int i = 0; i < batches; i++) {
        exchange_batch(&bed, &seed);
        lab_messages_free(); /* no inbox holds one */
    }
    lab_expect_silence(bed.c1);
    lab_expect_silence(bed.s1);
    lab_end(bed.lab);
}

static const char TO_CORE[] = "  - { name: all, realm: core.example, action: relay, pool: core }";

Test(transparency, AVP_16_RTE_02_SEC_14_random_messages_pass_unchanged_between_workers,
     .timeout = 120)
{
    exchange((struct lab_plan){.routes = TO_CORE}, 500, 20060926);
}

Test(transparency, AVP_16_RTE_02_random_messages_pass_unchanged_on_one_worker, .timeout = 120)
{
    exchange((struct lab_plan){.routes = TO_CORE, .workers = 1}, 500, 6733);
}

/* --- under failover --- */

/* What was pending at s1 moves to s2 with T, and else as it was; answers come back from there. */
static void fail_over_batch(struct lab_bed *bed, struct lab_peer *s1, uint64_t *seed)
{
    struct lab_message *request[BATCH], *answer[BATCH];
    for (int i = 0; i < BATCH; i++)
        lab_push(bed->c1, request[i] = random_request(bed->c1, seed));
    lab_wait_inbox(s1, BATCH);
    lab_reset(s1);
    for (int i = 0; i < BATCH; i++) {
        struct lab_message *at_s2 = lab_take(bed->s2);
        uint32_t n = lab_end_to_end(at_s2) - lab_end_to_end(request[0]);
        cr_assert(n < BATCH && lab_flags(at_s2) & T);
        struct lab_message *sent = lab_copy(request[n]);
        expect_request_passed(at_s2, with_flags(sent, lab_flags(sent) | T), C1);
        lab_push(bed->s2, answer[n] = random_answer(bed->s2, at_s2, seed));
    }
    for (int i = 0; i < BATCH; i++)
        expect_answer_passed(lab_await_answer(bed->c1, request[i]), answer[i]);
}

/* s1 is dialled again and has answered three watchdogs. */
static struct lab_peer *bring_back(struct lab_bed *bed)
{
    struct lab_peer *s1 = lab_accept(bed->lab, S1);
    lab_answer_cer(s1);
    for (int i = 0; i < 60 && s1->watchdogs < 3; i++)
        lab_advance(bed->lab, 500, 500);
    lab_wait_metric(bed->lab, "antipode_peer_watchdog{peer=\"" S1 "\",state=\"okay\"}", 1);
    return s1;
}

Test(transparency, AVP_16_FOV_02_random_requests_fail_over_unchanged_but_for_T, .timeout = 120)
{
    enum { FAILOVERS = 100 };
    struct lab_bed bed =
        lab_bed((struct lab_plan){.servers = {S1, S2}, .timers = "watchdog: 6s, request: 60s"});
    struct lab_peer *s1 = bed.s1;
    uint64_t seed = 5554;
    for (int i = 0; i < FAILOVERS; i++) {
        fail_over_batch(&bed, s1, &seed);
        lab_messages_free(); /* no inbox holds one */
        s1 = bring_back(&bed);
    }
    lab_end(bed.lab);
}
