/* A TLS session open between two: records, limits, the end. SEC-03. */
#include "tests/unit/tls/pair.h"

TestSuite(session, .init = make_certificates, .fini = remove_certificates);

Test(session, SEC_03_a_handshake_opens_both_sides)
{
    struct pair pair = open_pair();
    cr_assert_str_eq(tls_session_version(pair.server), "TLSv1.3");
    cr_assert_str_eq(tls_session_cipher(pair.server), "TLS_AES_256_GCM_SHA384");
    cr_assert_eq(tls_session_reason(pair.server), TLS_REASON_NONE);
    cr_assert_str_eq(tls_session_why(pair.server), "");
    cr_assert_not(tls_session_is_resumed(pair.server));
    pair_free(&pair);
}

Test(session, a_handshake_goes_on_octet_by_octet)
{
    struct tls_context *context = context_of("agent");
    struct pair pair = pair_of(context, context);
    struct tls_session *to[] = {pair.server, pair.client};
    struct tls_session *from[] = {pair.client, pair.server};
    (void)tls_session_feed(pair.client, NULL, 0);
    for (size_t i = 0, size = 1, idle = 0; idle < 2; i = 1 - i, idle = size ? 0 : idle + 1) {
        const uint8_t *octets = tls_session_unsent(from[i], &size);
        for (size_t at = 0; at < size; at++)
            (void)tls_session_feed(to[i], octets + at, 1);
        tls_session_sent(from[i], size);
    }
    cr_assert_eq(tls_session_state(pair.client), TLS_OPEN);
    cr_assert_eq(tls_session_state(pair.server), TLS_OPEN);
    pair_free(&pair);
    tls_context_unref(context);
}

Test(session, plaintext_goes_both_ways)
{
    struct pair pair = open_pair();
    say(pair.client, "CER");
    carry(pair.client, pair.server);
    cr_assert_str_eq(heard(pair.server), "CER");
    say(pair.server, "CEA");
    carry(pair.server, pair.client);
    cr_assert_str_eq(heard(pair.client), "CEA");
    pair_free(&pair);
}

Test(session, what_came_with_the_last_flight_is_read_without_waiting)
{
    struct tls_context *context = context_of("agent");
    struct pair pair = pair_of(context, context);
    (void)tls_session_feed(pair.client, NULL, 0);
    carry(pair.client, pair.server);
    carry(pair.server, pair.client);
    cr_assert_eq(tls_session_state(pair.client), TLS_OPEN);
    say(pair.client, "CER");
    carry(pair.client, pair.server);
    cr_assert(tls_session_is_ready(pair.server));
    cr_assert_str_eq(heard(pair.server), "CER");
    cr_assert_not(tls_session_is_ready(pair.server));
    pair_free(&pair);
    tls_context_unref(context);
}

/* How many records of TLS lie in the octets. */
static size_t records(const uint8_t *octets, size_t size)
{
    size_t count = 0;
    for (size_t at = 0; at + 5 <= size; count++)
        at += 5 + (size_t)(octets[at + 3] << 8 | octets[at + 4]);
    return count;
}

Test(session, the_messages_of_a_turn_go_in_one_record)
{
    struct pair pair = open_pair();
    struct iovec pieces[] = {{(char *)"one", 3}, {(char *)"", 0}, {(char *)"two", 3}};
    size_t size;
    cr_assert_eq(tls_session_write(pair.client, pieces, 3), 6);
    const void *octets = tls_session_unsent(pair.client, &size);
    cr_assert_eq(records(octets, size), 1);
    carry(pair.client, pair.server);
    cr_assert_str_eq(heard(pair.server), "onetwo");
    pair_free(&pair);
}

Test(session, records_are_as_full_as_the_pieces_make_them)
{
    static uint8_t data[40000];
    struct pair pair = open_pair();
    struct iovec pieces[] = {{data, 10000}, {data, 10000}, {data, 20000}};
    size_t size;
    cr_assert_eq(tls_session_write(pair.client, pieces, 3), 40000);
    const void *octets = tls_session_unsent(pair.client, &size);
    cr_assert_eq(records(octets, size), 3);
    pair_free(&pair);
}

Test(session, octets_arrive_as_they_were_packed)
{
    static uint8_t data[60000];
    static uint8_t got[60001];
    struct pair pair = open_pair();
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    struct iovec pieces[] = {{data, 1},
                             {data + 1, 16383},
                             {data + 16384, 17000},
                             {data + 33384, 20},
                             {data + 33404, 26596}};
    cr_assert_eq(tls_session_write(pair.server, pieces, 5), 60000);
    carry(pair.server, pair.client);
    cr_assert_eq(tls_session_read(pair.client, NULL, 0, got, sizeof got), 60000);
    cr_assert_arr_eq(got, data, sizeof data);
    pair_free(&pair);
}

