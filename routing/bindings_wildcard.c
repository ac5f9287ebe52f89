/* bindings_wildcard.c — patterns in chains by their host. One writer at a time prepends; what hangs
 * in a chain does not change any more. */
#include "routing/bindings_wildcard.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { CHAINS = 1024, REALMS = 64 };

struct link {
    struct link *next;
    struct rt_wildcard *wildcard;
    uint64_t host;
    uint64_t key_hash;
};

struct rt_wildcards {
    _Atomic(struct link *) chains[CHAINS];
    _Atomic uint32_t count;
    pthread_mutex_t adding; /* and the accounts: */
    struct {
        uint32_t realm;
        uint32_t count;
    } accounts[REALMS]; /* the last one is that of all who came too late for their own */
};

struct rt_wildcards *rt_wildcards_new(void)
{
    struct rt_wildcards *set = calloc(1, sizeof *set);
    if (set)
        pthread_mutex_init(&set->adding, NULL);
    return set;
}

static void free_chain(struct link *link)
{
    while (link) {
        struct link *next = link->next;
        rt_wildcard_free(link->wildcard);
        free(link);
        link = next;
    }
}

void rt_wildcards_free(struct rt_wildcards *set)
{
    if (!set)
        return;
    for (unsigned i = 0; i < CHAINS; i++)
        free_chain(atomic_load(&set->chains[i]));
    pthread_mutex_destroy(&set->adding);
    free(set);
}

uint32_t rt_wildcards_count(const struct rt_wildcards *set)
{
    return atomic_load_explicit(&set->count, memory_order_relaxed);
}

static struct link *chain_of(const struct rt_wildcards *set, uint64_t host)
{
    return atomic_load_explicit(&set->chains[host % CHAINS], memory_order_acquire);
}

/* --- look-ups --- */

/* The older ones stand behind the newer: of two alike the last that is met counts. */
bool rt_wildcards_find(const struct rt_wildcards *set, const struct rt_key *key, uint64_t *key_hash)
{
    const struct link *best = NULL;
    if (rt_wildcards_count(set) == 0 || key->size == 0 ||
        (key->octets[0] != RT_KIND_PUBLIC && key->octets[0] != RT_KIND_NUMBER))
        return false;
    uint64_t host = rt_wildcard_host(key);
    for (const struct link *link = chain_of(set, host); link; link = link->next) {
        bool is_better =
            !best || rt_wildcard_prefix(link->wildcard) >= rt_wildcard_prefix(best->wildcard);
        if (link->host == host && is_better && rt_wildcard_matches(link->wildcard, key))
            best = link;
    }
    if (best)
        *key_hash = best->key_hash;
    return best != NULL;
}

/* --- adding --- */

static uint32_t *account_of(struct rt_wildcards *set, uint32_t realm)
{
    for (unsigned i = 0; i < REALMS - 1; i++) {
        if (set->accounts[i].count == 0)
            set->accounts[i].realm = realm;
        if (set->accounts[i].realm == realm)
            return &set->accounts[i].count;
    }
    return &set->accounts[REALMS - 1].count;
}

static bool has(const struct rt_wildcards *set, uint64_t host, uint64_t key_hash)
{
    for (const struct link *link = chain_of(set, host); link; link = link->next)
        if (link->key_hash == key_hash)
            return true;
    return false;
}

static bool hang(struct rt_wildcards *set, struct link *link, uint32_t realm)
{
    uint32_t *of_realm = account_of(set, realm);
    if (has(set, link->host, link->key_hash))
        return false;
    if (*of_realm >= RT_WILDCARDS_OF_REALM || rt_wildcards_count(set) >= RT_WILDCARDS_MAX)
        return false;
    ++*of_realm;
    link->next = chain_of(set, link->host);
    atomic_store_explicit(&set->chains[link->host % CHAINS], link, memory_order_release);
    atomic_fetch_add_explicit(&set->count, 1, memory_order_relaxed);
    return true;
}

bool rt_wildcards_add(struct rt_wildcards *set, dm_bytes text, const struct rt_domains *domains,
                      uint32_t realm)
{
    struct rt_key key;
    const char *why;
    struct rt_wildcard *wildcard = rt_wildcard_new(text, domains, &why);
    struct link *link = wildcard ? malloc(sizeof *link) : NULL;
    rt_key_wildcard(&key, text);
    if (link)
        *link = (struct link){NULL, wildcard, rt_wildcard_host_of(wildcard), rt_key_hash(&key)};
    pthread_mutex_lock(&set->adding);
    bool is_added = link && hang(set, link, realm);
    bool is_there = is_added || (link && has(set, link->host, link->key_hash));
    pthread_mutex_unlock(&set->adding);
    if (!is_added) {
        rt_wildcard_free(wildcard);
        free(link);
    }
    return is_there;
}
