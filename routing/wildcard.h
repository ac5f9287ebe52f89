/* wildcard.h — wildcarded public identities: one name for many users.
 *
 *     sip:chatlist!.*!@example.net
 *         prefix   ERE  suffix and host
 *
 * The stored form has a pattern between the outermost '!' of its user part. Requests bear distinct
 * identities, in which '!' is like any other octet. 23.003 §13.4A, §13.5; 29.228; sip-app.md §9.8.
 */
#pragma once

#include "routing/identity.h"

struct rt_wildcard;

/* Does it have the stored form: sip:, sips: or tel:, and two '!' before the '@'? */
bool rt_wildcard_is(dm_bytes identity);

/* NULL, with `*why`, where it is none or its pattern is refused. What is fixed in it is made
 * canonical as keys are; the pattern sees the canonical user part. Not for the data path. */
struct rt_wildcard *rt_wildcard_new(dm_bytes identity, const struct rt_domains *domains,
                                    const char **why);
void rt_wildcard_free(struct rt_wildcard *wildcard);

/* Is this the key of a public identity or number that it stands for? Any thread. */
bool rt_wildcard_matches(const struct rt_wildcard *wildcard, const struct rt_key *key);

/* Octets of the user part before the pattern: of several that match, the one with the most is
 * meant, then the first. */
size_t rt_wildcard_prefix(const struct rt_wildcard *wildcard);

/* Wildcards and keys of one host, or of numbers, have the same; others hardly ever. */
uint64_t rt_wildcard_host(const struct rt_key *key);
uint64_t rt_wildcard_host_of(const struct rt_wildcard *wildcard);
