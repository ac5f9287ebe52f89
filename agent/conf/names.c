/* names.c — names of a list -> the place in it. Open addressing; never more than half full. */
#include "agent/conf/names.h"

#include <assert.h>
#include <string.h>

static uint32_t hash_of(const char *text, size_t size)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    return hash ^ hash >> 15;
}

static bool is_at(const struct conf_name *name, const char *text, size_t size)
{
    return strlen(name->text) == size && memcmp(name->text, text, size) == 0;
}

/* The slot of this name, or the free one where it would stand. */
static struct conf_name *slot_of(const struct conf_names *names, const char *text, size_t size)
{
    uint32_t at = hash_of(text, size) & (names->size - 1);
    while (names->slots[at].text && !is_at(&names->slots[at], text, size))
        at = (at + 1) & (names->size - 1);
    return &names->slots[at];
}

void conf_names_init(struct conf_names *names, uint32_t count, struct conf_arena *arena)
{
    names->count = 0;
    names->size = 8;
    while (names->size / 2 <= count)
        names->size *= 2;
    names->slots = conf_arena_new(arena, names->size * sizeof *names->slots);
}

const struct conf_name *conf_names_find(const struct conf_names *names, const char *text,
                                        size_t size)
{
    if (names->size == 0)
        return NULL;
    const struct conf_name *slot = slot_of(names, text, size);
    return slot->text ? slot : NULL;
}

const struct conf_name *conf_names_add(struct conf_names *names, const char *text, uint32_t number,
                                       conf_place place)
{
    struct conf_name *slot = slot_of(names, text, strlen(text));
    if (slot->text)
        return slot;
    assert(names->count < names->size / 2);
    names->count++;
    *slot = (struct conf_name){text, number, place};
    return NULL;
}
