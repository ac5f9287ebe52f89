/* stk_client.c — whose client a user is: a PPR without a host goes to who registered him. SRV-03.
 */
#include "tests/lab/stk.h"

TestSuite(stk_client, .fini = lab_fini);

static struct lab_message *ppr(struct lab_peer *server, int user)
{
    struct lab_message *request = lab_push_request(server, PPR, NULL, "edge.example");
    return with_name(without(request, USER_NAME), user);
}

Test(stk_client, SRV_03_a_PPR_without_a_host_reaches_the_client_that_registered_the_user)
{
    struct bed bed = bed_of(FOUR);
    served_by(bed.c1, sar(bed.c1, 1, 1));
    served_by(bed.c2, sar(bed.c2, 2, 1));
    struct lab_message *first = ppr(bed.server[0], 1);
    struct lab_message *second = ppr(bed.server[1], 2);
    lab_send(bed.server[0], first);
    lab_expect_relayed(bed.server[0], bed.c1, first);
    lab_send(bed.server[1], second);
    lab_expect_relayed(bed.server[1], bed.c2, second);
    lab_end(bed.lab);
}

Test(stk_client, SRV_03_a_PPR_follows_the_last_registration)
{
    struct bed bed = bed_of(FOUR);
    struct lab_peer *clients[] = {bed.c1, bed.c1, bed.c2, bed.c2, bed.c1};
    for (int i = 0; i < 5; i++) {
        served_by(clients[i], sar(clients[i], 1, 1));
        struct lab_message *request = ppr(bed.server[0], 1);
        lab_send(bed.server[0], request);
        lab_expect_relayed(bed.server[0], clients[i], request);
    }
    lab_end(bed.lab);
}

static void expect_client(struct bed *bed, struct lab_peer *client, int user)
{
    struct lab_message *request = ppr(bed->server[0], user);
    lab_send(bed->server[0], request);
    lab_expect_relayed(bed->server[0], client, request);
}

Test(stk_client, SRV_03_a_registration_that_fails_changes_nobodys_client)
{
    struct bed bed = bed_of(FOUR);
    for (int i = 0; i < 2; i++)
        served_by(bed.c1, sar(bed.c1, 1, 1));
    all_answer(&bed, 5012);
    served_by(bed.c2, sar(bed.c2, 1, 1));
    expect_client(&bed, bed.c1, 1);
    lab_end(bed.lab);
}

/* First his answers are read whole, then he is known and they are not. */
Test(stk_client, SRV_03_a_client_behind_an_agent_has_the_name_of_its_requests)
{
    struct bed bed = bed_of(FOUR);
    for (int i = 0; i < 3; i++) {
        served_by(bed.c1, sar(bed.c1, 1, 1));
        expect_client(&bed, bed.c1, 1);
        struct lab_message *of_another = without(sar(bed.c1, 1, 1), ORIGIN_HOST);
        served_by(bed.c1, with_text(of_another, ORIGIN_HOST, C2));
        expect_client(&bed, bed.c2, 1);
        struct lab_message *of_nobody = without(sar(bed.c1, 1, 1), ORIGIN_HOST);
        served_by(bed.c1, with_text(of_nobody, ORIGIN_HOST, "behind.edge.example"));
        expect_client(&bed, bed.c1, 1);
    }
    lab_end(bed.lab);
}

Test(stk_client, SRV_03_a_user_name_may_stand_far_behind)
{
    char far[1200];
    struct bed bed = bed_of(FOUR);
    memset(far, 'x', sizeof far - 1);
    far[sizeof far - 1] = '\0';
    for (int i = 0; i < 3; i++) {
        struct lab_peer *client = i == 1 ? bed.c2 : bed.c1;
        struct lab_message *request = without(sar(client, 1, 1), USER_NAME);
        served_by(client, with_name(with_text(request, CLASS, far), 1));
        expect_client(&bed, client, 1);
    }
    lab_end(bed.lab);
}

Test(stk_client, SRV_03_a_PPR_for_a_user_whom_nobody_registered_goes_to_no_server)
{
    struct bed bed = bed_of(FOUR);
    struct lab_message *abroad = ppr(bed.server[0], 9);
    struct lab_message *at_home = with_text(without(ppr(bed.server[0], 9), DESTINATION_REALM),
                                            DESTINATION_REALM, "core.example");
    lab_send(bed.server[0], abroad);
    lab_expect_error(bed.server[0], abroad, 3002);
    lab_send(bed.server[0], at_home);
    lab_expect_error(bed.server[0], at_home, 3002);
    lab_end(bed.lab);
}

Test(stk_client, SRV_03_a_client_that_is_gone_is_3002_for_the_server)
{
    struct bed bed = bed_of(FOUR);
    served_by(bed.c1, sar(bed.c1, 1, 1));
    lab_reset(bed.c1);
    lab_wait_metric(bed.lab, "antipode_connections{transport=\"tcp\"}", 5);
    struct lab_message *request = ppr(bed.server[0], 1);
    lab_send(bed.server[0], request);
    lab_expect_error(bed.server[0], request, 3002);
    lab_end(bed.lab);
}
