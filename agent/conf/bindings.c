/* bindings.c — readers of `users.bindings`: where what is learnt is kept. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "agent/conf/endpoint.h"
#include "agent/conf/key.h"

enum { NODES_MAX = 32, PASSWORD_MAX = 512 };

/* --- nodes --- */

static void read_node(struct conf_reading *reading, const struct conf_key *key,
                      const struct conf_node *node, void *element)
{
    (void)key;
    const char *text = conf_scalar(reading, node);
    if (text && !conf_parse_socket(text, 0, element))
        conf_complain(reading, node, "`%s` is no IP address with a port, like 192.0.2.1:6379",
                      text);
}

void conf_read_nodes(struct conf_reading *reading, const struct conf_key *key,
                     const struct conf_node *node, void *field)
{
    struct conf_bindings *bindings = conf_record_of(key, field);
    size_t count = conf_list_count(node);
    bindings->nodes = conf_read_list(reading, key, node, sizeof *bindings->nodes, read_node);
    bindings->node_count = (uint32_t)count;
    if (node->kind == CONF_LIST && (count == 0 || count > NODES_MAX))
        conf_complain(reading, node, "1 to %d nodes are wanted here", NODES_MAX);
}

/* --- the password --- */

/* The octets of the file, at most `room`; -errno. */
static ssize_t read_octets(const char *path, char *to, size_t room)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -errno;
    ssize_t size = read(file, to, room);
    ssize_t error = -errno;
    close(file);
    return size < 0 ? error : size;
}

/* The file's first line, without its end. */
void conf_read_password_file(struct conf_reading *reading, const struct conf_key *key,
                             const struct conf_node *node, void *field)
{
    (void)key;
    char octets[PASSWORD_MAX + 1] = {0};
    const char *path = conf_scalar(reading, node);
    if (!path || conf_is_word(node, "none"))
        return;
    path = conf_path(reading, path);
    ssize_t size = read_octets(path, octets, sizeof octets);
    if (size < 0) {
        conf_complain(reading, node, "%s: %s", path, strerror((int)-size));
        return;
    }
    size_t line = 0;
    while (line < (size_t)size && octets[line] != '\n' && octets[line] != '\r')
        line++;
    if (line == 0 || line > PASSWORD_MAX || memchr(octets, '\0', line))
        conf_complain(reading, node, "%s: a line of 1 to %d characters is wanted there", path,
                      PASSWORD_MAX);
    else
        *(const char **)field = conf_arena_text(reading->arena, octets, line);
}

/* --- the map --- */

static void check_redis(struct conf_reading *reading, const struct conf_node *map,
                        const struct conf_bindings *bindings)
{
    if (!conf_node_find(map, "nodes"))
        conf_complain_key(reading, map, "nodes", "is missing: `store: redis` needs to know where");
    if (bindings->node_count > 1 && !bindings->is_cluster)
        conf_complain_key(reading, map, "nodes",
                          "several nodes are a cluster: say `cluster: true`");
    if (bindings->lifetime % UINT64_C(1000000000))
        conf_complain_key(reading, map, "lifetime", "whole seconds are wanted here");
}

static void check_memory(struct conf_reading *reading, const struct conf_node *map)
{
    static const char *const keys[] = {"nodes", "cluster", "password_file", "timeout"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (conf_node_find(map, keys[i]))
            conf_complain_key(reading, map, keys[i], "is for `store: redis`");
}

/* The map's record is no part of the one that it stands in. */
void conf_read_bindings(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *field)
{
    (void)key;
    (void)field;
    struct conf_bindings *bindings = &reading->conf->bindings;
    conf_read_map(reading, node, CONF_BINDINGS, bindings);
    if (node->kind != CONF_MAP)
        return;
    if (bindings->in_redis)
        check_redis(reading, node, bindings);
    else
        check_memory(reading, node);
}
