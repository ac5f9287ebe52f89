/* record.h — the head of a DTLS record. RFC 6347 §4.1. Of the folder.
 *
 *     0      1        3       5                  11       13
 *     ┌──────┬────────┬───────┬──────────────────┬────────┬─ ─ ─
 *     │ type │ fe fd  │ epoch │ sequence         │ length │ fragment
 *     └──────┴────────┴───────┴──────────────────┴────────┴─ ─ ─ */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TLS_RECORD_HEAD = 13, TLS_RECORD_VERSION = 0xfefd };

enum tls_record_type {
    TLS_RECORD_CHANGE_CIPHER_SPEC = 20,
    TLS_RECORD_ALERT = 21,
    TLS_RECORD_HANDSHAKE = 22,
    TLS_RECORD_DATA = 23,
};

struct tls_record {
    uint8_t type;
    uint16_t version;
    uint16_t epoch;
    uint64_t sequence; /* 48 bits */
    const uint8_t *fragment;
    size_t length; /* of the fragment */
};

/* The first record of `octets`. False: there is no whole one. */
bool tls_record_read(const uint8_t *octets, size_t size, struct tls_record *record);

static inline size_t tls_record_size(const struct tls_record *record)
{
    return TLS_RECORD_HEAD + record->length;
}

/* The 13 octets of its head. */
void tls_record_write(uint8_t *head, const struct tls_record *record);

/* A number in the order of the network. */
static inline void tls_put(uint8_t *to, uint64_t number, int octets)
{
    for (int i = octets; i-- > 0; number >>= 8)
        to[i] = (uint8_t)number;
}

static inline uint64_t tls_get(const uint8_t *from, int octets)
{
    uint64_t number = 0;
    for (int i = 0; i < octets; i++)
        number = number << 8 | from[i];
    return number;
}
