/* redis.c — the methods of the store, and what the replies to them mean. */
#include "agent/store/redis.h"

#include <stdlib.h>
#include <time.h>

#include "agent/clock.h"
#include "agent/park.h"
#include "agent/store/redis_client.h"

static struct redis_client *client_of(struct store *store, const struct worker *worker)
{
    return redis_client_of(store, worker);
}

static void count(struct worker *worker, enum stats_lookup result)
{
    stats_add(&worker->stats.lookups[result], 1);
}

/* --- look-ups --- */

/* Nobody has bound it: that is known, too, until somebody does. */
static bool says_something(const struct rt_bound *bound)
{
    return bound->has_slot || bound->target != 0;
}

static bool can_ask(struct redis_client *client, struct redis_node *node)
{
    if (!node || !link_is_ready(node->link) || client->asked.count == ASKED_MAX)
        return false;
    redis_mind_late(node);
    return breaker_allows(&node->breaker, client->worker->now);
}

static enum rt_lookup ask(struct redis_client *client, uint64_t key)
{
    char room[RECORD_KEY_MAX];
    struct link_command command = {.kind = REDIS_LOOK_UP, .key = key, .asked = client->worker->now};
    if (asked_has(&client->asked, key))
        return RT_ASKING;
    struct redis_node *node = redis_node_for(client, redis_name(client, &command, room));
    bool can = can_ask(client, node);
    if (!can || !redis_say_to(node, &command)) {
        if (can)
            breaker_lose(&node->breaker);
        count(client->worker, STATS_LOOKUP_breaker);
        return RT_UNKNOWN;
    }
    asked_put(&client->asked, key);
    return RT_ASKING;
}

static enum rt_lookup redis_find(struct store *store, struct worker *worker, uint64_t key,
                                 struct rt_bound *bound)
{
    struct redis_client *client = client_of(store, worker);
    if (!rt_bindings_find(store->table, key, worker->now, bound))
        return client ? ask(client, key) : RT_UNKNOWN;
    bool is_something = says_something(bound);
    count(worker, is_something ? STATS_LOOKUP_hit : STATS_LOOKUP_miss);
    return is_something ? RT_KNOWN : RT_UNKNOWN;
}

/* --- writes --- */

/* Others do not know it: when there is a connection again, it is to be learnt again. */
static void lose(struct redis_client *client)
{
    stats_add(&client->worker->stats.store_dropped, 1);
    client->has_lost = true;
}

static void write_it(struct redis_client *client, struct link_command *command)
{
    if (!client)
        return; /* the agent ends */
    if (redis_say(client, command))
        stats_add(&client->worker->stats.store_writes, 1);
    else
        lose(client);
}

static void write_one(struct redis_client *client, enum redis_kind kind, uint64_t key,
                      const struct rt_bound *bound)
{
    struct link_command command = {.kind = (uint8_t)kind, .key = key, .bound = *bound};
    write_it(client, &command);
}

static void redis_learn(struct store *store, struct worker *worker, const struct rt_lesson *lesson)
{
    struct rt_learnt learnt = {0};
    rt_bindings_learn(store->table, lesson, worker->now, &learnt);
    struct redis_client *client = client_of(store, worker);
    if (!learnt.count || !client)
        return;
    struct link_command command = {.kind = REDIS_LEARN, .bound = learnt.bound};
    command.joins = learnt.count > 1 || lesson->count > 1; /* one that is alone needs no list */
    for (unsigned i = 0; i < learnt.count; i++) {
        command.key = learnt.keys[i];
        write_it(client, &command);
    }
    if (command.joins)
        redis_join_others(client, lesson, &learnt);
}

static void redis_bind(struct store *store, struct worker *worker, uint64_t key, uint32_t target,
                       uint32_t realm)
{
    struct rt_bound bound;
    if (rt_bindings_find(store->table, key, worker->now, &bound) && bound.target == target)
        return;
    rt_bindings_bind(store->table, key, target, realm, worker->now);
    bound =
        (struct rt_bound){.is_known = true, .target = target, .anchor = (uint32_t)RT_ANCHOR_NONE};
    write_one(client_of(store, worker), REDIS_WRITE, key, &bound);
}

static void redis_forget(struct store *store, struct worker *worker, uint64_t key, uint32_t target)
{
    struct rt_learnt learnt = {0};
    rt_bindings_forget(store->table, key, target, worker->now, &learnt);
    for (unsigned i = 0; i < learnt.count; i++)
        write_one(client_of(store, worker), REDIS_WRITE, learnt.keys[i], &learnt.bound);
}

/* --- replies: what a key has --- */

static const struct rt_bound nothing = {.is_known = true, .anchor = (uint32_t)RT_ANCHOR_NONE};

/* Puts it into the table; and out again if it was changed since it was asked for, which the one who
 * heard of the change may have missed. */
static void keep(struct redis_client *client, const struct link_command *command,
                 const struct rt_bound *bound)
{
    struct redis *redis = client->redis;
    static const struct rt_bound unknown = {0};
    uint64_t now = client->worker->now;
    if (redis_has_changed(redis, command->key, command->asked))
        return;
    rt_bindings_put(redis->store.table, command->key, says_something(bound) ? bound : &nothing, 0,
                    now);
    atomic_thread_fence(memory_order_seq_cst);
    if (redis_has_changed(redis, command->key, command->asked))
        rt_bindings_put(redis->store.table, command->key, &unknown, 0, now);
}

