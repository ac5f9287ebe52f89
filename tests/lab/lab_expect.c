/* lab_expect.c — expectations: each waits for an event with a generous deadline, and fails the test
 * with words.
 *
 * That nothing comes is shown by an order: what the agent had to say stands before its answer to a
 * DWR. */
#include "tests/lab/lab.h"

#include <string.h>

static struct lab_message *pop(struct lab_peer *peer)
{
    struct lab_message *message = peer->inbox;
    if (!message)
        return NULL;
    peer->inbox = message->next;
    if (!peer->inbox)
        peer->inbox_end = &peer->inbox;
    return message;
}

struct lab_message *lab_take(struct lab_peer *peer)
{
    uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;
    while (!peer->inbox && !peer->ended) {
        if (lab_now_ms() > deadline)
            lab_fail("%s: nothing arrives", peer->identity);
        lab_serve(peer->lab, 100);
    }
    return pop(peer);
}

struct lab_message *lab_expect(struct lab_peer *peer, uint32_t command)
{
    struct lab_message *message = lab_take(peer);
    if (!message)
        lab_fail("%s: expected a request %u, but the agent closed", peer->identity, command);
    if (!(lab_flags(message) & R) || lab_command(message) != command)
        lab_fail("%s: expected a request %u, got %s %u with result %u", peer->identity, command,
                 lab_flags(message) & R ? "request" : "answer", lab_command(message),
                 lab_result(message));
    return message;
}

static bool answers(const struct lab_message *answer, const struct lab_message *request)
{
    return !(lab_flags(answer) & R) && lab_command(answer) == lab_command(request) &&
           lab_application(answer) == lab_application(request) &&
           lab_hop_by_hop(answer) == lab_hop_by_hop(request) &&
           lab_end_to_end(answer) == lab_end_to_end(request);
}

struct lab_message *lab_expect_answer(struct lab_peer *peer, const struct lab_message *request)
{
    struct lab_message *answer = lab_take(peer);
    if (!answer)
        lab_fail("%s: expected an answer to %u, but the agent closed", peer->identity,
                 lab_command(request));
    if (!answers(answer, request))
        lab_fail("%s: expected the answer %u/%x/%x, got %s %u/%x/%x with result %u", peer->identity,
                 lab_command(request), lab_hop_by_hop(request), lab_end_to_end(request),
                 lab_flags(answer) & R ? "request" : "answer", lab_command(answer),
                 lab_hop_by_hop(answer), lab_end_to_end(answer), lab_result(answer));
    return answer;
}

struct lab_message *lab_expect_result(struct lab_peer *peer, const struct lab_message *request,
                                      uint32_t result)
{
    struct lab_message *answer = lab_expect_answer(peer, request);
    if (lab_result(answer) != result)
        lab_fail("%s: expected result %u to command %u, got %u", peer->identity, result,
                 lab_command(request), lab_result(answer));
    return answer;
}

struct lab_message *lab_expect_error(struct lab_peer *peer, const struct lab_message *request,
                                     uint32_t result)
{
    struct lab_message *answer = lab_expect_result(peer, request, result);
    struct lab_avp first = {0}, session;
    size_t offset = 20;
    cr_assert_eq(lab_flags(answer) & (R | T | P), lab_flags(request) & P, "ERR-02: flags %02x",
                 lab_flags(answer));
    cr_assert_eq(lab_flags(answer) & E, result / 1000 == 2 || result / 1000 == 4 ? 0 : E,
                 "ERR-03, ERR-04");
    lab_next(answer->octets, answer->size, &offset, &first);
    if (lab_nth(request, SESSION_ID, 0, &session)) {
        cr_assert_eq(first.code, SESSION_ID, "ERR-01: Session-Id is first");
        cr_assert_str_eq(lab_text(answer, SESSION_ID, 0), lab_text(request, SESSION_ID, 0));
    }
    cr_assert_str_eq(lab_text(answer, ORIGIN_HOST, 0), A_HOST, "ERR-01");
    cr_assert_str_eq(lab_text(answer, ORIGIN_REALM, 0), A_REALM, "ERR-01");
    cr_assert_eq(lab_count(answer, DESTINATION_HOST) + lab_count(answer, DESTINATION_REALM), 0,
                 "ANS-13");
    cr_assert_eq(lab_count(answer, ROUTE_RECORD), 0);
    cr_assert_eq(lab_count(answer, ERROR_REPORTING_HOST), 0, "ERR-06");
    cr_assert_leq(lab_count(answer, FAILED_AVP), 1, "ERR-09");
    cr_assert_eq(lab_count(answer, PROXY_INFO), lab_count(request, PROXY_INFO), "ERR-05");
    return answer;
}

