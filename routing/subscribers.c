/* subscribers.c — looks users up in a compiled table. */
#include "routing/subscribers.h"

#include <stdlib.h>

#include "routing/reasons.h"
#include "routing/rows.h"

struct rt_subscribers {
    const struct rt_rows *rows;
    struct rt_target targets[]; /* the rows' in this snapshot */
};

void rt_rows_free(struct rt_rows *rows)
{
    if (!rows)
        return;
    for (uint32_t i = 0; i < rows->wild_count; i++)
        rt_wildcard_free(rows->wilds[i].wildcard);
    free(rows->block);
    free(rows);
}

uint32_t rt_rows_count(const struct rt_rows *rows)
{
    return rows->count;
}

size_t rt_rows_size(const struct rt_rows *rows)
{
    return rows->size;
}

/* --- one snapshot's --- */

static void find_targets(struct rt_subscribers *it, const struct rt_target_names *names,
                         struct rt_mistakes *mistakes)
{
    for (uint32_t i = 0; i < it->rows->target_count; i++) {
        const struct rt_target_row *row = &it->rows->targets[i];
        dm_bytes name = dm_text(row->name);
        if (!names->find(names->context, name, &it->targets[i]))
            rt_mistake(mistakes, row->line, row->column,
                       "`%s`: there is no such pool, group or peer", rt_show(name).text);
    }
}

struct rt_subscribers *rt_subscribers_new(const struct rt_rows *rows, const char *file,
                                          const struct rt_target_names *names, FILE *complaints)
{
    struct rt_mistakes mistakes = {0};
    struct rt_subscribers *it = calloc(1, sizeof *it + rows->target_count * sizeof it->targets[0]);
    if (!it) {
        fprintf(complaints, "%s: not enough memory\n", file);
        return NULL;
    }
    it->rows = rows;
    find_targets(it, names, &mistakes);
    rt_mistakes_write(&mistakes, file, complaints);
    bool is_good = mistakes.count == 0;
    rt_mistakes_fini(&mistakes);
    if (is_good)
        return it;
    free(it);
    return NULL;
}

void rt_subscribers_free(struct rt_subscribers *subscribers)
{
    free(subscribers);
}

/* --- looking up --- */

static const struct rt_outcome *find_entry(const struct rt_rows *rows, const struct rt_key *key)
{
    struct rt_entry wanted = rt_entry_of(key);
    uint32_t place = rt_entry_place(&wanted, rows->capacity);
    for (;; place = place + 1 < rows->capacity ? place + 1 : 0) {
        const struct rt_entry *entry = &rows->entries[place];
        if (!entry->outcome.target)
            return NULL;
        if (entry->low == wanted.low && entry->high == wanted.high)
            return &entry->outcome;
    }
}

/* The digits of a number, without its extensions; none where it is no number, or too long. */
static dm_bytes digits_of(const struct rt_key *key)
{
    dm_bytes digits = dm_bytes_of(key->octets + 1, 0);
    if (key->octets[0] != RT_KIND_NUMBER)
        return digits;
    while (digits.size < key->size - 1u && digits.at[digits.size] != ';')
        digits.size++;
    if (digits.size > RT_NUMBER_MAX)
        digits.size = 0;
    return digits;
}

/* The longest first. */
static const struct rt_outcome *find_prefix(const struct rt_rows *rows, dm_bytes digits)
{
    for (size_t size = digits.size + 1; size-- > 0;) {
        struct rt_key key;
        if (!(rows->prefixes >> size & 1))
            continue;
        rt_prefix_key(&key, dm_bytes_of(digits.at, size));
        const struct rt_outcome *found = find_entry(rows, &key);
        if (found)
            return found;
    }
    return NULL;
}

/* Ranges do not overlap: the last that begins before the number is the only one that may hold it.
 */
static const struct rt_outcome *find_range(const struct rt_rows *rows, dm_bytes digits)
{
    uint64_t number = rt_number_place(digits);
    uint32_t low = 0;
    uint32_t high = rows->range_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (rows->ranges[middle].low <= number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || rows->ranges[low - 1].high < number)
        return NULL;
    return &rows->ranges[low - 1].outcome;
}

/* Those of one host stand together, the longest prefix first. */
static const struct rt_outcome *find_wild(const struct rt_rows *rows, const struct rt_key *key)
{
    uint64_t host = rt_wildcard_host(key);
    uint32_t low = 0;
    uint32_t high = rows->wild_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (rows->wilds[middle].host < host)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < rows->wild_count && rows->wilds[low].host == host; low++)
        if (rt_wildcard_matches(rows->wilds[low].wildcard, key))
            return &rows->wilds[low].outcome;
    return NULL;
}

static const struct rt_outcome *find(const struct rt_rows *rows, const struct rt_key *key,
                                     const char **how)
{
    const struct rt_outcome *found = find_entry(rows, key);
    dm_bytes digits = digits_of(key);
    *how = "exact";
    if (!found && digits.size > 0 && rows->prefixes) {
        *how = "number prefix";
        found = find_prefix(rows, digits);
    }
    if (!found && digits.size > 0 && rows->range_count) {
        *how = "number range";
        found = find_range(rows, digits);
    }
    if (!found && rows->wild_count) {
        *how = "wildcard";
        found = find_wild(rows, key);
    }
    return found;
}

bool rt_subscribers_find(const struct rt_subscribers *subscribers, const struct rt_key *key,
                         struct rt_subscriber *found, const char **how)
{
    const char *by;
    if (key->size == 0 || key->octets[0] == RT_KIND_SESSION)
        return false;
    const struct rt_outcome *outcome = find(subscribers->rows, key, &by);
    if (how)
        *how = by;
    if (!outcome)
        return false;
    *found = (struct rt_subscriber){subscribers->targets[outcome->target - 1], outcome->user,
                                    outcome->slot};
    return true;
}
