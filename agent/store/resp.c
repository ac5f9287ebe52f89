/* resp.c — commands as arrays of bulk strings; replies by hiredis' reader. */
#include "agent/store/resp.h"

#include <stdlib.h>

#include <uv.h>

void resp_out_fini(struct resp_out *out)
{
    free(out->octets);
    *out = (struct resp_out){0};
}

static uint8_t *make_room(struct resp_out *out, size_t size)
{
    if (out->begin == out->end)
        out->begin = out->end = 0;
    if (out->end + size > out->room) {
        out->room = 2 * out->room + size;
        out->octets = realloc(out->octets, out->room);
        if (!out->octets)
            abort();
    }
    return out->octets + out->end;
}

/* `mark` and a number, and the end of the line. */
static uint8_t *put_count(uint8_t *to, char mark, size_t count)
{
    uint8_t digits[20];
    unsigned n = 0;
    do
        digits[n++] = (uint8_t)('0' + count % 10);
    while (count /= 10);
    *to++ = (uint8_t)mark;
    while (n > 0)
        *to++ = digits[--n];
    *to++ = '\r';
    *to++ = '\n';
    return to;
}

void resp_command(struct resp_out *out, size_t count, const dm_bytes *words)
{
    size_t size = 32;
    for (size_t i = 0; i < count; i++)
        size += words[i].size + 32;
    uint8_t *to = put_count(make_room(out, size), '*', count);
    for (size_t i = 0; i < count; i++) {
        to = put_count(to, '$', words[i].size);
        memcpy(to, words[i].at, words[i].size);
        to += words[i].size;
        *to++ = '\r';
        *to++ = '\n';
    }
    out->end = (size_t)(to - out->octets);
}

/* hiredis would ask for as much memory as a reply says that it has elements: its functions but for
 * that one. */
static redisReplyObjectFunctions functions;
static void *(*create_array)(const redisReadTask *, int);
static uv_once_t once = UV_ONCE_INIT;

static void *create_bounded_array(const redisReadTask *task, int elements)
{
    return elements < 0 || elements > RESP_ELEMENTS_MAX ? NULL : create_array(task, elements);
}

static redisReader *reader_new(void)
{
    redisReader *reader = redisReaderCreate();
    if (!reader)
        abort();
    return reader;
}

static void take_functions(void)
{
    redisReader *reader = reader_new();
    functions = *reader->fn;
    create_array = functions.createArray;
    functions.createArray = create_bounded_array;
    redisReaderFree(reader);
}

redisReader *resp_reader_new(void)
{
    uv_once(&once, take_functions);
    redisReader *reader = reader_new();
    reader->fn = &functions;
    return reader;
}

bool resp_feed(redisReader *reader, const void *octets, size_t size)
{
    return reader->len - reader->pos + size <= RESP_UNREAD_MAX &&
           redisReaderFeed(reader, octets, size) == REDIS_OK;
}

redisReply *resp_next(redisReader *reader)
{
    void *reply = NULL;
    return redisReaderGetReply(reader, &reply) == REDIS_OK ? reply : NULL;
}

bool resp_begins(const redisReply *reply, const char *word)
{
    size_t size = strlen(word);
    return reply->str && reply->len >= size && !memcmp(reply->str, word, size);
}
