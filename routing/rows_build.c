/* rows_build.c — what was read of a subscriber table becomes one block, unless rows contradict each
 * other. */
#include <stdlib.h>

#include "routing/rows.h"

enum { CACHE_LINE = 64 };

static struct rt_target target_of(const struct rt_reading *reading, uint32_t place)
{
    return reading->targets.at[place - 1].target;
}

/* A name that is nobody's contradicts none: it has its mistake. */
static bool is_other_target(const struct rt_reading *reading, uint32_t a, uint32_t b)
{
    struct rt_target x = target_of(reading, a);
    struct rt_target y = target_of(reading, b);
    return x.kind != RT_TARGET_NONE && y.kind != RT_TARGET_NONE &&
           (x.kind != y.kind || x.pool != y.pool || x.number != y.number);
}

static bool contradicts(const struct rt_reading *reading, const struct rt_outcome *a,
                        const struct rt_outcome *b)
{
    return a->user != b->user || is_other_target(reading, a->target, b->target);
}

/* --- exact identities and prefixes --- */

static bool is_same(const struct rt_entry *a, const struct rt_entry *b)
{
    return a->low == b->low && a->high == b->high;
}

/* The entry's place: free, or taken by the same identity. */
static struct rt_entry *place_of(const struct rt_rows *rows, const struct rt_entry *entry)
{
    uint32_t place = rt_entry_place(entry, rows->capacity);
    while (rows->entries[place].outcome.target && !is_same(&rows->entries[place], entry))
        place = place + 1 < rows->capacity ? place + 1 : 0;
    return &rows->entries[place];
}

static void put_entry(struct rt_rows *rows, struct rt_reading *reading,
                      const struct rt_entry *entry)
{
    struct rt_entry *at = place_of(rows, entry);
    if (!at->outcome.target) {
        *at = *entry;
        rows->count++;
    } else if (contradicts(reading, &at->outcome, &entry->outcome)) {
        rt_mistake(&reading->mistakes, entry->outcome.line, 1,
                   "the same identity as in line %u, which has another target or user",
                   (unsigned)at->outcome.line);
    }
}

/* Places are all over the memory: those that come soon are fetched ahead. */
static void put_entries(struct rt_rows *rows, struct rt_reading *reading)
{
    enum { AHEAD = 12 };
    const struct rt_entry *entries = reading->entries;
    for (uint32_t i = 0; i < reading->entry_count; i++) {
        if (i + AHEAD < reading->entry_count)
            __builtin_prefetch(&rows->entries[rt_entry_place(&entries[i + AHEAD], rows->capacity)],
                               1);
        put_entry(rows, reading, &entries[i]);
    }
}

/* --- ranges --- */

static int by_begin(const void *a, const void *b)
{
    const struct rt_range *x = a, *y = b;
    if (x->low != y->low)
        return x->low < y->low ? -1 : 1;
    return x->outcome.line < y->outcome.line ? -1 : x->outcome.line > y->outcome.line;
}

/* Ranges that meet and say the same become one. */
static void put_ranges(struct rt_rows *rows, struct rt_reading *reading)
{
    if (reading->range_count > 0)
        qsort(reading->ranges, reading->range_count, sizeof *reading->ranges, by_begin);
    struct rt_range *last = NULL;
    for (uint32_t i = 0; i < reading->range_count; i++) {
        const struct rt_range *range = &reading->ranges[i];
        bool meets = last && range->low <= last->high;
        if (meets && contradicts(reading, &last->outcome, &range->outcome))
            rt_mistake(&reading->mistakes,
                       last->outcome.line > range->outcome.line ? last->outcome.line
                                                                : range->outcome.line,
                       1, "overlaps the range of line %u, which has another target or user",
                       (unsigned)(last->outcome.line > range->outcome.line ? range->outcome.line
                                                                           : last->outcome.line));
        if (meets && range->high > last->high)
            last->high = range->high;
        if (meets)
            continue;
        last = &rows->ranges[rows->range_count++];
        *last = *range;
    }
    rows->count += rows->range_count;
}

