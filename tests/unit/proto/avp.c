/* avp.c — the walk reads what is there and nothing else; the writer pads, counts and never
 * overruns. */
#include "proto/avp.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct dm_header lir_header(void)
{
    return (struct dm_header){.version = 1,
                              .flags = DM_FLAG_REQUEST | DM_FLAG_PROXIABLE,
                              .command = 285,
                              .application = 6,
                              .hop_by_hop = 1,
                              .end_to_end = 2};
}

/* A small seeded generator: xorshift. */
static uint32_t seed = 2463534242u;

static uint32_t draw(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % below;
}

/* --- the walk --- */

Test(avp, AVP_01_a_plain_AVP_has_8_octets_before_its_value)
{
    static const uint8_t chain[] = {
        0x00, 0x00, 0x01, 0x0b, /* 267 Firmware-Revision */
        0x00, 0x00, 0x00, 0x0c, /* no flags, length 12 */
        0x00, 0x00, 0x00, 0x07, /* 7 */
    };
    struct dm_avps walk = dm_avps_in(dm_bytes_of(chain, sizeof chain));
    struct dm_avp avp;
    cr_assert(dm_avps_next(&walk, &avp));
    cr_assert_eq(avp.code, DM_AVP_FIRMWARE_REVISION);
    cr_assert_eq(avp.vendor, 0);
    cr_assert_eq(avp.flags, 0);
    cr_assert(dm_bytes_equal(avp.data, dm_bytes_of(chain + 8, 4)));
    cr_assert(dm_bytes_equal(avp.whole, dm_bytes_of(chain, 12)));
    cr_assert_not(dm_avps_next(&walk, &avp));
    cr_assert_eq(walk.error, DM_OK);
}

Test(avp, AVP_01_with_the_V_bit_there_are_12)
{
    static const uint8_t chain[] = {
        0x00, 0x00, 0x02, 0x59, /* 601 Public-Identity */
        0xc0, 0x00, 0x00, 0x0e, /* V M, length 14 */
        0x00, 0x00, 0x28, 0xaf, /* 10415 */
        'a',  'b',  0xff, 0xff, /* padding that is not zero */
    };
    struct dm_avps walk = dm_avps_in(dm_bytes_of(chain, sizeof chain));
    struct dm_avp avp;
    cr_assert(dm_avps_next(&walk, &avp));
    cr_assert_eq(avp.vendor, 10415);
    cr_assert(dm_bytes_equal(avp.data, dm_text("ab")));
    cr_assert_eq(avp.whole.size, 14);
    cr_assert_not(dm_avps_next(&walk, &avp));
    cr_assert_eq(walk.error, DM_OK);
}

Test(avp, AVP_09_vendor_0_with_the_V_bit_is_the_IETF)
{
    static const uint8_t chain[] = {
        0x00, 0x00, 0x01, 0x08, /* 264 Origin-Host */
        0x80, 0x00, 0x00, 0x10, /* V, length 16 */
        0x00, 0x00, 0x00, 0x00, /* Vendor-Id 0 */
        'h',  'o',  's',  't',
    };
    struct dm_avp avp;
    cr_assert(dm_avp_find_in(dm_bytes_of(chain, sizeof chain), 0, DM_AVP_ORIGIN_HOST, &avp));
    cr_assert(dm_bytes_equal(avp.data, dm_text("host")));
}

Test(avp, AVP_26_a_value_may_be_empty)
{
    static const uint8_t chain[] = {0, 0, 0, 1, 0x40, 0, 0, 8};
    struct dm_avps walk = dm_avps_in(dm_bytes_of(chain, sizeof chain));
    struct dm_avp avp;
    cr_assert(dm_avps_next(&walk, &avp));
    cr_assert_eq(avp.data.size, 0);
    cr_assert_not(dm_avps_next(&walk, &avp));
    cr_assert_eq(walk.error, DM_OK);
}

