/* directory.c — names find their peers, whatever came and went before. */
#include "agent/directory.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>

static struct directory directory;

static void begin(void)
{
    directory_init(&directory);
}

static void end(void)
{
    directory_fini(&directory);
}

TestSuite(directory, .init = begin, .fini = end);

static void put(const char *name, uint32_t slot)
{
    directory_put(&directory, name_new(dm_text(name), 1), (rt_peer){slot, 1});
}

/* The slot of this name, or -1. */
static int64_t find(const char *name)
{
    const struct directory_entry *entry = directory_find(&directory, dm_text(name));
    return entry ? (int64_t)entry->peer.slot : -1;
}

Test(directory, name_is_lower_case_and_ends)
{
    struct name *name = name_new(dm_text("HSS1.Example.NET"), 1);
    cr_assert_str_eq(name->text, "hss1.example.net");
    cr_assert_eq(name->size, 16);
    name_unref(name);
}

Test(directory, name_that_was_put_is_found_in_any_case)
{
    put("hss1.example.net", 7);
    cr_assert_eq(find("hss1.example.net"), 7);
    cr_assert_eq(find("HSS1.EXAMPLE.NET"), 7);
    cr_assert_eq(find("hss2.example.net"), -1);
    cr_assert_eq(find("hss1.example.ne"), -1);
}

Test(directory, nobody_is_in_an_empty_directory)
{
    cr_assert_eq(find("hss1.example.net"), -1);
    cr_assert_eq(find(""), -1);
}

Test(directory, same_name_again_replaces_its_entry)
{
    put("a.example", 1);
    put("A.example", 2);
    cr_assert_eq(find("a.example"), 2);
    cr_assert_eq(directory.used, 1);
}

Test(directory, removed_name_is_not_found)
{
    put("a.example", 1);
    directory_remove(&directory, dm_text("A.EXAMPLE"), (rt_peer){1, 1});
    cr_assert_eq(find("a.example"), -1);
    cr_assert_eq(directory.used, 0);
}

Test(directory, name_is_not_removed_for_a_peer_that_has_it_no_more)
{
    put("a.example", 1);
    directory_remove(&directory, dm_text("a.example"), (rt_peer){1, 2});
    directory_remove(&directory, dm_text("a.example"), (rt_peer){2, 1});
    cr_assert_eq(find("a.example"), 1);
    directory_remove(&directory, dm_text("b.example"), (rt_peer){1, 1});
    cr_assert_eq(find("a.example"), 1);
}

Test(directory, name_lives_until_its_last_table_lets_go)
{
    struct directory other;
    directory_init(&other);
    struct name *name = name_new(dm_text("a.example"), 3);
    directory_put(&directory, name, (rt_peer){1, 1});
    directory_put(&other, name, (rt_peer){1, 1});
    directory_remove(&directory, dm_text("a.example"), (rt_peer){1, 1});
    cr_assert_eq(atomic_load(&name->references), 2);
    directory_fini(&other);
    cr_assert_eq(atomic_load(&name->references), 1);
    cr_assert_str_eq(name->text, "a.example");
    name_unref(name);
}

Test(directory, name_may_be_put_again_where_it_stands)
{
    struct name *name = name_new(dm_text("a.example"), 2);
    directory_put(&directory, name, (rt_peer){1, 1});
    directory_put(&directory, name, (rt_peer){1, 2});
    cr_assert_eq(atomic_load(&name->references), 1);
    cr_assert_eq(directory_find(&directory, dm_text("a.example"))->peer.generation, 2);
}

Test(directory, name_may_be_removed_by_its_own_octets)
{
    put("a.example", 1);
    const struct directory_entry *entry = directory_find(&directory, dm_text("a.example"));
    directory_remove(&directory, name_bytes(entry->name), entry->peer);
    cr_assert_eq(find("a.example"), -1);
}

Test(directory, many_names_are_all_found)
{
    char name[40];
    for (uint32_t i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "sip%u.example.net", i);
        put(name, i);
    }
    cr_assert_leq(2 * directory.used, directory.size);
    for (uint32_t i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "SIP%u.example.NET", i);
        cr_assert_eq(find(name), i);
    }
}

/* Names whose hashes crowd the end and the start of the table, so that rows of them wrap around. */
Test(directory, whatever_comes_and_goes_is_found_as_in_a_plain_list, .timeout = 60)
{
    enum { NAMES = 30 };
    int64_t slots[NAMES];
    char names[NAMES][40];
    unsigned found = 0;
    for (unsigned i = 0; found < NAMES; i++) {
        snprintf(names[found], sizeof names[found], "crowd%u.example", i);
        uint64_t home = dm_identity_hash(dm_text(names[found])) & 63;
        if (home >= 60 || home < 2)
            slots[found++] = -1;
    }
    uint32_t seed = 99;
    for (uint32_t step = 0; step < 100000; step++) {
        seed = seed * 1664525 + 1013904223;
        unsigned at = (seed >> 8) % NAMES;
        if (seed >> 31) {
            put(names[at], step);
            slots[at] = step;
        } else if (slots[at] >= 0) {
            directory_remove(&directory, dm_text(names[at]), (rt_peer){(uint32_t)slots[at], 1});
            slots[at] = -1;
        }
        for (unsigned i = 0; i < NAMES; i++)
            cr_assert_eq(find(names[i]), slots[i]);
    }
}