/* What is asked for in time lives on: its time begins anew when a quarter is over. */
static void prolong(struct redis_client *client, uint64_t key, const struct record *record)
{
    uint32_t now = (uint32_t)time(NULL);
    if (record->bound.is_known && now - record->written > client->redis->lifetime / 4)
        write_one(client, REDIS_WRITE, key, &record->bound);
}

bool redis_read(const redisReply *reply, struct record *record)
{
    *record = (struct record){.bound.anchor = (uint32_t)RT_ANCHOR_NONE};
    if (reply && reply->type == REDIS_REPLY_NIL)
        return true;
    return reply && resp_is_text(reply) && record_read(resp_text(reply), record);
}

static void take_look_up(struct redis_client *client, const struct link_command *command,
                         const redisReply *reply)
{
    struct record record;
    struct rt_bound known;
    bool is_good = redis_read(reply, &record);
    /* What was learnt here meanwhile is newer. */
    if (is_good &&
        !rt_bindings_find(client->redis->store.table, command->key, client->worker->now, &known))
        keep(client, command, &record.bound);
    if (is_good)
        prolong(client, command->key, &record);
    if (!asked_take(&client->asked, command->key))
        return; /* it was late, and counted as such */
    if (!is_good)
        count(client->worker, STATS_LOOKUP_error);
    park_wake(client->worker, command->key, is_good); /* and what it finds is counted */
}

/* Can its time have run out? What was fetched had three quarters of it left. */
static bool may_be_over(const struct redis_client *client)
{
    const struct redis *redis = client->redis;
    uint64_t since = client->worker->now - atomic_load(&redis->cleared);
    return (int64_t)since > 0 && since / NS_PER_S >= redis->lifetime / 4 * 3;
}

/* Somebody has changed it; or its time is over there, and it is in use here. */
static void take_refresh(struct redis_client *client, const struct link_command *command,
                         const redisReply *reply)
{
    struct record record;
    struct rt_bound known;
    bool is_in_use;
    struct rt_bindings *table = client->redis->store.table;
    if (!redis_read(reply, &record) ||
        !rt_bindings_peek(table, command->key, client->worker->now, &known, &is_in_use))
        return;
    if (reply->type == REDIS_REPLY_NIL) {
        if (!may_be_over(client)) /* somebody has removed it */
            rt_bindings_put(table, command->key, &nothing, 0, client->worker->now);
        else if (says_something(&known) && is_in_use)
            write_one(client, REDIS_RENEW, command->key, &known);
        return;
    }
    rt_bindings_put(table, command->key, says_something(&record.bound) ? &record.bound : &nothing,
                    0, client->worker->now);
}

void redis_key_reply(struct redis_client *client, const struct link_command *command,
                     const redisReply *reply)
{
    switch ((enum redis_kind)command->kind) {
    case REDIS_LOOK_UP:
        take_look_up(client, command, reply);
        break;
    case REDIS_REFRESH:
        take_refresh(client, command, reply);
        break;
    default:
        redis_group_reply(client, command, reply);
        break;
    }
    bool is_lost = !reply || reply->type == REDIS_REPLY_ERROR;
    if (is_lost && command->kind >= REDIS_LEARN && command->kind <= REDIS_RENEW)
        lose(client);
}

/* --- life --- */

static void redis_open(struct store *store, struct worker *worker)
{
    struct redis *redis = (struct redis *)(void *)store;
    redis->clients[worker->index] = redis_client_new(redis, worker);
    redis_client_tick(redis->clients[worker->index]);
}

static void redis_close(struct store *store, struct worker *worker)
{
    struct redis *redis = (struct redis *)(void *)store;
    redis_client_free(redis->clients[worker->index]);
    redis->clients[worker->index] = NULL;
}

static void redis_flush(struct store *store, struct worker *worker)
{
    struct redis_client *client = client_of(store, worker);
    if (client && client->is_touched)
        redis_client_flush(client);
}

static void redis_tick(struct store *store, struct worker *worker)
{
    store_sweep(store, worker);
    if (client_of(store, worker))
        redis_client_tick(client_of(store, worker));
}

static void redis_free(struct store *store)
{
    struct redis *redis = (struct redis *)(void *)store;
    store_fini(store);
    free(redis->nodes);
    free(redis->password);
    free(redis);
}

static const struct store_methods methods = {
    .name = "redis",
    .is_shared = true,
    .find = redis_find,
    .learn = redis_learn,
    .bind = redis_bind,
    .forget = redis_forget,
    .open = redis_open,
    .close = redis_close,
    .flush = redis_flush,
    .tick = redis_tick,
    .free = redis_free,
};

struct store *store_redis_new(const struct conf *conf)
{
    const struct conf_bindings *bindings = &conf->bindings;
    struct redis *redis = calloc(1, sizeof *redis);
    if (!redis)
        abort();
    store_init(&redis->store, &methods, conf);
    atomic_store(&redis->cleared, clock_now());
    redis->timeout = bindings->timeout;
    redis->lifetime = (uint32_t)(bindings->lifetime / NS_PER_S);
    redis->is_cluster = bindings->is_cluster;
    redis->node_count = bindings->node_count;
    redis->nodes = malloc(bindings->node_count * sizeof *redis->nodes);
    redis->password = bindings->password ? strdup(bindings->password) : NULL;
    if (!redis->nodes || (bindings->password && !redis->password))
        abort();
    memcpy(redis->nodes, bindings->nodes, bindings->node_count * sizeof *redis->nodes);
    return &redis->store;
}
