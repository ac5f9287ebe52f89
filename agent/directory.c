/* directory.c — who has this name? Open addressing, linear probing, no tombstones. */
#include "agent/directory.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { SMALLEST = 64, LONGEST = 255 /* of a DiameterIdentity */ };

static void lower(char *to, dm_bytes identity)
{
    for (size_t i = 0; i < identity.size; i++) {
        uint8_t octet = identity.at[i];
        to[i] = (char)(octet >= 'A' && octet <= 'Z' ? octet + 32 : octet);
    }
}

struct name *name_new(dm_bytes identity, uint32_t references)
{
    struct name *name = malloc(sizeof *name + identity.size + 1);
    if (!name)
        abort();
    atomic_init(&name->references, references);
    name->size = (uint32_t)identity.size;
    lower(name->text, identity);
    name->text[identity.size] = '\0';
    name->hash = rt_name_hash(name_bytes(name));
    return name;
}

struct name *name_ref(struct name *name)
{
    atomic_fetch_add(&name->references, 1);
    return name;
}

void name_unref(struct name *name)
{
    if (atomic_fetch_sub(&name->references, 1) == 1)
        free(name);
}

static void resize(struct directory *directory, uint32_t size)
{
    struct directory old = *directory;
    directory->entries = calloc(size, sizeof *directory->entries);
    if (!directory->entries)
        abort();
    directory->size = size;
    for (uint32_t i = 0; i < old.size; i++) {
        if (!old.entries[i].name)
            continue;
        uint32_t at = old.entries[i].name->hash & (size - 1);
        while (directory->entries[at].name)
            at = (at + 1) & (size - 1);
        directory->entries[at] = old.entries[i];
    }
    free(old.entries);
}

void directory_init(struct directory *directory)
{
    *directory = (struct directory){0};
    resize(directory, SMALLEST);
}

void directory_fini(struct directory *directory)
{
    for (uint32_t i = 0; i < directory->size; i++)
        if (directory->entries[i].name)
            name_unref(directory->entries[i].name);
    free(directory->entries);
}

/* The entry of this name, or the free one where it would stand. */
static struct directory_entry *place(const struct directory *directory, dm_bytes identity,
                                     uint32_t hash)
{
    uint32_t at = hash & (directory->size - 1);
    for (;; at = (at + 1) & (directory->size - 1)) {
        struct directory_entry *entry = &directory->entries[at];
        if (!entry->name ||
            (entry->name->hash == hash && dm_identity_equal(name_bytes(entry->name), identity)))
            return entry;
    }
}

void directory_put(struct directory *directory, struct name *name, rt_peer peer)
{
    if (2 * (directory->used + 1) > directory->size)
        resize(directory, directory->size * 2);
    struct directory_entry *entry = place(directory, name_bytes(name), name->hash);
    if (entry->name)
        name_unref(entry->name);
    else
        directory->used++;
    *entry = (struct directory_entry){name, peer};
}

const struct directory_entry *directory_find(const struct directory *directory, dm_bytes identity)
{
    char name[LONGEST];
    if (identity.size > sizeof name)
        return NULL;
    lower(name, identity);
    uint32_t hash = rt_name_hash(dm_bytes_of(name, identity.size));
    const struct directory_entry *entry = place(directory, identity, hash);
    return entry->name ? entry : NULL;
}

const struct directory_entry *directory_find_hash(const struct directory *directory, uint32_t hash)
{
    uint32_t at = hash & (directory->size - 1);
    while (directory->entries[at].name && directory->entries[at].name->hash != hash)
        at = (at + 1) & (directory->size - 1);
    return directory->entries[at].name ? &directory->entries[at] : NULL;
}

/* Moves up what follows a freed entry, so that no search ends too early. */
static void close_gap(struct directory *directory, uint32_t gap)
{
    uint32_t mask = directory->size - 1;
    for (uint32_t at = (gap + 1) & mask; directory->entries[at].name; at = (at + 1) & mask) {
        uint32_t home = directory->entries[at].name->hash & mask;
        if (((at - home) & mask) < ((at - gap) & mask))
            continue;
        directory->entries[gap] = directory->entries[at];
        directory->entries[at].name = NULL;
        gap = at;
    }
}

void directory_remove(struct directory *directory, dm_bytes identity, rt_peer peer)
{
    struct directory_entry *entry = (struct directory_entry *)directory_find(directory, identity);
    if (!entry || !rt_peer_equal(entry->peer, peer))
        return;
    name_unref(entry->name);
    entry->name = NULL;
    directory->used--;
    close_gap(directory, (uint32_t)(entry - directory->entries));
}
