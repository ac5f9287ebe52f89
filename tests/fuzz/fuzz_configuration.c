/* fuzz_configuration.c — any octets are a configuration or have complaints, each of one line with a
 * place.
 *
 * A configuration that loads must say what its reader relies on: required texts, members that are
 * peers, routes that have pools. */
#include <stdlib.h>

#include "agent/conf/conf.h"
#include "agent/conf/endpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

/* Tables of subscribers are looked for in its folder: there is none. */
#define NAME "/nowhere/F"

static void claim(bool is_true)
{
    if (!is_true)
        abort();
}

static void claim_complaints(const char *text)
{
    claim(*text != '\0');
    for (; *text; text = strchr(text, '\n') + 1) {
        claim(strncmp(text, NAME ":", sizeof NAME) == 0);
        claim(strchr(text, '\n') != NULL);
    }
}

static void claim_endpoint(const struct conf_endpoint *endpoint, bool may_have_name)
{
    const struct conf_addresses *addresses = &endpoint->addresses;
    claim(endpoint->transport < CONF_TRANSPORTS);
    claim(endpoint->name ? may_have_name && !addresses->count : addresses->count > 0);
    claim(addresses->count <= CONF_ADDRESSES_MAX);
    for (unsigned i = 0; i < addresses->count; i++)
        claim(addresses->at[i].any.sa_family && conf_port(&addresses->at[i]) == endpoint->port);
}

static void claim_pool(const struct conf *conf, const struct rt_pool *pool)
{
    claim(pool->name && pool->count >= 1 && pool->count <= RT_MEMBERS_MAX);
    for (uint32_t i = 0; i < pool->count; i++) {
        claim(pool->members[i].peer_number < conf->peer_count && pool->members[i].weight);
        const struct conf_peer *peer = &conf->peers[pool->members[i].peer_number];
        claim(dm_bytes_equal(pool->members[i].identity, dm_text(peer->identity)));
        claim(peer->in_pool && !peer->is_pattern);
    }
}

static void claim_route(const struct conf *conf, const struct rt_route *route)
{
    claim(route->name && route->realm.size);
    if (route->action == RT_RELAY || route->action == RT_PROXY)
        claim(route->pool < conf->tables.pool_count);
    if (route->action == RT_REJECT)
        claim(route->result >= 3000);
}

static void claim_conf(const struct conf *conf)
{
    claim(conf->identity && conf->realm && conf->listen_count);
    claim(conf->timers.watchdog >= UINT64_C(6000000000));
    for (size_t i = 0; i < conf->listen_count; i++)
        claim_endpoint(&conf->listen[i], false);
    for (size_t i = 0; i < conf->peer_count; i++)
        if (conf->peers[i].dials)
            claim_endpoint(&conf->peers[i].connect, true);
    for (size_t i = 0; i < conf->peer_count; i++)
        claim(conf_peer_for(conf, dm_text(conf->peers[i].identity), NULL) >=
              (conf->peers[i].is_pattern ? -1 : 0));
    for (uint32_t i = 0; i < conf->tables.pool_count; i++)
        claim_pool(conf, &conf->tables.pools[i]);
    for (uint32_t i = 0; i < conf->tables.route_count; i++)
        claim_route(conf, &conf->tables.routes[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    char *complaints = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&complaints, &length);
    struct conf *conf = conf_load_octets(NAME, octets, size, to);
    fclose(to);
    if (conf)
        claim_conf(conf);
    else
        claim_complaints(complaints);
    conf_free(conf);
    free(complaints);
    return 0;
}
