/* Associations: messages both ways, the ends, owners, addresses. */
#include "tests/unit/sctp/pair.h"

#include <errno.h>
#include <stdlib.h>

#include <usrsctp.h>

#include "agent/sctp/assoc_private.h"

TestSuite(assoc, .init = pair_open, .fini = pair_close, .timeout = 240);

Test(assoc, SCT_02_messages_keep_their_boundaries)
{
    cr_assert_eq(say(pair.near, "one", 3), 0);
    cr_assert_eq(say(pair.near, "and two", 7), 0);
    expect_message(pair.far, "one");
    expect_message(pair.far, "and two");
}

Test(assoc, SCT_03_SCT_06_stream_order_and_protocol_identifier_arrive)
{
    struct assoc_manner manner = {ASSOC_PPID_DTLS, 7, true};
    cr_assert_eq(assoc_send(pair.near, "x", 1, manner), 0);
    expect(pair.far, ASSOC_MESSAGE);
    cr_assert_eq(pair.event.ppid, 47);
    cr_assert_eq(pair.event.stream, 7);
    cr_assert(pair.event.is_unordered);
}

Test(assoc, answers_come_back_ordered_on_stream_0)
{
    cr_assert_eq(say(pair.far, "back", 4), 0);
    expect_message(pair.near, "back");
    cr_assert_eq(pair.event.ppid, 46);
    cr_assert_eq(pair.event.stream, 0);
    cr_assert_not(pair.event.is_unordered);
}

Test(assoc, SCT_09_streams_are_as_configured)
{
    cr_assert_eq(pair.event.streams_out, 16);
    cr_assert_eq(pair.event.streams_in, 16);
}

Test(assoc, shutting_lets_what_was_sent_arrive_and_ends_in_good_order)
{
    cr_assert_eq(say(pair.near, "last words", 10), 0);
    assoc_shut(pair.near);
    expect_message(pair.far, "last words");
    expect(pair.far, ASSOC_SHUT);
    expect(pair.far, ASSOC_ENDED);
    expect(pair.near, ASSOC_ENDED);
}

Test(assoc, nothing_comes_after_the_end)
{
    assoc_shut(pair.near);
    expect(pair.near, ASSOC_ENDED);
    cr_assert_eq(assoc_receive(pair.near, pair.buffer, ROOM, &pair.event), ASSOC_NOTHING);
    cr_assert_lt(say(pair.near, "x", 1), 0);
}

Test(assoc, HDR_06_an_abort_is_a_reset_at_the_other_side)
{
    assoc_abort(pair.near);
    pair.near = NULL;
    expect(pair.far, ASSOC_LOST);
    cr_assert_eq(pair.event.error, -ECONNRESET);
}

Test(assoc, a_refused_dial_is_lost_at_once)
{
    assoc_abort(pair.listener);
    pair.listener = NULL;
    assoc_abort(pair.near);
    pair_dial(false, 9); /* nobody is there */
    expect(pair.near, ASSOC_LOST);
    cr_assert_eq(pair.event.error, -ECONNREFUSED);
}

Test(assoc, a_full_buffer_refuses_and_tells_when_it_is_not)
{
    static uint8_t octets[60000];
    unsigned sent = 0;
    int refusal; /* for a moment, perhaps: the stack goes on sending by itself */
    while ((refusal = say(pair.near, octets, sizeof octets)) == 0)
        sent++;
    cr_assert_gt(sent, 10);
    cr_assert_eq(refusal, -EAGAIN);
    for (unsigned i = 0; i < sent; i++)
        expect(pair.far, ASSOC_MESSAGE);
    while (say(pair.near, octets, sizeof octets) == -EAGAIN)
        await(&pair.owner, pair.bell);
    expect(pair.far, ASSOC_MESSAGE);
}

Test(assoc, what_never_fits_the_buffer_is_refused_for_good)
{
    static uint8_t octets[(1 << 20) + 4];
    cr_assert_eq(say(pair.near, octets, sizeof octets), -EMSGSIZE);
}

Test(assoc, a_message_past_the_limit_is_thrown_away_and_the_next_one_comes)
{
    static uint8_t octets[200000] = "its first octets are kept";
    cr_assert_eq(say(pair.near, octets, sizeof octets), 0);
    cr_assert_eq(say(pair.near, "next", 4), 0);
    expect(pair.far, ASSOC_OVERSIZED);
    cr_assert_eq(pair.event.size, sizeof octets);
    cr_assert_eq(memcmp(pair.event.octets, octets, ASSOC_PREFIX), 0);
    expect_message(pair.far, "next");
    cr_assert_eq(assoc_held(pair.far), 0);
}

Test(assoc, a_message_longer_than_the_callers_buffer_comes_whole)
{
    uint8_t octets[20000];
    uint8_t little[ASSOC_BUFFER_MIN];
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(i * 7);
    cr_assert_eq(say(pair.near, octets, sizeof octets), 0);
    while (assoc_receive(pair.far, little, sizeof little, &pair.event) != ASSOC_MESSAGE)
        await(&pair.owner, pair.bell);
    cr_assert_eq(pair.event.size, sizeof octets);
    cr_assert_eq(memcmp(pair.event.octets, octets, sizeof octets), 0);
}

