/* redirect.h — what a redirect agent says, and what is remembered of redirects received.
 *
 * The cache maps "all of this session", "all of this user", … to the host that a 3006 named. One
 * per worker, no locks; the agent keeps them alike by letters. Keys are hashes with a seed that
 * only this process knows; a user's key is that of sip-app.md §9, within realm and application.
 * Bounded: of a full cache that entry goes which has not been used for longest, of the realm whose
 * clients have most entries. RFC 6733 §6.13, §6.14; RDR-10 to RDR-16. */
#pragma once

#include "proto/bytes.h"
#include "routing/world.h"

struct rt_query;

/* Redirect-Host-Usage, with the numbers of the RFC. */
enum rt_usage {
    RT_DONT_CACHE,
    RT_ALL_SESSION,
    RT_ALL_REALM,
    RT_REALM_AND_APPLICATION,
    RT_ALL_APPLICATION,
    RT_ALL_HOST,
    RT_ALL_USER,
    RT_USAGES
};

enum { RT_REDIRECT_HOSTS_MAX = 32 };

/* What a route of `action: redirect` says. */
struct rt_redirect_rule {
    uint32_t to_count;
    const dm_bytes *to;  /* DiameterURIs, written out */
    int32_t subscribers; /* the table that says where a user is served, or -1 */
    uint32_t usage;      /* enum rt_usage */
    uint64_t cache;      /* ns, whole seconds: Redirect-Max-Cache-Time */
};

/* One entry, as it is put and as it travels. */
struct rt_redirect {
    uint64_t key;
    uint64_t until;   /* ns */
    uint32_t ingress; /* hash of the realm whose client caused it */
    uint32_t usage;
    dm_bytes host; /* lower case, at most 255 octets; of a realm redirect (RFC 7075) the realm */
};

struct rt_redirect_entry;
struct rt_redirect_host;

enum { RT_REDIRECT_REALMS = 64 };

struct rt_redirects {
    struct rt_redirect_entry *entries;
    uint32_t *buckets; /* by key; first entry */
    uint32_t room;     /* a power of two, of both */
    uint32_t limit;
    uint32_t count;
    uint32_t of_usage[RT_USAGES]; /* spares look-ups in vain */
    uint32_t unused;              /* first of the free entries */
    uint32_t swept;
    struct rt_redirect_host *hosts;
    struct {
        uint32_t newest;
        uint32_t oldest;
        uint32_t count;
    } realms[RT_REDIRECT_REALMS]; /* by rt_redirect.ingress */
};

/* At most `limit` entries; 0: nothing is ever kept. */
void rt_redirects_init(struct rt_redirects *redirects, uint32_t limit);
void rt_redirects_fini(struct rt_redirects *redirects);

/* The key of a usage. `user` is the hash of the user's key (rt_key_hash), 0: nobody; `asked` the
 * peer that the request was, or would be, sent to. 0: the request has none for this usage. */
uint64_t rt_redirect_key(uint64_t seed, enum rt_usage usage, const struct rt_query *query,
                         uint64_t user, rt_peer asked);

/* Adds an entry, or replaces that of the same key. What is over already is not kept. */
void rt_redirects_put(struct rt_redirects *redirects, const struct rt_redirect *redirect,
                      uint64_t now);

/* The entry of this key; `found->host` is good until the next change. */
bool rt_redirects_find(struct rt_redirects *redirects, enum rt_usage usage, uint64_t key,
                       uint64_t now, struct rt_redirect *found);

/* Removes all entries that point to this host. RDR-15. */
void rt_redirects_forget(struct rt_redirects *redirects, dm_bytes host);

/* Another limit: what is too much goes. */
void rt_redirects_limit(struct rt_redirects *redirects, uint32_t limit);

/* Removes what is over among the next `most` entries. For the tick. */
void rt_redirects_sweep(struct rt_redirects *redirects, uint64_t now, uint32_t most);
