/* psm.c — the peer state machine: one connection a peer, elections, timers, reconnects.
 * Requirements PSM-01 to PSM-11. */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lab/lab.h"

TestSuite(psm, .fini = lab_fini);

static const struct lab_plan USUAL = {0};

Test(psm, PSM_01_a_second_connection_is_closed_while_the_first_works)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_peer *second = lab_dial(bed.lab, C1);
    lab_send(second, lab_cer(second));
    lab_expect_closed(second);
    lab_expect_service(bed.c1, bed.s1);
    lab_wait_metric(bed.lab, "antipode_connections_refused_total{reason=\"duplicate\"}", 1);
    lab_end(bed.lab);
}

/* PSM-02: how a rebooted peer is let in while its old connection hangs. The old one answers
 * nothing. */
Test(psm, PSM_02_a_rebooted_peer_is_let_in_before_two_watchdogs)
{
    struct lab_bed bed = lab_bed(USUAL);
    bool is_in = false;
    bed.c1->paused = true;
    for (int seconds = 0; seconds < 60 && !is_in; seconds += 5) {
        struct lab_peer *again = lab_dial(bed.lab, C1);
        struct lab_message *cer = lab_cer(again);
        lab_send(again, cer);
        struct lab_message *cea = lab_take(again);
        is_in = cea && lab_result(cea) == 2001;
        if (!is_in)
            lab_advance(bed.lab, 5000, 500);
    }
    cr_assert(is_in, "still locked out after 60 s");
    lab_end(bed.lab);
}

/* --- elections: the agent has dialled and waits for its CEA, when our CER reaches it --- */

struct crossing {
    struct lab *lab;
    struct lab_peer *theirs; /* the connection that the agent initiated */
    struct lab_peer *ours;
    struct lab_message *their_cer, *our_cer;
};

static struct crossing cross(const char *configured, const char *said)
{
    struct crossing c = {.lab = lab_start((struct lab_plan){.servers = {configured}})};
    c.theirs = lab_accept(c.lab, configured);
    c.their_cer = lab_expect(c.theirs, CER);
    c.ours = lab_dial(c.lab, said);
    c.our_cer = lab_cer(c.ours);
    lab_send(c.ours, c.our_cer);
    return c;
}

/* Both connections are known to the agent, which waits for one of them to end. */
static void expect_waiting(struct crossing *c, const char *configured)
{
    char sample[200];
    snprintf(sample, sizeof(sample), "antipode_peer_state{peer=\"%s\",state=\"wait_returns\"}",
             configured);
    lab_wait_metric(c->lab, sample, 1);
}

static void expect_agent_wins(const char *configured, const char *said)
{
    struct crossing c = cross(configured, said);
    lab_expect_result(c.ours, c.our_cer, 2001);
    lab_expect_closed(c.theirs);
    lab_expect_silence(c.ours);
    lab_end(c.lab);
}

static void expect_agent_loses(const char *configured, const char *said)
{
    struct crossing c = cross(configured, said);
    expect_waiting(&c, configured);
    cr_assert_eq(lab_inbox_size(c.ours), 0, "the loser sends no CEA");
    lab_send(c.theirs, lab_cea(c.theirs, c.their_cer, 2001));
    lab_expect_closed(c.ours);
    lab_expect_silence(c.theirs);
    lab_end(c.lab);
}

Test(psm, PSM_03_PSM_04_the_agent_wins_against_a_smaller_name)
{
    expect_agent_wins("a.x.example", "a.x.example");
}

Test(psm, PSM_03_PSM_04_the_agent_loses_against_a_greater_name)
{
    expect_agent_loses("z.x.example", "z.x.example");
}

Test(psm, PSM_03_upper_case_does_not_make_a_name_smaller)
{
    expect_agent_loses("z.x.example", "Z.x.example");
}

Test(psm, PSM_03_upper_case_does_not_make_a_name_greater)
{
    expect_agent_wins("a.x.example", "A.X.EXAMPLE");
}

Test(psm, PSM_03_a_prefix_of_our_name_is_smaller)
{
    expect_agent_wins("m.agent.exampl", "m.agent.exampl");
}

