/* redirect.c — the cache of redirects: entries in one array, found by hash, in a list of use for
 * each realm of clients. */
#include "routing/redirect.h"

#include <stdlib.h>
#include <xxhash.h>

#include "routing/query.h"

enum { SMALLEST = 64, HOST_MAX = 255 };
#define NONE UINT32_MAX

struct rt_redirect_host {
    struct rt_redirect_host *next;
    uint32_t entries;
    uint32_t size;
    char text[HOST_MAX];
};

struct rt_redirect_entry {
    uint64_t key;
    uint64_t until;
    struct rt_redirect_host *host; /* NULL: free */
    uint32_t next;                 /* in its bucket, or in the list of the free */
    uint32_t newer, older;         /* in its realm */
    uint8_t realm;
    uint8_t usage;
    uint32_t ingress;
};

/* --- keys --- */

static uint64_t mix(uint64_t hash, dm_bytes octets)
{
    return XXH3_64bits_withSeed(octets.at, octets.size, hash);
}

static uint64_t mix_number(uint64_t hash, uint64_t number)
{
    return mix(hash, dm_bytes_of(&number, sizeof number));
}

static uint64_t mix_realm(uint64_t hash, dm_bytes realm)
{
    return mix_number(hash, dm_identity_hash(realm));
}

/* Cx and Sh ask the same servers for the same users. RDR-12. */
static uint32_t family_of(uint32_t application)
{
    return application == RT_APPLICATION_SH ? RT_APPLICATION_CX : application;
}

static uint64_t key_of(uint64_t hash, enum rt_usage usage, const struct rt_query *query,
                       uint64_t user, rt_peer asked)
{
    uint32_t application = query->header.application;
    switch (usage) {
    case RT_ALL_SESSION:
        return query->session_id.size ? mix(hash, query->session_id) : 0;
    case RT_ALL_REALM:
        return query->destination_realm.size ? mix_realm(hash, query->destination_realm) : 0;
    case RT_REALM_AND_APPLICATION:
        return query->destination_realm.size
                   ? mix_number(mix_realm(hash, query->destination_realm), application)
                   : 0;
    case RT_ALL_APPLICATION:
        return mix_number(hash, application);
    case RT_ALL_HOST:
        return asked.generation ? mix_number(hash, (uint64_t)asked.slot << 32 | asked.generation)
                                : 0;
    case RT_ALL_USER:
        hash = mix_number(mix_realm(hash, query->destination_realm), family_of(application));
        return user ? mix_number(hash, user) : 0;
    case RT_DONT_CACHE:
    case RT_USAGES:
        break;
    }
    return 0;
}

uint64_t rt_redirect_key(uint64_t seed, enum rt_usage usage, const struct rt_query *query,
                         uint64_t user, rt_peer asked)
{
    return key_of(seed ^ usage, usage, query, user, asked);
}

/* --- hosts: named once, however many entries point to them --- */

static bool is_named(const struct rt_redirect_host *host, dm_bytes name)
{
    return dm_bytes_equal(dm_bytes_of(host->text, host->size), name);
}

static struct rt_redirect_host *find_host(const struct rt_redirects *redirects, dm_bytes name)
{
    struct rt_redirect_host *host = redirects->hosts;
    while (host && !is_named(host, name))
        host = host->next;
    return host;
}

/* NULL without memory, or for a name that is none. */
static struct rt_redirect_host *take_host(struct rt_redirects *redirects, dm_bytes name)
{
    struct rt_redirect_host *host = find_host(redirects, name);
    if (!host && name.size > 0 && name.size <= HOST_MAX)
        host = calloc(1, sizeof *host);
    if (!host)
        return NULL;
    if (host->entries++ == 0) {
        memcpy(host->text, name.at, name.size);
        host->size = (uint32_t)name.size;
        host->next = redirects->hosts;
        redirects->hosts = host;
    }
    return host;
}

