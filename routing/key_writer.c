/* key_writer.c — writes the octets of a key, however many come. */
#include "routing/key_writer.h"

enum { DIGEST = sizeof(XXH128_canonical_t) };

static void start_hash(struct rt_key_writer *writer)
{
    writer->is_long = true;
    writer->waiting = 0;
    XXH3_128bits_reset(&writer->hash);
    XXH3_128bits_update(&writer->hash, writer->key->octets, RT_KEY_MAX);
}

static void hash_chunk(struct rt_key_writer *writer)
{
    XXH3_128bits_update(&writer->hash, writer->chunk, writer->waiting);
    writer->waiting = 0;
}

void rt_key_put_excess(struct rt_key_writer *writer, uint8_t octet)
{
    if (!writer->is_long)
        start_hash(writer);
    writer->chunk[writer->waiting++] = octet;
    if (writer->waiting == sizeof writer->chunk)
        hash_chunk(writer);
}

void rt_key_put_bytes(struct rt_key_writer *writer, dm_bytes bytes)
{
    struct rt_key *key = writer->key;
    if (bytes.size <= (size_t)(RT_KEY_MAX - key->size)) {
        if (bytes.size > 0)
            memcpy(key->octets + key->size, bytes.at, bytes.size);
        key->size = (uint16_t)(key->size + bytes.size);
        return;
    }
    for (size_t i = 0; i < bytes.size; i++)
        rt_key_put(writer, bytes.at[i]);
}

/* Eight octets at once: 0x20 into those from 'A' to 'Z'. */
static uint64_t lower_eight(uint64_t octets)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t seven = octets & 0x7f * each;
    uint64_t from_a = seven + (0x80 - 'A') * each;
    uint64_t beyond_z = seven + (0x80 - 'Z' - 1) * each;
    uint64_t upper = (from_a ^ beyond_z) & ~octets & 0x80 * each;
    return octets | upper >> 2;
}

static void lower(uint8_t *to, dm_bytes bytes)
{
    size_t i = 0;
    for (; i + 8 <= bytes.size; i += 8) {
        uint64_t eight;
        memcpy(&eight, bytes.at + i, 8);
        eight = lower_eight(eight);
        memcpy(to + i, &eight, 8);
    }
    for (; i < bytes.size; i++)
        to[i] = rt_lower(bytes.at[i]);
}

void rt_key_put_lower(struct rt_key_writer *writer, dm_bytes bytes)
{
    struct rt_key *key = writer->key;
    if (bytes.size <= (size_t)(RT_KEY_MAX - key->size)) {
        lower(key->octets + key->size, bytes);
        key->size = (uint16_t)(key->size + bytes.size);
        return;
    }
    for (size_t i = 0; i < bytes.size; i++)
        rt_key_put(writer, rt_lower(bytes.at[i]));
}

void rt_key_close(struct rt_key_writer *writer)
{
    if (!writer->is_long)
        return;
    hash_chunk(writer);
    XXH128_canonical_t digest;
    XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(&writer->hash));
    memcpy(writer->key->octets + RT_KEY_MAX - DIGEST, digest.digest, DIGEST);
}
