/* fuzz_redirect.c — octets as a DiameterURI, and as what happens to a cache of redirects. */
#include <assert.h>
#include <stdlib.h>

#include "proto/uri.h"
#include "routing/query.h"
#include "routing/redirect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 50, STEP = 6 };

static void read_uri(const uint8_t *data, size_t size)
{
    struct dm_uri uri;
    struct dm_uri again;
    char text[DM_URI_MAX];
    if (!dm_uri_read(&uri, dm_bytes_of(data, size)))
        return;
    assert(uri.host.at >= data && uri.host.at + uri.host.size <= data + size);
    assert(dm_uri_write(text, sizeof text, &uri) > 0);
    assert(dm_uri_read(&again, dm_text(text)));
    assert(dm_bytes_equal(uri.host, again.host) && uri.port == again.port &&
           uri.is_secure == again.is_secure && uri.transport == again.transport);
}

/* One of put, find, forget, sweep, by the octets: key, usage, time, host. */
static void step(struct rt_redirects *cache, const uint8_t *at, uint64_t now)
{
    static const char *const hosts[] = {"s1.example", "s2.example", "s3.example", ""};
    struct rt_redirect redirect = {.key = at[1] + 1u,
                                   .until = now + at[2],
                                   .ingress = at[3],
                                   .usage = at[4] % RT_USAGES,
                                   .host = dm_text(hosts[at[5] % 4])};
    struct rt_redirect found;
    switch (at[0] % 8) {
    case 0:
        rt_redirects_forget(cache, redirect.host);
        break;
    case 1:
        rt_redirects_sweep(cache, now, at[1]);
        break;
    case 2:
        rt_redirects_limit(cache, at[1] % LIMIT);
        rt_redirects_limit(cache, LIMIT);
        break;
    case 3:
    case 4:
        if (rt_redirects_find(cache, (enum rt_usage)redirect.usage, redirect.key, now, &found))
            assert(found.until > now && found.key == redirect.key && found.host.size > 0);
        break;
    default:
        rt_redirects_put(cache, &redirect, now);
    }
}

/* What is counted is what is there. */
static void check(const struct rt_redirects *cache)
{
    uint32_t by_usage = 0;
    uint32_t by_realm = 0;
    for (int i = 0; i < RT_USAGES; i++)
        by_usage += cache->of_usage[i];
    for (int i = 0; i < RT_REDIRECT_REALMS; i++)
        by_realm += cache->realms[i].count;
    assert(cache->count <= LIMIT && by_usage == cache->count && by_realm == cache->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rt_redirects cache;
    read_uri(data, size);
    rt_redirects_init(&cache, LIMIT);
    for (size_t i = 0; i + STEP <= size; i += STEP) {
        step(&cache, data + i, i);
        check(&cache);
    }
    rt_redirects_fini(&cache);
    return 0;
}
