/* memory.c — images and chunks from free lists. */
#include "agent/memory.h"

#include <assert.h>
#include <stdlib.h>

enum { SMALLEST = 256, KEEP_OCTETS = 4 << 20 };

static void *allocate(size_t size)
{
    void *memory = malloc(size);
    if (!memory)
        abort();
    return memory;
}

void memory_init(struct memory *memory, stats_counter *used, uint64_t limit)
{
    *memory = (struct memory){.used = used, .limit = limit};
}

static size_t class_size(uint32_t size_class)
{
    return (size_t)SMALLEST << size_class;
}

static uint32_t class_of(size_t size)
{
    uint32_t size_class = 0;
    while (class_size(size_class) < size)
        size_class++;
    return size_class;
}

struct image *memory_image_room(struct memory *memory, size_t size)
{
    uint32_t size_class = class_of(size + sizeof(struct image));
    struct image *image;
    if (size_class < MEMORY_CLASSES && memory->images[size_class]) {
        image = memory->images[size_class];
        memory->images[size_class] = image->next;
        __builtin_prefetch(image->next, 1); /* the next request's */
        if (--memory->images_free[size_class] < memory->images_idle[size_class])
            memory->images_idle[size_class]--;
    } else {
        image = allocate(class_size(size_class));
    }
    image->size_class = size_class;
    image->size = (uint32_t)size;
    memory_count(memory, (int64_t)class_size(size_class));
    return image;
}

struct image *memory_image(struct memory *memory, dm_bytes message)
{
    struct image *image = memory_image_room(memory, message.size);
    memcpy(image->octets, message.at, message.size);
    return image;
}

void memory_image_free(struct memory *memory, struct image *image)
{
    if (!image)
        return;
    uint32_t size_class = image->size_class;
    memory_count(memory, -(int64_t)class_size(size_class));
    if (size_class >= MEMORY_CLASSES ||
        memory->images_free[size_class] * class_size(size_class) >= KEEP_OCTETS) {
        free(image);
        return;
    }
    image->next = memory->images[size_class];
    memory->images[size_class] = image;
    memory->images_free[size_class]++;
}

struct chunk *memory_chunk(struct memory *memory, size_t size)
{
    struct chunk *chunk = memory->chunks;
    if (size <= CHUNK_ROOM && chunk) {
        memory->chunks = chunk->next;
        if (--memory->chunks_free < memory->chunks_idle)
            memory->chunks_idle--;
    } else {
        size_t room = size <= CHUNK_ROOM ? CHUNK_ROOM : size;
        chunk = allocate(sizeof *chunk + room);
        chunk->room = (uint32_t)room;
    }
    chunk->next = NULL;
    chunk->begin = chunk->end = chunk->boundary = 0;
    memory_count(memory, (int64_t)(sizeof *chunk + chunk->room));
    return chunk;
}

void memory_chunk_free(struct memory *memory, struct chunk *chunk)
{
    memory_count(memory, -(int64_t)(sizeof *chunk + chunk->room));
    if (chunk->room != CHUNK_ROOM || memory->chunks_free * (size_t)32768 >= KEEP_OCTETS) {
        free(chunk);
        return;
    }
    chunk->next = memory->chunks;
    memory->chunks = chunk;
    memory->chunks_free++;
}

/* Half of what nobody needed since the last time: a burst's memory goes back within seconds, and
 * what a steady load uses stays. */
void memory_trim(struct memory *memory)
{
    for (uint32_t i = 0; i < MEMORY_CLASSES; i++) {
        for (uint32_t n = (memory->images_idle[i] + 1) / 2; n > 0; n--) {
            struct image *image = memory->images[i];
            memory->images[i] = image->next;
            memory->images_free[i]--;
            free(image);
        }
        memory->images_idle[i] = memory->images_free[i];
    }
    for (uint32_t n = (memory->chunks_idle + 1) / 2; n > 0; n--) {
        struct chunk *chunk = memory->chunks;
        memory->chunks = chunk->next;
        memory->chunks_free--;
        free(chunk);
    }
    memory->chunks_idle = memory->chunks_free;
}

void memory_fini(struct memory *memory)
{
    for (uint32_t i = 0; i < MEMORY_CLASSES; i++) {
        while (memory->images[i]) {
            struct image *image = memory->images[i];
            memory->images[i] = image->next;
            free(image);
        }
    }
    while (memory->chunks) {
        struct chunk *chunk = memory->chunks;
        memory->chunks = chunk->next;
        free(chunk);
    }
}
