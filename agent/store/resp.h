/* resp.h — the language of Redis: commands are written here, replies are read by hiredis.
 *
 * hiredis is the codec only: its connections are not ours (its adapter for libuv swallows a
 * connection that is refused). What it may hold is bounded: a reply of more than 20,000 elements or
 * 1 MiB ends the connection. */
#pragma once

#include <hiredis/hiredis.h>

#include "proto/bytes.h"

enum { RESP_ELEMENTS_MAX = 20000, RESP_UNREAD_MAX = 1 << 20 };

/* Octets that wait to be written: [begin, end). Zero is an empty one. */
struct resp_out {
    uint8_t *octets;
    size_t begin;
    size_t end;
    size_t room;
};

void resp_out_fini(struct resp_out *out);

/* Adds a command of `count` words. */
void resp_command(struct resp_out *out, size_t count, const dm_bytes *words);

static inline size_t resp_out_size(const struct resp_out *out)
{
    return out->end - out->begin;
}

/* Never NULL. Replies are freed by freeReplyObject. */
redisReader *resp_reader_new(void);
/* Takes octets in. False: this is no Redis, or more than we hold. */
bool resp_feed(redisReader *reader, const void *octets, size_t size);
/* The next whole reply, which the caller frees. NULL: none yet, or `reader->err`. */
redisReply *resp_next(redisReader *reader);

static inline dm_bytes resp_text(const redisReply *reply)
{
    return dm_bytes_of(reply->str, reply->len);
}

static inline bool resp_is_text(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS;
}

/* Does the text of this reply begin with `word`? */
bool resp_begins(const redisReply *reply, const char *word);
