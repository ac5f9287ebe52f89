/* framer.c — however the octets are cut, the same messages come out; and what is no Diameter is
 * told early. */
#include "proto/framer.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { LIMIT = 65536 };

static uint32_t seed = 88172645u;

static uint32_t draw(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % below;
}

/* A message of `length` octets, its body the low octet of its Hop-by-Hop. */
static size_t put_message(uint8_t *at, uint32_t length, uint32_t hop_by_hop)
{
    struct dm_header header = {.version = 1,
                               .flags = DM_FLAG_REQUEST,
                               .length = length,
                               .command = 285,
                               .application = 6,
                               .hop_by_hop = hop_by_hop,
                               .end_to_end = ~hop_by_hop};
    dm_header_write(&header, at);
    memset(at + DM_HEADER_SIZE, (uint8_t)hop_by_hop, length - DM_HEADER_SIZE);
    return length;
}

/* Twenty octets that begin so. */
static void put_start(uint8_t at[DM_HEADER_SIZE], uint8_t version, uint32_t length, uint8_t flags)
{
    struct dm_header header = {version, flags, length, 285, 6, 0x11223344, 0x55667788};
    dm_header_write(&header, at);
}

struct heard {
    unsigned count;
    uint64_t digest;
};

static void hear(struct heard *heard, const struct dm_header *header, dm_bytes message)
{
    heard->count++;
    for (size_t i = 0; i < message.size; i++)
        heard->digest = heard->digest * 1099511628211u + message.at[i];
    cr_assert_eq(header->length, message.size);
    cr_assert_eq(header->hop_by_hop, dm_get32(message.at + 12));
}

/* Feeds one segment; the last verdict. */
static enum dm_frame feed(struct dm_framer *framer, dm_bytes segment, struct heard *heard)
{
    dm_bytes message;
    struct dm_header header;
    enum dm_frame frame;
    while ((frame = dm_framer_next(framer, &segment, LIMIT, &message, &header)) == DM_FRAME_MESSAGE)
        hear(heard, &header, message);
    if (frame == DM_FRAME_MORE)
        cr_assert_eq(segment.size, 0);
    return frame;
}

/* Feeds 20 octets in one piece, then another framer octet by octet, and expects one verdict. */
static enum dm_frame verdict_on(const uint8_t at[DM_HEADER_SIZE])
{
    struct dm_framer framer;
    struct heard heard = {0};
    dm_framer_init(&framer);
    enum dm_frame at_once = feed(&framer, dm_bytes_of(at, DM_HEADER_SIZE), &heard);
    dm_framer_fini(&framer);
    enum dm_frame piecewise = DM_FRAME_MORE;
    for (int i = 0; i < DM_HEADER_SIZE && piecewise == DM_FRAME_MORE; i++)
        piecewise = feed(&framer, dm_bytes_of(at + i, 1), &heard);
    dm_framer_fini(&framer);
    cr_assert_eq(at_once, piecewise);
    return at_once;
}

static enum dm_frame verdict(uint8_t version, uint32_t length, uint8_t flags)
{
    uint8_t at[DM_HEADER_SIZE];
    put_start(at, version, length, flags);
    return verdict_on(at);
}

Test(framer, HDR_08_a_message_in_one_segment_is_handed_out_where_it_lies)
{
    uint8_t octets[100];
    struct dm_framer framer;
    dm_framer_init(&framer);
    dm_bytes message;
    struct dm_header header;
    dm_bytes input = dm_bytes_of(octets, put_message(octets, 100, 7));
    cr_assert_eq(dm_framer_next(&framer, &input, LIMIT, &message, &header), DM_FRAME_MESSAGE);
    cr_assert_eq(message.at, octets);
    cr_assert_eq(message.size, 100);
    cr_assert_eq(input.size, 0);
    cr_assert_null(framer.held);
    cr_assert_eq(dm_framer_next(&framer, &input, LIMIT, &message, &header), DM_FRAME_MORE);
    cr_assert_null(framer.held);
}

Test(framer, HDR_08_500_messages_in_one_segment_come_out_in_order)
{
    static uint8_t octets[500 * 40];
    for (uint32_t i = 0; i < 500; i++)
        put_message(octets + i * 40, 40, i);
    struct dm_framer framer;
    dm_framer_init(&framer);
    dm_bytes message;
    struct dm_header header;
    dm_bytes input = dm_bytes_of(octets, sizeof octets);
    for (uint32_t i = 0; i < 500; i++) {
        cr_assert_eq(dm_framer_next(&framer, &input, LIMIT, &message, &header), DM_FRAME_MESSAGE);
        cr_assert_eq(header.hop_by_hop, i);
    }
    cr_assert_eq(dm_framer_next(&framer, &input, LIMIT, &message, &header), DM_FRAME_MORE);
}

