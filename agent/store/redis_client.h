/* redis_client.h — what a worker has to do with Redis. Private to redis*.c. */
#pragma once

#include <stdatomic.h>

#include "agent/agent.h"
#include "agent/store/asked.h"
#include "agent/store/breaker.h"
#include "agent/store/link.h"
#include "agent/store/slots.h"
#include "agent/store/store.h"

enum {
    REDIS_NODES_MAX = 64,
    REDIS_WORKERS_MAX = 64,
    REDIS_HOPS_MAX = 5, /* MOVED and ASK followed for one command */
    REDIS_CHANGES = 4096,
    REDIS_NOBODY = UINT8_MAX,
};

/* What is said to a node. The first ones name a key, the next ones a group of keys. */
enum redis_kind {
    REDIS_LOOK_UP = 1, /* GET: a request waits */
    REDIS_REFRESH,     /* GET: somebody has changed it */
    REDIS_MERGE,       /* GET: does it still belong to the group that is no more? */
    REDIS_LEARN,       /* SET … GET: what was there tells of groups that meet */
    REDIS_MOVE,        /* the same: from the group that is no more */
    REDIS_WRITE,       /* SET */
    REDIS_RENEW,       /* SET … NX: its time ran out, but not here */
    REDIS_JOIN,        /* HSET: the key into its group's list */
    REDIS_KEEP,        /* EXPIRE of the list */
    REDIS_AHEAD,       /* HGET: has the group gone into another one? */
    REDIS_FORWARD,     /* HSETNX: it has */
    REDIS_UNITE,       /* HGET: has it gone into a third one before? */
    REDIS_MEMBERS,     /* HKEYS: who is to follow? */
    REDIS_ASKING,
    REDIS_SLOTS,
    REDIS_WHO, /* CLIENT ID, of the link that listens */
    REDIS_UNTRACK,
    REDIS_TRACK,
};

struct redis {
    struct store store;
    uint64_t timeout;
    uint32_t lifetime; /* s */
    bool is_cluster;
    uint32_t node_count;
    union conf_socket *nodes;
    char *password; /* NULL: none */
    struct redis_client *clients[REDIS_WORKERS_MAX];
    /* When a key was last changed by others: the one word that all workers share, by hash of the
     * key. A reply that was asked for before is not kept. */
    _Atomic uint64_t changed[REDIS_CHANGES];
    _Atomic uint64_t cleared; /* when the table was last empty */
};

struct redis_node {
    struct redis_client *client;
    union conf_socket address;
    struct link *link;
    struct link *listener; /* of the first worker: hears what others change */
    long long listener_id;
    bool is_tracked;
    bool is_wanted; /* configured, or has slots */
    struct breaker breaker;
};

struct redis_client {
    struct redis *redis;
    struct worker *worker;
    struct redis_node *nodes[REDIS_NODES_MAX];
    uint32_t node_count;
    uint8_t node_of[SLOTS_COUNT]; /* REDIS_NOBODY: not known */
    bool wants_slots;
    uint64_t slots_asked;
    bool is_touched;
    bool has_lost; /* writes, since somebody was last ready */
    struct asked asked;
};

static inline struct redis_client *redis_client_of(struct store *store, const struct worker *worker)
{
    return ((struct redis *)(void *)store)->clients[worker->index];
}

/* --- redis_nodes.c: who has it --- */

extern const struct link_events redis_link_events;

struct redis_client *redis_client_new(struct redis *redis, struct worker *worker);
void redis_client_free(struct redis_client *client);
void redis_client_tick(struct redis_client *client);
void redis_client_flush(struct redis_client *client);

/* The node that has the name, or anybody who will know; NULL: nobody is there. */
struct redis_node *redis_node_for(struct redis_client *client, dm_bytes name);
/* The node at this address, now known. NULL: too many. */
struct redis_node *redis_node_at(struct redis_client *client, const union conf_socket *address);
/* The breaker counts those that are late; their keys may be asked for again. Nobody is woken, for
 * this happens in the middle of decisions: whoever is parked knows his time. */
void redis_mind_late(struct redis_node *node);
/* The node says that it has not got the slot: sends the command to who has. False: it cannot. */
bool redis_send_on(struct redis_node *node, const struct link_command *command,
                   const redisReply *error);
/* A reply of one of the last kinds. */
void redis_node_reply(struct redis_node *node, const struct link_command *command,
                      const redisReply *reply);

/* --- redis_listen.c: what others change --- */

/* The next step to be told by this node: a second connection, its number, its subscription, and
 * then the order to the node. Only the first worker takes it. */
void redis_listen(struct redis_node *node);
/* The node knows the second connection by this number. */
void redis_subscribe(struct redis_node *node, long long id);
/* Empties the table: it is not what others know. */
void redis_forget_all(struct redis_client *client);
/* What the node says to the order. */
void redis_tracked(struct redis_node *node, const redisReply *reply);
/* Was the key changed since then? What was asked for before is not to be kept. */
bool redis_has_changed(struct redis *redis, uint64_t key, uint64_t since);
/* A message of the listener. */
void redis_heard(struct redis_node *node, const redisReply *message);

/* --- redis_say.c: commands --- */

/* Says it to this node, or to the one that has it. False: nobody takes it now. */
bool redis_say_to(struct redis_node *node, const struct link_command *command);
bool redis_say(struct redis_client *client, struct link_command *command);
/* The name that decides which node it is for; nothing for those that every node may get. */
dm_bytes redis_name(const struct redis_client *client, const struct link_command *command,
                    char to[RECORD_KEY_MAX]);

/* --- redis_groups.c: groups that meet --- */

/* The keys of the lesson that are in the group already stand in its list, too. */
void redis_join_others(struct redis_client *client, const struct rt_lesson *lesson,
                       const struct rt_learnt *learnt);
/* `reply` NULL: lost. */
void redis_group_reply(struct redis_client *client, const struct link_command *command,
                       const redisReply *reply);

/* --- redis.c: what replies mean --- */

/* What a key has; nothing is something, too. False: the reply is no record. */
bool redis_read(const redisReply *reply, struct record *record);

/* `reply` NULL: lost. */
void redis_key_reply(struct redis_client *client, const struct link_command *command,
                     const redisReply *reply);
