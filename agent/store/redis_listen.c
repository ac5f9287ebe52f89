/* redis_listen.c — what others change: the table of this agent follows.
 *
 * Redis tells a second connection (RESP2) of every key with our prefix that was written, ran out or
 * was removed, whoever did it. While nobody tells us the table is what we knew; when we are told
 * again we begin anew. */
#include "agent/clock.h"
#include "agent/log.h"
#include "agent/net/tcp.h"
#include "agent/store/redis_client.h"

#define CHANNEL "__redis__:invalidate"

void redis_forget_all(struct redis_client *client)
{
    uint64_t now = clock_now();
    rt_bindings_clear(client->redis->store.table);
    atomic_store(&client->redis->cleared, now);
    for (unsigned i = 0; i < REDIS_CHANGES; i++)
        atomic_store(&client->redis->changed[i], now);
}

bool redis_has_changed(struct redis *redis, uint64_t key, uint64_t since)
{
    return atomic_load(&redis->changed[key % REDIS_CHANGES]) >= since;
}

/* --- to be told --- */

void redis_listen(struct redis_node *node)
{
    struct redis_client *client = node->client;
    struct link_command command = {.asked = client->worker->now};
    if (client->worker->index != 0 || !link_is_ready(node->link))
        return;
    if (!node->listener)
        node->listener = link_new(client->worker, &node->address, client->redis->password,
                                  &redis_link_events, node);
    if (!link_is_ready(node->listener))
        return;
    if (node->listener_id) {
        command.kind = REDIS_UNTRACK;
        redis_say_to(node, &command);
        command.kind = REDIS_TRACK;
    } else {
        command.kind = REDIS_WHO;
    }
    redis_say_to(node, &command);
}

void redis_subscribe(struct redis_node *node, long long id)
{
    node->listener_id = id;
    link_listen(node->listener, 2, (dm_bytes[]){dm_text("SUBSCRIBE"), dm_text(CHANNEL)});
    node->client->is_touched = true;
}

void redis_tracked(struct redis_node *node, const redisReply *reply)
{
    char name[64];
    tcp_address_text(&node->address, name, sizeof name);
    node->is_tracked = resp_begins(reply, "OK");
    if (!node->is_tracked) {
        log_warn(name, "store", log_words("changes of others are not told: {why}"),
                 log_text("why", reply->str));
        return;
    }
    redis_forget_all(node->client);
    log_info(name, "store", log_words("bindings are shared"));
}

/* --- told --- */

static void refresh(struct redis_client *client, uint64_t key)
{
    struct rt_bound ignored;
    bool is_in_use;
    struct link_command command = {.kind = REDIS_REFRESH, .key = key};
    atomic_store(&client->redis->changed[key % REDIS_CHANGES], clock_now());
    if (rt_bindings_peek(client->redis->store.table, key, client->worker->now, &ignored,
                         &is_in_use))
        redis_say(client, &command);
}

static void take_changes(struct redis_client *client, const redisReply *names)
{
    if (names->type == REDIS_REPLY_NIL) { /* all, at once */
        redis_forget_all(client);
        return;
    }
    for (size_t i = 0; i < names->elements; i++) {
        uint64_t key;
        const redisReply *name = names->element[i];
        if (resp_is_text(name) &&
            record_key_read(resp_text(name), client->worker->conf->tables.seed, &key))
            refresh(client, key);
    }
}

void redis_heard(struct redis_node *node, const redisReply *message)
{
    if (message->type != REDIS_REPLY_ARRAY || message->elements < 2)
        return;
    if (resp_begins(message->element[0], "subscribe"))
        redis_listen(node);
    else if (resp_begins(message->element[0], "message") && message->elements == 3)
        take_changes(node->client, message->element[2]);
}
