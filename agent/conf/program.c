/* program.c — readers of what concerns the whole program: workers, applications, timers,
 * admin, users. */
#include <sys/un.h>

#include "agent/conf/key.h"
#include "proto/dict.h"

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
