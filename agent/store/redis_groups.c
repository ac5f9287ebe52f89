/* redis_groups.c — groups of keys that agents have learnt apart, and that turn out to be one user.
 *
 * Each group has a list of its keys. Whoever writes a key and is told that it belonged to another
 * group lets the group with the higher anchor go into the other: first the list says where it went,
 * then its keys follow. Whoever adds a key to a list looks there afterwards whether it has gone
 * ahead. So, whatever the order, one of both sees the other. Anchors only become lower: it ends. */
#include "agent/store/redis_client.h"

static void say(struct redis_client *client, enum redis_kind kind, uint64_t key,
                const struct rt_bound *bound)
{
    struct link_command command = {.kind = (uint8_t)kind, .key = key, .bound = *bound};
    redis_say(client, &command);
}

/* After the key says that it belongs there. */
static void join(struct redis_client *client, uint64_t key, const struct rt_bound *bound)
{
    if (!record_group_of(bound))
        return;
    say(client, REDIS_JOIN, key, bound);
    say(client, REDIS_KEEP, key, bound);
    say(client, REDIS_AHEAD, key, bound);
}

static bool is_new(const struct rt_learnt *learnt, uint64_t key)
{
    for (unsigned i = 0; i < learnt->count; i++)
        if (learnt->keys[i] == key)
            return true;
    return false;
}

void redis_join_others(struct redis_client *client, const struct rt_lesson *lesson,
                       const struct rt_learnt *learnt)
{
    for (unsigned i = 0; i < lesson->count; i++)
        if (!is_new(learnt, lesson->keys[i]))
            join(client, lesson->keys[i], &learnt->bound);
}

/* --- groups that meet --- */

static void follow(struct redis_client *client, uint64_t key, uint64_t gone,
                   const struct rt_bound *winner)
{
    struct link_command command = {
        .kind = REDIS_MERGE, .key = key, .group = gone, .bound = *winner};
    redis_say(client, &command);
}

static void dissolve(struct redis_client *client, uint64_t gone, const struct rt_bound *winner)
{
    struct rt_bound old = record_bound_of(gone);
    struct link_command command = {.kind = REDIS_FORWARD, .group = gone, .bound = *winner};
    redis_say(client, &command);
    command.kind = REDIS_UNITE;
    redis_say(client, &command);
    say(client, REDIS_KEEP, 0, &old);
    command.kind = REDIS_MEMBERS;
    redis_say(client, &command);
}

/* Groups that are bound to different servers stay apart: the newest success has won, for the keys
 * that it named. sip-app.md §9.3. */
static bool may_meet(const struct rt_bound *ours, const struct rt_bound *theirs)
{
    uint64_t our_group = record_group_of(ours), their_group = record_group_of(theirs);
    return our_group && their_group && our_group != their_group &&
           !(ours->target && theirs->target && ours->target != theirs->target);
}

static struct rt_bound unite(struct redis_client *client, const struct rt_bound *one,
                             const struct rt_bound *other)
{
    bool is_first = record_group_of(one) < record_group_of(other);
    struct rt_bound winner = is_first ? *one : *other;
    if (!winner.target)
        winner.target = is_first ? other->target : one->target;
    dissolve(client, record_group_of(is_first ? other : one), &winner);
    return winner;
}

/* The key has gone from their group to ours. */
static void meet(struct redis_client *client, uint64_t key, const struct rt_bound *ours,
                 const struct rt_bound *theirs)
{
    if (!may_meet(ours, theirs))
        return;
    struct rt_bound winner = unite(client, ours, theirs);
    if (record_group_of(&winner) != record_group_of(ours))
        follow(client, key, record_group_of(ours), &winner);
}

/* --- replies --- */

static void take_learnt(struct redis_client *client, const struct link_command *command,
                        const redisReply *reply)
{
    struct record before;
    if (!redis_read(reply, &before))
        return;
    if (command->joins)
        join(client, command->key, &command->bound);
    if (record_group_of(&before.bound) != command->group || !command->group)
        meet(client, command->key, &command->bound, &before.bound);
}

static void take_ahead(struct redis_client *client, const struct link_command *command,
                       const redisReply *reply)
{
    struct record ahead;
    if (redis_read(reply, &ahead) && may_meet(&command->bound, &ahead.bound))
        follow(client, command->key, record_group_of(&command->bound), &ahead.bound);
}

/* What it was sent to first stands: both ends of its ways are one user. */
static void take_first(struct redis_client *client, const struct link_command *command,
                       const redisReply *reply)
{
    struct record first;
    if (redis_read(reply, &first) && may_meet(&command->bound, &first.bound))
        unite(client, &command->bound, &first.bound);
}

static void take_members(struct redis_client *client, const struct link_command *command,
                         const redisReply *reply)
{
    uint64_t key;
    if (!reply || reply->type != REDIS_REPLY_ARRAY)
        return;
    for (size_t i = 0; i < reply->elements && i < 2 * RT_GROUP_MAX; i++)
        if (resp_is_text(reply->element[i]) &&
            record_member_read(resp_text(reply->element[i]), &key))
            follow(client, key, command->group, &command->bound);
}

static void take_merge(struct redis_client *client, const struct link_command *command,
                       const redisReply *reply)
{
    struct record record;
    if (!redis_read(reply, &record) || record_group_of(&record.bound) != command->group)
        return; /* it has gone elsewhere meanwhile */
    struct link_command moving = *command;
    moving.kind = REDIS_MOVE;
    moving.hops = 0;
    moving.joins = true;
    redis_say(client, &moving);
}

void redis_group_reply(struct redis_client *client, const struct link_command *command,
                       const redisReply *reply)
{
    switch ((enum redis_kind)command->kind) {
    case REDIS_LEARN:
    case REDIS_MOVE:
        take_learnt(client, command, reply);
        break;
    case REDIS_AHEAD:
        take_ahead(client, command, reply);
        break;
    case REDIS_UNITE:
        take_first(client, command, reply);
        break;
    case REDIS_MEMBERS:
        take_members(client, command, reply);
        break;
    case REDIS_MERGE:
        take_merge(client, command, reply);
        break;
    default: /* nothing hangs on what the others say */
        break;
    }
}
