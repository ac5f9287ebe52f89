/* rows.c — a name has one number for ever. */
#include "agent/rows.h"

#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 64 };

static void *zeroed(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory)
        abort();
    return memory;
}

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 16777619u;
    return hash ^ hash >> 15;
}

/* The place of this name, or the free one where it would stand. */
static uint32_t *place_of(const struct rows *rows, const char *name)
{
    uint32_t mask = rows->index_size - 1;
    uint32_t at = hash_of(name) & mask;
    while (rows->index[at] && strcmp(rows_name(rows, rows->index[at] - 1), name) != 0)
        at = (at + 1) & mask;
    return &rows->index[at];
}

static void resize(struct rows *rows, uint32_t size)
{
    free(rows->index);
    rows->index = zeroed(size, sizeof *rows->index);
    rows->index_size = size;
    for (uint32_t i = 0; i < rows->count; i++)
        *place_of(rows, rows_name(rows, i)) = i + 1;
}

static uint32_t add(struct rows *rows, const char *name)
{
    uint32_t number = rows->count;
    char ***chunk = &rows->names[number / ROWS_PER_CHUNK];
    char *copy = strdup(name);
    if (!copy)
        abort();
    if (!*chunk)
        *chunk = zeroed(ROWS_PER_CHUNK, sizeof **chunk);
    (*chunk)[number % ROWS_PER_CHUNK] = copy;
    rows->count++;
    return number;
}

uint32_t rows_number(struct rows *rows, const char *name)
{
    uint32_t *place = place_of(rows, name);
    if (*place)
        return *place - 1;
    if (rows->count == ROWS_MAX)
        return 0;
    uint32_t number = add(rows, name);
    *place = number + 1;
    if (2 * rows->count > rows->index_size)
        resize(rows, 2 * rows->index_size);
    return number;
}

void rows_init(struct rows *rows)
{
    memset(rows, 0, sizeof *rows);
    resize(rows, SMALLEST);
    rows_number(rows, "-");
}

void rows_fini(struct rows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++)
        free(rows->names[i / ROWS_PER_CHUNK][i % ROWS_PER_CHUNK]);
    for (uint32_t i = 0; i < ROWS_CHUNKS; i++)
        free(rows->names[i]);
    free(rows->index);
}
