/* redis_say.c — the commands, word by word. */
#include <stdio.h>
#include <time.h>

#include "agent/store/redis_client.h"

static uint64_t seed_of(const struct redis_client *client)
{
    return client->worker->conf->tables.seed;
}

dm_bytes redis_name(const struct redis_client *client, const struct link_command *command,
                    char to[RECORD_KEY_MAX])
{
    if (command->kind <= REDIS_RENEW)
        return record_key(to, seed_of(client), command->key);
    if (command->kind <= REDIS_AHEAD)
        return record_group(to, seed_of(client), &command->bound);
    if (command->kind > REDIS_MEMBERS)
        return dm_bytes_of("", 0);
    struct rt_bound gone = record_bound_of(command->group);
    return record_group(to, seed_of(client), &gone);
}

/* SET name value EX lifetime [more] */
static bool say_set(struct redis_node *node, const struct link_command *command, dm_bytes name,
                    const char *more)
{
    char value[RECORD_VALUE_SIZE], lifetime[16];
    snprintf(lifetime, sizeof lifetime, "%u", node->client->redis->lifetime);
    dm_bytes words[] = {dm_text("SET"),
                        name,
                        record_write(value, &command->bound, (uint32_t)time(NULL)),
                        dm_text("EX"),
                        dm_text(lifetime),
                        dm_text(more)};
    return link_send(node->link, command, *more ? 6 : 5, words);
}

static bool say_keep(struct redis_node *node, const struct link_command *command, dm_bytes name)
{
    char lifetime[16];
    snprintf(lifetime, sizeof lifetime, "%u", node->client->redis->lifetime);
    return link_send(node->link, command, 3,
                     (dm_bytes[]){dm_text("EXPIRE"), name, dm_text(lifetime)});
}

static bool say_join(struct redis_node *node, const struct link_command *command, dm_bytes name)
{
    char field[RECORD_KEY_MAX];
    return link_send(
        node->link, command, 4,
        (dm_bytes[]){dm_text("HSET"), name, record_member(field, command->key), dm_text("1")});
}

static bool say_forward(struct redis_node *node, const struct link_command *command, dm_bytes name)
{
    char value[RECORD_VALUE_SIZE];
    return link_send(node->link, command, 4,
                     (dm_bytes[]){dm_text("HSETNX"), name, dm_text(RECORD_AHEAD),
                                  record_write(value, &command->bound, (uint32_t)time(NULL))});
}

static bool say_track(struct redis_node *node, const struct link_command *command)
{
    char id[24];
    snprintf(id, sizeof id, "%lld", node->listener_id);
    return link_send(node->link, command, 8,
                     (dm_bytes[]){dm_text("CLIENT"), dm_text("TRACKING"), dm_text("ON"),
                                  dm_text("REDIRECT"), dm_text(id), dm_text("BCAST"),
                                  dm_text("PREFIX"), dm_text(RECORD_PREFIX)});
}

static bool say_two(struct link *link, const struct link_command *command, const char *first,
                    dm_bytes second)
{
    return link_send(link, command, 2, (dm_bytes[]){dm_text(first), second});
}

static bool say(struct redis_node *node, const struct link_command *command)
{
    char room[RECORD_KEY_MAX];
    dm_bytes name = redis_name(node->client, command, room);
    switch ((enum redis_kind)command->kind) {
    case REDIS_LOOK_UP:
    case REDIS_REFRESH:
    case REDIS_MERGE:
        return say_two(node->link, command, "GET", name);
    case REDIS_LEARN:
    case REDIS_MOVE:
        return say_set(node, command, name, "GET");
    case REDIS_WRITE:
        return say_set(node, command, name, "");
    case REDIS_RENEW:
        return say_set(node, command, name, "NX");
    case REDIS_JOIN:
        return say_join(node, command, name);
    case REDIS_KEEP:
        return say_keep(node, command, name);
    case REDIS_MEMBERS:
        return say_two(node->link, command, "HKEYS", name);
    case REDIS_AHEAD:
    case REDIS_UNITE:
        return link_send(node->link, command, 3,
                         (dm_bytes[]){dm_text("HGET"), name, dm_text(RECORD_AHEAD)});
    case REDIS_FORWARD:
        return say_forward(node, command, name);
    case REDIS_ASKING:
        return link_send(node->link, command, 1, (dm_bytes[]){dm_text("ASKING")});
    case REDIS_SLOTS:
        return say_two(node->link, command, "CLUSTER", dm_text("SLOTS"));
    case REDIS_WHO:
        return say_two(node->listener, command, "CLIENT", dm_text("ID"));
    case REDIS_UNTRACK:
        return link_send(node->link, command, 3,
                         (dm_bytes[]){dm_text("CLIENT"), dm_text("TRACKING"), dm_text("OFF")});
    case REDIS_TRACK:
        return say_track(node, command);
    }
    return false;
}

bool redis_say_to(struct redis_node *node, const struct link_command *command)
{
    node->client->is_touched = true;
    return say(node, command);
}

bool redis_say(struct redis_client *client, struct link_command *command)
{
    char room[RECORD_KEY_MAX];
    struct redis_node *node = redis_node_for(client, redis_name(client, command, room));
    command->asked = client->worker->now;
    return node && redis_say_to(node, command);
}
