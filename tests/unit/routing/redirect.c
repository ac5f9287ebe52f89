/* redirect.c — the cache of redirects: keys by usage, times, bounds. */
#include "routing/redirect.h"

#include <criterion/criterion.h>

#include "routing/query.h"

enum { SEED = 7, USER = 77 };

static const rt_peer D1 = {3, 1};

static struct rt_query query_of(const char *session, const char *realm, uint32_t application)
{
    struct rt_query query = {.header = {.application = application},
                             .session_id = dm_text(session),
                             .destination_realm = dm_text(realm)};
    return query;
}

static uint64_t key(enum rt_usage usage, const struct rt_query *query)
{
    return rt_redirect_key(SEED, usage, query, USER, D1);
}

static struct rt_redirect entry(uint64_t key, const char *host, uint64_t until, uint32_t ingress)
{
    return (struct rt_redirect){key, until, ingress, RT_ALL_USER, dm_text(host)};
}

static bool finds(struct rt_redirects *cache, uint64_t key, uint64_t now)
{
    struct rt_redirect found;
    return rt_redirects_find(cache, RT_ALL_USER, key, now, &found);
}

/* --- keys --- */

Test(redirect, RDR_11_each_usage_asks_for_what_it_says)
{
    struct rt_query a = query_of("s;1", "core.example", 6);
    struct rt_query b = query_of("s;2", "core.example", 6);
    struct rt_query c = query_of("s;1", "CORE.example", 16777216);
    cr_assert_neq(key(RT_ALL_SESSION, &a), key(RT_ALL_SESSION, &b));
    cr_assert_eq(key(RT_ALL_SESSION, &a), key(RT_ALL_SESSION, &c));
    cr_assert_eq(key(RT_ALL_REALM, &a), key(RT_ALL_REALM, &c));
    cr_assert_eq(key(RT_REALM_AND_APPLICATION, &a), key(RT_REALM_AND_APPLICATION, &b));
    cr_assert_neq(key(RT_REALM_AND_APPLICATION, &a), key(RT_REALM_AND_APPLICATION, &c));
    cr_assert_neq(key(RT_ALL_APPLICATION, &a), key(RT_ALL_APPLICATION, &c));
    cr_assert_eq(key(RT_ALL_HOST, &a), key(RT_ALL_HOST, &c));
    cr_assert_eq(key(RT_DONT_CACHE, &a), 0);
}

Test(redirect, RDR_12_a_user_is_one_within_realm_and_family)
{
    struct rt_query sip = query_of("s", "core.example", 6);
    struct rt_query cx = query_of("s", "core.example", RT_APPLICATION_CX);
    struct rt_query sh = query_of("s", "core.example", RT_APPLICATION_SH);
    struct rt_query far = query_of("s", "far.example", 6);
    cr_assert_neq(key(RT_ALL_USER, &sip), key(RT_ALL_USER, &cx));
    cr_assert_eq(key(RT_ALL_USER, &cx), key(RT_ALL_USER, &sh));
    cr_assert_neq(key(RT_ALL_USER, &sip), key(RT_ALL_USER, &far));
    cr_assert_neq(rt_redirect_key(SEED, RT_ALL_USER, &sip, USER + 1, D1), key(RT_ALL_USER, &sip));
}

Test(redirect, what_a_request_does_not_have_is_no_key)
{
    struct rt_query bare = {.header = {.application = 6}};
    cr_assert_eq(key(RT_ALL_SESSION, &bare), 0);
    cr_assert_eq(key(RT_ALL_REALM, &bare), 0);
    cr_assert_eq(key(RT_REALM_AND_APPLICATION, &bare), 0);
    cr_assert_eq(rt_redirect_key(SEED, RT_ALL_USER, &bare, 0, D1), 0);
    cr_assert_eq(rt_redirect_key(SEED, RT_ALL_HOST, &bare, 0, (rt_peer){0}), 0);
    cr_assert_neq(key(RT_ALL_APPLICATION, &bare), 0);
}

/* --- the cache --- */

Test(redirect, an_entry_is_found_until_its_time_is_over)
{
    struct rt_redirects cache;
    struct rt_redirect found, put = entry(1, "s1", 100, 0);
    rt_redirects_init(&cache, 10);
    rt_redirects_put(&cache, &put, 0);
    cr_assert(rt_redirects_find(&cache, RT_ALL_USER, 1, 99, &found));
    cr_assert(dm_bytes_equal(found.host, dm_text("s1")));
    cr_assert(!rt_redirects_find(&cache, RT_ALL_REALM, 1, 99, &found));
    cr_assert(!finds(&cache, 2, 99));
    cr_assert(!finds(&cache, 1, 100));
    cr_assert_eq(cache.count, 0, "what is over is removed when it is met");
    rt_redirects_fini(&cache);
}

Test(redirect, RDR_13_what_is_over_already_is_not_kept)
{
    struct rt_redirects cache;
    struct rt_redirect put = entry(1, "s1", 5, 0);
    rt_redirects_init(&cache, 10);
    rt_redirects_put(&cache, &put, 5);
    cr_assert_eq(cache.count, 0);
    rt_redirects_fini(&cache);
}