/* One good AVP, then one of `flags` and `length` with `room` octets in all. */
static struct dm_avps walk_of_bad(uint8_t flags, uint32_t length, size_t room)
{
    static uint8_t chain[8 + 64];
    memset(chain, 0, sizeof chain);
    memcpy(chain, (const uint8_t[]){0, 0, 0, 1, 0x40, 0, 0, 8}, 8);
    chain[11] = 25;
    chain[12] = flags;
    dm_put24(chain + 13, length);
    struct dm_avps walk = dm_avps_in(dm_bytes_of(chain, 8 + room));
    struct dm_avp avp;
    cr_assert(dm_avps_next(&walk, &avp));
    cr_assert_not(dm_avps_next(&walk, &avp));
    cr_assert_not(dm_avps_next(&walk, &avp));
    cr_assert_not(walk.error && walk.failed.at != chain + 8);
    return walk;
}

Test(avp, AVP_03_a_length_below_the_header_is_refused)
{
    for (uint32_t length = 0; length < 8; length++)
        cr_assert_eq(walk_of_bad(0x40, length, 16).error, DM_INVALID_AVP_LENGTH);
    for (uint32_t length = 0; length < 12; length++)
        cr_assert_eq(walk_of_bad(0xc0, length, 16).error, DM_INVALID_AVP_LENGTH);
}

Test(avp, AVP_04_a_length_past_the_end_is_refused)
{
    cr_assert_eq(walk_of_bad(0x40, 17, 16).error, DM_INVALID_AVP_LENGTH);
    cr_assert_eq(walk_of_bad(0x40, 0xffffff, 16).error, DM_INVALID_AVP_LENGTH);
    cr_assert_eq(walk_of_bad(0xc0, 12, 8).error, DM_INVALID_AVP_LENGTH);
}

Test(avp, AVP_04_what_failed_goes_from_its_header_to_the_end)
{
    cr_assert_eq(walk_of_bad(0x40, 64, 24).failed.size, 24);
}

Test(avp, AVP_05_a_length_whose_padding_does_not_fit_is_refused)
{
    cr_assert_eq(walk_of_bad(0x40, 9, 9).error, DM_INVALID_AVP_LENGTH);
    cr_assert_eq(walk_of_bad(0x40, 13, 15).error, DM_INVALID_AVP_LENGTH);
}

Test(avp, less_than_a_header_at_the_end_is_refused)
{
    for (size_t room = 1; room < 8; room++)
        cr_assert_eq(walk_of_bad(0, 8, room).error, DM_INVALID_AVP_LENGTH);
    cr_assert_eq(walk_of_bad(0, 8, 0).error, DM_OK);
}

Test(avp, the_first_of_several_is_found)
{
    uint8_t room[128];
    struct dm_writer writer;
    struct dm_avp avp;
    struct dm_header header = lir_header();
    dm_writer_init(&writer, room, sizeof room);
    dm_write_header(&writer, &header);
    dm_write_text(&writer, 10415, DM_AVP_ORIGIN_HOST, 0, "evil");
    dm_write_text(&writer, 0, DM_AVP_ORIGIN_HOST, DM_AVP_MANDATORY, "first");
    dm_write_text(&writer, 0, DM_AVP_ORIGIN_HOST, DM_AVP_MANDATORY, "second");
    dm_bytes message = dm_bytes_of(room, dm_writer_finish(&writer));
    cr_assert(dm_avp_find(message, 0, DM_AVP_ORIGIN_HOST, &avp));
    cr_assert(dm_bytes_equal(avp.data, dm_text("first")));
    cr_assert_not(dm_avp_find(message, 0, DM_AVP_ORIGIN_REALM, &avp));
}

Test(avp, in_less_than_a_header_nothing_is_found)
{
    struct dm_avp avp;
    cr_assert_not(dm_avp_find(dm_text("short"), 0, DM_AVP_ORIGIN_HOST, &avp));
    cr_assert_not(dm_avp_find_in(dm_text(""), 0, DM_AVP_ORIGIN_HOST, &avp));
}

/* --- values --- */

static struct dm_avp avp_with(const void *value, size_t size)
{
    return (struct dm_avp){.data = dm_bytes_of(value, size)};
}