Test(session, no_more_is_taken_than_may_wait)
{
    static uint8_t data[200000];
    struct pair pair = open_pair();
    struct iovec piece = {data, sizeof data};
    size_t size;
    size_t taken = tls_session_write(pair.client, &piece, 1);
    (void)tls_session_unsent(pair.client, &size);
    cr_assert_eq(taken, 3 * TLS_RECORD_MAX);
    cr_assert_leq(size, TLS_UNSENT_MAX);
    cr_assert_eq(tls_session_write(pair.client, &piece, 1), 0);
    tls_session_sent(pair.client, size);
    cr_assert_eq(tls_session_write(pair.client, &piece, 1), 3 * TLS_RECORD_MAX);
    pair_free(&pair);
}

Test(session, what_is_not_read_yet_is_kept)
{
    char got[8] = "";
    size_t size;
    struct pair pair = open_pair();
    say(pair.client, "0123456789");
    say(pair.client, "abc");
    const void *octets = tls_session_unsent(pair.client, &size);
    char copy[512];
    memcpy(copy, octets, size);
    cr_assert_eq(tls_session_read(pair.server, copy, size, got, 7), 7);
    memset(copy, 0, sizeof copy); /* the caller's buffer was its own again */
    cr_assert_str_eq(got, "0123456");
    cr_assert(tls_session_is_ready(pair.server));
    cr_assert_str_eq(heard(pair.server), "789abc");
    cr_assert_not(tls_session_is_ready(pair.server));
    pair_free(&pair);
}

Test(session, close_notify_ends_reading_and_not_writing)
{
    struct pair pair = open_pair();
    say(pair.client, "DPA");
    tls_session_close(pair.client);
    cr_assert_eq(tls_session_state(pair.client), TLS_CLOSING);
    cr_assert_eq(say(pair.client, "more"), 0);
    carry(pair.client, pair.server);
    cr_assert_str_eq(heard(pair.server), "DPA");
    cr_assert_eq(tls_session_state(pair.server), TLS_CLOSED);
    cr_assert_eq(say(pair.server, "last"), 4);
    carry(pair.server, pair.client);
    cr_assert_str_eq(heard(pair.client), "last");
    tls_session_close(pair.server);
    carry(pair.server, pair.client);
    cr_assert_str_eq(heard(pair.client), "");
    cr_assert_eq(tls_session_state(pair.client), TLS_CLOSED);
    pair_free(&pair);
}

Test(session, a_changed_octet_fails_it)
{
    size_t size;
    uint8_t copy[512];
    char got[64];
    struct pair pair = open_pair();
    say(pair.client, "CER");
    const void *octets = tls_session_unsent(pair.client, &size);
    memcpy(copy, octets, size);
    copy[size - 1] ^= 1;
    cr_assert_eq(tls_session_read(pair.server, copy, size, got, sizeof got), 0);
    cr_assert_eq(tls_session_state(pair.server), TLS_FAILED);
    cr_assert_eq(tls_session_reason(pair.server), TLS_REASON_PROTOCOL);
    cr_assert_eq(say(pair.server, "CEA"), 0);
    carry(pair.server, pair.client); /* its alert */
    cr_assert_str_eq(heard(pair.client), "");
    cr_assert_eq(tls_session_reason(pair.client), TLS_REASON_ALERT);
    cr_assert_str_eq(tls_session_why(pair.client), "it refuses us (bad record mac)");
    pair_free(&pair);
}

Test(session, SEC_06_it_knows_when_the_certificate_of_the_other_side_ends)
{
    certificates_make(&certificates,
                      &(struct certificate){.name = "peer", .issuer = "ca", .until = 60});
    struct pair pair = open_pair();
    cr_assert_leq(labs(tls_session_expires(pair.server) - (int64_t)time(NULL) - 60), 5);
    pair_free(&pair);
}

Test(session, its_owner_ends_it_with_a_reason)
{
    struct tls_context *context = context_of("agent");
    struct tls_session *session = tls_session_new(context, TLS_SERVER, NULL);
    tls_session_fail(session, TLS_REASON_TIMEOUT);
    tls_session_fail(session, TLS_REASON_ENDED);
    cr_assert_eq(tls_session_reason(session), TLS_REASON_TIMEOUT);
    cr_assert_str_eq(tls_session_why(session), "it takes too long");
    cr_assert_str_eq(tls_reason_label(TLS_REASON_TIMEOUT), "timeout");
    cr_assert_not(tls_session_feed(session, "x", 1));
    tls_session_free(session);
    tls_context_unref(context);
}

Test(session, nothing_is_read_or_written_before_it_is_open)
{
    struct tls_context *context = context_of("agent");
    struct tls_session *session = tls_session_new(context, TLS_CLIENT, "127.0.0.1");
    char room[16];
    cr_assert_eq(say(session, "CER"), 0);
    cr_assert_eq(tls_session_read(session, NULL, 0, room, sizeof room), 0);
    tls_session_close(session);
    cr_assert_eq(tls_session_state(session), TLS_HANDSHAKING);
    tls_session_free(session);
    tls_context_unref(context);
}
