/* memory.h — what a worker's messages lie in: images of requests, and chunks of queues.
 *
 * Free lists per size class, last in first out, so that the next message finds warm memory; nothing
 * is allocated per message once they are filled. What is in use is counted against limits.memory
 * over all workers: the own count is exact, those of the others are as of the last tick. One per
 * worker, no locks. */
#pragma once

#include "agent/stats.h"
#include "proto/bytes.h"

/* A request as it was received; it never changes until it is freed. */
struct image {
    struct image *next;
    uint32_t size;
    uint32_t size_class;
    uint8_t octets[];
};

/* A piece of an outbound queue: octets [begin, end) are not yet written. */
struct chunk {
    struct chunk *next;
    uint32_t room;
    uint32_t begin;
    uint32_t end;
    uint32_t boundary; /* where the message that holds `begin` starts */
    uint8_t octets[];
};

enum { MEMORY_CLASSES = 16, CHUNK_ROOM = 32768 - (int)sizeof(struct chunk) };

struct memory {
    struct image *images[MEMORY_CLASSES];
    uint32_t images_free[MEMORY_CLASSES];
    uint32_t images_idle[MEMORY_CLASSES]; /* the least that were free since the last trim */
    struct chunk *chunks;
    uint32_t chunks_free;
    uint32_t chunks_idle;
    stats_counter *used;
    uint64_t others; /* what the others use, as of the last tick */
    uint64_t limit;
};

void memory_init(struct memory *memory, stats_counter *used, uint64_t limit);
void memory_fini(struct memory *memory);

/* May `size` more octets of input be held? Answers are queued without asking. */
static inline bool memory_allows(const struct memory *memory, uint64_t size)
{
    return stats_read(memory->used) + memory->others + size <= memory->limit;
}

/* Counts octets held elsewhere: unfinished input, bags. */
static inline void memory_count(struct memory *memory, int64_t octets)
{
    stats_add(memory->used, (uint64_t)octets);
}

/* An image of `size` octets, to be filled once. Never NULL. */
struct image *memory_image_room(struct memory *memory, size_t size);
/* A copy of `message`. */
struct image *memory_image(struct memory *memory, dm_bytes message);
void memory_image_free(struct memory *memory, struct image *image);

static inline dm_bytes image_bytes(const struct image *image)
{
    return dm_bytes_of(image->octets, image->size);
}

/* An empty chunk with room for at least `size` octets. Never NULL. */
struct chunk *memory_chunk(struct memory *memory, size_t size);
void memory_chunk_free(struct memory *memory, struct chunk *chunk);

/* Gives memory that has been idle back to the allocator. At a slow tick. */
void memory_trim(struct memory *memory);
