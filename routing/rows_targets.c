/* rows_targets.c — names of targets, each once: a million rows name a handful. */
#include <stdlib.h>

#include "routing/rows.h"

enum { INDEX_SIZE = 1 << 17 }; /* twice what it may hold */

static bool is_named(const struct rt_interning *interning, uint32_t place, dm_bytes name)
{
    const char *other = interning->at[place - 1].name;
    return strlen(other) == name.size && memcmp(other, name.at, name.size) == 0;
}

/* The slot that has the name, or the free one that would. */
static uint32_t *slot_of(struct rt_interning *interning, dm_bytes name)
{
    uint64_t at = XXH3_64bits(name.at, name.size);
    for (;; at++) {
        uint32_t *slot = &interning->index[at % INDEX_SIZE];
        if (*slot == 0 || is_named(interning, *slot, name))
            return slot;
    }
}

static bool make_room(struct rt_interning *interning)
{
    if (!interning->index && !(interning->index = calloc(INDEX_SIZE, sizeof(uint32_t))))
        return false;
    if (interning->count < interning->room)
        return true;
    uint32_t room = interning->room ? 2 * interning->room : 16;
    struct rt_interned *at = realloc(interning->at, room * sizeof *at);
    if (!at)
        return false;
    interning->at = at;
    interning->room = room;
    return true;
}

static uint16_t add(struct rt_interning *interning, uint32_t *slot, dm_bytes name)
{
    char *copy = malloc(name.size + 1);
    if (interning->count == RT_TARGETS_MAX || !copy) {
        free(copy);
        return 0;
    }
    memcpy(copy, name.at, name.size);
    copy[name.size] = '\0';
    interning->at[interning->count++] = (struct rt_interned){.name = copy};
    interning->octets += name.size + 1;
    *slot = interning->count;
    return (uint16_t)interning->count;
}

uint16_t rt_intern(struct rt_interning *interning, dm_bytes name, bool *is_new)
{
    *is_new = false;
    if (interning->last > 0 && is_named(interning, interning->last, name))
        return interning->last;
    if (!make_room(interning))
        return 0;
    uint32_t *slot = slot_of(interning, name);
    *is_new = *slot == 0;
    return interning->last = *is_new ? add(interning, slot, name) : (uint16_t)*slot;
}

void rt_interning_fini(struct rt_interning *interning)
{
    for (uint32_t i = 0; i < interning->count; i++)
        free(interning->at[i].name);
    free(interning->at);
    free(interning->index);
}