Test(framer, HDR_08_a_message_may_be_cut_at_every_octet)
{
    uint8_t octets[64];
    put_message(octets, sizeof octets, 9);
    for (size_t cut = 1; cut < sizeof octets; cut++) {
        struct dm_framer framer;
        struct heard heard = {0};
        dm_framer_init(&framer);
        cr_assert_eq(feed(&framer, dm_bytes_of(octets, cut), &heard), DM_FRAME_MORE);
        cr_assert(dm_framer_is_waiting(&framer));
        cr_assert_eq(heard.count, 0);
        feed(&framer, dm_bytes_of(octets + cut, sizeof octets - cut), &heard);
        cr_assert_eq(heard.count, 1);
        cr_assert_not(dm_framer_is_waiting(&framer));
        dm_framer_fini(&framer);
    }
}

Test(framer, a_held_message_ends_where_the_next_begins)
{
    uint8_t octets[140];
    put_message(octets, 60, 1);
    put_message(octets + 60, 80, 2);
    struct dm_framer framer;
    struct heard heard = {0};
    dm_framer_init(&framer);
    feed(&framer, dm_bytes_of(octets, 30), &heard);
    dm_bytes input = dm_bytes_of(octets + 30, 110);
    dm_bytes message;
    struct dm_header header;
    cr_assert_eq(dm_framer_next(&framer, &input, LIMIT, &message, &header), DM_FRAME_MESSAGE);
    cr_assert(dm_bytes_equal(message, dm_bytes_of(octets, 60)));
    cr_assert_eq(input.at, octets + 60);
    cr_assert_eq(dm_framer_next(&framer, &input, LIMIT, &message, &header), DM_FRAME_MESSAGE);
    cr_assert_eq(message.at, octets + 60);
    dm_framer_fini(&framer);
}

Test(framer, what_was_held_is_freed_when_the_next_message_is_asked_for)
{
    uint8_t octets[60];
    put_message(octets, 60, 1);
    struct dm_framer framer;
    struct heard heard = {0};
    dm_framer_init(&framer);
    feed(&framer, dm_bytes_of(octets, 30), &heard);
    cr_assert_gt(framer.room, 0);
    feed(&framer, dm_bytes_of(octets + 30, 30), &heard);
    cr_assert_eq(heard.count, 1);
    cr_assert_null(framer.held);
    cr_assert_eq(framer.room, 0);
}

Test(framer, HDR_07_memory_grows_with_the_octets_that_came_and_not_with_the_length)
{
    static uint8_t octets[1 << 20];
    put_message(octets, sizeof octets, 1);
    struct dm_framer framer;
    dm_bytes message;
    struct dm_header header;
    dm_framer_init(&framer);
    for (size_t come = 0; come < sizeof octets; come += 1000) {
        size_t left = sizeof octets - come;
        dm_bytes input = dm_bytes_of(octets + come, left < 1000 ? left : 1000);
        enum dm_frame frame = dm_framer_next(&framer, &input, DM_LENGTH_MAX, &message, &header);
        cr_assert_eq(frame, left > 1000 ? DM_FRAME_MORE : DM_FRAME_MESSAGE);
        cr_assert_leq(framer.room, 2 * (come + 1000));
    }
    cr_assert_eq(memcmp(message.at, octets, sizeof octets), 0);
    dm_framer_fini(&framer);
}

Test(framer, HDR_07_a_message_of_the_limit_is_taken_and_one_above_is_not)
{
    cr_assert_eq(verdict(1, LIMIT, 0xc0), DM_FRAME_MORE);
    cr_assert_eq(verdict(1, LIMIT + 4, 0xc0), DM_FRAME_BAD_LENGTH);
    cr_assert_eq(verdict(1, DM_LENGTH_MAX, 0xc0), DM_FRAME_BAD_LENGTH);
    cr_assert_eq(verdict(1, LIMIT + 4, 0x40), DM_FRAME_LOST);
}

Test(framer, a_message_of_a_header_alone_is_one)
{
    cr_assert_eq(verdict(1, 20, 0x80), DM_FRAME_MORE); /* nothing is left after it */
    uint8_t at[DM_HEADER_SIZE];
    struct dm_framer framer;
    struct heard heard = {0};
    put_start(at, 1, 20, 0x00);
    dm_framer_init(&framer);
    feed(&framer, dm_bytes_of(at, 11), &heard);
    feed(&framer, dm_bytes_of(at + 11, 9), &heard);
    cr_assert_eq(heard.count, 1);
}

Test(framer, HDR_05_a_request_of_an_impossible_length_is_answerable)
{
    static const uint32_t bad[] = {0, 1, 16, 19, 21, 22, 23, 0xffffff};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_assert_eq(verdict(1, bad[i], 0x80), DM_FRAME_BAD_LENGTH);
        cr_assert_eq(verdict(1, bad[i], 0x00), DM_FRAME_LOST);
    }
}

