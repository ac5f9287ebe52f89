/* redis_nodes.c — the nodes that a worker knows, and which of them has what. */
#include <assert.h>
#include <stdlib.h>

#include "agent/clock.h"
#include "agent/conf/endpoint.h"
#include "agent/log.h"
#include "agent/store/redis_client.h"

/* Between two questions for the map: where it is known to be wrong, where a node is away, else. */
#define SLOTS_AT_ONCE (100 * NS_PER_MS)
#define SLOTS_SOON    (1 * NS_PER_S)
#define SLOTS_EVERY   (10 * NS_PER_S)

/* --- nodes --- */

static struct redis_node *node_new(struct redis_client *client, const union conf_socket *address)
{
    struct redis_node *node = calloc(1, sizeof *node);
    if (!node)
        abort();
    node->client = client;
    node->address = *address;
    node->is_wanted = true;
    node->link =
        link_new(client->worker, &node->address, client->redis->password, &redis_link_events, node);
    return node;
}

struct redis_node *redis_node_at(struct redis_client *client, const union conf_socket *address)
{
    for (uint32_t i = 0; i < client->node_count; i++)
        if (conf_is_same_socket(&client->nodes[i]->address, address))
            return client->nodes[i];
    if (client->node_count == REDIS_NODES_MAX)
        return NULL;
    return client->nodes[client->node_count++] = node_new(client, address);
}

struct redis_client *redis_client_new(struct redis *redis, struct worker *worker)
{
    struct redis_client *client = calloc(1, sizeof *client);
    if (!client)
        abort();
    client->redis = redis;
    client->worker = worker;
    memset(client->node_of, REDIS_NOBODY, sizeof client->node_of);
    for (uint32_t i = 0; i < redis->node_count; i++)
        redis_node_at(client, &redis->nodes[i]);
    client->wants_slots = redis->is_cluster;
    return client;
}

void redis_client_free(struct redis_client *client)
{
    for (uint32_t i = 0; i < client->node_count; i++) {
        link_free(client->nodes[i]->link);
        link_free(client->nodes[i]->listener);
        free(client->nodes[i]);
    }
    free(client);
}

static struct redis_node *any_ready(const struct redis_client *client)
{
    for (uint32_t i = 0; i < client->node_count; i++)
        if (link_is_ready(client->nodes[i]->link))
            return client->nodes[i];
    return NULL;
}

struct redis_node *redis_node_for(struct redis_client *client, dm_bytes name)
{
    if (!client->redis->is_cluster)
        return client->nodes[0];
    uint8_t number = client->node_of[slots_of(name)];
    if (number != REDIS_NOBODY)
        return client->nodes[number];
    return any_ready(client); /* if it is not his, he knows whose it is */
}

/* --- the map of slots --- */

static void take_range(void *context, uint16_t from, uint16_t to, const union conf_socket *master)
{
    struct redis_client *client = context;
    struct redis_node *node = redis_node_at(client, master);
    uint8_t number = 0;
    if (!node)
        return;
    while (client->nodes[number] != node)
        number++;
    node->is_wanted = true;
    memset(client->node_of + from, number, (size_t)(to - from) + 1);
}

/* Nodes that no longer have anything are not dialled again. */
static void take_slots(struct redis_node *node, const redisReply *reply)
{
    struct redis_client *client = node->client;
    for (uint32_t i = client->redis->node_count; i < client->node_count; i++)
        client->nodes[i]->is_wanted = false;
    if (!slots_read(reply, &node->address, take_range, client))
        log_warn("-", "store", log_words("a node does not say which slots it knows"));
}

static bool all_are_ready(const struct redis_client *client)
{
    for (uint32_t i = 0; i < client->node_count; i++)
        if (client->nodes[i]->is_wanted && !link_is_ready(client->nodes[i]->link))
            return false;
    return true;
}

/* Of another one each time: who was cut off from the others knows old things. */
static void ask_for_slots(struct redis_client *client)
{
    uint64_t pause = all_are_ready(client) ? SLOTS_EVERY : SLOTS_SOON;
    if (client->worker->now - client->slots_asked < (client->wants_slots ? SLOTS_AT_ONCE : pause))
        return;
    assert(client->node_count > 0); /* those of the configuration stay */
    struct link_command command = {.kind = REDIS_SLOTS, .asked = client->worker->now};
    uint32_t first = (uint32_t)(client->worker->ticks % client->node_count);
    for (uint32_t i = 0; i < client->node_count; i++) {
        struct redis_node *node = client->nodes[(first + i) % client->node_count];
        if (!link_is_ready(node->link) || !redis_say_to(node, &command))
            continue;
        client->slots_asked = client->worker->now;
        client->wants_slots = false;
        return;
    }
}

