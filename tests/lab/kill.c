/* kill.c — one of two servers is killed under load, ten times: every request ends once, the
 * survivor gets what was pending with T set, and the killed server's users return after three DWAs
 * while nobody else moves. Issue 2, 3. */
#include <stdio.h>

#include "tests/lab/lab.h"

TestSuite(kill, .fini = lab_fini);

enum { USERS = 200, KILLS = 10 };

static struct lab_message *lir[USERS];

static struct lab_bed bed_of_two(unsigned workers)
{
    return lab_bed((struct lab_plan){.servers = {S1, S2},
                                     .workers = workers,
                                     .pool = "select: sticky",
                                     .timers = "watchdog: 6s, request: 60s"});
}

/* One request for each user, from two clients in turn; all have arrived at a server. */
static void send_all(struct lab_bed *bed, struct lab_peer *c2)
{
    char aor[64];
    for (int i = 0; i < USERS; i++) {
        struct lab_peer *from = i % 2 ? c2 : bed->c1;
        snprintf(aor, sizeof(aor), "sip:user%d@core.example", i);
        lab_push(from, lir[i] = lab_lir(from, aor));
    }
    while (lab_inbox_size(bed->s1) + lab_inbox_size(bed->s2) < USERS)
        lab_serve(bed->lab, 100);
}

static int user_of(const struct lab_message *request)
{
    int user = -1;
    cr_assert_eq(sscanf(lab_text(request, SIP_AOR, 0), "sip:user%d@", &user), 1);
    return user;
}

static void answer_first(struct lab_peer *server, size_t count)
{
    while (count-- > 0)
        lab_push(server, lab_answer_to(server, lab_expect(server, LIR), 2001));
}

/* What was answered has passed the agent, so that a reset of the server's connection cannot throw
 * it away. */
static void wait_for_answers(struct lab_bed *bed, struct lab_peer *c2, size_t count)
{
    while (lab_inbox_size(bed->c1) + lab_inbox_size(c2) < count)
        lab_serve(bed->lab, 100);
}

/* The server is gone with what it had not answered; its process comes back. */
static void kill_server(struct lab_bed *bed, struct lab_peer *dead, size_t pending)
{
    lab_reset(dead);
    while (pending-- > 0) {
        struct lab_message *again = lab_expect(bed->s2, LIR);
        int user = user_of(again);
        cr_assert_eq(lab_flags(again), R | P | T);
        cr_assert_eq(lab_end_to_end(again), lab_end_to_end(lir[user]));
        lab_push(bed->s2, lab_answer_to(bed->s2, again, 2001));
    }
}

static void expect_all_answered_once(struct lab_bed *bed, struct lab_peer *c2)
{
    for (int i = 0; i < USERS; i++)
        cr_assert_eq(lab_result(lab_await_answer(i % 2 ? c2 : bed->c1, lir[i])), 2001);
    lab_expect_silence(bed->c1);
    lab_expect_silence(c2);
}

/* Base messages on their way to this peer, as the agent counts, and those that a kill has lost. */
static double unanswered(struct lab_bed *bed, const char *peer)
{
    char sent[120], received[120];
    snprintf(sent, sizeof(sent), "antipode_messages_sent_total{peer=\"%s\",type=\"base\"}", peer);
    snprintf(received, sizeof(received),
             "antipode_messages_received_total{peer=\"%s\",type=\"base\"}", peer);
    return lab_metric(bed->lab, sent) - lab_metric(bed->lab, received);
}

/* The clock of the lab does not outrun those who answer on a loaded machine. */
static void wait_for_watchdogs(struct lab_bed *bed, double lost_of_s1)
{
    while (unanswered(bed, S1) > lost_of_s1 || unanswered(bed, S2) > 0 || unanswered(bed, C1) > 0 ||
           unanswered(bed, C2) > 0)
        lab_serve(bed->lab, 1);
}

static struct lab_peer *bring_back(struct lab_bed *bed)
{
    struct lab_peer *s1 = lab_accept(bed->lab, S1);
    lab_answer_cer(s1);
    lab_wait_metric(bed->lab, "antipode_peer_watchdog{peer=\"" S1 "\",state=\"reopen\"}", 1);
    double lost = unanswered(bed, S1);
    for (int i = 0; i < 80 && s1->watchdogs < 3; i++) {
        lab_advance(bed->lab, 500, 500);
        wait_for_watchdogs(bed, lost);
    }
    lab_wait_metric(bed->lab, "antipode_peer_watchdog{peer=\"" S1 "\",state=\"okay\"}", 1);
    return s1;
}

static void expect_ten_kills_survived(unsigned workers)
{
    struct lab_bed bed = bed_of_two(workers);
    struct lab_peer *c2 = lab_client(bed.lab, C2);
    size_t of_s1 = 0;
    for (int round = 0; round < KILLS; round++) {
        send_all(&bed, c2);
        size_t now = lab_inbox_size(bed.s1);
        cr_assert(round == 0 || now == of_s1, "%zu users at S1, not %zu", now, of_s1);
        of_s1 = now;
        answer_first(bed.s2, USERS - of_s1);
        answer_first(bed.s1, of_s1 / 2);
        wait_for_answers(&bed, c2, USERS - of_s1 + of_s1 / 2);
        kill_server(&bed, bed.s1, of_s1 - of_s1 / 2);
        expect_all_answered_once(&bed, c2);
        bed.s1 = bring_back(&bed);
    }
    lab_end(bed.lab);
}

Test(kill, ten_times_under_load_every_request_ends_once, .timeout = 200)
{
    expect_ten_kills_survived(2);
}

Test(kill, ten_times_under_load_on_one_worker, .timeout = 200)
{
    expect_ten_kills_survived(1);
}
