/* conf_subscribers.c — subscriber tables of snapshots: read, compiled, shared. */
#include "agent/conf/conf_subscribers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

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

/* --- the file --- */

struct octets {
    uint8_t *at;
    size_t size;
};

/* Reads what there is, `size` at most; NULL, or why not. */
static const char *read_octets(int fd, struct octets *octets, size_t size)
{
    octets->at = malloc(size + 1);
    if (!octets->at)
        return "not enough memory";
    while (octets->size < size) {
        ssize_t n = read(fd, octets->at + octets->size, size - octets->size);
        if (n < 0 && errno != EINTR)
            return strerror(errno);
        if (n == 0)
            break;
        octets->size += n > 0 ? (size_t)n : 0;
    }
    return NULL;
}

/* Only regular files: a pipe would keep a reload waiting. */
static const char *read_open(int fd, struct octets *octets)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return strerror(errno);
    if (!S_ISREG(status.st_mode))
        return "no regular file";
    if (status.st_size > TABLE_MAX)
        return "larger than 1 GiB";
    return read_octets(fd, octets, (size_t)status.st_size);
}

static const char *read_file(const char *path, struct octets *octets)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return strerror(errno);
    const char *why = read_open(fd, octets);
    close(fd);
    return why;
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
                                 const struct octets *octets, uint64_t hash, FILE *complaints)
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
    struct octets octets = {0};
    struct conf_rows *rows = NULL;
    *why = read_file(source->file, &octets);
    if (!*why) {
        uint64_t hash = XXH3_64bits(octets.at, octets.size);
        rows = find_before(before, hash, source->users);
        if (!rows)
            rows = compile(source, &octets, hash, complaints);
    }
    free(octets.at);
    return rows;
}
