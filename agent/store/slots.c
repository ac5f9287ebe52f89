/* slots.c — CRC16, MOVED and ASK, CLUSTER SLOTS. */
#include "agent/store/slots.h"

#include <arpa/inet.h>

#include "agent/conf/endpoint.h"

uint16_t slots_of(dm_bytes name)
{
    unsigned crc = 0;
    for (size_t i = 0; i < name.size; i++) {
        crc ^= (unsigned)name.at[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
    }
    return crc & (SLOTS_COUNT - 1);
}

/* An address and a port; an empty address is that of who was asked. */
static bool read_address(dm_bytes host, uint64_t port, const union conf_socket *asked,
                         union conf_socket *address)
{
    char text[64];
    if (port == 0 || port > 65535 || host.size >= sizeof text)
        return false;
    memcpy(text, host.at, host.size);
    text[host.size] = '\0';
    *address = *asked;
    if (host.size > 0 && !conf_parse_address(text, address))
        return false;
    if (address->any.sa_family == AF_INET6)
        address->v6.sin6_port = htons((uint16_t)port);
    else
        address->v4.sin_port = htons((uint16_t)port);
    return true;
}

/* The number at the beginning of `text`, which is cut off; at most 5 digits. */
static bool take_number(dm_bytes *text, uint64_t *number)
{
    size_t i = 0;
    *number = 0;
    while (i < text->size && i < 5 && text->at[i] >= '0' && text->at[i] <= '9')
        *number = *number * 10 + (text->at[i++] - (unsigned)'0');
    *text = dm_bytes_of(text->at + i, text->size - i);
    return i > 0;
}

static bool take_word(dm_bytes *text, const char *word)
{
    size_t size = strlen(word);
    if (text->size < size || memcmp(text->at, word, size) != 0)
        return false;
    *text = dm_bytes_of(text->at + size, text->size - size);
    return true;
}

static bool last_colon(dm_bytes text, size_t *at)
{
    *at = text.size;
    while (*at > 0 && text.at[*at - 1] != ':')
        --*at;
    return *at > 0;
}

/* "MOVED 3999 127.0.0.1:6381" */
bool slots_redirect_read(dm_bytes error, const union conf_socket *asked,
                         struct slots_redirect *redirect)
{
    uint64_t slot, port;
    size_t behind;
    redirect->is_ask = take_word(&error, "ASK ");
    if (!redirect->is_ask && !take_word(&error, "MOVED "))
        return false;
    if (!take_number(&error, &slot) || slot >= SLOTS_COUNT || !take_word(&error, " ") ||
        !last_colon(error, &behind))
        return false;
    dm_bytes host = dm_bytes_of(error.at, behind - 1);
    dm_bytes rest = dm_bytes_of(error.at + behind, error.size - behind);
    redirect->slot = (uint16_t)slot;
    return take_number(&rest, &port) && rest.size == 0 &&
           read_address(host, port, asked, &redirect->address);
}

static const redisReply *element(const redisReply *reply, size_t i, int type)
{
    if (!reply || reply->type != REDIS_REPLY_ARRAY || i >= reply->elements)
        return NULL;
    return reply->element[i]->type == type ? reply->element[i] : NULL;
}

static bool read_slot(const redisReply *range, size_t i, uint16_t *slot)
{
    const redisReply *number = element(range, i, REDIS_REPLY_INTEGER);
    if (!number || number->integer < 0 || number->integer >= SLOTS_COUNT)
        return false;
    *slot = (uint16_t)number->integer;
    return true;
}

/* [from, to, [address, port, …] of the master, replicas …] */
static bool read_range(const redisReply *range, const union conf_socket *asked, uint16_t *from,
                       uint16_t *to, union conf_socket *master)
{
    const redisReply *node = element(range, 2, REDIS_REPLY_ARRAY);
    const redisReply *port = element(node, 1, REDIS_REPLY_INTEGER);
    if (!read_slot(range, 0, from) || !read_slot(range, 1, to) || *from > *to || !port)
        return false;
    const redisReply *host = element(node, 0, REDIS_REPLY_STRING);
    return read_address(host ? resp_text(host) : dm_bytes_of("", 0), (uint64_t)port->integer, asked,
                        master);
}

bool slots_read(const redisReply *reply, const union conf_socket *asked,
                void (*take)(void *context, uint16_t from, uint16_t to,
                             const union conf_socket *master),
                void *context)
{
    if (reply->type != REDIS_REPLY_ARRAY)
        return false;
    for (size_t i = 0; i < reply->elements; i++) {
        uint16_t from, to;
        union conf_socket master;
        if (!read_range(reply->element[i], asked, &from, &to, &master))
            return false;
        take(context, from, to, &master);
    }
    return true;
}