struct lab_message *lab_await_answer(struct lab_peer *peer, const struct lab_message *request)
{
    uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;
    for (;;) {
        for (struct lab_message **at = &peer->inbox; *at; at = &(*at)->next) {
            struct lab_message *found = *at;
            if (!answers(found, request))
                continue;
            *at = found->next;
            if (!found->next)
                peer->inbox_end = at;
            return found;
        }
        if (peer->ended || lab_now_ms() > deadline)
            lab_fail("%s: the answer %u/%x does not arrive", peer->identity, lab_command(request),
                     lab_hop_by_hop(request));
        lab_serve(peer->lab, 100);
    }
}

void lab_expect_silence(struct lab_peer *peer)
{
    struct lab_message *dwr = lab_dwr(peer);
    lab_send(peer, dwr);
    lab_expect_result(peer, dwr, 2001);
}

void lab_expect_closed(struct lab_peer *peer)
{
    struct lab_message *message = lab_take(peer);
    if (message)
        lab_fail("%s: expected a close, got %s %u with result %u", peer->identity,
                 lab_flags(message) & R ? "request" : "answer", lab_command(message),
                 lab_result(message));
}

void lab_expect_reset(struct lab_peer *peer)
{
    lab_expect_closed(peer);
    if (!peer->was_reset)
        lab_fail("%s: closed politely, not with a RST", peer->identity);
}

size_t lab_inbox_size(const struct lab_peer *peer)
{
    size_t count = 0;
    for (const struct lab_message *message = peer->inbox; message; message = message->next)
        count++;
    return count;
}

void lab_wait_inbox(struct lab_peer *peer, size_t messages)
{
    uint64_t deadline = lab_now_ms() + LAB_DEADLINE_MS;
    size_t have;
    while ((have = lab_inbox_size(peer)) < messages) {
        if (peer->ended || lab_now_ms() > deadline)
            lab_fail("%s: expected %zu messages, has %zu%s", peer->identity, messages, have,
                     peer->ended ? " and is closed" : "");
        lab_serve(peer->lab, 100);
    }
}

struct lab_message *lab_expect_relayed(struct lab_peer *client, struct lab_peer *server,
                                       const struct lab_message *request)
{
    struct lab_message *relayed = lab_expect(server, lab_command(request));
    cr_assert_eq(relayed->octets[4], request->octets[4], "flags %02x", lab_flags(relayed));
    cr_assert_eq(lab_application(relayed), lab_application(request));
    cr_assert_eq(lab_end_to_end(relayed), lab_end_to_end(request), "HDR-25");
    cr_assert_geq(relayed->size, request->size);
    cr_assert_arr_eq(relayed->octets + 20, request->octets + 20, request->size - 20, "AVP-16");
    lab_answer(server, relayed, 2001);
    lab_expect_result(client, request, 2001);
    return relayed;
}

void lab_expect_service(struct lab_peer *client, struct lab_peer *server)
{
    struct lab_message *lir = lab_lir(client, ALICE);
    lab_send(client, lir);
    lab_expect_relayed(client, server, lir);
}
