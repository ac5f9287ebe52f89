/* link.h — one connection to one Redis, pipelined: commands go out once a turn, replies come back
 * in order.
 *
 * It connects by itself, says the password, and after a loss tries again, ever more slowly. Whoever
 * has sent a command hears of it once: its reply, or that the connection was lost. An own adapter
 * of hiredis for libuv: every failure is seen, none is waited for. A link belongs to one worker. */
#pragma once

#include "agent/conf/conf.h"
#include "agent/store/record.h"
#include "agent/store/resp.h"

struct link;
struct worker;

enum { LINK_COMMANDS_MAX = 16384, LINK_UNSENT_MAX = 1 << 20 };

/* A command that waits for its reply: all that is needed to send it again elsewhere. */
struct link_command {
    uint64_t key;
    uint64_t asked; /* ns */
    uint64_t group; /* record_group_of: whose members move */
    struct rt_bound bound;
    uint8_t kind; /* the owner's; at least 1 */
    uint8_t hops; /* how often it was sent on */
    bool joins;   /* the key stands in its group's list, too */
};

struct link_events {
    /* It can be used, for the first time or again. */
    void (*ready)(void *owner, struct link *link);
    /* The reply of a command, or NULL: the connection was lost before it came. `is_late`: link_late
     * has named it. A message that no command asked for has no `command`. */
    void (*reply)(void *owner, struct link *link, const struct link_command *command,
                  const redisReply *reply, bool is_late);
    /* It was ready and is not any more. */
    void (*lost)(void *owner, struct link *link);
};

/* Copies nothing: address, password and events outlive it. Dials at the next tick. */
struct link *link_new(struct worker *worker, const union conf_socket *address, const char *password,
                      const struct link_events *events, void *owner);
/* Its commands are forgotten without a word. Its memory goes when the loop has closed its handle.
 */
void link_free(struct link *link);

bool link_is_ready(const struct link *link);
const union conf_socket *link_address(const struct link *link);

/* Adds a command. False: not ready, or too much is under way. `command` is copied. */
bool link_send(struct link *link, const struct link_command *command, size_t count,
               const dm_bytes *words);
/* The same, whatever is under way, and without a reply of its own: its words come as messages that
 * no command asked for. From now on all does. For SUBSCRIBE. */
void link_listen(struct link *link, size_t count, const dm_bytes *words);
/* Writes what was added. */
void link_flush(struct link *link);

/* The next command that was asked before `until` and not named yet; NULL: none. */
const struct link_command *link_late(struct link *link, uint64_t until);

/* Dials, gives up, asks whether the other side lives. */
void link_tick(struct link *link);
