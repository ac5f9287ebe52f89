/* arena.h — memory that ends all at once: one for the tree of a file, one for a snapshot. */
#pragma once

#include <stddef.h>

struct conf_block;

/* All zero is an empty arena. */
struct conf_arena {
    struct conf_block *blocks; /* the first is the one in use */
    size_t left;               /* octets of it that are free */
};

/* Zeroed memory, aligned for anything; never NULL: without memory the program ends. */
void *conf_arena_new(struct conf_arena *arena, size_t size);
/* A copy with a zero behind it. */
char *conf_arena_text(struct conf_arena *arena, const char *text, size_t size);
/* Frees all that came from it; it is empty then. */
void conf_arena_fini(struct conf_arena *arena);
