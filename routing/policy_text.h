/* policy_text.h — values as text, and what matches them. Private to policy*.c. */
#pragma once

#include "routing/policy.h"

/* The value of an AVP as text: numbers decimal, seconds since 1970, addresses as RFC 5952, octets
 * of which nothing is known as 0x and hex; a DiameterIdentity in lower case. It lies in the AVP or
 * in `room`, of at least 64 octets; what does not fit is cut off. */
dm_bytes rt_value_text(const struct rt_path *path, const struct dm_avp *avp, uint8_t *room,
                       size_t size);

/* Is all of `text` as `glob` says? `*` is any octets, `?` is one. */
bool rt_glob_match(dm_bytes glob, dm_bytes text);