Test(assoc, a_burst_of_small_messages_arrives)
{
    enum { MANY = 3000 };
    uint8_t octets[100] = {0};
    unsigned came = 0;
    for (unsigned sent = 0; came < MANY;) {
        while (sent < MANY && say(pair.near, octets, sizeof octets) == 0)
            sent++;
        expect(pair.far, ASSOC_MESSAGE);
        came++;
    }
}

/* --- owners -------------------------------------------------------------------------------------
 */

static struct assoc *woken;

static void remember(void *context, struct assoc *assoc)
{
    (void)context;
    woken = assoc;
}

Test(assoc, one_that_has_moved_wakes_its_new_owner)
{
    int bell = eventfd(0, EFD_NONBLOCK);
    struct sctp_owner other = {.wake = ring, .context = &bell};
    int user = 0;
    assoc_leave(pair.far);
    assoc_join(pair.far, &other, &user);
    cr_assert_eq(say(pair.near, "x", 1), 0);
    do {
        struct pollfd rung = {.fd = bell, .events = POLLIN};
        cr_assert_eq(poll(&rung, 1, PATIENCE), 1);
        sctp_owner_look(&other, remember, NULL);
    } while (assoc_receive(pair.far, pair.buffer, ROOM, &pair.event) != ASSOC_MESSAGE);
    cr_assert_eq(woken, pair.far);
    cr_assert_eq(assoc_user(pair.far), &user);
    assoc_abort(pair.far);
    pair.far = NULL;
    close(bell);
}

/* --- addresses ----------------------------------------------------------------------------------
 */

TestSuite(homes, .fini = pair_close, .timeout = 240);

Test(homes, SCT_07_CEX_04_an_association_has_all_addresses_of_both_sides)
{
    struct assoc_addresses ours, theirs;
    pair_connect(true);
    assoc_local(pair.far, &ours);
    assoc_remote(pair.far, &theirs);
    cr_assert_eq(ours.count, 2);
    cr_assert_eq(theirs.count, 2);
    cr_assert_eq(address_port(&ours.at[0]), listening_port());
    cr_assert_eq(address_port(&ours.at[1]), listening_port());
}

static unsigned retransmissions_of(const struct assoc *assoc)
{
    struct sctp_assocparams parameters = {0};
    socklen_t size = sizeof parameters;
    cr_assert_eq(
        usrsctp_getsockopt(assoc->socket, IPPROTO_SCTP, SCTP_ASSOCINFO, &parameters, &size), 0);
    return parameters.sasoc_asocmaxrxt;
}

Test(homes, SCT_09_an_association_is_given_up_with_its_last_path)
{
    pair_connect(false);
    cr_assert_eq(retransmissions_of(pair.near), 3);
    cr_assert_eq(retransmissions_of(pair.far), 3);
}

Test(homes, SCT_09_two_paths_have_as_many_retransmissions_as_are_configured)
{
    pair_connect(true);
    cr_assert_eq(retransmissions_of(pair.near), 6);
    cr_assert_eq(retransmissions_of(pair.far), 6);
}

Test(homes, SCT_07_messages_pass_where_a_side_has_two_addresses)
{
    pair_connect(true);
    cr_assert_eq(say(pair.near, "there", 5), 0);
    expect_message(pair.far, "there");
    cr_assert_eq(say(pair.far, "back", 4), 0);
    expect_message(pair.near, "back");
}

Test(homes, an_address_that_is_not_ours_cannot_be_listened_at)
{
    struct assoc_setup setup;
    int error = 0;
    pair_stack();
    setup = setup_for(loopback(false, 0));
    setup.local.at[0].v4.sin_addr.s_addr = htonl(0xc0000201); /* 192.0.2.1 */
    cr_assert_null(assoc_listen(&setup, &error));
    cr_assert_eq(error, -EADDRNOTAVAIL);
}

Test(homes, any_address_means_those_of_all_interfaces)
{
    struct assoc_setup setup;
    struct assoc_addresses bound;
    int error = 0;
    pair_stack();
    setup = setup_for(loopback(false, 0));
    setup.local.at[0].v4.sin_addr.s_addr = htonl(INADDR_ANY);
    pair.listener = assoc_listen(&setup, &error);
    cr_assert_not_null(pair.listener, "%s", strerror(-error));
    assoc_local(pair.listener, &bound);
    for (size_t i = 0; i < bound.count; i++)
        cr_assert_not(address_is_any(&bound.at[i]));
}

/* --- long messages ------------------------------------------------------------------------------
 */

static void long_messages(void)
{
    pair.settings = sctp_settings_usual();
    pair.settings.message_size = 2 << 20;
    pair_connect(false);
}

TestSuite(lengths, .init = long_messages, .fini = pair_close, .timeout = 240);

Test(lengths, SCT_12_a_message_of_a_megabyte_goes_and_comes_back)
{
    size_t size = 1 << 20;
    uint8_t *octets = malloc(size);
    for (size_t i = 0; i < size; i++)
        octets[i] = (uint8_t)(i * 31 >> 3);
    cr_assert_eq(say(pair.near, octets, size), 0);
    expect(pair.far, ASSOC_MESSAGE);
    cr_assert_eq(pair.event.size, size);
    cr_assert_eq(say(pair.far, pair.event.octets, pair.event.size), 0);
    expect(pair.near, ASSOC_MESSAGE);
    cr_assert_eq(pair.event.size, size);
    cr_assert_eq(memcmp(pair.event.octets, octets, size), 0);
    free(octets);
}
