/* bytes.c — DiameterIdentities: equal, ordered, hashed, valid, matched. Nothing here asks the
 * locale.
 *
 * Eight octets are folded at a time where it pays: comparing and hashing names happens per message.
 */
#include "proto/bytes.h"

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* Eight octets with A–Z made lower case; others, those above 0x7f included, stay. */
static uint64_t lower8(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t low = word & ~(ones << 7);
    uint64_t from_a = low + ones * (0x80 - 'A');
    uint64_t above_z = low + ones * (0x80 - 'Z' - 1);
    uint64_t upper = from_a & ~above_z & ~word & (ones << 7);
    return word | (upper >> 2);
}

static uint64_t load8(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static uint64_t load4(const uint8_t *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* Up to 7 octets as a word: of two of one size the words differ if they do. */
static uint64_t load_short(dm_bytes octets)
{
    const uint8_t *at = octets.at;
    size_t size = octets.size;
    if (size >= 4)
        return load4(at) | load4(at + size - 4) << 32;
    return size ? at[0] | (uint64_t)at[size / 2] << 8 | (uint64_t)at[size - 1] << 16 : 0;
}

/* Peers seldom change the case of a name on its way. */
static bool words_equal(uint64_t a, uint64_t b)
{
    return a == b || lower8(a) == lower8(b);
}

/* The last word overlaps the one before it: no tail. */
bool dm_identity_equal(dm_bytes a, dm_bytes b)
{
    if (a.size != b.size)
        return false;
    if (a.size < 8)
        return words_equal(load_short(a), load_short(b));
    size_t last = a.size - 8;
    for (size_t i = 0; i < last; i += 8)
        if (!words_equal(load8(a.at + i), load8(b.at + i)))
            return false;
    return words_equal(load8(a.at + last), load8(b.at + last));
}

int dm_identity_compare(dm_bytes a, dm_bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    for (size_t i = 0; i < common; i++)
        if (lower(a.at[i]) != lower(b.at[i]))
            return lower(a.at[i]) < lower(b.at[i]) ? -1 : 1;
    return (a.size > b.size) - (a.size < b.size);
}

/* The mixing steps are those of MurmurHash's 64-bit finalizer. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
    return hash ^ hash >> 32;
}

uint64_t dm_identity_hash(dm_bytes identity)
{
    uint64_t hash = identity.size * UINT64_C(0x9e3779b97f4a7c15);
    if (identity.size < 8) {
        hash = mix(hash, lower8(load_short(identity)));
    } else {
        size_t last = identity.size - 8;
        for (size_t i = 0; i < last; i += 8)
            hash = mix(hash, lower8(load8(identity.at + i)));
        hash = mix(hash, lower8(load8(identity.at + last)));
    }
    hash *= UINT64_C(0xc4ceb9fe1a85ec53);
    return hash ^ hash >> 33;
}

static bool is_label_octet(uint8_t c)
{
    uint8_t small = lower(c);
    return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool dm_identity_is_valid(dm_bytes identity)
{
    if (identity.size < 1 || identity.size > 255)
        return false;
    bool in_label = false;
    for (size_t i = 0; i < identity.size; i++) {
        bool is_dot = identity.at[i] == '.';
        if (is_dot ? !in_label : !is_label_octet(identity.at[i]))
            return false;
        in_label = !is_dot;
    }
    return in_label;
}