static void leave_host(struct rt_redirects *redirects, struct rt_redirect_host *host)
{
    if (--host->entries)
        return;
    struct rt_redirect_host **link = &redirects->hosts;
    while (*link != host)
        link = &(*link)->next;
    *link = host->next;
    free(host);
}

/* --- entries --- */

static struct rt_redirect_entry *at(const struct rt_redirects *redirects, uint32_t number)
{
    return &redirects->entries[number];
}

static uint32_t *bucket_of(const struct rt_redirects *redirects, uint64_t key)
{
    return &redirects->buckets[key & (redirects->room - 1)];
}

/* Its realm's list without it. */
static void unlink_use(struct rt_redirects *redirects, uint32_t number)
{
    struct rt_redirect_entry *entry = at(redirects, number);
    if (entry->newer != NONE)
        at(redirects, entry->newer)->older = entry->older;
    else
        redirects->realms[entry->realm].newest = entry->older;
    if (entry->older != NONE)
        at(redirects, entry->older)->newer = entry->newer;
    else
        redirects->realms[entry->realm].oldest = entry->newer;
}

static void link_newest(struct rt_redirects *redirects, uint32_t number)
{
    struct rt_redirect_entry *entry = at(redirects, number);
    uint32_t before = redirects->realms[entry->realm].newest;
    entry->newer = NONE;
    entry->older = before;
    if (before != NONE)
        at(redirects, before)->newer = number;
    else
        redirects->realms[entry->realm].oldest = number;
    redirects->realms[entry->realm].newest = number;
}

static void unlink_bucket(struct rt_redirects *redirects, uint32_t number)
{
    uint32_t *link = bucket_of(redirects, at(redirects, number)->key);
    while (*link != number)
        link = &at(redirects, *link)->next;
    *link = at(redirects, number)->next;
}

static void remove_entry(struct rt_redirects *redirects, uint32_t number)
{
    struct rt_redirect_entry *entry = at(redirects, number);
    unlink_bucket(redirects, number);
    unlink_use(redirects, number);
    redirects->realms[entry->realm].count--;
    redirects->of_usage[entry->usage]--;
    redirects->count--;
    leave_host(redirects, entry->host);
    entry->host = NULL;
    entry->next = redirects->unused;
    redirects->unused = number;
}

/* The realm with most entries loses the one that it has not used for longest: one client that asks
 * for ever new users pushes out its own. RDR-16. */
static void make_room(struct rt_redirects *redirects)
{
    uint32_t most = 0;
    for (uint32_t i = 1; i < RT_REDIRECT_REALMS; i++)
        if (redirects->realms[i].count > redirects->realms[most].count)
            most = i;
    remove_entry(redirects, redirects->realms[most].oldest);
}

/* --- growing --- */

static void rehash(struct rt_redirects *redirects)
{
    for (uint32_t i = 0; i < redirects->room; i++)
        redirects->buckets[i] = NONE;
    redirects->unused = NONE;
    for (uint32_t i = redirects->room; i-- > 0;) {
        struct rt_redirect_entry *entry = at(redirects, i);
        uint32_t *link = entry->host ? bucket_of(redirects, entry->key) : &redirects->unused;
        entry->next = *link;
        *link = i;
    }
}

/* False without memory: then the entry is not kept, and the next request asks again. */
static bool grow(struct rt_redirects *redirects)
{
    uint32_t room = redirects->room ? 2 * redirects->room : SMALLEST;
    struct rt_redirect_entry *entries = calloc(room, sizeof *entries);
    uint32_t *buckets = calloc(room, sizeof *buckets);
    if (!entries || !buckets) {
        free(entries);
        free(buckets);
        return false;
    }
    if (redirects->room)
        memcpy(entries, redirects->entries, redirects->room * sizeof *entries);
    free(redirects->entries);
    free(redirects->buckets);
    redirects->entries = entries;
    redirects->buckets = buckets;
    redirects->room = room;
    rehash(redirects);
    return true;
}

