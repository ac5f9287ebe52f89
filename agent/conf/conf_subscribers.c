/* conf_subscribers.c — subscriber tables of snapshots: read, compiled, shared. */
#include "agent/conf/conf_subscribers.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <xxhash.h>

#include "agent/conf/octets.h"
#include "agent/conf/snapshot.h"

enum { TABLE_MAX = 1 << 30 };

struct conf_rows {
    _Atomic uint32_t references;
    uint64_t hash;  /* of the file's octets */
    uint64_t users; /* conf_table_source.users */
    struct rt_rows *rows;
};

const struct rt_rows *conf_rows_of(const struct conf_rows *rows)
{
    return rows->rows;
}

uint64_t conf_rows_hash(const struct conf_rows *rows)
{
    return rows->hash;
}

void conf_rows_unref(struct conf_rows *rows)
{
    if (!rows || atomic_fetch_sub(&rows->references, 1) > 1)
        return;
    rt_rows_free(rows->rows);
    free(rows);
}

/* --- rows --- */

static struct conf_rows *find_before(const struct conf *before, uint64_t hash, uint64_t users)
{
    const struct conf_snapshot *snapshot = (const struct conf_snapshot *)before;
    for (uint32_t i = 0; before && i < before->tables.subscriber_count; i++) {
        struct conf_rows *rows = snapshot->rows[i];
        if (rows->hash != hash || rows->users != users)
            continue;
        atomic_fetch_add(&rows->references, 1);
        return rows;
    }
    return NULL;
}

static struct conf_rows *compile(const struct conf_table_source *source,
                                 const struct conf_octets *octets, uint64_t hash, FILE *complaints)
{
    struct rt_rows *compiled =
        rt_rows_compile(source->file, dm_bytes_of(octets->at, octets->size), source->tables->seed,
                        &source->tables->domains, source->names, complaints);
    if (!compiled)
        return NULL;
    struct conf_rows *rows = calloc(1, sizeof *rows);
    if (!rows)
        abort();
    *rows = (struct conf_rows){1, hash, source->users, compiled};
    return rows;
}

struct conf_rows *conf_rows_load(const struct conf_table_source *source, const struct conf *before,
                                 const char **why, FILE *complaints)
{
    struct conf_octets octets;
    struct conf_rows *rows = NULL;
    *why = conf_octets_read(source->file, TABLE_MAX, &octets);
    if (!*why) {
        uint64_t hash = XXH3_64bits(octets.at, octets.size);
        rows = find_before(before, hash, source->users);
        if (!rows)
            rows = compile(source, &octets, hash, complaints);
    }
    free(octets.at);
    return rows;
}
