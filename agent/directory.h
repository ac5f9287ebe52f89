/* directory.h — DiameterIdentity -> peer, one table per thread, kept alike by letters from the
 * front desk.
 *
 * Names are shared between the tables and counted. Look-ups ignore case, and nobody locks. */
#pragma once

#include "routing/target.h"
#include "routing/world.h"

struct name {
    _Atomic uint32_t references;
    uint32_t size;
    uint32_t hash; /* rt_name_hash: by it alone a name can be found, too */
    char text[];   /* lower case, ended by NUL */
};

/* A name with `references` to give away. */
struct name *name_new(dm_bytes identity, uint32_t references);
/* One reference more, to give away. */
struct name *name_ref(struct name *name);
void name_unref(struct name *name);

static inline dm_bytes name_bytes(const struct name *name)
{
    return dm_bytes_of(name->text, name->size);
}

struct directory_entry {
    struct name *name; /* NULL: free */
    rt_peer peer;
};

struct directory {
    struct directory_entry *entries;
    uint32_t size; /* a power of two */
    uint32_t used;
};

void directory_init(struct directory *directory);
void directory_fini(struct directory *directory);

/* Takes a reference of `name`; replaces an entry of the same name. */
void directory_put(struct directory *directory, struct name *name, rt_peer peer);
/* Removes the entry if it is still this peer's. */
void directory_remove(struct directory *directory, dm_bytes identity, rt_peer peer);
/* NULL: nobody of this name. Good until the next change. */
const struct directory_entry *directory_find(const struct directory *directory, dm_bytes identity);
/* The same for a name of which only the hash is known: what bindings keep. */
const struct directory_entry *directory_find_hash(const struct directory *directory, uint32_t hash);