Test(avp, AVP_07_a_number_has_the_size_of_its_type)
{
    static const uint8_t octets[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    uint32_t small;
    uint64_t large;
    for (size_t size = 0; size < sizeof octets; size++) {
        struct dm_avp avp = avp_with(octets, size);
        cr_assert_eq(dm_avp_get32(&avp, &small), size == 4);
        cr_assert_eq(dm_avp_get64(&avp, &large), size == 8);
    }
    cr_assert_eq(small, 0x00010203);
    cr_assert_eq(large, UINT64_C(0x0001020304050607));
}

static int64_t time_of(uint32_t value)
{
    uint8_t octets[4];
    int64_t seconds = 0;
    dm_put32(octets, value);
    struct dm_avp avp = avp_with(octets, 4);
    cr_assert(dm_avp_get_time(&avp, &seconds));
    return seconds;
}

Test(avp, AVP_25_time_counts_from_1900_and_goes_on_after_2036)
{
    cr_assert_eq(time_of(0x80000000), INT64_C(-61505152));  /* 1968-01-20, the earliest */
    cr_assert_eq(time_of(2208988800u), 0);                  /* 1970-01-01 */
    cr_assert_eq(time_of(0xffffffff), INT64_C(2085978495)); /* 2036-02-07 06:28:15 */
    cr_assert_eq(time_of(0), INT64_C(2085978496));          /* a second later */
    cr_assert_eq(time_of(0x7fffffff), INT64_C(4233462143)); /* 2104-02-26, the latest */
}

Test(avp, AVP_24_an_address_is_a_family_and_its_octets)
{
    static const uint8_t ipv4[] = {0, 1, 192, 0, 2, 1};
    static const uint8_t ipv6[18] = {0, 2, 0x20, 0x01, 0x0d, 0xb8};
    uint16_t family;
    dm_bytes address;
    struct dm_avp avp = avp_with(ipv4, sizeof ipv4);
    cr_assert(dm_avp_get_address(&avp, &family, &address));
    cr_assert_eq(family, 1);
    cr_assert(dm_bytes_equal(address, dm_bytes_of(ipv4 + 2, 4)));
    avp = avp_with(ipv6, sizeof ipv6);
    cr_assert(dm_avp_get_address(&avp, &family, &address));
    cr_assert_eq(family, 2);
    cr_assert_eq(address.size, 16);
}

Test(avp, AVP_24_another_family_or_size_is_no_address)
{
    static const uint8_t octets[24] = {0, 1};
    static const uint8_t family_3[6] = {0, 3};
    uint16_t family;
    dm_bytes address;
    for (size_t size = 0; size < sizeof octets; size++) {
        struct dm_avp avp = avp_with(octets, size);
        cr_assert_eq(dm_avp_get_address(&avp, &family, &address), size == 6);
    }
    struct dm_avp avp = avp_with(family_3, sizeof family_3);
    cr_assert_not(dm_avp_get_address(&avp, &family, &address));
}

/* --- the writer --- */

Test(avp, AVP_02_padding_is_zero_and_not_counted)
{
    uint8_t room[16];
    static const uint8_t expected[] = {
        0x00, 0x00, 0x00, 0x01, /* User-Name */
        0x40, 0x00, 0x00, 0x0d, /* M, length 13 */
        'a',  'l',  'i',  'c',  'e', 0, 0, 0,
    };
    struct dm_writer writer;
    memset(room, 0xff, sizeof room);
    dm_writer_init(&writer, room, sizeof room);
    dm_write_text(&writer, 0, DM_AVP_USER_NAME, DM_AVP_MANDATORY, "alice");
    cr_assert_eq(writer.at - writer.start, 16);
    cr_assert_arr_eq(room, expected, sizeof expected);
}

Test(avp, AVP_09_the_V_bit_is_set_for_a_vendor_only)
{
    uint8_t room[32];
    struct dm_writer writer;
    dm_writer_init(&writer, room, sizeof room);
    dm_write32(&writer, 0, 258, DM_AVP_MANDATORY | DM_AVP_VENDOR, 6);
    dm_write32(&writer, 10415, 614, DM_AVP_MANDATORY, 1);
    cr_assert_eq(room[4], DM_AVP_MANDATORY);
    cr_assert_eq(room[12 + 4], DM_AVP_MANDATORY | DM_AVP_VENDOR);
    cr_assert_eq(dm_get32(room + 12 + 8), 10415);
    cr_assert_eq(dm_get24(room + 12 + 5), 16);
}

Test(avp, AVP_24_an_address_is_written_with_its_family)
{
    uint8_t room[64];
    static const uint8_t ipv6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    struct dm_writer writer;
    struct dm_avp avp;
    uint16_t family;
    dm_bytes address;
    dm_writer_init(&writer, room, sizeof room);
    dm_write_address(&writer, DM_AVP_HOST_IP_ADDRESS, DM_AVP_MANDATORY, dm_bytes_of(ipv6, 16));
    dm_bytes chain = dm_bytes_of(room, (size_t)(writer.at - writer.start));
    cr_assert(dm_avp_find_in(chain, 0, DM_AVP_HOST_IP_ADDRESS, &avp));
    cr_assert(dm_avp_get_address(&avp, &family, &address));
    cr_assert_eq(family, 2);
    cr_assert(dm_bytes_equal(address, dm_bytes_of(ipv6, 16)));
}

Test(avp, HDR_04_a_message_that_is_finished_knows_its_length)
{
    uint8_t room[64];
    struct dm_writer writer;
    struct dm_header header = lir_header();
    dm_writer_init(&writer, room, sizeof room);
    dm_write_header(&writer, &header);
    dm_write_text(&writer, 0, DM_AVP_SIP_AOR, DM_AVP_MANDATORY, "sip:a");
    cr_assert_eq(dm_writer_finish(&writer), 36);
    cr_assert_eq(dm_get24(room + 1), 36);
}

Test(avp, whole_AVPs_are_copied_with_padding_after_the_last)
{
    uint8_t room[64];
    static const uint8_t raw[] = {0, 0, 0, 1, 0x40, 0, 0, 9, 'x'};
    struct dm_writer writer;
    memset(room, 0xff, sizeof room);
    dm_writer_init(&writer, room, sizeof room);
    dm_write_raw(&writer, dm_bytes_of(raw, sizeof raw));
    cr_assert_eq(writer.at - writer.start, 12);
    cr_assert_arr_eq(room, raw, sizeof raw);
    cr_assert_eq(room[11], 0);
}

Test(avp, a_writer_without_room_says_so_and_writes_no_octet_past_its_end)
{
    enum { NEEDED = 20 + 16 + 8 + 20 + 12 };
    for (size_t size = 0; size <= NEEDED; size++) {
        uint8_t room[NEEDED + 16];
        struct dm_writer writer;
        struct dm_header header = lir_header();
        memset(room, 0xa5, sizeof room);
        dm_writer_init(&writer, room, size);
        dm_write_header(&writer, &header);
        dm_write_text(&writer, 0, DM_AVP_USER_NAME, DM_AVP_MANDATORY, "alice");
        size_t mark = dm_write_group(&writer, 0, DM_AVP_FAILED_AVP, DM_AVP_MANDATORY);
        dm_write_avp(&writer, 10415, 601, DM_AVP_MANDATORY, dm_text("sip:bob"));
        dm_write32(&writer, 0, DM_AVP_RESULT_CODE, DM_AVP_MANDATORY, DM_SUCCESS);
        dm_write_group_end(&writer, mark);
        cr_assert_eq(dm_writer_finish(&writer), size < NEEDED ? 0 : NEEDED);
        for (size_t i = size; i < sizeof room; i++)
            cr_assert_eq(room[i], 0xa5);
    }
}

Test(avp, once_out_of_room_nothing_smaller_is_written_either)
{
    uint8_t room[32];
    struct dm_writer writer;
    struct dm_header header = lir_header();
    dm_writer_init(&writer, room, sizeof room);
    dm_write_header(&writer, &header);
    dm_write_text(&writer, 0, DM_AVP_USER_NAME, 0, "a name that does not fit");
    dm_write_text(&writer, 0, DM_AVP_USER_NAME, 0, "fits");
    cr_assert(writer.overflow);
    cr_assert_eq(dm_writer_finish(&writer), 0);
}

/* --- RFC 6733 §4.4.1 --- */

/* The RFC prints 413 of the 430 digits of the one and 254 of the 258 of the other; zeros stand for
 * the others, so that the figures agree. */
static const char recovery_policy[] = "2163bc1d0ad82371f6bc09484133c3f09ad74a0dd5346d54195a7cf0b35"
                                      "2cabc881839a4fdcfbc1769e2677a4c1fb499284c5f70b48f58503a45c5"
                                      "c2d6943f82d5930f2b7c1da640f476f0e9c9572a50db8ea6e51e1c2c7bd"
                                      "f8bb43dc995144b8dbe297ac739493946803e1cee3e15d9b765008a1b2a"
                                      "cf4ac777c80041d72c01e691cf751dbf86e85f509f3988e5875dc905119"
                                      "26841f00f0e29a6d1ddc1a842289d440268681e052b30fb638045f7779c"
                                      "00000000000000000"
                                      "1d873c784f054f688f5001559ecff64865ef975f3e60d2fd7966b8c7f92";
static const char futuristic_record[] =
    "fe19da5802acd98b07a5b86cb4d5d03f0314ab9ef1ad0b67111ff3b90a0"
    "57fe29620bf3585fd2dd9fcc38ce62f6cc208c6163c008f4258d1bc88b8"
    "17694a74ccad3ec69269461b14b2e7a4c111fb239e33714da207983f58c"
    "41d018d56fe938f3cbf089aac12a912a2f0d1923a9390e5f789cb2e5067"
    "0000"
    "d3427475e49968f841";

static dm_bytes from_hex(uint8_t *room, const char *hex)
{
    size_t size = strlen(hex) / 2;
    for (size_t i = 0; i < size; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
        room[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return dm_bytes_of(room, size);
}

static size_t write_example(uint8_t *room, size_t size)
{
    uint8_t value[256];
    struct dm_writer writer;
    dm_writer_init(&writer, room, size);
    size_t mark = dm_write_group(&writer, 0, 999999, 0);
    dm_write_text(&writer, 0, 264, 0, "example.com");
    dm_write_text(&writer, 0, 263, 0, "grump.example.com:33041;23432;893;0AF3B81");
    dm_write_text(&writer, 0, 263, 0, "grump.example.com:33054;23561;2358;0AF3B82");
    dm_write_avp(&writer, 0, 8341, 0, from_hex(value, recovery_policy));
    dm_write_avp(&writer, 0, 15930, 0, from_hex(value, futuristic_record));
    dm_write_group_end(&writer, mark);
    cr_assert_not(writer.overflow);
    return (size_t)(writer.at - writer.start);
}

Test(avp, AVP_01_the_example_of_the_RFC_has_496_octets_where_it_shows_them)
{
    uint8_t example[512];
    cr_assert_eq(write_example(example, sizeof example), 496);
    cr_assert_eq(dm_get24(example + 5), 496);
    cr_assert_eq(dm_get32(example), 999999);
    cr_assert_eq(dm_get24(example + 8 + 5), 19);
    cr_assert_arr_eq(example + 16, "example.com\0", 12);
    cr_assert_eq(dm_get24(example + 28 + 5), 49);
    cr_assert_arr_eq(example + 72, "F3B81\0\0\0", 8);
    cr_assert_eq(dm_get24(example + 80 + 5), 50);
    cr_assert_eq(dm_get32(example + 132), 8341);
    cr_assert_eq(dm_get24(example + 132 + 5), 223);
    cr_assert_arr_eq(example + 140, "\x21\x63\xbc\x1d", 4);
    cr_assert_eq(dm_get24(example + 356 + 5), 137);
    cr_assert_arr_eq(example + 488, "\xe4\x99\x68\xf8\x41\0\0\0", 8);
}

/* Writes a chain again as it was read. */
static void copy_chain(struct dm_writer *writer, dm_bytes chain)
{
    struct dm_avps walk = dm_avps_in(chain);
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp))
        dm_write_avp(writer, avp.vendor, avp.code, avp.flags, avp.data);
    cr_assert_eq(walk.error, DM_OK);
}

Test(avp, AVP_01_the_example_of_the_RFC_is_read_and_written_back_identically)
{
    uint8_t example[512];
    uint8_t again[512];
    struct dm_avp group;
    dm_bytes chain = dm_bytes_of(example, write_example(example, sizeof example));
    cr_assert(dm_avp_find_in(chain, 0, 999999, &group));
    struct dm_writer writer;
    dm_writer_init(&writer, again, sizeof again);
    size_t mark = dm_write_group(&writer, 0, group.code, group.flags);
    copy_chain(&writer, group.data);
    dm_write_group_end(&writer, mark);
    cr_assert_eq(writer.at - writer.start, 496);
    cr_assert_arr_eq(again, example, 496);
}

/* --- properties --- */

/* A random chain of up to 16 AVPs; returns how many there are. */
static unsigned write_random(struct dm_writer *writer)
{
    uint8_t value[64];
    unsigned count = draw(17);
    for (unsigned i = 0; i < count; i++) {
        size_t size = draw(sizeof value + 1);
        for (size_t k = 0; k < size; k++)
            value[k] = (uint8_t)draw(256);
        uint8_t flags = draw(2) ? DM_AVP_MANDATORY : 0;
        dm_write_avp(writer, draw(3) ? 0 : 1 + draw(99999), draw(1000), flags,
                     dm_bytes_of(value, size));
    }
    return count;
}

Test(avp, random_messages_are_read_and_written_back_identically)
{
    for (int round = 0; round < 20000; round++) {
        uint8_t room[2048];
        uint8_t again[2048];
        struct dm_writer writer;
        struct dm_header header = lir_header();
        dm_writer_init(&writer, room, sizeof room);
        dm_write_header(&writer, &header);
        unsigned count = write_random(&writer);
        size_t size = dm_writer_finish(&writer);
        cr_assert(size >= DM_HEADER_SIZE);

        unsigned found = 0;
        struct dm_avp avp;
        struct dm_avps walk = dm_avps_of(dm_bytes_of(room, size));
        while (dm_avps_next(&walk, &avp))
            found++;
        cr_assert_eq(found, count);
        dm_header_read(&header, room);
        dm_writer_init(&writer, again, sizeof again);
        dm_write_header(&writer, &header);
        copy_chain(&writer, dm_bytes_of(room + DM_HEADER_SIZE, size - DM_HEADER_SIZE));
        cr_assert_eq(dm_writer_finish(&writer), size);
        cr_assert_eq(memcmp(again, room, size), 0);
    }
}

Test(avp, damaged_chains_are_walked_within_their_octets_and_to_an_end)
{
    for (int round = 0; round < 50000; round++) {
        uint8_t room[2048];
        struct dm_writer writer;
        dm_writer_init(&writer, room, sizeof room);
        write_random(&writer);
        size_t size = (size_t)(writer.at - writer.start);
        for (unsigned hits = 1 + draw(4); size && hits; hits--)
            room[draw((uint32_t)size)] = (uint8_t)draw(256);
        size -= draw((uint32_t)size + 1) / 4;

        const uint8_t *next = room;
        struct dm_avp avp;
        struct dm_avps walk = dm_avps_in(dm_bytes_of(room, size));
        while (dm_avps_next(&walk, &avp)) {
            cr_assert_eq(avp.whole.at, next);
            next += dm_padded(avp.whole.size);
            cr_assert(next <= room + size);
            cr_assert(avp.data.at + avp.data.size == avp.whole.at + avp.whole.size);
        }
        if (walk.error)
            cr_assert(walk.failed.at == next && walk.failed.at + walk.failed.size == room + size);
        else
            cr_assert(next == room + size);
    }
}
