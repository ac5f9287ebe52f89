/* peers.c — readers of the peer table: exact names that are dialled or dial us, and patterns that
 * dial us. */
#include "agent/conf/endpoint.h"
#include "agent/conf/key.h"

void conf_read_connect(struct conf_reading *reading, const struct conf_key *key,
                       const struct conf_node *node, void *field)
{
    struct conf_peer *peer = conf_record_of(key, field);
    peer->dials = true;
    conf_read_endpoint(reading, node, CONF_CONNECT, field);
}

static void read_network(struct conf_reading *reading, const struct conf_key *key,
                         const struct conf_node *node, void *element)
{
    (void)key;
    const char *text = conf_scalar(reading, node);
    if (text && !conf_parse_network(text, element))
        conf_complain(reading, node, "`%s` is no network: an IP address, or one with /prefix",
                      text);
}

void conf_read_networks(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *field)
{
    struct conf_peer *peer = conf_record_of(key, field);
    peer->from = conf_read_list(reading, key, node, sizeof *peer->from, read_network);
    peer->from_count = conf_list_count(node);
    if (node->kind == CONF_LIST && node->count == 0)
        conf_complain(reading, node, "no source at all; left out: any");
}

/* What the program has once cannot be set for one peer. */

const char *const *conf_program_only(enum conf_map map)
{
    static const char *const timers[] = {"drain", NULL};
    static const char *const limits[] = {"memory", "connections", "half_open", NULL};
    static const char *const compatibility[] = {"unknown_peer", NULL};
    static const char *const none[] = {NULL};
    switch (map) {
    case CONF_TIMERS:
        return timers;
    case CONF_LIMITS:
        return limits;
    case CONF_COMPATIBILITY:
        return compatibility;
    default:
        return none;
    }
}

static void read_changes(struct conf_reading *reading, const struct conf_node *node,
                         enum conf_map map, void *at)
{
    reading->changes_only = true;
    conf_read_map(reading, node, map, at);
    reading->changes_only = false;
    for (const char *const *name = conf_program_only(map); *name; name++)
        if (conf_node_find(node, *name))
            conf_complain_key(reading, node, *name,
                              "not built yet: for one peer; it is the whole program's");
}

void conf_read_peer_timers(struct conf_reading *reading, const struct conf_key *key,
                           const struct conf_node *node, void *field)
{
    (void)key;
    read_changes(reading, node, CONF_TIMERS, field);
}

void conf_read_peer_limits(struct conf_reading *reading, const struct conf_key *key,
                           const struct conf_node *node, void *field)
{
    (void)key;
    read_changes(reading, node, CONF_LIMITS, field);
}

void conf_read_peer_compatibility(struct conf_reading *reading, const struct conf_key *key,
                                  const struct conf_node *node, void *field)
{
    (void)key;
    read_changes(reading, node, CONF_COMPATIBILITY, field);
}

static void check_name(struct conf_reading *reading, const struct conf_node *node,
                       const struct conf_peer *peer, size_t number)
{
    const char *own = reading->conf->identity;
    if (own && strcmp(own, peer->identity) == 0)
        conf_complain_key(reading, node, "identity", "is the agent's own");
    conf_place place = conf_node_find(node, "identity")->place;
    const struct conf_name *before =
        conf_names_add(reading->peers, peer->identity, (uint32_t)number, place);
    if (before)
        conf_complain_key(reading, node, "identity", "`%s` is given twice, first in line %u",
                          peer->identity, before->place.line);
}

static void read_peer(struct conf_reading *reading, const struct conf_key *key,
                      const struct conf_node *node, void *element)
{
    (void)key;
    struct conf_peer *peer = element;
    peer->role = CONF_ROLE_BY_CAPABILITIES;
    peer->advertise = reading->conf->advertise;
    peer->timers = reading->conf->timers;
    peer->limits = reading->conf->limits;
    peer->compatibility = reading->conf->compatibility;
    conf_read_map(reading, node, CONF_PEER, peer);
    if (peer->identity == NULL)
        return;
    peer->is_pattern = *peer->identity == '*';
    if (peer->is_pattern && peer->dials)
        conf_complain_key(reading, node, "connect",
                          "a pattern cannot be dialled: it names no host");
    check_name(reading, node, peer, reading->path->index);
}

void conf_read_peers(struct conf_reading *reading, const struct conf_key *key,
                     const struct conf_node *node, void *field)
{
    size_t count = conf_list_count(node);
    conf_names_init(reading->peers, (uint32_t)count, reading->arena);
    *(struct conf_peer **)field =
        conf_read_list(reading, key, node, sizeof(struct conf_peer), read_peer);
    reading->conf->peer_count = count;
}
