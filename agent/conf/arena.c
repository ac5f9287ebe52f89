/* arena.c — memory that ends all at once. */
#include "agent/conf/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 32 * 1024 };

struct conf_block {
    struct conf_block *next;
    size_t size;
    alignas(max_align_t) uint8_t octets[];
};

static void add_block(struct conf_arena *arena, size_t size)
{
    struct conf_block *block = calloc(1, sizeof *block + size);
    if (block == NULL)
        abort(); /* a start-up that finds no memory has nothing to go on with */
    block->size = size;
    block->next = arena->blocks;
    arena->blocks = block;
    arena->left = size;
}

void *conf_arena_new(struct conf_arena *arena, size_t size)
{
    size_t whole = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (arena->blocks == NULL || arena->left < whole)
        add_block(arena, whole < BLOCK ? BLOCK : whole);
    void *at = arena->blocks->octets + (arena->blocks->size - arena->left);
    arena->left -= whole;
    return at;
}

char *conf_arena_text(struct conf_arena *arena, const char *text, size_t size)
{
    char *copy = conf_arena_new(arena, size + 1);
    memcpy(copy, text, size);
    return copy;
}

void conf_arena_fini(struct conf_arena *arena)
{
    while (arena->blocks) {
        struct conf_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
    arena->left = 0;
}