bool redis_send_on(struct redis_node *node, const struct link_command *command,
                   const redisReply *error)
{
    struct redis_client *client = node->client;
    struct slots_redirect redirect;
    struct link_command again = *command;
    if (again.hops++ == REDIS_HOPS_MAX ||
        !slots_redirect_read(resp_text(error), &node->address, &redirect))
        return false;
    struct redis_node *to = redis_node_at(client, &redirect.address);
    if (!to)
        return false;
    to->is_wanted = true;
    if (!redirect.is_ask) {
        client->wants_slots = true;
        take_range(client, redirect.slot, redirect.slot, &redirect.address);
        return redis_say_to(to, &again);
    }
    struct link_command asking = {.kind = REDIS_ASKING, .asked = command->asked};
    return redis_say_to(to, &asking) && redis_say_to(to, &again);
}

/* --- replies --- */

static bool is_of_a_key(const struct link_command *command)
{
    return command->kind < REDIS_ASKING;
}

void redis_node_reply(struct redis_node *node, const struct link_command *command,
                      const redisReply *reply)
{
    switch ((enum redis_kind)command->kind) {
    case REDIS_SLOTS:
        take_slots(node, reply);
        return;
    case REDIS_WHO:
        if (reply->type == REDIS_REPLY_INTEGER)
            redis_subscribe(node, reply->integer);
        return;
    case REDIS_TRACK:
        redis_tracked(node, reply);
        return;
    default:
        return; /* nothing hangs on what ASKING and the like say */
    }
}

static void on_reply(void *owner, struct link *link, const struct link_command *command,
                     const redisReply *reply, bool is_late)
{
    struct redis_node *node = owner;
    if (link == node->listener && !command) {
        redis_heard(node, reply);
        return;
    }
    if (!command)
        return;
    if (reply && !is_late)
        breaker_succeed(&node->breaker);
    if (reply && reply->type == REDIS_REPLY_ERROR && redis_send_on(node, command, reply))
        return;
    if (is_of_a_key(command))
        redis_key_reply(node->client, command, reply);
    else if (reply)
        redis_node_reply(node, command, reply);
}

static void on_ready(void *owner, struct link *link)
{
    struct redis_node *node = owner;
    if (link == node->link)
        stats_add(&node->client->worker->stats.store_connections, 1);
    if (node->client->has_lost)
        redis_forget_all(node->client);
    node->client->has_lost = false;
    redis_listen(node);
}

static void on_lost(void *owner, struct link *link)
{
    struct redis_node *node = owner;
    node->is_tracked = false;
    if (link == node->listener) {
        node->listener_id = 0;
        return;
    }
    breaker_lose(&node->breaker);
    stats_sub(&node->client->worker->stats.store_connections, 1);
}

const struct link_events redis_link_events = {on_ready, on_reply, on_lost};

/* --- time --- */

void redis_mind_late(struct redis_node *node)
{
    struct redis_client *client = node->client;
    uint64_t now = client->worker->now;
    if (now < client->redis->timeout)
        return;
    const struct link_command *late;
    while ((late = link_late(node->link, now - client->redis->timeout))) {
        breaker_fail(&node->breaker, now);
        if (late->kind == REDIS_LOOK_UP && asked_take(&client->asked, late->key))
            stats_add(&client->worker->stats.lookups[STATS_LOOKUP_timeout], 1);
    }
}

void redis_client_tick(struct redis_client *client)
{
    for (uint32_t i = 0; i < client->node_count; i++) {
        struct redis_node *node = client->nodes[i];
        redis_mind_late(node);
        if (node->is_wanted || link_is_ready(node->link))
            link_tick(node->link);
        if (node->listener && link_is_ready(node->link))
            link_tick(node->listener);
    }
    if (client->redis->is_cluster)
        ask_for_slots(client);
    redis_client_flush(client);
}

void redis_client_flush(struct redis_client *client)
{
    client->is_touched = false;
    for (uint32_t i = 0; i < client->node_count; i++) {
        link_flush(client->nodes[i]->link);
        if (client->nodes[i]->listener)
            link_flush(client->nodes[i]->listener);
    }
}
