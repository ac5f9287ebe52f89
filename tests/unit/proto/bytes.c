/* bytes.c — octets in network order; identities that differ in case only are the same. */
#include "proto/bytes.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>

static bool equal(const char *a, const char *b)
{
    return dm_identity_equal(dm_text(a), dm_text(b));
}

static bool valid(const char *identity)
{
    return dm_identity_is_valid(dm_text(identity));
}

Test(bytes, numbers_come_back_as_they_were_put)
{
    uint8_t at[8];
    dm_put16(at, 0xfedc);
    cr_assert_eq(dm_get16(at), 0xfedc);
    dm_put24(at, 0xfedcba);
    cr_assert_eq(dm_get24(at), 0xfedcba);
    dm_put32(at, 0xfedcba98);
    cr_assert_eq(dm_get32(at), 0xfedcba98);
    dm_put64(at, UINT64_C(0xfedcba9876543210));
    cr_assert_eq(dm_get64(at), UINT64_C(0xfedcba9876543210));
}

Test(bytes, the_first_octet_is_the_most_significant)
{
    uint8_t at[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    cr_assert_eq(dm_get16(at), 0x0102);
    cr_assert_eq(dm_get24(at), 0x010203);
    cr_assert_eq(dm_get32(at), 0x01020304);
    cr_assert_eq(dm_get64(at), UINT64_C(0x0102030405060708));
}

Test(bytes, padding_goes_to_the_next_multiple_of_4)
{
    cr_assert_eq(dm_padded(0), 0);
    cr_assert_eq(dm_padded(1), 4);
    cr_assert_eq(dm_padded(4), 4);
    cr_assert_eq(dm_padded(0xffffff), 0x1000000);
}

Test(bytes, AVP_21_identities_are_equal_in_any_case)
{
    cr_assert(equal("s1.core.example", "S1.CORE.Example"));
    cr_assert(equal("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"));
    cr_assert(equal("", ""));
    cr_assert_not(equal("s1.core.example", "s2.core.example"));
    cr_assert_not(equal("s1.core.example", "s1.core.example."));
}

Test(bytes, AVP_21_only_letters_have_a_case)
{
    for (int a = 0; a < 256; a++)
        for (int b = 0; b < 256; b++) {
            bool same = (a < 128 ? tolower(a) : a) == (b < 128 ? tolower(b) : b);
            uint8_t one[9] = {'x', 'x', 'x', (uint8_t)a, 'x', 'x', 'x', 'x', (uint8_t)a};
            uint8_t other[9] = {'x', 'x', 'x', (uint8_t)b, 'x', 'x', 'x', 'x', (uint8_t)b};
            cr_assert_eq(dm_identity_equal(dm_bytes_of(one, 8), dm_bytes_of(other, 8)), same);
            cr_assert_eq(dm_identity_equal(dm_bytes_of(one, 9), dm_bytes_of(other, 9)), same);
            cr_assert_eq(dm_identity_compare(dm_bytes_of(one, 9), dm_bytes_of(other, 9)) == 0,
                         same);
        }
}

Test(bytes, nothing_is_equal_to_nothing)
{
    cr_assert(dm_bytes_equal(dm_bytes_of(NULL, 0), dm_bytes_of("", 0)));
    cr_assert(dm_identity_equal(dm_bytes_of(NULL, 0), dm_bytes_of("", 0)));
    cr_assert_not(dm_bytes_equal(dm_text("a"), dm_text("b")));
}

Test(bytes, the_election_compares_octet_by_octet_and_a_prefix_is_smaller)
{
    cr_assert_lt(dm_identity_compare(dm_text("a.example"), dm_text("B.example")), 0);
    cr_assert_gt(dm_identity_compare(dm_text("b.example"), dm_text("a.example.net")), 0);
    cr_assert_lt(dm_identity_compare(dm_text("a.example"), dm_text("a.example.net")), 0);
    cr_assert_gt(dm_identity_compare(dm_text("a.example.net"), dm_text("a.example")), 0);
    cr_assert_eq(dm_identity_compare(dm_text("A.example"), dm_text("a.EXAMPLE")), 0);
}

Test(bytes, the_hash_ignores_case_and_tells_names_apart)
{
    cr_assert_eq(dm_identity_hash(dm_text("HSS-17.Core.Example")),
                 dm_identity_hash(dm_text("hss-17.core.example")));
    cr_assert_neq(dm_identity_hash(dm_text("hss1.example")),
                  dm_identity_hash(dm_text("hss2.example")));
    cr_assert_neq(dm_identity_hash(dm_text("")), dm_identity_hash(dm_bytes_of("\0", 1)));
}

Test(bytes, the_hash_fills_a_table_evenly)
{
    enum { NAMES = 65536, SLOTS = 1024 };
    static unsigned low[SLOTS];
    static unsigned high[SLOTS];
    for (int i = 0; i < NAMES; i++) {
        char name[64];
        snprintf(name, sizeof name, "c%d.edge.example", i);
        uint64_t hash = dm_identity_hash(dm_text(name));
        low[hash % SLOTS]++;
        high[hash >> 54]++;
    }
    for (int i = 0; i < SLOTS; i++) {
        cr_assert(low[i] > 24 && low[i] < 112, "%u names in a slot for 64", low[i]);
        cr_assert(high[i] > 24 && high[i] < 112, "%u names in a slot for 64", high[i]);
    }
}

Test(bytes, AVP_22_an_identity_is_an_FQDN_in_ASCII)
{
    cr_assert(valid("a"));
    cr_assert(valid("s1.core.example"));
    cr_assert(valid("S-1_x.9.example"));
    cr_assert_not(valid(""));
    cr_assert_not(valid("."));
    cr_assert_not(valid("s1.core.example."));
    cr_assert_not(valid(".s1"));
    cr_assert_not(valid("s1..core"));
    cr_assert_not(valid("s1 core"));
    cr_assert_not(valid("s\xc3\xa9.example"));
    cr_assert_not(dm_identity_is_valid(dm_bytes_of("c1.example\0", 11)));
}

Test(bytes, AVP_22_an_identity_has_at_most_255_octets)
{
    char name[256];
    memset(name, 'a', sizeof name);
    cr_assert(dm_identity_is_valid(dm_bytes_of(name, 255)));
    cr_assert_not(dm_identity_is_valid(dm_bytes_of(name, 256)));
}
