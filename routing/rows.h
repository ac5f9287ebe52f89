/* rows.h — the compiled rows of a subscriber table, for the files that make and read them only
 * (rows_*.c, subscribers.c).
 *
 *     block  | entries, by hash, two thirds full | ranges, by begin | wildcards, by host | targets
 * |
 */
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "routing/mistakes.h"
#include "routing/provision.h"
#include "routing/subscribers.h"
#include "routing/pool.h"
#include "routing/wildcard.h"

/* What a row says of those it means. */
struct rt_outcome {
    uint64_t user;
    uint16_t slot;
    uint16_t target; /* its place among the targets, from 1; 0: no row */
    uint32_t line;
};

/* An exact identity, or a number prefix: open addressing, a line of the cache holds two. */
struct rt_entry {
    uint64_t low; /* XXH3-128 of the key */
    uint64_t high;
    struct rt_outcome outcome;
};
_Static_assert(sizeof(struct rt_entry) == 32, "a row is half a line of the cache");

struct rt_range {
    uint64_t low; /* rt_number_place */
    uint64_t high;
    struct rt_outcome outcome;
};

struct rt_wild {
    uint64_t host; /* rt_wildcard_host */
    struct rt_wildcard *wildcard;
    struct rt_outcome outcome;
};

/* A target's name, and the row that first names it. */
struct rt_target_row {
    const char *name;
    uint32_t line;
    uint32_t column;
};

struct rt_rows {
    void *block;
    size_t size;
    uint32_t count;    /* rows that differ */
    uint32_t capacity; /* of `entries` */
    uint32_t range_count;
    uint32_t wild_count;
    uint32_t target_count;
    uint32_t prefixes; /* 1 << n: there are prefixes of n digits */
    struct rt_entry *entries;
    struct rt_range *ranges;
    struct rt_wild *wilds;
    struct rt_target_row *targets;
};

static inline struct rt_entry rt_entry_of(const struct rt_key *key)
{
    XXH128_hash_t hash = XXH3_128bits(key->octets, key->size);
    return (struct rt_entry){.low = hash.low64, .high = hash.high64};
}

/* Where the search for an entry begins. */
static inline uint32_t rt_entry_place(const struct rt_entry *entry, uint32_t capacity)
{
    return (uint32_t)((entry->high >> 32) * capacity >> 32);
}

/* --- rows_targets.c: names of targets, each once --- */

enum { RT_TARGETS_MAX = 65535 };

struct rt_interned {
    char *name;
    struct rt_target target; /* RT_TARGET_NONE: there is none of this name */
    uint32_t line;
    uint32_t column;
};

/* All zero is empty. */
struct rt_interning {
    uint32_t *index; /* hash -> place */
    struct rt_interned *at;
    uint32_t count;
    uint32_t room;
    uint16_t last; /* the place of the one before: rows come in runs */
    size_t octets; /* of all names, with their noughts */
};

/* The place of a name, from 1; 0: there are too many, or no memory. `is_new`: of this row. */
uint16_t rt_intern(struct rt_interning *interning, dm_bytes name, bool *is_new);
void rt_interning_fini(struct rt_interning *interning);

/* --- rows_build.c: what was read becomes a block --- */

struct rt_user_row {
    uint64_t user;
    uint32_t line;
    uint32_t column;
    uint32_t target;
};

/* What is read of a file: arrays that grow. */
struct rt_reading {
    struct rt_mistakes mistakes;
    struct rt_interning targets;
    struct rt_entry *entries;
    uint32_t entry_count;
    uint32_t entry_room;
    struct rt_range *ranges;
    uint32_t range_count;
    uint32_t range_room;
    struct rt_wild *wilds;
    uint32_t wild_count;
    uint32_t wild_room;
    struct rt_user_row *users;
    uint32_t user_count;
    uint32_t user_room;
    uint32_t prefixes;
    bool is_full; /* no memory */
};

/* The block, or NULL without memory; with mistakes where rows contradict each other. Takes the
 * wildcards. */
struct rt_rows *rt_rows_build(struct rt_reading *reading);
