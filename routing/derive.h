/* derive.h — public identities by rule: where it is known how a user's public name follows from the
 * private one, both have the same key.
 *
 * A rule's pattern must match the whole private identity, user@realm, in its canonical form; the
 * first rule that does makes a URI of it. sip-app.md §9.4; 23.003 §13.4B. */
#pragma once

#include "routing/identity.h"
#include "routing/pattern.h"

struct rt_derive_rule {
    struct rt_pattern *private_name;
    dm_bytes public_name; /* \1..\9 are the groups of the pattern */
};

struct rt_derive {
    size_t count;
    const struct rt_derive_rule *rules; /* the patterns are the owner's of this */
};

/* Makes a key of kind I that of the user's public identity. False, and the key as it was, where no
 * rule takes it, or what comes out is no SIP or tel URI. */
bool rt_derive_public(struct rt_key *key, const struct rt_domains *domains);
