/* hex.c — octets from hexadecimal digits. */
#include "agent/hex.h"

#include <ctype.h>

static int digit_of(uint8_t octet)
{
    if (isdigit(octet))
        return octet - '0';
    return isxdigit(octet) ? tolower(octet) - 'a' + 10 : -1;
}

/* Where the next digit stands, or the end: behind spaces, colons and comments. */
static size_t skip(dm_bytes text, size_t at)
{
    bool in_comment = false;
    for (; at < text.size; at++) {
        uint8_t octet = text.at[at];
        in_comment = octet == '#' || (in_comment && octet != '\n');
        if (!in_comment && !isspace(octet) && octet != ':')
            break;
    }
    return at;
}

bool hex_read(dm_bytes text, uint8_t *octets, size_t *size)
{
    *size = 0;
    for (size_t at = skip(text, 0); at < text.size; at = skip(text, at + 2)) {
        int high = digit_of(text.at[at]);
        int low = at + 1 < text.size ? digit_of(text.at[at + 1]) : -1;
        if (high < 0 || low < 0)
            return false;
        octets[(*size)++] = (uint8_t)(high << 4 | low);
    }
    return true;
}
