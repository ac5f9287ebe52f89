/* Associations that their owner has done with, and whose other side takes its time. */
#include "agent/sctp/linger.h"
#include "tests/unit/sctp/pair.h"

/* Half as much again as the other side's buffer has room for: some of it waits here for certain. */
enum { MESSAGE = 1000, FILLING = 3 << 19 };

TestSuite(lingering, .fini = pair_close, .timeout = 240);

/* One message now and then: enough for the stack to wait for ever. RFC 9260 §9.2. */
static void read_slowly_while_it_lingers(struct assoc *assoc)
{
    while (linger_count()) {
        poll(NULL, 0, 50);
        (void)assoc_receive(assoc, pair.buffer, ROOM, &pair.event);
    }
}

static void fill_both_buffers(struct assoc *assoc)
{
    static const uint8_t octets[MESSAGE];
    for (size_t sent = 0; sent < FILLING;) {
        if (say(assoc, octets, sizeof octets) == 0)
            sent += sizeof octets;
        else
            poll(NULL, 0, 1);
    }
}

/* Its owner has done with the far end, and the near one has hardly begun to read. */
static void begin_to_linger(void)
{
    pair.settings = sctp_settings_usual();
    pair.settings.rto_maximum = 20000; /* else the one who shuts gives up */
    pair.settings.path_retransmissions = pair.settings.association_retransmissions = 100;
    pair_connect(false);
    fill_both_buffers(pair.far);
    assoc_shut(pair.near);
    expect(pair.far, ASSOC_SHUT);
}

static void let_go(void)
{
    assoc_close(pair.far);
    pair.far = NULL;
    cr_assert_eq(linger_count(), 1);
}

static void expect_abort(void)
{
    while (next_news(pair.near) == ASSOC_MESSAGE)
        ;
    cr_assert_eq(pair.event.what, ASSOC_LOST);
    assoc_close(pair.near);
    pair.near = NULL;
}

Test(lingering, a_good_end_that_the_other_side_delays_becomes_an_abort)
{
    begin_to_linger();
    linger_set_patience(5000); /* let_go is not away for so long */
    let_go();
    read_slowly_while_it_lingers(pair.near);
    expect_abort();
}

Test(lingering, whoever_is_waited_for_is_told_when_the_program_gives_up)
{
    begin_to_linger();
    let_go();
    linger_give_up();
    while (linger_count())
        poll(NULL, 0, 1);
    expect_abort();
}
