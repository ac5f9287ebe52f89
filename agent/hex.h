/* hex.h — octets from hexadecimal digits as a person keeps them: with spaces, colons, lines and
 * comments behind `#`. */
#pragma once

#include "proto/bytes.h"

/* Reads `text` into `octets`, which has room for text.size / 2; false where there is something
 * else, or half an octet. */
bool hex_read(dm_bytes text, uint8_t *octets, size_t *size);