Test(framer, HDR_03_a_request_of_another_version_is_answerable)
{
    cr_assert_eq(verdict(2, 244, 0xc0), DM_FRAME_BAD_VERSION);
    cr_assert_eq(verdict(0, 244, 0x80), DM_FRAME_BAD_VERSION);
    cr_assert_eq(verdict(2, 244, 0x40), DM_FRAME_LOST);
    cr_assert_eq(verdict(2, 245, 0xc0), DM_FRAME_LOST);
    cr_assert_eq(verdict(2, 16, 0xc0), DM_FRAME_LOST);
    cr_assert_eq(verdict(2, LIMIT + 4, 0xc0), DM_FRAME_LOST);
}

Test(framer, HDR_03_HDR_05_a_fault_is_told_with_the_header_to_echo)
{
    uint8_t at[DM_HEADER_SIZE];
    static const size_t cuts[] = {0, 3, 19};
    put_start(at, 1, 21, 0xc0);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        struct dm_framer framer;
        struct heard heard = {0};
        dm_bytes message;
        struct dm_header header = {0};
        dm_framer_init(&framer);
        if (cuts[i])
            cr_assert_eq(feed(&framer, dm_bytes_of(at, cuts[i]), &heard), DM_FRAME_MORE);
        dm_bytes input = dm_bytes_of(at + cuts[i], DM_HEADER_SIZE - cuts[i]);
        cr_assert_eq(dm_framer_next(&framer, &input, LIMIT, &message, &header),
                     DM_FRAME_BAD_LENGTH);
        cr_assert_eq(header.hop_by_hop, 0x11223344);
        cr_assert_eq(header.end_to_end, 0x55667788);
        cr_assert_eq(header.command, 285);
        dm_framer_fini(&framer);
    }
}

static enum dm_frame first_verdict(const char *text, size_t size)
{
    struct dm_framer framer;
    struct heard heard = {0};
    dm_framer_init(&framer);
    enum dm_frame frame = feed(&framer, dm_bytes_of(text, size), &heard);
    dm_framer_fini(&framer);
    return frame;
}

Test(framer, HDR_06_five_octets_tell_what_is_no_Diameter)
{
    cr_assert_eq(first_verdict("GET /", 5), DM_FRAME_LOST);
    cr_assert_eq(first_verdict("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27), DM_FRAME_LOST);
    cr_assert_eq(first_verdict("\x16\x03\x01\x02\x00", 5), DM_FRAME_LOST); /* a ClientHello */
    cr_assert_eq(first_verdict("\x01\x00\x00\x13\x00", 5), DM_FRAME_LOST);
    cr_assert_eq(first_verdict("\x01\x00\x00\x13\x80", 5), DM_FRAME_MORE);
    cr_assert_eq(first_verdict("GET ", 4), DM_FRAME_MORE);
}

Test(framer, no_octets_change_nothing)
{
    struct dm_framer framer;
    struct heard heard = {0};
    dm_framer_init(&framer);
    cr_assert_eq(feed(&framer, dm_bytes_of(NULL, 0), &heard), DM_FRAME_MORE);
    cr_assert_not(dm_framer_is_waiting(&framer));
    cr_assert_null(framer.held);
}

/* A stream of random messages, some of them larger than a first allocation. */
static size_t make_stream(uint8_t *at, unsigned messages)
{
    size_t size = 0;
    for (unsigned i = 0; i < messages; i++)
        size += put_message(at + size, 20 + 4 * draw(draw(8) ? 60 : 1500), draw(UINT32_MAX));
    return size;
}

Test(framer, HDR_08_random_cuts_never_change_what_comes_out)
{
    static uint8_t stream[64 * 6100];
    for (int round = 0; round < 1000; round++) {
        unsigned messages = 1 + draw(64);
        size_t size = make_stream(stream, messages);
        struct dm_framer framer;
        struct heard whole = {0};
        struct heard cut = {0};
        dm_framer_init(&framer);
        cr_assert_eq(feed(&framer, dm_bytes_of(stream, size), &whole), DM_FRAME_MORE);
        cr_assert_eq(whole.count, messages);
        uint32_t longest = 1 + draw(draw(2) ? 40 : 4000);
        for (size_t at = 0; at < size;) {
            size_t segment = 1 + draw(longest);
            segment = segment < size - at ? segment : size - at;
            cr_assert_eq(feed(&framer, dm_bytes_of(stream + at, segment), &cut), DM_FRAME_MORE);
            at += segment;
        }
        cr_assert_eq(cut.count, messages);
        cr_assert_eq(cut.digest, whole.digest);
        cr_assert_null(framer.held);
    }
}
