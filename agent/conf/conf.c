/* conf.c — a file becomes a snapshot, or a list of all its mistakes.
 *
 * Octets → tree with places (node) → records by the schema (keys.def) → tables of routing. Nothing
 * is built from a file with a mistake. Main thread, or a work item of it; never a worker. */
#include "agent/conf/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include <xxhash.h>

#include "agent/conf/advertise.h"
#include "agent/conf/conf_policies.h"
#include "agent/conf/key.h"
#include "agent/conf/snapshot.h"

enum { FILE_MAX = 8 * 1024 * 1024 };

/* Building the tables, once nothing is wrong. */

static void name_peers(struct conf_snapshot *snapshot)
{
    struct conf *conf = &snapshot->conf;
    dm_bytes *names = conf_arena_new(&snapshot->arena, conf->peer_count * sizeof *names);
    for (size_t i = 0; i < conf->peer_count; i++)
        names[i] = dm_text(conf->peers[i].identity);
    conf->tables.peers = names;
    conf->tables.peer_count = (uint32_t)conf->peer_count;
}

static bool build_tables(struct conf_snapshot *snapshot)
{
    struct conf *conf = &snapshot->conf;
    struct rt_tables *tables = &conf->tables;
    tables->own_identity = dm_text(conf->identity);
    name_peers(snapshot);
    conf->seats = conf_arena_new(&snapshot->arena, conf->peer_count * sizeof *conf->seats);
    for (uint32_t i = 0; i < tables->pool_count; i++) {
        const struct rt_pool *pool = &tables->pools[i];
        tables->is_user_asked_for |= pool->select == RT_STICKY || pool->is_partitioned;
        if (!rt_pool_build(&tables->pools[i], tables->seed))
            return false;
    }
    tables->realms = rt_table_new(tables->routes, tables->route_count);
    return tables->realms != NULL;
}

static void write_hash(struct conf *conf, const void *octets, size_t size)
{
    snprintf(conf->hash, sizeof conf->hash, "%016" PRIx64, XXH3_64bits(octets, size));
}

static void read_root(struct conf_snapshot *snapshot, dm_bytes octets, const struct conf *before,
                      struct conf_complaints *complaints)
{
    struct conf_arena scratch = {0};
    struct conf_reading reading = {.conf = &snapshot->conf,
                                   .arena = &snapshot->arena,
                                   .scratch = &scratch,
                                   .complaints = complaints,
                                   .before = before,
                                   .peers = &snapshot->peers};
    const struct conf_node *root = conf_node_read(octets.at, octets.size, &scratch, complaints);
    if (root) {
        conf_read_map(&reading, root, CONF_ROOT, &snapshot->conf);
        if (!complaints->count)
            conf_digest_read(&snapshot->conf.digest, root, &snapshot->arena);
        conf_settle_advertised(&reading, root);
        conf_check_sctp(&reading, root);
    }
    conf_arena_fini(&scratch);
}

static struct conf *load(const char *name, dm_bytes octets, const struct conf *before,
                         FILE *complaints)
{
    struct conf_complaints found = {0};
    struct conf_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot == NULL)
        abort();
    struct conf *conf = &snapshot->conf;
    conf->file = conf_arena_text(&snapshot->arena, name, strlen(name));
    write_hash(conf, octets.at, octets.size);
    read_root(snapshot, octets, before, &found);
    bool is_good = found.count == 0;
    conf_complaints_write(&found, name, complaints);
    conf_complaints_fini(&found);
    if (is_good && !build_tables(snapshot)) {
        fprintf(complaints, "%s: not enough memory\n", name);
        is_good = false;
    }
    if (is_good)
        return conf;
    conf_free(conf);
    return NULL;
}

struct conf *conf_load_octets(const char *name, const void *octets, size_t size, FILE *complaints)
{
    return load(name, dm_bytes_of(octets, size), NULL, complaints);
}

void conf_free(struct conf *conf)
{
    if (conf == NULL)
        return;
    struct conf_snapshot *snapshot = (struct conf_snapshot *)conf;
    rt_table_free(conf->tables.realms);
    for (uint32_t i = 0; i < conf->tables.pool_count; i++)
        rt_pool_fini(&conf->tables.pools[i]);
    conf_policies_unref(conf->policies);
    conf_subscribers_free(snapshot);
    conf_derive_free(conf->tables.domains.derive);
    conf_arena_fini(&snapshot->arena);
    free(snapshot);
}

/* The file's octets. */

/* Reads to the end; the octets read, or a negative errno. */
static ssize_t read_whole(int fd, uint8_t *to, size_t room)
{
    size_t size = 0;
    while (size < room) {
        ssize_t n = read(fd, to + size, room - size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        size += (size_t)n;
    }
    return (ssize_t)size;
}

static ssize_t read_file(const char *path, uint8_t *to, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t size = read_whole(fd, to, room);
    close(fd);
    return size;
}

uint8_t *conf_file_read(const char *path, size_t *size, FILE *complaints)
{
    uint8_t *octets = malloc(FILE_MAX + 1);
    if (octets == NULL)
        abort();
    ssize_t there = read_file(path, octets, FILE_MAX + 1);
    *size = (size_t)there;
    if (there >= 0 && there <= FILE_MAX)
        return octets;
    if (there < 0)
        fprintf(complaints, "%s: %s\n", path, strerror((int)-there));
    else
        fprintf(complaints, "%s: larger than %d MiB\n", path, FILE_MAX / 1024 / 1024);
    free(octets);
    return NULL;
}

struct conf *conf_load_after(const char *path, const struct conf *before, FILE *complaints)
{
    size_t size;
    uint8_t *octets = conf_file_read(path, &size, complaints);
    struct conf *conf = octets ? load(path, dm_bytes_of(octets, size), before, complaints) : NULL;
    free(octets);
    return conf;
}

struct conf *conf_load(const char *path, FILE *complaints)
{
    return conf_load_after(path, NULL, complaints);
}
