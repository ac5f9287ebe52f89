/* redirects.c — readers of `redirects`, and of the `redirect` of a route. */
#include "agent/conf/key.h"
#include "proto/uri.h"

enum { REDIRECT_HOSTS_MAX = 64, REALM_REDIRECTS_MAX = 16 };
#define NS_PER_SECOND UINT64_C(1000000000)

/* --- redirects: what is followed --- */

void conf_read_redirects(struct conf_reading *reading, const struct conf_key *key,
                         const struct conf_node *node, void *field)
{
    (void)key;
    conf_read_map(reading, node, CONF_REDIRECTS, field);
}

static void read_host(struct conf_reading *reading, const struct conf_key *key,
                      const struct conf_node *node, void *element)
{
    (void)key;
    const char *pattern = conf_identity(reading, node, true);
    if (pattern)
        *(dm_bytes *)element = dm_text(pattern);
}

void conf_read_redirect_hosts(struct conf_reading *reading, const struct conf_key *key,
                              const struct conf_node *node, void *field)
{
    struct conf_redirects *redirects = conf_record_of(key, field);
    redirects->hosts = conf_read_list(reading, key, node, sizeof *redirects->hosts, read_host);
    redirects->host_count = (uint32_t)conf_list_count(node);
    if (redirects->host_count > REDIRECT_HOSTS_MAX)
        conf_complain(reading, node, "more than %d patterns of hosts", REDIRECT_HOSTS_MAX);
}

static void read_realm_application(struct conf_reading *reading, const struct conf_key *key,
                                   const struct conf_node *node, void *element)
{
    (void)key;
    uint32_t id;
    if (!conf_find_application(reading, node, &id))
        return;
    *(uint32_t *)element = id;
    if (id == UINT32_MAX)
        conf_complain(reading, node, "no request is of the application `relay`");
}

void conf_read_realm_redirect(struct conf_reading *reading, const struct conf_key *key,
                              const struct conf_node *node, void *field)
{
    struct conf_redirects *redirects = conf_record_of(key, field);
    redirects->realm_redirect = conf_read_list(
        reading, key, node, sizeof *redirects->realm_redirect, read_realm_application);
    redirects->realm_redirect_count = (uint32_t)conf_list_count(node);
    if (redirects->realm_redirect_count > REALM_REDIRECTS_MAX)
        conf_complain(reading, node, "more than %d applications", REALM_REDIRECTS_MAX);
}

/* --- a route's redirect: what is said --- */

static void read_uri(struct conf_reading *reading, const struct conf_key *key,
                     const struct conf_node *node, void *element)
{
    (void)key;
    char text[DM_URI_MAX];
    struct dm_uri uri;
    const char *given = conf_scalar(reading, node);
    if (given == NULL)
        return;
    if (!dm_uri_read(&uri, dm_bytes_of(given, node->size))) {
        conf_complain(reading, node,
                      "`%s` is no DiameterURI, like aaa://host.example:3868;transport=tcp", given);
        return;
    }
    size_t size = dm_uri_write(text, sizeof text, &uri);
    *(dm_bytes *)element = dm_bytes_of(conf_arena_text(reading->arena, text, size), size);
}

void conf_read_uris(struct conf_reading *reading, const struct conf_key *key,
                    const struct conf_node *node, void *field)
{
    struct rt_redirect_rule *rule = conf_record_of(key, field);
    size_t count = conf_list_count(node);
    rule->to = conf_read_list(reading, key, node, sizeof *rule->to, read_uri);
    rule->to_count = (uint32_t)count;
    if (node->kind == CONF_LIST && (count == 0 || count > RT_REDIRECT_HOSTS_MAX))
        conf_complain(reading, node, "1 to %d hosts are wanted here", RT_REDIRECT_HOSTS_MAX);
}

/* RDR-02: a usage wants the time for which it may be remembered. */
static void check_usage(struct conf_reading *reading, const struct conf_node *node,
                        const struct rt_redirect_rule *rule)
{
    if (rule->usage != RT_DONT_CACHE && !conf_node_find(node, "cache"))
        conf_complain_key(reading, node, "cache", "is missing: a `usage` that is cached needs one");
    const struct conf_node *usage = conf_node_find(node, "usage");
    if ((!usage || conf_is_word(usage, "DONT_CACHE")) && conf_node_find(node, "cache"))
        conf_complain_key(reading, node, "cache", "`usage: DONT_CACHE` has no use for it");
    if (rule->cache % NS_PER_SECOND)
        conf_complain_key(reading, node, "cache", "whole seconds are wanted here");
}

void conf_read_redirect(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *field)
{
    (void)key;
    struct rt_redirect_rule *rule = field;
    rule->subscribers = -1;
    conf_read_map(reading, node, CONF_REDIRECT, rule);
    if (node->kind != CONF_MAP)
        return;
    check_usage(reading, node, rule);
    bool has_to = conf_node_find(node, "to") != NULL;
    bool has_table = conf_node_find(node, "subscribers") != NULL;
    if (has_to == has_table)
        conf_complain(reading, node, "either `to` or `subscribers` is wanted here");
}
