/* policy_text.c — values as text, and what matches them. RFC 6733 §4.2, §4.3. */
#include "routing/policy_text.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

static const uint8_t digits[] = "0123456789abcdef";

static dm_bytes as_hex(dm_bytes value, uint8_t *room, size_t size)
{
    size_t count = value.size < (size - 2) / 2 ? value.size : (size - 2) / 2;
    room[0] = '0';
    room[1] = 'x';
    for (size_t i = 0; i < count; i++) {
        room[2 + 2 * i] = digits[value.at[i] >> 4];
        room[3 + 2 * i] = digits[value.at[i] & 15];
    }
    return dm_bytes_of(room, 2 + 2 * count);
}

static dm_bytes in_lower_case(dm_bytes value, uint8_t *room, size_t size)
{
    size_t count = value.size < size ? value.size : size;
    for (size_t i = 0; i < count; i++) {
        uint8_t octet = value.at[i];
        room[i] = octet >= 'A' && octet <= 'Z' ? (uint8_t)(octet | 0x20) : octet;
    }
    return dm_bytes_of(room, count);
}

/* glibc's inet_ntop writes as RFC 5952 wants it: lower case, and the longest run of zeros as "::",
 * where it is longer than one. */
static dm_bytes as_address(const struct dm_avp *avp, uint8_t *room, size_t size)
{
    uint16_t family;
    dm_bytes address;
    if (!dm_avp_get_address(avp, &family, &address) ||
        !inet_ntop(family == 1 ? AF_INET : AF_INET6, address.at, (char *)room, (socklen_t)size))
        return as_hex(avp->data, room, size);
    return dm_bytes_of(room, strlen((char *)room));
}

static int print_float(enum dm_type type, uint32_t small, uint64_t large, char *to, size_t size)
{
    float narrow;
    double wide;
    memcpy(&narrow, &small, sizeof narrow);
    memcpy(&wide, &large, sizeof wide);
    return snprintf(to, size, "%g", type == DM_TYPE_FLOAT32 ? (double)narrow : wide);
}

/* A value of a fixed size; of another one it is as octets are of which nothing is known. */
static dm_bytes as_number(enum dm_type type, const struct dm_avp *avp, uint8_t *room, size_t size)
{
    char *to = (char *)room;
    uint32_t small = 0;
    uint64_t large = 0;
    int64_t seconds = 0;
    if (avp->data.size != dm_type_minimum(type))
        return as_hex(avp->data, room, size);
    if (!dm_avp_get32(avp, &small))
        (void)dm_avp_get64(avp, &large); /* 4 or 8 octets: there are no others */
    int length;
    if (type == DM_TYPE_UNSIGNED32)
        length = snprintf(to, size, "%" PRIu32, small);
    else if (type == DM_TYPE_UNSIGNED64)
        length = snprintf(to, size, "%" PRIu64, large);
    else if (type == DM_TYPE_INTEGER64)
        length = snprintf(to, size, "%" PRId64, (int64_t)large);
    else if (type == DM_TYPE_TIME && dm_avp_get_time(avp, &seconds))
        length = snprintf(to, size, "%" PRId64, seconds);
    else if (type == DM_TYPE_FLOAT32 || type == DM_TYPE_FLOAT64)
        length = print_float(type, small, large, to, size);
    else
        length = snprintf(to, size, "%" PRId32, (int32_t)small);
    return dm_bytes_of(room, (size_t)length);
}

dm_bytes rt_value_text(const struct rt_path *path, const struct dm_avp *avp, uint8_t *room,
                       size_t size)
{
    assert(size >= 64);
    switch (path->type) {
    case DM_TYPE_UTF8:
    case DM_TYPE_URI:
        return avp->data;
    case DM_TYPE_OCTETS:
        return path->is_unknown ? as_hex(avp->data, room, size) : avp->data;
    case DM_TYPE_GROUPED:
        return as_hex(avp->data, room, size);
    case DM_TYPE_IDENTITY:
        return in_lower_case(avp->data, room, size);
    case DM_TYPE_ADDRESS:
        return as_address(avp, room, size);
    default:
        return as_number(path->type, avp, room, size);
    }
}

/* After a mismatch the last star takes one octet more: an earlier one need never be asked again. */
bool rt_glob_match(dm_bytes glob, dm_bytes text)
{
    size_t g = 0;
    size_t t = 0;
    size_t star = SIZE_MAX; /* of the glob, and how far it reached in the text */
    size_t reach = 0;
    while (t < text.size) {
        if (g < glob.size && glob.at[g] == '*') {
            star = g++;
            reach = t;
        } else if (g < glob.size && (glob.at[g] == '?' || glob.at[g] == text.at[t])) {
            g++;
            t++;
        } else if (star != SIZE_MAX) {
            g = star + 1;
            t = ++reach;
        } else {
            return false;
        }
    }
    while (g < glob.size && glob.at[g] == '*')
        g++;
    return g == glob.size;
}
