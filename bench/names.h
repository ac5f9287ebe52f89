/* names.h — the users both bench programs know: user i is user<i>@REALM, sip:user<i>@REALM,
 * secret<i>.
 *
 * Numbers are decimal without leading zeros. `to` has room for NAME_SIZE_MAX octets; nothing is
 * terminated. */
#pragma once

#include "proto/bytes.h"

enum { NAME_REALM_MAX = 255, NAME_SIZE_MAX = 16 + 8 + NAME_REALM_MAX };

/* Return the octets written. */
size_t name_user(char *to, uint32_t index, dm_bytes realm);
size_t name_aor(char *to, uint32_t index, dm_bytes realm);
size_t name_secret(char *to, uint32_t index);
/* The digits alone. At most 10. */
size_t name_digits(char *to, uint32_t index);

/* Whose name is this? False where it is none of ours, or of another realm. Case counts in "user"
 * (RFC 3261 §19.1.4), not in the scheme and the realm. */
bool name_user_index(dm_bytes user_name, dm_bytes realm, uint32_t *index);
/* The same of sip: and sips: URIs; port and parameters are not looked at. */
bool name_aor_index(dm_bytes aor, dm_bytes realm, uint32_t *index);
