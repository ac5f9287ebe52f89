/* program.c — readers of what concerns the whole program: workers, applications, listeners, timers,
 * admin, users. */
#include <sys/un.h>

#include "agent/conf/endpoint.h"
#include "agent/conf/key.h"
#include "proto/dict.h"

enum { LISTENERS_MAX = 64 };

#define RELAY UINT32_C(0xffffffff)

void conf_read_version(struct conf_reading *reading, const struct conf_key *key,
                       const struct conf_node *node, void *field)
{
    (void)key;
    (void)field;
    const char *text = conf_scalar(reading, node);
    if (text && !conf_is_word(node, "1"))
        conf_complain(reading, node, "this program reads version 1, not `%s`", text);
}

void conf_read_workers(struct conf_reading *reading, const struct conf_key *key,
                       const struct conf_node *node, void *field)
{
    if (conf_is_word(node, "auto"))
        *(uint32_t *)field = 0;
    else
        conf_read_number(reading, key, node, field);
}

/* Applications. */

static bool find_application(const struct conf_node *node, uint32_t *id)
{
    uint64_t number;
    if (conf_is_word(node, "relay")) {
        *id = RELAY;
        return true;
    }
    if (!node->is_quoted && conf_parse_number(node->text, &number) && number <= UINT32_MAX) {
        *id = (uint32_t)number;
        return true;
    }
    const struct dm_application_info *known =
        dm_dict_application_named(dm_bytes_of(node->text, node->size));
    if (known)
        *id = known->id;
    return known != NULL;
}

bool conf_find_application(struct conf_reading *reading, const struct conf_node *node, uint32_t *id)
{
    const char *text = conf_scalar(reading, node);
    if (text == NULL)
        return false;
    if (find_application(node, id))
        return true;
    conf_complain(reading, node, "`%s` is no application known by name; its number would do", text);
    return false;
}

static void read_advertised(struct conf_reading *reading, const struct conf_key *key,
                            const struct conf_node *node, void *element)
{
    (void)key;
    uint32_t id = 0;
    *(uint32_t *)element = conf_find_application(reading, node, &id) ? id : 0;
}

void conf_read_applications(struct conf_reading *reading, const struct conf_key *key,
                            const struct conf_node *node, void *field)
{
    struct dm_applications *set = field;
    *set = (struct dm_applications){0};
    uint32_t *ids = conf_read_list(reading, key, node, sizeof *ids, read_advertised);
    for (size_t i = 0; i < conf_list_count(node); i++)
        dm_applications_add(set, ids[i]);
    if (set->dropped)
        conf_complain(reading, node, "more than %d applications", DM_APPLICATIONS_MAX);
    if (node->kind == CONF_LIST && node->count == 0)
        conf_complain(reading, node, "at least one application is wanted here");
}

/* Listeners. */

static void refuse_cleartext(struct conf_reading *reading, const struct conf_node *node,
                             const union conf_socket *socket)
{
    if (reading->conf->cleartext == CONF_CLEARTEXT_REFUSE && socket->any.sa_family != AF_UNSPEC &&
        !conf_is_loopback(socket))
        conf_complain_key(reading, node, "address",
                          "beyond loopback without TLS, which `cleartext: refuse` forbids");
}

void conf_read_endpoint(struct conf_reading *reading, const struct conf_node *node,
                        enum conf_map map, union conf_socket *socket)
{
    struct conf_written written = {0};
    conf_read_map(reading, node, map, &written);
    *socket = conf_with_port(written.socket, (uint16_t)written.port);
    if (map != CONF_HTTP)
        refuse_cleartext(reading, node, socket);
}

static void read_listener(struct conf_reading *reading, const struct conf_key *key,
                          const struct conf_node *node, void *element)
{
    struct conf_endpoint *listen = element;
    union conf_socket address;
    (void)key;
    conf_read_endpoint(reading, node, CONF_LISTENER, &address);
    *listen = conf_endpoint_at(CONF_TCP, &address);
    size_t number = reading->path->index;
    for (size_t i = 1; i <= number && address.any.sa_family; i++)
        if (conf_is_same_socket(listen[-(ptrdiff_t)i].addresses.at, &address))
            conf_complain(reading, node, "the same as listen[%zu]", number - i);
}

