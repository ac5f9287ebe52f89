/* key_writer.h — writes the octets of a key, however many come.
 *
 * The first RT_KEY_MAX octets go straight into the key. Only where more come is a hash of all of
 * them kept beside, and it takes the place of the last sixteen: long names stay apart, keys stay
 * small. For routing/identity*.c only. */
#pragma once

#define XXH_INLINE_ALL /* the state lies on the stack */
#include <xxhash.h>

#include "routing/identity.h"

struct rt_key_writer {
    struct rt_key *key;
    bool is_long;
    size_t waiting; /* octets in `chunk`, not hashed yet; both are set up only for a long key */
    uint8_t chunk[256];
    XXH3_state_t hash;
};

/* Starts a key of this kind, whatever was written before. */
static inline void rt_key_open(struct rt_key_writer *writer, struct rt_key *key, enum rt_kind kind)
{
    writer->key = key;
    writer->is_long = false;
    key->octets[0] = (uint8_t)kind;
    key->size = 1;
}

void rt_key_put_excess(struct rt_key_writer *writer, uint8_t octet);

static inline void rt_key_put(struct rt_key_writer *writer, uint8_t octet)
{
    struct rt_key *key = writer->key;
    if (key->size < RT_KEY_MAX)
        key->octets[key->size++] = octet;
    else
        rt_key_put_excess(writer, octet);
}

static inline uint8_t rt_lower(uint8_t octet)
{
    return octet >= 'A' && octet <= 'Z' ? (uint8_t)(octet | 0x20) : octet;
}

void rt_key_put_bytes(struct rt_key_writer *writer, dm_bytes bytes);
void rt_key_put_lower(struct rt_key_writer *writer, dm_bytes bytes);

/* Completes the key. */
void rt_key_close(struct rt_key_writer *writer);
