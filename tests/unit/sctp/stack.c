/* Starting and ending the stack; the reasons it gives. */
#include "tests/unit/sctp/pair.h"

#include <limits.h>
#include <stdio.h>

Test(stack, SCT_12_without_the_privilege_it_says_which_one)
{
    struct sctp_settings settings = sctp_settings_usual();
    char why[200] = "";
    (void)!setuid(65534); /* an ordinary user may not, and need not */
    cr_assert_not(sctp_stack_open(&settings, why, sizeof why));
    cr_assert_not_null(strstr(why, "CAP_NET_RAW"), "%s", why);
    cr_assert_not_null(strstr(why, "sctp.udp_port"));
    cr_assert_not(sctp_stack_is_open());
}

Test(stack, SCT_10_a_udp_port_that_is_taken_is_named)
{
    struct sctp_settings settings = sctp_settings_usual();
    struct sockaddr_in any = {.sin_family = AF_INET};
    socklen_t size = sizeof any;
    char why[200] = "", port[8];
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    cr_assert_eq(bind(udp, (struct sockaddr *)&any, sizeof any), 0);
    cr_assert_eq(getsockname(udp, (struct sockaddr *)&any, &size), 0);
    settings.udp_port = ntohs(any.sin_port);
    snprintf(port, sizeof port, "%u", settings.udp_port);
    cr_assert_not(sctp_stack_open(&settings, why, sizeof why));
    cr_assert_not_null(strstr(why, port), "%s", why);
    close(udp);
}

/* Of every socket that is bound to the port of the stack, which is the stack's. */
static int smallest_receive_buffer(uint16_t port)
{
    int smallest = INT_MAX;
    for (int descriptor = 0; descriptor < 100; descriptor++) {
        struct sockaddr_in6 bound = {0};
        socklen_t size = sizeof bound, length = sizeof(int);
        int buffer = 0;
        if (getsockname(descriptor, (struct sockaddr *)(void *)&bound, &size) == 0 &&
            ntohs(bound.sin6_port) == port &&
            getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &buffer, &length) == 0 &&
            buffer < smallest)
            smallest = buffer;
    }
    return smallest;
}

static int most_the_system_allows(void)
{
    int most = 0;
    FILE *file = fopen("/proc/sys/net/core/rmem_max", "r");
    cr_assert_eq(fscanf(file, "%d", &most), 1);
    fclose(file);
    return 2 * (most < 4 << 20 ? most : 4 << 20); /* Linux doubles what is asked for */
}

Test(stack, its_sockets_have_room_for_a_burst_of_all_associations, .timeout = 240)
{
    pair_stack();
    cr_assert_eq(smallest_receive_buffer(sctp_stack_udp_port()), most_the_system_allows());
    stack_ends();
}

Test(stack, it_ends_when_nothing_is_associated_any_more, .timeout = 240)
{
    pair_stack();
    pair_listen(false);
    cr_assert_not(sctp_stack_close());
    assoc_abort(pair.listener);
    stack_ends();
}

Test(stack, it_ends_after_an_association_that_was_cut_off, .timeout = 240)
{
    pair_open();
    pair_close();
}

Test(stack, the_source_towards_loopback_is_loopback)
{
    struct assoc_addresses there = loopback(true, 3868);
    struct assoc_addresses here = addresses_towards(&there);
    cr_assert_eq(here.count, 2);
    cr_assert_eq(here.at[0].v4.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    cr_assert_eq(address_port(&here.at[1]), 0);
}

Test(stack, packed_addresses_are_unpacked)
{
    struct assoc_addresses some = loopback(true, 3868), again;
    uint8_t packed[ADDRESSES_PACKED_MAX];
    addresses_pack(&some, packed);
    addresses_unpack(packed, 2, &again);
    cr_assert_eq(again.count, 2);
    cr_assert_eq(memcmp(&some.at[0].v4, &again.at[0].v4, sizeof some.at[0].v4), 0);
    cr_assert_eq(memcmp(&some.at[1].v6, &again.at[1].v6, sizeof some.at[1].v6), 0);
}