void conf_read_listen(struct conf_reading *reading, const struct conf_key *key,
                      const struct conf_node *node, void *field)
{
    size_t count = conf_list_count(node);
    if (node->kind == CONF_LIST && (count == 0 || count > LISTENERS_MAX)) {
        conf_complain(reading, node, "1 to %d listeners are wanted here", LISTENERS_MAX);
        return;
    }
    *(struct conf_endpoint **)field =
        conf_read_list(reading, key, node, sizeof(struct conf_endpoint), read_listener);
    reading->conf->listen_count = count;
}

/* Maps within the program's record. */

static void check_reconnect(struct conf_reading *reading, const struct conf_node *node,
                            const struct conf_timers *timers)
{
    if (timers->reconnect_minimum > timers->reconnect_maximum)
        conf_complain(reading, node, "the minimum is above the maximum");
}

void conf_read_reconnect(struct conf_reading *reading, const struct conf_key *key,
                         const struct conf_node *node, void *field)
{
    struct conf_timers *timers = conf_record_of(key, field);
    conf_read_map(reading, node, CONF_RECONNECT, timers);
    check_reconnect(reading, node, timers);
}

void conf_read_timers(struct conf_reading *reading, const struct conf_key *key,
                      const struct conf_node *node, void *field)
{
    (void)key;
    conf_read_map(reading, node, CONF_TIMERS, field);
}

void conf_read_limits(struct conf_reading *reading, const struct conf_key *key,
                      const struct conf_node *node, void *field)
{
    (void)key;
    conf_read_map(reading, node, CONF_LIMITS, field);
}

void conf_read_compatibility(struct conf_reading *reading, const struct conf_key *key,
                             const struct conf_node *node, void *field)
{
    (void)key;
    conf_read_map(reading, node, CONF_COMPATIBILITY, field);
}

void conf_read_admin(struct conf_reading *reading, const struct conf_key *key,
                     const struct conf_node *node, void *field)
{
    (void)key;
    (void)field;
    conf_read_map(reading, node, CONF_ADMIN, reading->conf);
}

void conf_read_log(struct conf_reading *reading, const struct conf_key *key,
                   const struct conf_node *node, void *field)
{
    (void)key;
    (void)field;
    conf_read_map(reading, node, CONF_LOG, reading->conf);
}

void conf_read_http(struct conf_reading *reading, const struct conf_key *key,
                    const struct conf_node *node, void *field)
{
    (void)key;
    reading->conf->has_http = !conf_is_word(node, "none");
    if (reading->conf->has_http)
        conf_read_endpoint(reading, node, CONF_HTTP, field);
}

/* The path of the control socket: what the system takes as one. */
void conf_read_socket(struct conf_reading *reading, const struct conf_key *key,
                      const struct conf_node *node, void *field)
{
    const char *path = NULL;
    if (conf_is_word(node, "none"))
        return;
    conf_read_text(reading, key, node, &path);
    if (path && path[0] != '/')
        conf_complain(reading, node, "a path from the root, or `none`, is wanted");
    else if (path && strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path)
        conf_complain(reading, node, "longer than the %zu octets that a socket's path may have",
                      sizeof((struct sockaddr_un *)0)->sun_path - 1);
    *(const char **)field = path;
}

/* Users. */

static void read_domain(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *element)
{
    (void)key;
    const char *domain = conf_identity(reading, node, false);
    if (domain)
        *(dm_bytes *)element = dm_text(domain);
}

void conf_read_domains(struct conf_reading *reading, const struct conf_key *key,
                       const struct conf_node *node, void *field)
{
    struct rt_domains *domains = field;
    domains->at = conf_read_list(reading, key, node, sizeof *domains->at, read_domain);
    domains->count = conf_list_count(node);
}

void conf_read_hash_seed(struct conf_reading *reading, const struct conf_key *key,
                         const struct conf_node *node, void *field)
{
    const char *seed = NULL;
    conf_read_text(reading, key, node, &seed);
    if (seed)
        *(uint64_t *)field = rt_seed(dm_text(seed));
}
