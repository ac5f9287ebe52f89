/* fuzz_dtls.c — a DTLS conversation bears whatever messages come: raw ones, before and after the
 * handshake, and those of an honest other side with some octets changed, some data first, some
 * last.
 *
 * The first octet chooses; then raw messages, each with two octets of length in front, or triples
 * (place, change) for the octets of the conversation. */
#include "tls/dtls.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/secure.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

enum { IS_CLIENT = 1, IS_OPEN = 2, IS_CHANGED = 4 }; /* the first octet */

struct ends {
    struct tls_dtls *client;
    struct tls_dtls *server;
    struct changes changes;
};

/* The size of data that was read. */
static size_t receive(struct tls_dtls *dtls, const uint8_t *octets, size_t size, uint8_t *room)
{
    if (tls_dtls_state(dtls) == TLS_HANDSHAKING) {
        (void)tls_dtls_feed(dtls, octets, size);
        return 0;
    }
    size_t got = tls_dtls_read(dtls, octets, size, room, TLS_DTLS_MESSAGE_MAX);
    claim(got <= TLS_DTLS_MESSAGE_MAX);
    return got;
}

static bool carry(struct ends *ends, struct tls_dtls *from, struct tls_dtls *to)
{
    static uint8_t room[TLS_DTLS_MESSAGE_MAX];
    struct tls_dtls_record record;
    if (!tls_dtls_next(from, &record))
        return false;
    uint8_t *copy = malloc(record.size);
    claim(copy != NULL);
    memcpy(copy, record.octets, record.size);
    change(&ends->changes, copy, record.size);
    tls_dtls_sent(from);
    (void)receive(to, copy, record.size, room);
    free(copy);
    return true;
}

static void converse(struct ends *ends)
{
    (void)tls_dtls_feed(ends->client, NULL, 0);
    while (carry(ends, ends->client, ends->server) || carry(ends, ends->server, ends->client))
        ;
}

static void play_raw(struct tls_dtls *dtls, const uint8_t *octets, size_t size)
{
    static uint8_t room[TLS_DTLS_MESSAGE_MAX];
    while (size >= 2) {
        size_t part = (size_t)octets[0] << 8 | octets[1];
        octets += 2;
        size -= 2;
        part = part < size ? part : size;
        uint8_t *copy = malloc(part ? part : 1);
        claim(copy != NULL);
        memcpy(copy, octets, part);
        claim(receive(dtls, copy, part, room) == 0); /* nobody can make data without the keys */
        free(copy);
        octets += part;
        size -= part;
    }
    claim((tls_dtls_state(dtls) == TLS_FAILED) == (tls_dtls_reason(dtls) != TLS_REASON_NONE));
}

static void play_conversation(struct ends *ends)
{
    static uint8_t room[TLS_DTLS_MESSAGE_MAX];
    uint8_t record[3][64];
    struct iovec word = {.iov_base = (char *)"CER", .iov_len = 3};
    size_t read = 0;
    converse(ends);
    for (size_t i = 0; i < 3; i++) {
        size_t size = tls_dtls_seal(ends->client, &word, 1, record[i]);
        change(&ends->changes, record[i], size);
    }
    if (tls_dtls_state(ends->client) == TLS_OPEN) {
        for (size_t i = 3; i-- > 0;) {
            size_t got = receive(ends->server, record[i], 3 + TLS_DTLS_OVERHEAD, room);
            claim(got == 0 || (got == 3 && memcmp(room, "CER", 3) == 0));
            read += got;
        }
    }
    claim(read == 9 || ends->changes.is_changed);
    tls_dtls_close(ends->server);
    converse(ends);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    if (!context)
        init();
    if (size == 0)
        return 0;
    struct ends ends = {.client = tls_dtls_new(context, TLS_CLIENT),
                        .server = tls_dtls_new(context, TLS_SERVER)};
    claim(ends.client && ends.server);
    if (*octets & IS_CHANGED) {
        ends.changes.triples = octets + 1;
        ends.changes.count = (size - 1) / 3 < 16 ? (size - 1) / 3 : 16;
        play_conversation(&ends);
    } else {
        if (*octets & IS_OPEN)
            converse(&ends);
        else
            (void)tls_dtls_feed(ends.client, NULL, 0);
        play_raw(*octets & IS_CLIENT ? ends.client : ends.server, octets + 1, size - 1);
    }
    tls_dtls_free(ends.client);
    tls_dtls_free(ends.server);
    return 0;
}
