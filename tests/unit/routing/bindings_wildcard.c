/* Patterns that answers have told of. sip-app.md §9.8. */
#include "routing/bindings_wildcard.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { REALM = 1, OTHER_REALM = 2 };

static struct rt_wildcards *set;

static void set_up(void)
{
    set = rt_wildcards_new();
}

static void tear_down(void)
{
    rt_wildcards_free(set);
}

TestSuite(wildcards, .init = set_up, .fini = tear_down);

static bool add(const char *pattern)
{
    return rt_wildcards_add(set, dm_text(pattern), NULL, REALM);
}

static bool fulfils(const char *identity, const char *pattern)
{
    struct rt_key key, wanted;
    uint64_t found;
    rt_key_public(&key, dm_text(identity), NULL);
    rt_key_wildcard(&wanted, dm_text(pattern));
    return rt_wildcards_find(set, &key, &found) && found == rt_key_hash(&wanted);
}

static bool fulfils_any(const char *identity)
{
    struct rt_key key;
    uint64_t found;
    rt_key_public(&key, dm_text(identity), NULL);
    return rt_wildcards_find(set, &key, &found);
}

Test(wildcards, STK_12_an_identity_finds_the_pattern_that_it_fulfils)
{
    cr_assert(add("sip:chat!.*!@core.example"));
    cr_assert(fulfils("sip:chat7@core.example", "sip:chat!.*!@core.example"));
    cr_assert_not(fulfils_any("sip:chat7@other.example"));
    cr_assert_not(fulfils_any("sip:alice@core.example"));
}

Test(wildcards, the_longest_fixed_prefix_goes_first)
{
    add("sip:chat!.*!@core.example");
    add("sip:chatlist!.*!@core.example");
    add("sip:c!.*!@core.example");
    cr_assert(fulfils("sip:chatlist1@core.example", "sip:chatlist!.*!@core.example"));
    cr_assert(fulfils("sip:chat1@core.example", "sip:chat!.*!@core.example"));
}

Test(wildcards, of_two_alike_the_first_is_meant)
{
    add("sip:chat![0-9]+!@core.example");
    add("sip:chat!.*!@core.example");
    cr_assert(fulfils("sip:chat1@core.example", "sip:chat![0-9]+!@core.example"));
    cr_assert(fulfils("sip:chatx@core.example", "sip:chat!.*!@core.example"));
}

Test(wildcards, a_pattern_that_is_known_is_not_added_again)
{
    for (int i = 0; i < 5000; i++)
        cr_assert(add("sip:chat!.*!@core.example"));
    cr_assert_eq(rt_wildcards_count(set), 1);
}

Test(wildcards, what_is_no_pattern_is_refused)
{
    cr_assert_not(add("sip:alice@core.example"));
    cr_assert_not(add("sip:chat!((!@core.example"));
    cr_assert_not(add("sip:chat!(a)\\1!@core.example"));
    cr_assert_eq(rt_wildcards_count(set), 0);
}

Test(wildcards, a_realm_teaches_a_thousand_at_most_and_others_go_on)
{
    char text[64];
    unsigned added = 0;
    for (int i = 0; i < 2000; i++) {
        snprintf(text, sizeof text, "sip:list%d-!.*!@core.example", i);
        added += add(text);
    }
    cr_assert_eq(added, RT_WILDCARDS_OF_REALM);
    cr_assert(rt_wildcards_add(set, dm_text("sip:mine!.*!@core.example"), NULL, OTHER_REALM));
}

Test(wildcards, private_names_fulfil_none)
{
    struct rt_key key;
    uint64_t found;
    add("sip:!.*!@core.example");
    rt_key_private(&key, dm_text("alice@core.example"), dm_text(""));
    cr_assert_not(rt_wildcards_find(set, &key, &found));
}
