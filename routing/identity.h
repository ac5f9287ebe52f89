/* identity.h — canonical user keys: equal identities give equal keys.
 *
 * A key is the octet of its kind, then canonical octets. Only keys are changed, never what is
 * forwarded. The kinds never compare equal: I private, P public, N E.164 number, S Session-Id, X
 * other. sip-app.md §8, §9.4, §9.5. */
#pragma once

#include "routing/query.h"

enum { RT_KEY_MAX = 512 };

/* The first octet of a key. */
enum rt_kind {
    RT_KIND_PRIVATE = 'I',
    RT_KIND_PUBLIC = 'P',
    RT_KIND_NUMBER = 'N',
    RT_KIND_SESSION = 'S',
    RT_KIND_OTHER = 'X', /* octets as they came */
    /* Kinds that only bindings have: */
    RT_KIND_WILDCARD = 'W', /* a stored pattern, as it stands */
    RT_KIND_CLIENT = 'C',   /* who serves this private identity: for PPR. SRV-03 */
};

struct rt_key {
    uint16_t size; /* 0: no key */
    uint8_t octets[RT_KEY_MAX];
};

struct rt_derive; /* derive.h */

/* What the configuration knows of identities. Realms whose telephone numbers are global:
 * sip:+49…@domain;user=phone and tel:+49… are one user there. */
struct rt_domains {
    size_t count;
    const dm_bytes *at; /* lower case */
    const struct rt_derive
        *derive; /* how public names follow from private ones; NULL: they do not */
};

/* An identity of no octets is nobody's: it gives no key. `domains` may be NULL. */
void rt_key_public(struct rt_key *key, dm_bytes identity, const struct rt_domains *domains);
/* `realm` is appended where the User-Name has none. */
void rt_key_private(struct rt_key *key, dm_bytes user_name, dm_bytes realm);
void rt_key_msisdn(struct rt_key *key, dm_bytes tbcd);
void rt_key_session(struct rt_key *key, dm_bytes session_id);
/* A stored pattern, 10415:634, as it stands. */
void rt_key_wildcard(struct rt_key *key, dm_bytes text);
/* Octets that are compared as they came: kind X. */
void rt_key_other(struct rt_key *key, dm_bytes octets);

/* The primary key of the user whom this request is about, by the table of which AVP says so in
 * which command (users.def; MAR by SIP-Method): public before private identity, without either the
 * Session-Id (kind S). A private identity from which a rule derives a public one has the key of
 * that. size 0: nothing there. Canonical octets longer than RT_KEY_MAX are shortened
 * to their head and the XXH3-128 of the whole. */
void rt_key_of(struct rt_key *key, const struct rt_query *query, const struct rt_domains *domains);
/* The private identity beside a public one that rt_key_of gave: of the same user. size 0: none. */
void rt_key_second(struct rt_key *key, const struct rt_query *query,
                   const struct rt_domains *domains);

/* The XXH3-64 of kind and octets, without seed: what bindings know a key by. Alike in all agents.
 */
uint64_t rt_key_hash(const struct rt_key *key);
/* The same as if the key were of this kind. */
uint64_t rt_key_hash_as(const struct rt_key *key, enum rt_kind kind);
