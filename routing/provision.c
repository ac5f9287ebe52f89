/* provision.c — the first column of a subscriber table: whom does a row mean? */
#include "routing/provision.h"

#include "routing/derive.h"
#include "routing/uri.h"
#include "routing/wildcard.h"

enum { PREFIX_KIND = '*' };

void rt_prefix_key(struct rt_key *key, dm_bytes digits)
{
    key->octets[0] = PREFIX_KIND;
    key->size = (uint16_t)(1 + digits.size);
    if (digits.size > 0)
        memcpy(key->octets + 1, digits.at, digits.size);
}

uint64_t rt_number_place(dm_bytes digits)
{
    uint64_t number = 0;
    for (size_t i = 0; i < digits.size; i++)
        number = number * 10 + (uint64_t)(digits.at[i] - '0');
    return (uint64_t)digits.size << 56 | number;
}

/* --- numbers: +4930*, +493000-+493099, +4930123 --- */

static dm_bytes take_digits(dm_bytes *text)
{
    size_t size = 0;
    while (size < text->size && text->at[size] >= '0' && text->at[size] <= '9')
        size++;
    dm_bytes digits = rt_before(*text, size);
    *text = rt_after(*text, size);
    return digits;
}

static const char *read_range(struct rt_provision *row, dm_bytes low, dm_bytes rest)
{
    if (rest.size < 2 || rest.at[1] != '+')
        return "a range is written +493000-+493099";
    rest = rt_after(rest, 2);
    dm_bytes high = take_digits(&rest);
    if (rest.size > 0 || high.size == 0)
        return "a range is written +493000-+493099";
    if (low.size != high.size)
        return "the ends of a range must be of one length";
    row->kind = RT_ROW_RANGE;
    row->low = rt_number_place(low);
    row->high = rt_number_place(high);
    return row->low <= row->high ? NULL : "the end of the range is before its begin";
}

static const char *read_number(struct rt_provision *row, dm_bytes text)
{
    dm_bytes rest = rt_after(text, 1);
    dm_bytes digits = take_digits(&rest);
    if (digits.size > RT_NUMBER_MAX)
        return "a telephone number has at most 15 digits";
    if (rest.size == 1 && rest.at[0] == '*') {
        row->kind = RT_ROW_PREFIX;
        row->digits = (unsigned)digits.size;
        rt_prefix_key(&row->key, digits);
        return NULL;
    }
    if (digits.size > 0 && rest.size > 0 && rest.at[0] == '-')
        return read_range(row, digits, rest);
    if (digits.size == 0 || rest.size > 0)
        return "no number, prefix (+4930*) or range (+493000-+493099)";
    rt_prefix_key(&row->key, digits);
    row->key.octets[0] = RT_KIND_NUMBER;
    return NULL;
}

/* --- names --- */

static bool is_letter(uint8_t octet)
{
    uint8_t lower = rt_lower(octet);
    return lower >= 'a' && lower <= 'z';
}

/* Does it begin with a scheme, a display name or "<"? User-Names do not: RFC 7542 §2.2. */
static bool is_uri(dm_bytes text)
{
    if (text.at[0] == '<' || text.at[0] == '"')
        return true;
    size_t colon = rt_index(text, ':');
    for (size_t i = 0; i < colon; i++) {
        uint8_t octet = text.at[i];
        bool is_tail =
            (octet >= '0' && octet <= '9') || octet == '+' || octet == '-' || octet == '.';
        if (!is_letter(octet) && (i == 0 || !is_tail))
            return false;
    }
    return colon > 0 && colon < text.size;
}

static bool is_of_known_scheme(dm_bytes text)
{
    dm_bytes scheme = rt_before(text, rt_index(text, ':'));
    return rt_is_word(scheme, "sip") || rt_is_word(scheme, "sips") || rt_is_word(scheme, "tel") ||
           text.at[0] == '<' || text.at[0] == '"';
}

static const char *read_uri(struct rt_provision *row, dm_bytes text,
                            const struct rt_domains *domains)
{
    if (rt_wildcard_is(text)) {
        row->kind = RT_ROW_WILDCARD;
        return NULL;
    }
    rt_key_public(&row->key, text, domains);
    if (row->key.octets[0] == RT_KIND_OTHER && is_of_known_scheme(text))
        return "no SIP or tel URI";
    return NULL;
}

/* Requests without a realm in their User-Name are about a user of the Destination-Realm: a row says
 * of which. */
static const char *read_user_name(struct rt_provision *row, dm_bytes text,
                                  const struct rt_domains *domains)
{
    size_t at_sign = rt_index(text, '@');
    if (at_sign == 0 || at_sign + 1 >= text.size)
        return "no URI, no number, and no User-Name with its realm";
    rt_key_private(&row->key, text, (dm_bytes){0});
    (void)rt_derive_public(&row->key, domains); /* as requests do: rt_key_of */
    return NULL;
}

const char *rt_provision_read(struct rt_provision *row, dm_bytes text,
                              const struct rt_domains *domains)
{
    row->kind = RT_ROW_EXACT;
    if (text.at[0] == '+' && rt_index(text, '@') == text.size)
        return read_number(row, text);
    return is_uri(text) ? read_uri(row, text, domains) : read_user_name(row, text, domains);
}
