/* fuzz_tls_session.c — a TLS session bears whatever octets come: raw ones, before and after the
 * handshake, and those of an honest other side with some of them changed.
 *
 * The first octet chooses; then raw octets, cut into pieces as long as an octet in front of each
 * says, or pairs (place, change) for the octets of the conversation. What is read from an honest,
 * unchanged conversation must be what was written. */
#include "tls/session.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/secure.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

enum { IS_CLIENT = 1, IS_OPEN = 2, IS_CHANGED = 4 }; /* the first octet */

struct ends {
    struct tls_session *client;
    struct tls_session *server;
    struct changes changes;
};

static size_t carry(struct ends *ends, struct tls_session *from, struct tls_session *to)
{
    size_t size;
    const void *octets = tls_session_unsent(from, &size);
    if (size == 0)
        return 0;
    uint8_t *copy = malloc(size);
    claim(copy != NULL);
    memcpy(copy, octets, size);
    change(&ends->changes, copy, size);
    tls_session_sent(from, size);
    (void)tls_session_feed(to, copy, size);
    free(copy);
    return size;
}

static void converse(struct ends *ends)
{
    (void)tls_session_feed(ends->client, NULL, 0);
    while (carry(ends, ends->client, ends->server) + carry(ends, ends->server, ends->client) != 0)
        ;
}

static void read_all(struct tls_session *session, const uint8_t *octets, size_t size)
{
    uint8_t room[100];
    size_t got = tls_session_read(session, octets, size, room, sizeof room);
    while (got == sizeof room)
        got = tls_session_read(session, NULL, 0, room, sizeof room);
    claim(!tls_session_is_ready(session));
}

static void play_raw(struct tls_session *session, const uint8_t *octets, size_t size)
{
    while (size != 0) {
        size_t part = *octets++;
        size--;
        part = part < size ? part : size;
        uint8_t *copy = malloc(part ? part : 1);
        claim(copy != NULL);
        memcpy(copy, octets, part);
        if (tls_session_state(session) == TLS_HANDSHAKING)
            (void)tls_session_feed(session, copy, part);
        else
            read_all(session, copy, part);
        free(copy);
        octets += part;
        size -= part;
    }
    claim((tls_session_state(session) == TLS_FAILED) ==
          (tls_session_reason(session) != TLS_REASON_NONE));
}

static void play_conversation(struct ends *ends)
{
    char got[16] = "";
    struct iovec word = {.iov_base = (char *)"CER", .iov_len = 3};
    converse(ends);
    if (tls_session_write(ends->client, &word, 1) == 3)
        carry(ends, ends->client, ends->server);
    size_t size = tls_session_read(ends->server, NULL, 0, got, sizeof got);
    claim(size == 0 || (size == 3 && memcmp(got, "CER", 3) == 0)); /* never anything else */
    claim(size == 3 || ends->changes.is_changed);
    tls_session_close(ends->server);
    converse(ends);
    read_all(ends->client, NULL, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    if (!context)
        init();
    if (size == 0)
        return 0;
    struct ends ends = {.client = tls_session_new(context, TLS_CLIENT, "fuzz.example.net"),
                        .server = tls_session_new(context, TLS_SERVER, NULL)};
    claim(ends.client && ends.server);
    if (*octets & IS_CHANGED) {
        ends.changes.triples = octets + 1;
        ends.changes.count = (size - 1) / 3 < 16 ? (size - 1) / 3 : 16;
        play_conversation(&ends);
    } else {
        if (*octets & IS_OPEN)
            converse(&ends);
        else
            (void)tls_session_feed(ends.client, NULL, 0);
        play_raw(*octets & IS_CLIENT ? ends.client : ends.server, octets + 1, size - 1);
    }
    tls_session_free(ends.client);
    tls_session_free(ends.server);
    return 0;
}
