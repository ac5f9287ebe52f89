/* result.h — Result-Codes, from results.def. The error of a parser is already the code to answer
 * with.
 *
 * RFC 6733 §7.1, RFC 4740 §10.1, 29.229 §6.2. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum dm_result {
    DM_OK = 0, /* nothing is wrong (never on the wire) */
#define RESULT(code, symbol, name, source) DM_##symbol = code,
#include "proto/results.def"
#undef RESULT
};

/* "DIAMETER_UNABLE_TO_DELIVER", or NULL. */
const char *dm_result_name(uint32_t code);

/* The name of a vendor's Experimental-Result-Code, or NULL. RFC 6733 §7.7. */
const char *dm_experimental_name(uint32_t vendor, uint32_t code);

/* Protocol errors: 3xxx, answered with the E bit. RFC 6733 §7.1.3. */
static inline bool dm_result_is_protocol_error(uint32_t code)
{
    return code / 1000 == 3;
}