void rt_redirects_init(struct rt_redirects *redirects, uint32_t limit)
{
    *redirects = (struct rt_redirects){.limit = limit, .unused = NONE};
    for (uint32_t i = 0; i < RT_REDIRECT_REALMS; i++)
        redirects->realms[i].newest = redirects->realms[i].oldest = NONE;
}

void rt_redirects_fini(struct rt_redirects *redirects)
{
    for (uint32_t i = 0; i < redirects->room; i++)
        if (at(redirects, i)->host)
            remove_entry(redirects, i);
    free(redirects->entries);
    free(redirects->buckets);
}

/* --- the cache --- */

static uint32_t find_entry(const struct rt_redirects *redirects, uint64_t key)
{
    if (!redirects->room)
        return NONE;
    uint32_t number = *bucket_of(redirects, key);
    while (number != NONE && at(redirects, number)->key != key)
        number = at(redirects, number)->next;
    return number;
}

static void add(struct rt_redirects *redirects, const struct rt_redirect *redirect,
                struct rt_redirect_host *host)
{
    uint32_t number = redirects->unused;
    struct rt_redirect_entry *entry = at(redirects, number);
    redirects->unused = entry->next;
    uint32_t *bucket = bucket_of(redirects, redirect->key);
    *entry = (struct rt_redirect_entry){.key = redirect->key,
                                        .until = redirect->until,
                                        .host = host,
                                        .next = *bucket,
                                        .realm = redirect->ingress % RT_REDIRECT_REALMS,
                                        .usage = (uint8_t)redirect->usage,
                                        .ingress = redirect->ingress};
    *bucket = number;
    link_newest(redirects, number);
    redirects->realms[entry->realm].count++;
    redirects->of_usage[entry->usage]++;
    redirects->count++;
}

void rt_redirects_put(struct rt_redirects *redirects, const struct rt_redirect *redirect,
                      uint64_t now)
{
    uint32_t before = find_entry(redirects, redirect->key);
    if (before != NONE)
        remove_entry(redirects, before);
    if (redirect->until <= now || redirects->limit == 0)
        return;
    if (redirects->count >= redirects->limit)
        make_room(redirects);
    if (redirects->unused == NONE && !grow(redirects))
        return;
    struct rt_redirect_host *host = take_host(redirects, redirect->host);
    if (host)
        add(redirects, redirect, host);
}

bool rt_redirects_find(struct rt_redirects *redirects, enum rt_usage usage, uint64_t key,
                       uint64_t now, struct rt_redirect *found)
{
    if (!redirects->of_usage[usage] || !key)
        return false;
    uint32_t number = find_entry(redirects, key);
    if (number == NONE)
        return false;
    struct rt_redirect_entry *entry = at(redirects, number);
    if (entry->until <= now) {
        remove_entry(redirects, number);
        return false;
    }
    unlink_use(redirects, number);
    link_newest(redirects, number);
    *found = (struct rt_redirect){.key = key,
                                  .until = entry->until,
                                  .ingress = entry->ingress,
                                  .usage = entry->usage,
                                  .host = dm_bytes_of(entry->host->text, entry->host->size)};
    return true;
}

void rt_redirects_forget(struct rt_redirects *redirects, dm_bytes name)
{
    const struct rt_redirect_host *host = find_host(redirects, name);
    uint32_t left = host ? host->entries : 0;
    for (uint32_t i = 0; left > 0 && i < redirects->room; i++) {
        if (at(redirects, i)->host != host)
            continue;
        remove_entry(redirects, i);
        left--;
    }
}

void rt_redirects_limit(struct rt_redirects *redirects, uint32_t limit)
{
    redirects->limit = limit;
    while (redirects->count > limit)
        make_room(redirects);
}

void rt_redirects_sweep(struct rt_redirects *redirects, uint64_t now, uint32_t most)
{
    for (; most > 0 && redirects->count > 0; most--) {
        uint32_t number = redirects->swept++ & (redirects->room - 1);
        if (at(redirects, number)->host && at(redirects, number)->until <= now)
            remove_entry(redirects, number);
    }
}