Test(psm, PSM_03_our_name_with_more_behind_is_greater)
{
    expect_agent_loses("m.agent.example.org", "M.Agent.Example.org");
}

Test(psm, PSM_04_a_second_CER_while_the_first_waits_for_the_election_is_rejected)
{
    struct crossing c = cross("z.x.example", "z.x.example");
    expect_waiting(&c, "z.x.example");
    struct lab_peer *third = lab_dial(c.lab, "z.x.example");
    lab_send(third, lab_cer(third));
    lab_expect_closed(third);
    lab_send(c.theirs, lab_cea(c.theirs, c.their_cer, 2001));
    lab_expect_closed(c.ours);
    lab_expect_silence(c.theirs);
    lab_end(c.lab);
}

Test(psm, PSM_04_a_lost_connection_of_ours_leaves_the_peers_open)
{
    struct crossing c = cross("z.x.example", "z.x.example");
    expect_waiting(&c, "z.x.example");
    lab_reset(c.theirs);
    lab_expect_result(c.ours, c.our_cer, 2001);
    lab_expect_silence(c.ours);
    lab_end(c.lab);
}

/* A listener whose queue is full: a further SYN is neither accepted nor refused. */
static void fill_queue(struct lab *lab, int filling[2])
{
    struct sockaddr_storage at;
    socklen_t size = sizeof(at);
    listen(lab->servers[0].listener, 0);
    getsockname(lab->servers[0].listener, (struct sockaddr *)&at, &size);
    for (int i = 0; i < 2; i++) {
        filling[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(filling[i], (struct sockaddr *)&at, size); /* it goes on in the background */
    }
}

Test(psm, PSM_05_a_CER_that_crosses_our_attempt_is_answered_when_the_attempt_ends)
{
    struct lab *lab = lab_start((struct lab_plan){.servers = {"a.x.example"}});
    int filling[2];
    lab_reset(lab_accept(lab, "a.x.example"));
    fill_queue(lab, filling);
    lab_advance(lab, 3000, 500); /* the next attempt has begun and hangs */
    struct lab_peer *ours = lab_dial(lab, "a.x.example");
    struct lab_message *cer = lab_cer(ours);
    lab_send(ours, cer);
    lab_advance(lab, 6000, 500);
    lab_expect_result(ours, cer, 2001);
    for (int i = 0; i < 2; i++)
        close(filling[i]);
    lab_end(lab);
}

Test(psm, PSM_06_a_server_that_is_away_is_dialled_again_and_again)
{
    struct lab *lab =
        lab_start((struct lab_plan){.timers = "reconnect: { minimum: 1s, maximum: 30s }"});
    lab_server(lab, S1);
    lab_stop_listening(lab, S1);
    lab_reset(lab->peers[0]);
    lab_advance(lab, 60000, 1000);
    lab_listen_again(lab, S1);
    struct lab_peer *s1 = lab_accept_within(lab, S1, 40000, 1000);
    cr_assert_not_null(s1, "not dialled within 30 s");
    lab_answer_cer(s1);
    lab_end(lab);
}

Test(psm, PSM_07_a_server_that_never_sends_a_CEA_is_closed_and_dialled_again)
{
    struct lab *lab = lab_start((struct lab_plan){.timers = "capabilities: 60s"});
    struct lab_peer *s1 = lab_accept(lab, S1);
    lab_expect(s1, CER);
    lab_advance(lab, 30000, 1000);
    cr_assert(!s1->ended, "closed before its time");
    lab_advance(lab, 31000, 1000);
    lab_expect_closed(s1);
    cr_assert_not_null(lab_accept_within(lab, S1, 35000, 1000));
    lab_end(lab);
}

Test(psm, PSM_08_anything_but_a_CEA_closes_the_connection_that_waits_for_it)
{
    struct lab *lab = lab_start(USUAL);
    struct lab_peer *s1 = lab_accept(lab, S1);
    lab_expect(s1, CER);
    lab_send(s1, lab_dwr(s1));
    lab_expect_closed(s1);
    lab_end(lab);
}

Test(psm, PSM_11_a_reset_is_a_failover_at_once)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.servers = {S1, S2}});
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_expect(bed.s1, LIR);
    lab_reset(bed.s1);
    lab_answer(bed.s2, lab_expect(bed.s2, LIR), 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}

