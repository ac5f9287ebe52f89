/* record.c — hexadecimal digits, at fixed places. */
#include "agent/store/record.h"

#define GROUP_PREFIX "antipode:1:m:"

enum { PREFIX = sizeof RECORD_PREFIX - 1, KEY_SIZE = PREFIX + 8 + 1 + 16 };

static char *put_hex(char *to, uint64_t number, unsigned digits)
{
    for (unsigned i = 0; i < digits; i++)
        to[i] = "0123456789abcdef"[number >> 4 * (digits - 1 - i) & 15];
    return to + digits;
}

/* Reads exactly `digits`; false where one is none. */
static bool get_hex(const uint8_t *from, unsigned digits, uint64_t *number)
{
    *number = 0;
    for (unsigned i = 0; i < digits; i++) {
        uint8_t octet = from[i];
        unsigned digit = octet >= 'a' ? octet - 'a' + 10u : octet - '0' + 0u;
        if (digit > 15 || (octet < 'a' && digit > 9))
            return false;
        *number = *number << 4 | digit;
    }
    return true;
}

static char *put_prefix(char *to, const char *prefix, uint64_t seed)
{
    memcpy(to, prefix, PREFIX);
    to = put_hex(to + PREFIX, seed & UINT32_MAX, 8);
    *to++ = ':';
    return to;
}

dm_bytes record_key(char to[RECORD_KEY_MAX], uint64_t seed, uint64_t key)
{
    char *end = put_hex(put_prefix(to, RECORD_PREFIX, seed), key, 16);
    return dm_bytes_of(to, (size_t)(end - to));
}

dm_bytes record_group(char to[RECORD_KEY_MAX], uint64_t seed, const struct rt_bound *bound)
{
    char *end = put_hex(put_prefix(to, GROUP_PREFIX, seed), bound->anchor, 8);
    end = put_hex(end, bound->slot, 4);
    return dm_bytes_of(to, (size_t)(end - to));
}

dm_bytes record_member(char to[RECORD_KEY_MAX], uint64_t key)
{
    return dm_bytes_of(to, (size_t)(put_hex(to, key, 16) - to));
}

bool record_member_read(dm_bytes member, uint64_t *key)
{
    return member.size == 16 && get_hex(member.at, 16, key);
}

bool record_key_read(dm_bytes name, uint64_t seed, uint64_t *key)
{
    char ours[RECORD_KEY_MAX];
    size_t head = (size_t)(put_prefix(ours, RECORD_PREFIX, seed) - ours);
    return name.size == KEY_SIZE && !memcmp(name.at, ours, head) &&
           get_hex(name.at + head, 16, key);
}

dm_bytes record_write(char to[RECORD_VALUE_SIZE], const struct rt_bound *bound, uint32_t now)
{
    if (!bound->is_known)
        return dm_bytes_of("-", 1);
    char *end = put_hex(to, bound->target, 8);
    *end++ = ' ';
    end = put_hex(end, bound->anchor, 8);
    *end++ = ' ';
    if (bound->has_slot)
        put_hex(end, bound->slot, 4);
    else
        memcpy(end, "----", 4);
    end[4] = ' ';
    put_hex(end + 5, now, 8);
    return dm_bytes_of(to, RECORD_VALUE_SIZE);
}

bool record_read(dm_bytes value, struct record *record)
{
    *record = (struct record){.bound.anchor = (uint32_t)RT_ANCHOR_NONE};
    if (value.size == 1 && value.at[0] == '-')
        return true;
    uint64_t target, anchor, slot = 0, written;
    if (value.size != RECORD_VALUE_SIZE || value.at[8] != ' ' || value.at[17] != ' ' ||
        value.at[22] != ' ')
        return false;
    bool has_slot = memcmp(value.at + 18, "----", 4) != 0;
    if (!get_hex(value.at, 8, &target) || !get_hex(value.at + 9, 8, &anchor) ||
        (has_slot && !get_hex(value.at + 18, 4, &slot)) || !get_hex(value.at + 23, 8, &written))
        return false;
    record->bound = (struct rt_bound){.is_known = true,
                                      .has_slot = has_slot,
                                      .slot = (uint16_t)slot,
                                      .target = (uint32_t)target,
                                      .anchor = (uint32_t)anchor};
    record->written = (uint32_t)written;
    return true;
}
