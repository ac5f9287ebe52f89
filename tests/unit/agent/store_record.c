/* store_record.c — what stands in Redis: names and values to the octet, and nothing else is read.
 */
#include "agent/store/record.h"

#include <criterion/criterion.h>

#define SEED UINT64_C(0x1122334455667788)
#define KEY  UINT64_C(0x0123456789abcdef)

static const struct rt_bound alice = {
    .is_known = true, .has_slot = true, .slot = 0x3fa2, .target = 0x89abcdef, .anchor = 0x01234567};

static bool is_text(dm_bytes octets, const char *text)
{
    return octets.size == strlen(text) && !memcmp(octets.at, text, octets.size);
}

static bool reads(const char *text, struct record *record)
{
    return record_read(dm_text(text), record);
}

Test(store_record, a_key_has_a_name_with_version_and_seed)
{
    char to[RECORD_KEY_MAX];
    cr_assert(is_text(record_key(to, SEED, KEY), "antipode:1:k:55667788:0123456789abcdef"));
}

Test(store_record, a_group_is_named_by_its_anchor_and_slot)
{
    char to[RECORD_KEY_MAX];
    cr_assert(is_text(record_group(to, SEED, &alice), "antipode:1:m:55667788:012345673fa2"));
}

Test(store_record, a_name_is_read_back_where_the_seed_is_ours)
{
    char to[RECORD_KEY_MAX];
    uint64_t key = 0;
    dm_bytes name = record_key(to, SEED, KEY);
    cr_assert(record_key_read(name, SEED, &key));
    cr_assert_eq(key, KEY);
    cr_assert(!record_key_read(name, SEED + 1, &key));
    cr_assert(!record_key_read(dm_bytes_of(name.at, name.size - 1), SEED, &key));
    cr_assert(!record_key_read(dm_text("antipode:1:k:55667788:0123456789abcdeg"), SEED, &key));
    cr_assert(!record_key_read(dm_text("antipode:1:k:55667788:0123456789ABCDEF"), SEED, &key));
    cr_assert(!record_key_read(dm_text(""), SEED, &key));
}

Test(store_record, a_binding_is_written_and_read_back)
{
    char to[RECORD_VALUE_SIZE];
    struct record record;
    dm_bytes value = record_write(to, &alice, 0x6741f2a0);
    cr_assert(is_text(value, "89abcdef 01234567 3fa2 6741f2a0"));
    cr_assert(record_read(value, &record));
    cr_assert(record.bound.is_known && record.bound.has_slot);
    cr_assert_eq(record.bound.slot, 0x3fa2);
    cr_assert_eq(record.bound.target, 0x89abcdef);
    cr_assert_eq(record.bound.anchor, 0x01234567);
    cr_assert_eq(record.written, 0x6741f2a0);
}

Test(store_record, a_binding_without_an_anchor_has_no_slot)
{
    char to[RECORD_VALUE_SIZE];
    struct record record;
    struct rt_bound bound = {.is_known = true, .target = 5, .anchor = (uint32_t)RT_ANCHOR_NONE};
    dm_bytes value = record_write(to, &bound, 1);
    cr_assert(is_text(value, "00000005 ffffffff ---- 00000001"));
    cr_assert(record_read(value, &record));
    cr_assert(!record.bound.has_slot);
    cr_assert_eq(record_group_of(&record.bound), 0);
}

Test(store_record, what_was_forgotten_is_a_dash)
{
    char to[RECORD_VALUE_SIZE];
    struct record record;
    struct rt_bound bound = {0};
    cr_assert(is_text(record_write(to, &bound, 1), "-"));
    cr_assert(reads("-", &record));
    cr_assert(!record.bound.is_known);
}

Test(store_record, groups_differ_by_anchor_or_slot)
{
    struct rt_bound other = alice;
    cr_assert_eq(record_group_of(&alice), record_group_of(&other));
    other.target = 1;
    cr_assert_eq(record_group_of(&alice), record_group_of(&other));
    other.slot++;
    cr_assert_neq(record_group_of(&alice), record_group_of(&other));
}

Test(store_record, whatever_somebody_else_has_written_there_is_refused)
{
    struct record record;
    static const char *const bad[] = {
        "",
        "x",
        "--",
        "89abcdef 01234567 3fa2 6741f2a",
        "89abcdef 01234567 3fa2 6741f2a00",
        "89abcdef-01234567 3fa2 6741f2a0",
        "89abcdef 01234567 3fa2-6741f2a0",
        "89abcdeg 01234567 3fa2 6741f2a0",
        "89abcdef 0123456: 3fa2 6741f2a0",
        "89abcdef 01234567 -fa2 6741f2a0",
        "89abcdef 01234567 3fa2 6741f2A0",
        "89abcdef 01234567 3fa2 6741f2/0",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert(!reads(bad[i], &record), "%s", bad[i]);
}
