/* crowds.c — strangers of one address, and those of others. */
#include <arpa/inet.h>

#include <criterion/criterion.h>

#include "agent/crowds.h"

enum { SHARE = 2, PATIENCE = 100 };

static struct crowds crowds;

static union conf_socket v4(const char *text)
{
    union conf_socket socket = {.v4 = {.sin_family = AF_INET}};
    inet_pton(AF_INET, text, &socket.v4.sin_addr);
    return socket;
}

static union conf_socket v6(const char *text)
{
    union conf_socket socket = {.v6 = {.sin6_family = AF_INET6}};
    inet_pton(AF_INET6, text, &socket.v6.sin6_addr);
    return socket;
}

/* `count` of them come at `now`. */
static void come(struct crowd_member *members, unsigned count, union conf_socket from, uint64_t now)
{
    for (unsigned i = 0; i < count; i++)
        crowds_enter(&crowds, &members[i], &from, now);
}

Test(crowds, SEC_15_the_oldest_that_idles_of_an_address_beyond_its_share_goes_first)
{
    struct crowd_member many[4];
    come(many, 4, v4("192.0.2.1"), 1000);
    cr_assert_eq(crowds_idle(&crowds, SHARE, PATIENCE, 1100), &many[0]);
    crowds_leave(&many[0]);
    cr_assert_eq(crowds_idle(&crowds, SHARE, PATIENCE, 1100), &many[1]);
    crowds_leave(&many[1]);
    cr_assert_null(crowds_idle(&crowds, SHARE, PATIENCE, 1100));
}

Test(crowds, many_of_one_address_that_have_just_come_are_left_alone)
{
    struct crowd_member many[4];
    come(many, 4, v4("192.0.2.1"), 1000);
    cr_assert_null(crowds_idle(&crowds, SHARE, PATIENCE, 1099));
    cr_assert_null(crowds_excess(&many[3], SHARE, 1099));
}

Test(crowds, SEC_15_newcomers_of_a_greedy_address_take_the_places_of_its_oldest)
{
    struct crowd_member many[3], more;
    come(many, 3, v4("192.0.2.1"), 1000);
    crowds_leave(&many[0]);
    come(many, 1, v4("192.0.2.1"), 1050);
    cr_assert_eq(crowds_idle(&crowds, SHARE, PATIENCE, 1100), &many[1]);
    crowds_leave(&many[1]);
    come(&more, 1, v4("192.0.2.1"), 1101);
    cr_assert_eq(crowds_excess(&more, SHARE, 1101), &many[2]);
    crowds_leave(&many[2]);
    cr_assert_null(crowds_excess(&more, SHARE, 1101), "it has its share again");
}

Test(crowds, an_address_is_not_greedy_for_ever)
{
    struct crowd_member many[3];
    come(many, 3, v4("192.0.2.1"), 0);
    cr_assert_not_null(crowds_idle(&crowds, SHARE, PATIENCE, 100));
    cr_assert_not_null(crowds_excess(&many[2], SHARE, 101));
    cr_assert_null(crowds_excess(&many[2], SHARE, UINT64_C(61000000000)));
}

Test(crowds, addresses_are_counted_by_themselves)
{
    struct crowd_member here[2], there[2];
    come(here, 2, v4("192.0.2.1"), 1000);
    come(there, 2, v4("192.0.2.2"), 1000);
    cr_assert_neq(here[0].crowd, there[0].crowd); /* the seed of this test is 0 */
    cr_assert_null(crowds_idle(&crowds, SHARE, PATIENCE, 5000));
}

Test(crowds, a_network_of_IPv6_is_one_address)
{
    struct crowd_member here[2], there;
    come(&here[0], 1, v6("2001:db8:1:2::1"), 1000);
    come(&here[1], 1, v6("2001:db8:1:2:ffff::9"), 1000);
    come(&there, 1, v6("2001:db8:1:3::1"), 1000);
    cr_assert_eq(here[0].crowd, here[1].crowd);
    cr_assert_neq(here[0].crowd, there.crowd);
}

Test(crowds, a_share_is_an_eighth_and_at_least_one)
{
    cr_assert_eq(crowds_share(1000), 125);
    cr_assert_eq(crowds_share(1), 1);
}
