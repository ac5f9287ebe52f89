/* uri.h — the little that keys need of URIs: octets behind %-escapes, and parameters. RFC 3261
 * §25.1, RFC 3986 §2.1.
 *
 * For routing/identity*.c only. */
#pragma once

#include "routing/key_writer.h"

/* The part of `bytes` from `from` on, and the part before `to`. */
static inline dm_bytes rt_after(dm_bytes bytes, size_t from)
{
    return dm_bytes_of(bytes.at + from, bytes.size - from);
}

static inline dm_bytes rt_before(dm_bytes bytes, size_t to)
{
    return dm_bytes_of(bytes.at, to);
}

/* Where the first `octet` stands, or the size. */
static inline size_t rt_index(dm_bytes bytes, uint8_t octet)
{
    const uint8_t *found = bytes.size > 0 ? memchr(bytes.at, octet, bytes.size) : NULL;
    return found ? (size_t)(found - bytes.at) : bytes.size;
}

/* A domain without the dots of the root. */
static inline dm_bytes rt_without_dots(dm_bytes domain)
{
    while (domain.size > 0 && domain.at[domain.size - 1] == '.')
        domain.size--;
    return domain;
}

/* Is it this word of lower-case letters, whatever its case? */
bool rt_is_word(dm_bytes bytes, const char *word);

/* The value of a parameter in ";name=value;name;…": empty for one without '=', at NULL where there
 * is none. */
dm_bytes rt_uri_parameter(dm_bytes parameters, const char *name);

/* The next octet of `rest`, unescaped once, which is not empty. A '%' without two hexadecimal
 * digits is itself. */
uint8_t rt_unescape(dm_bytes *rest);

/* The subscriber of a tel: URI or of a SIP user part, with its parameters, as RFC 3966 compares
 * them. False, with the key spoilt, where it is no telephone number; local numbers need a context
 * to be one where `needs_context`. */
bool rt_key_number(struct rt_key *key, dm_bytes subscriber, bool needs_context);