Test(redirect, the_newer_of_two_redirects_stands)
{
    struct rt_redirects cache;
    struct rt_redirect found, first = entry(1, "s1", 100, 0), second = entry(1, "s2", 50, 0);
    rt_redirects_init(&cache, 10);
    rt_redirects_put(&cache, &first, 0);
    rt_redirects_put(&cache, &second, 0);
    cr_assert(rt_redirects_find(&cache, RT_ALL_USER, 1, 0, &found));
    cr_assert(dm_bytes_equal(found.host, dm_text("s2")));
    cr_assert_eq(cache.count, 1);
    rt_redirects_fini(&cache);
}

Test(redirect, RDR_15_all_entries_of_a_host_are_forgotten)
{
    struct rt_redirects cache;
    rt_redirects_init(&cache, 1000);
    for (uint64_t i = 1; i <= 300; i++) {
        struct rt_redirect put = entry(i, i % 3 ? "s1" : "s2", 100, 0);
        rt_redirects_put(&cache, &put, 0);
    }
    rt_redirects_forget(&cache, dm_text("s1"));
    cr_assert_eq(cache.count, 100);
    for (uint64_t i = 1; i <= 300; i++)
        cr_assert_eq(finds(&cache, i, 0), i % 3 == 0);
    rt_redirects_forget(&cache, dm_text("s2"));
    cr_assert_eq(cache.count, 0);
    cr_assert_null(cache.hosts);
    rt_redirects_fini(&cache);
}

Test(redirect, RDR_16_of_a_full_cache_the_longest_unused_goes)
{
    struct rt_redirects cache;
    rt_redirects_init(&cache, 3);
    for (uint64_t i = 1; i <= 3; i++) {
        struct rt_redirect put = entry(i, "s1", 100, 0);
        rt_redirects_put(&cache, &put, 0);
    }
    cr_assert(finds(&cache, 1, 0));
    struct rt_redirect put = entry(4, "s1", 100, 0);
    rt_redirects_put(&cache, &put, 0);
    cr_assert(!finds(&cache, 2, 0));
    cr_assert(finds(&cache, 1, 0) && finds(&cache, 3, 0) && finds(&cache, 4, 0));
    rt_redirects_fini(&cache);
}

Test(redirect, RDR_16_a_realm_that_asks_for_much_pushes_out_its_own)
{
    struct rt_redirects cache;
    rt_redirects_init(&cache, 100);
    for (uint64_t i = 1; i <= 10; i++) {
        struct rt_redirect put = entry(i, "s1", 100, 5);
        rt_redirects_put(&cache, &put, 0);
    }
    for (uint64_t i = 1000; i < 100000; i++) {
        struct rt_redirect put = entry(i, "s1", 100, 6);
        rt_redirects_put(&cache, &put, 0);
    }
    cr_assert_eq(cache.count, 100);
    for (uint64_t i = 1; i <= 10; i++)
        cr_assert(finds(&cache, i, 0));
    rt_redirects_fini(&cache);
}

Test(redirect, a_cache_of_no_size_keeps_nothing)
{
    struct rt_redirects cache;
    struct rt_redirect put = entry(1, "s1", 100, 0);
    rt_redirects_init(&cache, 0);
    rt_redirects_put(&cache, &put, 0);
    cr_assert(!finds(&cache, 1, 0));
    rt_redirects_fini(&cache);
}

Test(redirect, the_sweep_finds_what_is_over)
{
    struct rt_redirects cache;
    rt_redirects_init(&cache, 1000);
    for (uint64_t i = 1; i <= 200; i++) {
        struct rt_redirect put = entry(i, "s1", i, 0);
        rt_redirects_put(&cache, &put, 0);
    }
    rt_redirects_sweep(&cache, 150, 256);
    cr_assert_eq(cache.count, 50);
    cr_assert_eq(cache.of_usage[RT_ALL_USER], 50);
    rt_redirects_fini(&cache);
}

Test(redirect, growing_loses_nothing)
{
    struct rt_redirects cache;
    rt_redirects_init(&cache, 5000);
    for (uint64_t i = 1; i <= 5000; i++) {
        struct rt_redirect put = entry(i * UINT64_C(0x9e3779b97f4a7c15), "s1", 100, (uint32_t)i);
        rt_redirects_put(&cache, &put, 0);
    }
    for (uint64_t i = 1; i <= 5000; i++)
        cr_assert(finds(&cache, i * UINT64_C(0x9e3779b97f4a7c15), 0));
    rt_redirects_fini(&cache);
}

Test(redirect, a_smaller_limit_makes_what_is_too_much_go)
{
    struct rt_redirects cache;
    rt_redirects_init(&cache, 100);
    for (uint64_t i = 1; i <= 100; i++) {
        struct rt_redirect put = entry(i, "s1", 100, 0);
        rt_redirects_put(&cache, &put, 0);
    }
    rt_redirects_limit(&cache, 10);
    cr_assert_eq(cache.count, 10);
    cr_assert(finds(&cache, 100, 0));
    rt_redirects_limit(&cache, 0);
    cr_assert_eq(cache.count, 0);
    rt_redirects_fini(&cache);
}
