/* bindings_wildcard.h — wildcarded identities that answers have told of: one set for all workers.
 *
 * A server says in 10415:634 for which pattern a distinct identity stands. The pattern is bound
 * like a user (key of kind W); this set knows which pattern an identity fulfils. Patterns are added
 * and never taken away, so readers take no lock; how many is bounded. sip-app.md §9.8; 29.229
 * §6.3.35. */
#pragma once

#include "routing/wildcard.h"

enum { RT_WILDCARDS_MAX = 16000, RT_WILDCARDS_OF_REALM = 1000 };

struct rt_wildcards;

struct rt_wildcards *rt_wildcards_new(void); /* NULL without memory */
void rt_wildcards_free(struct rt_wildcards *set);

/* Adds the pattern of this text, as a server has sent it for a request from this realm. False: it
 * is refused, or the realm has taught too many. */
bool rt_wildcards_add(struct rt_wildcards *set, dm_bytes text, const struct rt_domains *domains,
                      uint32_t realm);

/* The key hash (kind W) of the pattern that this identity fulfils, of several that with the longest
 * fixed prefix, then the first. False: none. Any thread. */
bool rt_wildcards_find(const struct rt_wildcards *set, const struct rt_key *key,
                       uint64_t *key_hash);

uint32_t rt_wildcards_count(const struct rt_wildcards *set);
