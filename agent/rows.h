/* rows.h — names of peers and routes, and their numbers, which are never used again: counters hang
 * on them.
 *
 * A name keeps its number for as long as the program runs, also while no configuration has it. Row
 * 0 is "-": whoever no row admits, requests without a route. Only the main thread adds; names that
 * are there never move, so that other threads may read those whose number they were given. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ROWS_PER_CHUNK = 256, ROWS_CHUNKS = 1024, ROWS_MAX = ROWS_PER_CHUNK * ROWS_CHUNKS };

struct rows {
    uint32_t count;
    char **names[ROWS_CHUNKS];
    uint32_t *index; /* by hash: number + 1; 0: free */
    uint32_t index_size;
};

void rows_init(struct rows *rows);
void rows_fini(struct rows *rows);

/* The number of this name, a new one where it was never seen; 0 if ROWS_MAX are. */
uint32_t rows_number(struct rows *rows, const char *name);

/* Any thread that was told of the number. */
static inline const char *rows_name(const struct rows *rows, uint32_t number)
{
    return rows->names[number / ROWS_PER_CHUNK][number % ROWS_PER_CHUNK];
}
