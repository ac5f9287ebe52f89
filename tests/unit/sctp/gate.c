/* The gate holds up the stack's timers, too. */
#include "agent/sctp/gate.h"
#include "tests/unit/sctp/pair.h"

static void open_hurried(void)
{
    pair.settings = sctp_settings_usual();
    pair.settings.rto_minimum = pair.settings.rto_maximum = 20;
    pair_stack();
}

TestSuite(gate, .init = open_hurried, .fini = pair_close, .timeout = 60);

/* It hears what is sent to it, and says nothing. */
static int open_mute(uint16_t *port)
{
    struct sockaddr_in at = loopback(false, 0).at[0].v4;
    socklen_t size = sizeof at;
    int mute = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    cr_assert_eq(bind(mute, (struct sockaddr *)&at, size), 0);
    cr_assert_eq(getsockname(mute, (struct sockaddr *)&at, &size), 0);
    *port = ntohs(at.sin_port);
    return mute;
}

static void dial_mute(uint16_t port)
{
    struct assoc_setup setup = setup_for((struct assoc_addresses){0});
    int error = 0;
    setup.remote = loopback(false, 3868);
    setup.udp_port = port;
    pair.near = assoc_dial(&setup, &error);
    cr_assert_not_null(pair.near, "%s", strerror(-error));
}

/* An INIT that is sent again is sent by a timer. */
Test(gate, no_timer_goes_off_while_it_is_shut)
{
    uint16_t port;
    struct pollfd mute = {.fd = open_mute(&port), .events = POLLIN};
    dial_mute(port);
    cr_assert_eq(poll(&mute, 1, PATIENCE), 1);
    gate_shut();
    while (read(mute.fd, pair.buffer, ROOM) > 0)
        ;
    cr_assert_eq(poll(&mute, 1, 500), 0);
    gate_open();
    expect(pair.near, ASSOC_LOST); /* then they do, till it gives up */
    close(mute.fd);
}