Test(psm, PSM_11_a_client_that_has_gone_and_come_back_is_open_again)
{
    struct lab_bed bed = lab_bed(USUAL);
    lab_close(bed.c1);
    lab_wait_metric(bed.lab, "antipode_peers_open{peer=\"*.edge.example\"}", 0);
    struct lab_peer *again = lab_client(bed.lab, C1);
    lab_expect_service(again, bed.s1);
    lab_end(bed.lab);
}

/* The end of the old connection and the new CER may reach the worker in either order. */
Test(psm, PSM_01_a_peer_that_closes_and_comes_back_at_once_is_let_in)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_peer *c1 = bed.c1;
    for (int i = 0; i < 50; i++) {
        lab_push(c1, lab_lir(c1, ALICE));
        lab_wait_inbox(bed.s1, 1);
        lab_answer(bed.s1, lab_expect(bed.s1, LIR), 2001);
        lab_close(c1);
        c1 = lab_client(bed.lab, C1);
    }
    lab_expect_service(c1, bed.s1);
    lab_end(bed.lab);
}

Test(psm, PSM_01_a_peer_that_leaves_in_good_order_and_comes_back_at_once_is_let_in)
{
    struct lab_bed bed = lab_bed(USUAL);
    struct lab_peer *c1 = bed.c1;
    for (int i = 0; i < 50; i++) {
        struct lab_message *dpr = lab_dpr(c1, 0);
        lab_send(c1, dpr);
        lab_expect_result(c1, dpr, 2001);
        lab_close(c1);
        lab_serve(bed.lab, i % 5);
        c1 = lab_client(bed.lab, C1);
    }
    lab_expect_service(c1, bed.s1);
    lab_end(bed.lab);
}

/* PSM-02: the first connection is asked whether it lives; any message says so. */
Test(psm, PSM_02_a_peer_that_talks_is_not_suspect_because_another_used_its_name)
{
    struct lab_bed bed = lab_bed(USUAL);
    bed.s1->no_watchdog = true;
    struct lab_peer *second = lab_dial(bed.lab, S1);
    lab_send(second, lab_cer(second));
    lab_expect_closed(second);
    lab_expect(bed.s1, DWR);
    for (int seconds = 0; seconds < 6; seconds++) {
        lab_expect_service(bed.c1, bed.s1);
        lab_advance(bed.lab, 1000, 250);
    }
    cr_assert_not(lab_log_has(bed.lab, "suspect"));
    lab_end(bed.lab);
}

static void expect_at(struct lab_bed *bed, struct lab_peer *server)
{
    struct lab_message *lir = lab_lir(bed->c1, ALICE);
    lab_send(bed->c1, lir);
    struct lab_message *at = lab_expect(server, LIR);
    lab_answer(server, at, 2001);
    lab_expect_result(bed->c1, lir, 2001);
}

/* All members are connected before anything is asked, so there is somebody to go to at once. */
Test(psm, PSM_10_every_candidate_of_a_route_is_connected_before_it_is_needed)
{
    struct lab_bed bed = lab_bed((struct lab_plan){.servers = {S1, S2, "s3.core.example"},
                                                   .timers = "request: 60s, watchdog: 6s"});
    struct lab_peer *s3 = lab_server(bed.lab, "s3.core.example");
    expect_at(&bed, bed.s1);
    bed.s1->no_watchdog = true;
    for (int i = 0; i < 60 && !lab_metric(bed.lab, "antipode_peer_watchdog{peer=\"" S1
                                                   "\",state=\"suspect\"}");
         i++)
        lab_advance(bed.lab, 500, 500);
    cr_assert(!bed.s1->ended, "suspect, and still connected");
    expect_at(&bed, bed.s2);
    lab_reset(bed.s2);
    lab_wait_metric(bed.lab, "antipode_peer_up{peer=\"" S2 "\"}", 0);
    expect_at(&bed, s3);
    lab_end(bed.lab);
}
