/* memory.c — images and chunks come and go, and every octet of them is counted. */
#include "agent/memory.h"

#include <criterion/criterion.h>

static stats_counter used;
static struct memory memory;

static void begin(void)
{
    used = 0;
    memory_init(&memory, &used, 1 << 20);
}

static void end(void)
{
    memory_fini(&memory);
}

TestSuite(memory, .init = begin, .fini = end);

Test(memory, image_is_a_copy_of_the_message)
{
    uint8_t message[300];
    memset(message, 7, sizeof message);
    struct image *image = memory_image(&memory, dm_bytes_of(message, sizeof message));
    uint8_t same[300];
    memcpy(same, message, sizeof same);
    memset(message, 8, sizeof message);
    cr_assert(dm_bytes_equal(image_bytes(image), dm_bytes_of(same, sizeof same)));
    memory_image_free(&memory, image);
}

Test(memory, every_size_has_room_and_is_counted_in_full)
{
    for (size_t size = 20; size < 70000; size += 13) {
        struct image *image = memory_image_room(&memory, size);
        memset(image->octets, 1, size);
        cr_assert_geq(stats_read(&used), size + sizeof *image);
        cr_assert_leq(stats_read(&used), 256 + 2 * (size + sizeof *image));
        memory_image_free(&memory, image);
        cr_assert_eq(stats_read(&used), 0);
    }
}

Test(memory, largest_diameter_message_fits)
{
    struct image *image = memory_image_room(&memory, 0xfffffc);
    memset(image->octets, 1, 0xfffffc);
    memory_image_free(&memory, image);
    cr_assert_eq(stats_read(&used), 0);
}

Test(memory, image_freed_last_is_given_first)
{
    struct image *a = memory_image_room(&memory, 100);
    struct image *b = memory_image_room(&memory, 100);
    memory_image_free(&memory, a);
    memory_image_free(&memory, b);
    cr_assert_eq(memory_image_room(&memory, 200), b);
    cr_assert_eq(memory_image_room(&memory, 20), a);
    memory_image_free(&memory, a);
    memory_image_free(&memory, b);
}

Test(memory, images_of_another_class_stay_where_they_are)
{
    struct image *small = memory_image_room(&memory, 100);
    memory_image_free(&memory, small);
    struct image *large = memory_image_room(&memory, 1000);
    memset(large->octets, 1, 1000);
    cr_assert_neq(large, small);
    memory_image_free(&memory, large);
}

Test(memory, freeing_nothing_is_allowed)
{
    memory_image_free(&memory, NULL);
    cr_assert_eq(stats_read(&used), 0);
}

Test(memory, chunk_comes_back_empty)
{
    struct chunk *chunk = memory_chunk(&memory, 100);
    chunk->begin = 1;
    chunk->end = chunk->boundary = 2;
    chunk->next = chunk;
    memory_chunk_free(&memory, chunk);
    struct chunk *again = memory_chunk(&memory, CHUNK_ROOM);
    cr_assert_eq(again, chunk);
    cr_assert_eq(again->begin + again->end + again->boundary, 0);
    cr_assert_null(again->next);
    memory_chunk_free(&memory, again);
}

Test(memory, chunk_of_a_large_message_is_as_large_and_not_kept)
{
    struct chunk *chunk = memory_chunk(&memory, CHUNK_ROOM + 1);
    memset(chunk->octets, 1, CHUNK_ROOM + 1);
    cr_assert_eq(chunk->room, CHUNK_ROOM + 1);
    memory_chunk_free(&memory, chunk);
    cr_assert_eq(memory.chunks_free, 0);
    cr_assert_eq(stats_read(&used), 0);
}

Test(memory, limit_counts_what_is_asked_what_is_used_and_what_others_use)
{
    memory_count(&memory, 1 << 19);
    memory.others = 1 << 18;
    cr_assert(memory_allows(&memory, 1 << 18));
    cr_assert_not(memory_allows(&memory, (1 << 18) + 1));
    memory_count(&memory, -(1 << 19));
    cr_assert(memory_allows(&memory, 3 << 18));
}

Test(memory, what_lies_free_is_bounded)
{
    enum { MANY = 600 };
    static struct image *images[MANY];
    static struct chunk *chunks[MANY];
    for (int i = 0; i < MANY; i++) {
        images[i] = memory_image_room(&memory, 30000);
        chunks[i] = memory_chunk(&memory, 1);
    }
    for (int i = 0; i < MANY; i++) {
        memory_image_free(&memory, images[i]);
        memory_chunk_free(&memory, chunks[i]);
    }
    cr_assert_eq(stats_read(&used), 0);
    cr_assert_eq(memory.images_free[7], 128);
    cr_assert_eq(memory.chunks_free, 128);
}

Test(memory, trim_leaves_what_a_steady_load_uses)
{
    for (int round = 0; round < 10; round++) {
        struct image *image = memory_image_room(&memory, 20);
        cr_assert_eq(memory.images_free[0], 0);
        memory_image_free(&memory, image);
        memory_trim(&memory);
        cr_assert_eq(memory.images_free[0], 1);
    }
}

Test(memory, trim_gives_half_of_what_nobody_needed_back)
{
    struct image *images[8];
    for (int i = 0; i < 8; i++)
        images[i] = memory_image_room(&memory, 20);
    for (int i = 0; i < 8; i++)
        memory_image_free(&memory, images[i]);
    memory_trim(&memory);
    cr_assert_eq(memory.images_free[0], 8);
    memory_trim(&memory);
    cr_assert_eq(memory.images_free[0], 4);
    memory_trim(&memory);
    cr_assert_eq(memory.images_free[0], 2);
}

Test(memory, any_order_of_taking_and_freeing_ends_at_nothing)
{
    enum { SLOTS = 64 };
    struct image *images[SLOTS] = {0};
    struct chunk *chunks[SLOTS] = {0};
    uint32_t seed = 1;
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1664525 + 1013904223;
        uint32_t at = seed >> 8 & (SLOTS - 1);
        size_t size = 20 + (seed >> 14) % 40000;
        memory_image_free(&memory, images[at]);
        images[at] = seed >> 31 ? memory_image_room(&memory, size) : NULL;
        if (chunks[at])
            memory_chunk_free(&memory, chunks[at]);
        chunks[at] = seed >> 30 & 1 ? memory_chunk(&memory, size) : NULL;
    }
    for (int i = 0; i < SLOTS; i++) {
        memory_image_free(&memory, images[i]);
        if (chunks[i])
            memory_chunk_free(&memory, chunks[i]);
    }
    cr_assert_eq(stats_read(&used), 0);
}
