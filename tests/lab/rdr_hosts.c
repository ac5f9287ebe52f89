/* rdr_hosts.c — redirects to hosts that the configuration does not have: dialled where it allows
 * them, else never contacted. Requirements RDR-05, RDR-08, RDR-13, SEC-17. */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lab/redirect.h"

TestSuite(rdr_hosts, .fini = lab_fini);

/* A redirect to a host at this port of the loopback address. */
static struct lab_message *redirect_to_port(const struct lab_peer *from,
                                            const struct lab_message *request, const char *host,
                                            uint16_t port, uint32_t usage, uint32_t seconds)
{
    char uri[300];
    snprintf(uri, sizeof(uri), "aaa://%s:%u;transport=tcp", host, port);
    return redirect_to(from, request, uri, usage, seconds);
}

#define GUEST "127.0.0.1"

static const struct lab_plan HOSTS = {
    REDIRECT_PLAN, .more = "redirects: { hosts: [localhost, \"127.0.0.1\", \"*.invalid\"] }"};

static struct lab_peer *accept_guest(struct redirect_bed *bed, int listener, const char *identity)
{
    int fd = -1;
    for (int i = 0; fd < 0 && i < 1000; i++) {
        lab_serve(bed->lab, 10);
        fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    }
    cr_assert_geq(fd, 0, "the agent did not dial");
    struct lab_peer *guest = lab_peer_on(bed->lab, identity, fd);
    lab_answer_cer(guest);
    return guest;
}

Test(rdr_hosts, RDR_05_RDR_08_a_host_that_is_allowed_is_dialled_and_gets_the_request)
{
    struct redirect_bed bed = redirect_bed(HOSTS);
    uint16_t port = 0;
    int listener = lab_listen_on(false, &port);
    struct lab_message *lir = lab_lir(bed.c1, ALICE), *other = lab_lir(bed.c1, BOB);
    lab_send(bed.c1, lir);
    lab_send(bed.c1, other);
    for (int i = 0; i < 2; i++)
        lab_send(bed.d1, redirect_to_port(bed.d1, lab_expect(bed.d1, LIR), GUEST, port, 0, 0));
    struct lab_peer *guest = accept_guest(&bed, listener, GUEST);
    for (int i = 0; i < 2; i++)
        lab_answer(guest, lab_expect(guest, LIR), 2001);
    cr_assert_str_eq(lab_text(lab_expect_result(bed.c1, lir, 2001), ORIGIN_HOST, 0), GUEST);
    lab_expect_result(bed.c1, other, 2001);
    struct lab_message *again = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, again);
    lab_send(bed.d1, redirect_to_port(bed.d1, lab_expect(bed.d1, LIR), GUEST, port, 0, 0));
    lab_answer(guest, lab_expect(guest, LIR), 2001);
    lab_expect_result(bed.c1, again, 2001);
    close(listener);
    lab_end(bed.lab);
}

Test(rdr_hosts, RDR_13_a_host_that_nobody_asks_any_more_is_let_go)
{
    struct redirect_bed bed = redirect_bed(HOSTS);
    uint16_t port = 0;
    int listener = lab_listen_on(false, &port);
    for (int i = 0; i < 2; i++) {
        struct lab_message *lir = lab_lir(bed.c1, ALICE);
        lab_send(bed.c1, lir);
        lab_send(bed.d1, redirect_to_port(bed.d1, lab_expect(bed.d1, LIR), GUEST, port, 0, 0));
        struct lab_peer *guest = accept_guest(&bed, listener, GUEST);
        lab_answer(guest, lab_expect(guest, LIR), 2001);
        lab_expect_result(bed.c1, lir, 2001);
        guest->auto_disconnect = true;
        lab_advance(bed.lab, 61000, 1000);
        lab_expect_closed(guest);
        lab_wait_metric(bed.lab, "antipode_peers_open{peer=\"-\"}", 0);
    }
    close(listener);
    lab_end(bed.lab);
}

