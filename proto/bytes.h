/* bytes.h — a borrowed slice of octets; big-endian get and put; DiameterIdentity compare and hash.
 *
 * Nothing here owns memory. Octets on the wire are in network order. RFC 6733 §3, §4.3.1. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const uint8_t *at;
    size_t size;
} dm_bytes;

static inline dm_bytes dm_bytes_of(const void *at, size_t size)
{
    return (dm_bytes){at, size};
}

static inline dm_bytes dm_text(const char *text)
{
    return (dm_bytes){(const uint8_t *)text, strlen(text)};
}

static inline bool dm_bytes_equal(dm_bytes a, dm_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

static inline uint16_t dm_get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t dm_get24(const uint8_t *at)
{
    return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

static inline uint32_t dm_get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline uint64_t dm_get64(const uint8_t *at)
{
    return (uint64_t)dm_get32(at) << 32 | dm_get32(at + 4);
}

static inline void dm_put24(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 16);
    at[1] = (uint8_t)(value >> 8);
    at[2] = (uint8_t)value;
}

static inline void dm_put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void dm_put32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

static inline void dm_put64(uint8_t *at, uint64_t value)
{
    dm_put32(at, (uint32_t)(value >> 32));
    dm_put32(at + 4, (uint32_t)value);
}

/* The length with padding to a multiple of 4. */
static inline size_t dm_padded(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

/* DiameterIdentities compare octet by octet, a–z equal to A–Z. RFC 6733 §4.3.1, AVP-21. */
bool dm_identity_equal(dm_bytes a, dm_bytes b);

/* < 0, 0, > 0; a shorter prefix is smaller. The comparison of the election. RFC 6733 §5.6.4. */
int dm_identity_compare(dm_bytes a, dm_bytes b);

/* A hash that ignores ASCII case. For tables inside one process only: it may change with any
 * version. */
uint64_t dm_identity_hash(dm_bytes identity);

/* Is this an ASCII FQDN of 1 to 255 octets: letters, digits, '-', '_', '.', no empty label, no
 * trailing dot? AVP-22. */
bool dm_identity_is_valid(dm_bytes identity);