/* --- wildcards --- */

static int by_host(const void *a, const void *b)
{
    const struct rt_wild *x = a, *y = b;
    size_t first = rt_wildcard_prefix(x->wildcard);
    size_t second = rt_wildcard_prefix(y->wildcard);
    if (x->host != y->host)
        return x->host < y->host ? -1 : 1;
    if (first != second)
        return first > second ? -1 : 1;
    return x->outcome.line < y->outcome.line ? -1 : x->outcome.line > y->outcome.line;
}

static void put_wilds(struct rt_rows *rows, struct rt_reading *reading)
{
    if (reading->wild_count > 0)
        qsort(reading->wilds, reading->wild_count, sizeof *reading->wilds, by_host);
    for (uint32_t i = 0; i < reading->wild_count; i++)
        rows->wilds[i] = reading->wilds[i];
    rows->wild_count = reading->wild_count;
    rows->count += reading->wild_count;
    reading->wild_count = 0;
}

/* --- users --- */

/* Rows of one user have one target: or he would be split. */
static void check_users(struct rt_reading *reading)
{
    size_t size = (size_t)reading->user_count * 2;
    struct rt_user_row **first = size > 0 ? calloc(size, sizeof *first) : NULL;
    reading->is_full |= size > 0 && !first;
    for (uint32_t i = 0; first && i < reading->user_count; i++) {
        struct rt_user_row *row = &reading->users[i];
        size_t place = (size_t)((row->user >> 32) * size >> 32);
        while (first[place] && first[place]->user != row->user)
            place = place + 1 < size ? place + 1 : 0;
        if (!first[place])
            first[place] = row;
        else if (is_other_target(reading, first[place]->target, row->target))
            rt_mistake(&reading->mistakes, row->line, row->column,
                       "the user has another target in line %u", (unsigned)first[place]->line);
    }
    free(first);
}

/* --- the block --- */

static void put_targets(struct rt_rows *rows, const struct rt_interning *targets, char *names)
{
    for (uint32_t i = 0; i < targets->count; i++) {
        const struct rt_interned *from = &targets->at[i];
        rows->targets[i] = (struct rt_target_row){names, from->line, from->column};
        names = stpcpy(names, from->name) + 1;
    }
    rows->target_count = targets->count;
}

static size_t aligned(size_t size)
{
    return (size + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
}

/* Lays the parts out one behind the other; the block is zero, which is an empty table. */
static bool lay_out(struct rt_rows *rows, const struct rt_reading *reading)
{
    rows->capacity = reading->entry_count + reading->entry_count / 2 + 1;
    size_t entries = aligned(rows->capacity * sizeof *rows->entries);
    size_t ranges = aligned(reading->range_count * sizeof *rows->ranges);
    size_t wilds = aligned(reading->wild_count * sizeof *rows->wilds);
    size_t targets = aligned(reading->targets.count * sizeof *rows->targets);
    rows->size = entries + ranges + wilds + targets + reading->targets.octets + CACHE_LINE;
    rows->block = calloc(1, rows->size);
    if (!rows->block)
        return false;
    uint8_t *at = (uint8_t *)rows->block + (CACHE_LINE - (uintptr_t)rows->block % CACHE_LINE);
    rows->entries = (void *)at;
    rows->ranges = (void *)(at + entries);
    rows->wilds = (void *)(at + entries + ranges);
    rows->targets = (void *)(at + entries + ranges + wilds);
    rows->size += sizeof *rows;
    put_targets(rows, &reading->targets, (char *)at + entries + ranges + wilds + targets);
    return true;
}

struct rt_rows *rt_rows_build(struct rt_reading *reading)
{
    struct rt_rows *rows = calloc(1, sizeof *rows);
    if (!rows || !lay_out(rows, reading)) {
        free(rows);
        return NULL;
    }
    rows->prefixes = reading->prefixes;
    put_entries(rows, reading);
    put_ranges(rows, reading);
    put_wilds(rows, reading);
    check_users(reading);
    return rows;
}
