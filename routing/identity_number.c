/* identity_number.c — telephone numbers as keys: tel: URIs, user parts with user=phone, MSISDNs.
 *
 * A global number is kind N, its digits alone, so that all its ways of being written are one; a
 * local one is kind P with its context. RFC 3966 §3, §4; 23.003 §13.4; 29.329 §6.3.2. */
#include "routing/uri.h"

enum { E164_MAX = 15 };

static bool is_digit(uint8_t octet)
{
    return octet >= '0' && octet <= '9';
}

static bool is_separator(uint8_t octet)
{
    return octet == '-' || octet == '.' || octet == '(' || octet == ')';
}

/* phonedigit-hex of RFC 3966 without the separators. */
static bool is_local_digit(uint8_t octet)
{
    uint8_t letter = rt_lower(octet);
    return is_digit(octet) || octet == '*' || octet == '#' || (letter >= 'a' && letter <= 'f');
}

/* What a number is, before anything of it is written. */
struct number {
    bool is_global; /* "+" first */
    bool is_valid;
    dm_bytes digits; /* after the "+", with separators and escapes */
    size_t count;    /* of digits */
};

static struct number number_look(dm_bytes digits)
{
    struct number number = {.digits = digits};
    if (digits.size > 0 && rt_unescape(&digits) == '+') {
        number.is_global = true;
        number.digits = digits;
    }
    dm_bytes rest = number.digits;
    while (rest.size > 0) {
        uint8_t octet = rt_unescape(&rest);
        if (is_separator(octet))
            continue;
        if (number.is_global ? !is_digit(octet) : !is_local_digit(octet))
            return number;
        number.count++;
    }
    number.is_valid = number.count > 0;
    return number;
}

/* The octets of `digits` without separators, lower case. */
static void put_digits(struct rt_key_writer *writer, dm_bytes digits)
{
    while (digits.size > 0) {
        uint8_t octet = rt_unescape(&digits);
        if (!is_separator(octet))
            rt_key_put(writer, rt_lower(octet));
    }
}

/* A number within a parameter; what is none keeps its octets. */
static void put_number(struct rt_key_writer *writer, dm_bytes text)
{
    struct number number = number_look(text);
    if (!number.is_valid) {
        rt_key_put_lower(writer, text);
        return;
    }
    if (number.is_global)
        rt_key_put(writer, '+');
    put_digits(writer, number.digits);
}

/* Extensions and ISDN subaddresses are other telephones; they are written in one order. */
static void put_extensions(struct rt_key_writer *writer, dm_bytes parameters)
{
    dm_bytes extension = rt_uri_parameter(parameters, "ext");
    if (extension.size > 0) {
        rt_key_put_bytes(writer, dm_text(";ext="));
        put_number(writer, extension);
    }
    dm_bytes subaddress = rt_uri_parameter(parameters, "isub");
    if (subaddress.size > 0) {
        rt_key_put_bytes(writer, dm_text(";isub="));
        rt_key_put_lower(writer, subaddress);
    }
}

static void put_context(struct rt_key_writer *writer, dm_bytes context)
{
    if (context.size == 0)
        return;
    rt_key_put_bytes(writer, dm_text(";phone-context="));
    if (context.at[0] == '+')
        put_number(writer, context);
    else
        rt_key_put_lower(writer, context);
}

/* Blanks, quotes and brackets end a URI: what has them inside is none. RFC 3261 §20.10. */
static bool is_of_uri(dm_bytes parameters)
{
    for (size_t i = 0; i < parameters.size; i++)
        if (parameters.at[i] && strchr(" \"<>", parameters.at[i]))
            return false;
    return true;
}

bool rt_key_number(struct rt_key *key, dm_bytes subscriber, bool needs_context)
{
    size_t end = rt_index(subscriber, ';');
    dm_bytes parameters = rt_after(subscriber, end);
    struct number number = number_look(rt_before(subscriber, end));
    number.is_valid &= is_of_uri(parameters);
    dm_bytes context = {0};
    if (!number.is_global)
        context = rt_without_dots(rt_uri_parameter(parameters, "phone-context"));
    if (!number.is_valid || (!number.is_global && needs_context && context.size == 0))
        return false;

    /* More digits than E.164 has are no telephone number of the world: a name like another. */
    bool is_e164 = number.is_global && number.count <= E164_MAX;
    struct rt_key_writer writer;
    rt_key_open(&writer, key, is_e164 ? RT_KIND_NUMBER : RT_KIND_PUBLIC);
    if (number.is_global && !is_e164)
        rt_key_put(&writer, '+');
    put_digits(&writer, number.digits);
    put_extensions(&writer, parameters);
    put_context(&writer, context);
    rt_key_close(&writer);
    return true;
}

/* TBCD: the low nibble first; 0xF fills the last octet of an odd number. */
static bool put_tbcd(struct rt_key_writer *writer, dm_bytes tbcd)
{
    for (size_t i = 0; i < tbcd.size; i++) {
        uint8_t low = tbcd.at[i] & 0x0f;
        uint8_t high = tbcd.at[i] >> 4;
        bool is_filled = high == 0x0f && i + 1 == tbcd.size;
        if (low > 9 || (high > 9 && !is_filled))
            return false;
        rt_key_put(writer, (uint8_t)('0' + low));
        if (!is_filled)
            rt_key_put(writer, (uint8_t)('0' + high));
    }
    return true;
}

void rt_key_msisdn(struct rt_key *key, dm_bytes tbcd)
{
    key->size = 0;
    if (tbcd.size == 0)
        return;
    struct rt_key_writer writer;
    rt_key_open(&writer, key, RT_KIND_NUMBER);
    if (!put_tbcd(&writer, tbcd) || key->size > 1 + E164_MAX)
        rt_key_other(key, tbcd);
}
