/* dns.c — reader of `dns`: whom we ask for names, and whether for realms, too. */
#include "agent/conf/endpoint.h"
#include "agent/conf/key.h"

enum { SERVERS_MAX = 8, DNS_PORT = 53 };

static void read_server(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *element)
{
    (void)key;
    const char *text = conf_scalar(reading, node);
    if (text && !conf_parse_socket(text, DNS_PORT, element))
        conf_complain(reading, node,
                      "`%s` is no IP address, nor one with a port, like 192.0.2.1:53", text);
}

void conf_read_dns_servers(struct conf_reading *reading, const struct conf_key *key,
                           const struct conf_node *node, void *field)
{
    struct conf_dns *dns = conf_record_of(key, field);
    dns->servers = conf_read_list(reading, key, node, sizeof *dns->servers, read_server);
    dns->server_count = (uint32_t)conf_list_count(node);
    if (dns->server_count > SERVERS_MAX)
        conf_complain(reading, node, "at most %d servers are asked", SERVERS_MAX);
}

void conf_read_dns(struct conf_reading *reading, const struct conf_key *key,
                   const struct conf_node *node, void *field)
{
    (void)key;
    conf_read_map(reading, node, CONF_DNS, field);
}