static void expect_not_followed(struct redirect_bed *bed, const char *uri)
{
    struct lab_message *lir = lab_lir(bed->c1, ALICE);
    lab_send(bed->c1, lir);
    struct lab_message *redirect = redirect_to(bed->d1, lab_expect(bed->d1, LIR), uri, 0, 0);
    lab_send(bed->d1, redirect);
    expect_passed(bed, lir, redirect);
    lab_expect_silence(bed->s1);
    lab_expect_silence(bed->s2);
}

Test(rdr_hosts, RDR_08_SEC_17_a_host_that_is_not_allowed_is_not_contacted)
{
    struct redirect_bed bed = redirect_bed(HOSTS);
    expect_not_followed(&bed, AAA("evil.example"));
    expect_not_followed(&bed, "aaas://localhost");
    expect_not_followed(&bed, "aaa://localhost;transport=sctp");
    expect_not_followed(&bed, AAA(A_HOST));
    expect_not_followed(&bed, AAA(C1));
    lab_end(bed.lab);
}

Test(rdr_hosts, RDR_08_a_host_that_has_no_address_or_nobody_listening_is_given_up)
{
    struct redirect_bed bed = redirect_bed(HOSTS);
    expect_not_followed(&bed, AAA("nobody.invalid"));
    uint16_t port = 0;
    close(lab_listen_on(false, &port));
    char uri[64];
    snprintf(uri, sizeof(uri), "aaa://127.0.0.1:%u", port);
    expect_not_followed(&bed, uri);
    expect_not_followed(&bed, uri);
    lab_end(bed.lab);
}

Test(rdr_hosts, RDR_08_a_host_that_says_it_is_another_is_not_used)
{
    struct redirect_bed bed = redirect_bed(HOSTS);
    uint16_t port = 0;
    int listener = lab_listen_on(false, &port);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    struct lab_message *redirect =
        redirect_to_port(bed.d1, lab_expect(bed.d1, LIR), GUEST, port, 0, 0);
    lab_send(bed.d1, redirect);
    struct lab_peer *guest = accept_guest(&bed, listener, "mallory.example");
    expect_passed(&bed, lir, redirect);
    cr_assert_eq(lab_inbox_size(guest), 0);
    close(listener);
    lab_end(bed.lab);
}

/* The name has addresses of both families; who listens has one. */
Test(rdr_hosts, RDR_05_each_address_of_a_name_is_tried)
{
    struct redirect_bed bed = redirect_bed(HOSTS);
    uint16_t port = 0;
    int listener = lab_listen_on(false, &port);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_send(bed.d1, redirect_to_port(bed.d1, lab_expect(bed.d1, LIR), "localhost", port, 0, 0));
    struct lab_peer *guest = accept_guest(&bed, listener, "localhost");
    lab_answer(guest, lab_expect(guest, LIR), 2001);
    lab_expect_result(bed.c1, lir, 2001);
    close(listener);
    lab_end(bed.lab);
}

Test(rdr_hosts, RDR_08_a_host_that_is_allowed_no_more_is_let_go_by_a_reload)
{
    struct lab_plan narrower = HOSTS;
    narrower.more = "redirects: { hosts: [] }";
    struct redirect_bed bed = redirect_bed(HOSTS);
    uint16_t port = 0;
    int listener = lab_listen_on(false, &port);
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    lab_send(bed.c1, lir);
    lab_send(bed.d1, redirect_to_port(bed.d1, lab_expect(bed.d1, LIR), GUEST, port, ALL_USER, 60));
    struct lab_peer *guest = accept_guest(&bed, listener, GUEST);
    lab_answer(guest, lab_expect(guest, LIR), 2001);
    lab_expect_result(bed.c1, lir, 2001);
    expect_remembered(&bed, 1);
    guest->auto_disconnect = true;
    cr_assert(lab_reload(bed.lab, HOSTS));
    expect_direct(&bed, guest, lab_lir(bed.c1, ALICE));
    cr_assert(lab_reload(bed.lab, narrower));
    lab_expect_closed(guest);
    expect_remembered(&bed, 0);
    expect_direct(&bed, bed.d1, lab_lir(bed.c1, ALICE));
    close(listener);
    lab_end(bed.lab);
}
