/* names.c — patterns of DiameterIdentities, numbered.
 *
 * A suffix is kept from its dot on and told apart from an exact name by a flag. Of a name only
 * those tails are looked up that have no more dots than the longest suffix: what a stranger sends
 * costs what our own table costs. */
#include "routing/names.h"

#include <stdlib.h>

enum { NAME_MAX_SIZE = 255 };
enum { STEP_EXACT, STEP_SUFFIX, STEP_ANY, STEP_END };

static uint32_t count_dots(dm_bytes text)
{
    uint32_t dots = 0;
    for (size_t i = 0; i < text.size; i++)
        dots += text.at[i] == '.';
    return dots;
}

static uint32_t size_for(uint32_t count)
{
    uint32_t size = 4;
    while (size < 2 * (uint64_t)count && size < UINT32_C(1) << 31)
        size *= 2;
    return size;
}

bool rt_names_init(struct rt_names *names, uint32_t count)
{
    uint32_t size = size_for(count);
    *names = (struct rt_names){.slots = calloc(size, sizeof *names->slots), .size = size};
    return names->slots;
}

void rt_names_fini(struct rt_names *names)
{
    free(names->slots);
    *names = (struct rt_names){0};
}

/* The slot of this text, or the free one where it would stand. */
static struct rt_name *slot_of(const struct rt_names *names, dm_bytes text, bool is_suffix)
{
    uint32_t mask = names->size - 1;
    uint32_t at = (uint32_t)dm_identity_hash(text) & mask;
    for (;; at = (at + 1) & mask) {
        struct rt_name *slot = &names->slots[at];
        if (!slot->is_used)
            return slot;
        if (slot->is_suffix == is_suffix && dm_identity_equal(slot->text, text))
            return slot;
    }
}

uint32_t rt_names_add(struct rt_names *names, dm_bytes pattern)
{
    if (pattern.size == 0 || dm_bytes_equal(pattern, dm_text("*")))
        return 0;
    bool is_suffix = pattern.size > 1 && pattern.at[0] == '*' && pattern.at[1] == '.';
    dm_bytes text = is_suffix ? dm_bytes_of(pattern.at + 1, pattern.size - 1) : pattern;
    struct rt_name *slot = slot_of(names, text, is_suffix);
    if (slot->is_used)
        return slot->number;
    *slot = (struct rt_name){text, ++names->count, is_suffix, true};
    uint32_t dots = is_suffix ? count_dots(text) : 0;
    names->suffix_dots = dots > names->suffix_dots ? dots : names->suffix_dots;
    return slot->number;
}

struct rt_fits rt_fits_of(const struct rt_names *names, dm_bytes name)
{
    struct rt_fits fits = {.names = names, .name = name};
    if (names->count == 0 || name.size == 0 || name.size > NAME_MAX_SIZE)
        fits.step = STEP_ANY;
    else if (names->suffix_dots)
        fits.dots = count_dots(name);
    return fits;
}

static bool find(const struct rt_names *names, dm_bytes text, bool is_suffix, uint32_t *number)
{
    const struct rt_name *slot = slot_of(names, text, is_suffix);
    *number = slot->number;
    return slot->is_used;
}

static bool next_suffix(struct rt_fits *fits, uint32_t *number)
{
    while (fits->dots > 0) {
        const uint8_t *from = fits->name.at + fits->at;
        size_t size = fits->name.size - fits->at;
        const uint8_t *dot = memchr(from, '.', size);
        bool is_below = dot != fits->name.at; /* ".example.net" has no name before its dot */
        bool is_short = fits->dots-- <= fits->names->suffix_dots;
        dm_bytes tail = dm_bytes_of(dot, size - (size_t)(dot - from));
        fits->at = (size_t)(dot - fits->name.at) + 1;
        if (is_below && is_short && find(fits->names, tail, true, number))
            return true;
    }
    return false;
}

bool rt_fits_next(struct rt_fits *fits, uint32_t *number)
{
    if (fits->step == STEP_EXACT) {
        fits->step = STEP_SUFFIX;
        if (find(fits->names, fits->name, false, number))
            return true;
    }
    if (fits->step == STEP_SUFFIX) {
        if (next_suffix(fits, number))
            return true;
        fits->step = STEP_ANY;
    }
    *number = 0;
    return fits->step++ == STEP_ANY;
}
