/* Ends while packets come: the stack's threads look at an association that its owner has done with.
 */
#include "agent/sctp/gate.h"
#include "tests/unit/sctp/pair.h"

enum { ROUNDS = 1000, MESSAGES = 20 };

static void open_listener(void)
{
    pair_stack();
    pair_listen(false);
}

/* The library may keep one of some hundred thousand sockets for good (it loses count of its users
 * where an association is freed late): that is not what is asked here. */
static void close_listener(void)
{
    if (pair.listener)
        assoc_abort(pair.listener);
    for (int i = 0; i < 500 && !sctp_stack_close(); i++)
        poll(NULL, 0, 1);
}

TestSuite(ends, .init = open_listener, .fini = close_listener, .timeout = 300);

static void associate(void)
{
    pair_dial(false, listening_port());
    expect(pair.near, ASSOC_UP);
    pair_accept();
    expect(pair.far, ASSOC_UP);
}

static void talk(void)
{
    for (int i = 0; i < MESSAGES; i++)
        cr_assert_eq(say(pair.near, "unheard", 7), 0);
}

/* What was not heard is told before, and that it was to end in good order. */
static enum assoc_news expect_end(struct assoc *assoc)
{
    enum assoc_news news;
    do
        news = next_news(assoc);
    while (news == ASSOC_SEND_FAILED || news == ASSOC_SHUT);
    cr_assert(news == ASSOC_LOST || news == ASSOC_ENDED, "%d", news);
    return news;
}

static void forget(void)
{
    pair.near = pair.far = NULL;
}

Test(ends, an_abort_while_messages_come_is_the_end_of_both)
{
    for (int round = 0; round < ROUNDS; round++) {
        associate();
        talk();
        assoc_abort(pair.far);
        cr_assert_eq(expect_end(pair.near), ASSOC_LOST);
        assoc_close(pair.near);
        forget();
    }
}

Test(ends, a_close_while_the_other_side_shuts_is_in_good_order)
{
    for (int round = 0; round < ROUNDS; round++) {
        associate();
        assoc_shut(pair.near);
        expect(pair.far, ASSOC_SHUT);
        assoc_close(pair.far);
        expect(pair.near, ASSOC_ENDED);
        assoc_close(pair.near);
        forget();
    }
}

/* Whether they had come by then is not known. */
Test(ends, a_close_while_messages_come_is_the_end_of_both)
{
    for (int round = 0; round < ROUNDS; round++) {
        associate();
        talk();
        assoc_close(pair.far);
        expect_end(pair.near);
        assoc_close(pair.near);
        forget();
    }
}

Test(ends, a_close_after_messages_that_nobody_has_heard_is_an_abort)
{
    associate();
    talk();
    assoc_await_dry(pair.near);
    expect(pair.near, ASSOC_DRY);
    assoc_close(pair.far);
    cr_assert_eq(expect_end(pair.near), ASSOC_LOST);
    assoc_close(pair.near);
    forget();
}

Test(ends, a_dial_that_is_given_up_leaves_nothing)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct assoc *arrived;
        pair_dial(false, listening_port());
        assoc_abort(pair.near);
        forget();
        while ((arrived = assoc_accept(pair.listener, NULL)))
            assoc_abort(arrived);
    }
}

Test(ends, a_listener_is_closed_before_its_arrivals_were_accepted)
{
    enum { ARRIVALS = 50 };
    struct assoc *arrivals[ARRIVALS];
    uint16_t port = listening_port();
    for (int i = 0; i < ARRIVALS; i++) {
        pair_dial(false, port);
        arrivals[i] = pair.near;
    }
    expect(pair.near, ASSOC_UP);
    assoc_abort(pair.listener);
    pair.listener = NULL;
    for (int i = 0; i < ARRIVALS; i++)
        assoc_abort(arrivals[i]);
    forget();
}

/* SACKs, too: nothing that the stack's threads have received gets further. */
Test(ends, no_packet_is_looked_at_while_the_gate_is_shut)
{
    struct pollfd rung = {.fd = pair.bell, .events = POLLIN};
    associate();
    assoc_await_dry(pair.near);
    expect(pair.near, ASSOC_DRY);
    gate_shut();
    sctp_owner_look(&pair.owner, ignore, NULL);
    uint64_t count;
    (void)!read(pair.bell, &count, sizeof count);
    cr_assert_eq(say(pair.near, "in vain", 7), 0);
    cr_assert_eq(poll(&rung, 1, 100), 0);
    gate_open();
    expect_message(pair.far, "in vain");
    assoc_abort(pair.far);
    cr_assert_eq(expect_end(pair.near), ASSOC_LOST);
    assoc_close(pair.near);
    forget();
}
