/* names.c — user<i> and its sisters: made and read without sscanf, since every request bears two.
 */
#include "bench/names.h"

size_t name_digits(char *to, uint32_t index)
{
    char reverse[10];
    size_t count = 0;
    do {
        reverse[count++] = (char)('0' + index % 10);
        index /= 10;
    } while (index);
    for (size_t i = 0; i < count; i++)
        to[i] = reverse[count - 1 - i];
    return count;
}

size_t name_user(char *to, uint32_t index, dm_bytes realm)
{
    memcpy(to, "user", 4);
    size_t size = 4 + name_digits(to + 4, index);
    to[size++] = '@';
    memcpy(to + size, realm.at, realm.size);
    return size + realm.size;
}

size_t name_aor(char *to, uint32_t index, dm_bytes realm)
{
    memcpy(to, "sip:", 4);
    return 4 + name_user(to + 4, index, realm);
}

size_t name_secret(char *to, uint32_t index)
{
    memcpy(to, "secret", 6);
    return 6 + name_digits(to + 6, index);
}

static bool is_digit(uint8_t octet)
{
    return octet >= '0' && octet <= '9';
}

/* Reads "user<i>@" and moves `name` behind it. */
static bool take_user(dm_bytes *name, uint32_t *index)
{
    const uint8_t *at = name->at, *end = name->at + name->size;
    if (name->size < 6 || memcmp(at, "user", 4) != 0 || !is_digit(at[4]))
        return false;
    at += 4;
    if (at[0] == '0' && is_digit(at[1]))
        return false;
    uint64_t value = 0;
    while (at < end && is_digit(*at) && value <= UINT32_MAX)
        value = value * 10 + (uint64_t)(*at++ - '0');
    if (value > UINT32_MAX || at == end || *at != '@')
        return false;
    *index = (uint32_t)value;
    *name = dm_bytes_of(at + 1, (size_t)(end - at - 1));
    return true;
}

/* Most realms come as they were configured; only others pay for the comparison that ignores case.
 */
static bool same_realm(dm_bytes a, dm_bytes realm)
{
    return dm_bytes_equal(a, realm) || dm_identity_equal(a, realm);
}

bool name_user_index(dm_bytes user_name, dm_bytes realm, uint32_t *index)
{
    return take_user(&user_name, index) && same_realm(user_name, realm);
}

/* The octets of "sip:" or "sips:" in any case, 0 where it is neither. */
static size_t scheme_size(dm_bytes aor)
{
    if (aor.size < 5 || (aor.at[0] | 0x20) != 's' || (aor.at[1] | 0x20) != 'i' ||
        (aor.at[2] | 0x20) != 'p')
        return 0;
    if (aor.at[3] == ':')
        return 4;
    return (aor.at[3] | 0x20) == 's' && aor.at[4] == ':' ? 5 : 0;
}

bool name_aor_index(dm_bytes aor, dm_bytes realm, uint32_t *index)
{
    size_t scheme = scheme_size(aor);
    dm_bytes rest = dm_bytes_of(aor.at + scheme, aor.size - scheme);
    if (scheme == 0 || !take_user(&rest, index))
        return false;
    if (rest.size > realm.size && memchr(":;?", rest.at[realm.size], 3))
        rest.size = realm.size;
    return same_realm(rest, realm);
}
