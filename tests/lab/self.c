/* self.c — the lab tried on itself: scripted peers that talk to each other over a socket pair. */
#include <stdlib.h>
#include <sys/socket.h>

#include "tests/lab/lab.h"

TestSuite(lab, .fini = lab_fini);

static struct lab lab;

static void pair(struct lab_peer **a, struct lab_peer **b)
{
    int fd[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    *a = lab_peer_on(&lab, C1, fd[0]);
    *b = lab_peer_on(&lab, S1, fd[1]);
}

static void unpair(void)
{
    for (size_t i = 0; i < lab.peer_count; i++) {
        lab_close(lab.peers[i]);
        free(lab.peers[i]->in);
        free(lab.peers[i]->out);
        free(lab.peers[i]);
    }
    free(lab.peers);
}

Test(lab, a_request_arrives_and_its_answer_returns)
{
    struct lab_peer *c1, *s1;
    pair(&c1, &s1);
    lab_expect_service(c1, s1);
    unpair();
}

Test(lab, an_open_peer_answers_watchdogs_while_another_is_waited_for)
{
    struct lab_peer *c1, *s1;
    pair(&c1, &s1);
    lab_expect_silence(c1);
    cr_assert_eq(s1->watchdogs, 1);
    unpair();
}

Test(lab, messages_are_cut_from_single_octets)
{
    struct lab_peer *c1, *s1;
    pair(&c1, &s1);
    struct lab_message *lir = lab_lir(c1, ALICE);
    for (size_t i = 0; i < lir->size; i++)
        lab_send_octets(c1, lir->octets + i, 1);
    cr_assert_str_eq(lab_text(lab_expect(s1, LIR), SIP_AOR, 0), ALICE);
    unpair();
}

Test(lab, a_removed_avp_is_gone_and_the_length_right)
{
    struct lab_message *dwr =
        with_text(with_number(lab_request(R, DWR, 0), ORIGIN_STATE_ID, 7), ORIGIN_HOST, "abc");
    cr_assert_eq(dwr->size, 44);
    without(dwr, ORIGIN_STATE_ID);
    cr_assert_eq(dwr->size, 32);
    cr_assert_str_eq(lab_text(dwr, ORIGIN_HOST, 0), "abc");
    cr_assert(lab_is_well_formed(dwr));
}

Test(lab, a_close_is_told_from_a_message)
{
    struct lab_peer *c1, *s1;
    pair(&c1, &s1);
    lab_close(c1);
    lab_expect_closed(s1);
    unpair();
}
