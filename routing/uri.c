/* uri.c — octets behind %-escapes, and parameters. */
#include "routing/uri.h"

bool rt_is_word(dm_bytes bytes, const char *word)
{
    size_t i = 0;
    while (i < bytes.size && word[i] != '\0' && rt_lower(bytes.at[i]) == (uint8_t)word[i])
        i++;
    return i == bytes.size && word[i] == '\0';
}

static dm_bytes parameter_value(dm_bytes parameter, size_t name)
{
    size_t value = name < parameter.size ? name + 1 : name;
    return rt_after(parameter, value);
}

dm_bytes rt_uri_parameter(dm_bytes parameters, const char *name)
{
    while (parameters.size > 0) {
        size_t end = rt_index(parameters, ';');
        dm_bytes parameter = rt_before(parameters, end);
        size_t equals = rt_index(parameter, '=');
        if (rt_is_word(rt_before(parameter, equals), name))
            return parameter_value(parameter, equals);
        parameters = rt_after(parameters, end < parameters.size ? end + 1 : end);
    }
    return (dm_bytes){0};
}

static int hex_digit(uint8_t octet)
{
    if (octet >= '0' && octet <= '9')
        return octet - '0';
    uint8_t letter = rt_lower(octet);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

uint8_t rt_unescape(dm_bytes *rest)
{
    uint8_t octet = rest->at[0];
    int high = octet == '%' && rest->size >= 3 ? hex_digit(rest->at[1]) : -1;
    int low = high >= 0 ? hex_digit(rest->at[2]) : -1;
    *rest = rt_after(*rest, low >= 0 ? 3 : 1);
    if (low >= 0)
        octet = (uint8_t)(high << 4 | low);
    return octet;
}
