/* lab_message.c — messages as octets: a writer that can also write what is wrong, and a reader that
 * knows nobody else's.
 *
 * RFC 6733 §3, §4.1. All messages live in one list until lab_messages_free. */
#include "tests/lab/lab.h"

#include <stdlib.h>
#include <string.h>

static struct lab_message *all;

static uint32_t get(const uint8_t *at, size_t octets)
{
    uint32_t value = 0;
    for (size_t i = 0; i < octets; i++)
        value = value << 8 | at[i];
    return value;
}

static void put(uint8_t *at, size_t octets, uint32_t value)
{
    for (size_t i = octets; i-- > 0; value >>= 8)
        at[i] = (uint8_t)value;
}

static void grow(struct lab_message *message, size_t size)
{
    if (size <= message->room)
        return;
    message->room = size * 2 < 512 ? 512 : size * 2;
    message->octets = realloc(message->octets, message->room);
    if (!message->octets)
        abort();
}

struct lab_message *lab_from_octets(const void *octets, size_t size)
{
    struct lab_message *message = calloc(1, sizeof(*message));
    if (!message)
        abort();
    grow(message, size ? size : 1);
    memcpy(message->octets, octets, size);
    message->size = size;
    message->all = all;
    all = message;
    return message;
}

struct lab_message *lab_join(struct lab_message *first, const struct lab_message *second)
{
    grow(first, first->size + second->size);
    memcpy(first->octets + first->size, second->octets, second->size);
    first->size += second->size;
    return first;
}

void lab_messages_free(void)
{
    while (all) {
        struct lab_message *message = all;
        all = message->all;
        free(message->octets);
        free(message);
    }
}

struct lab_message *lab_message_new(uint8_t flags, uint32_t command, uint32_t application,
                                    uint32_t hop_by_hop, uint32_t end_to_end)
{
    uint8_t header[20] = {1, 0, 0, 20, flags};
    put(header + 5, 3, command);
    put(header + 8, 4, application);
    put(header + 12, 4, hop_by_hop);
    put(header + 16, 4, end_to_end);
    return lab_from_octets(header, sizeof(header));
}

struct lab_message *lab_request(uint8_t flags, uint32_t command, uint32_t application)
{
    static uint32_t count;
    count++;
    return lab_message_new(flags, command, application, 0x10000000 + count, 0x70000000 + count);
}

struct lab_message *lab_copy(const struct lab_message *message)
{
    return lab_from_octets(message->octets, message->size);
}

struct lab_message *with_octets(struct lab_message *message, const void *octets, size_t size)
{
    grow(message, message->size + size);
    if (size)
        memcpy(message->octets + message->size, octets, size);
    message->size += size;
    return with_length(message, (uint32_t)message->size);
}

struct lab_message *with_avp(struct lab_message *message, uint32_t vendor, uint32_t code,
                             uint8_t flags, const void *value, size_t size)
{
    size_t head = vendor || flags & V ? 12 : 8;
    uint8_t header[12];
    put(header, 4, code);
    header[4] = head == 12 ? flags | V : flags;
    put(header + 5, 3, (uint32_t)(head + size));
    put(header + 8, 4, vendor);
    with_octets(message, header, head);
    with_octets(message, value, size);
    return with_octets(message, "\0\0\0", -(head + size) & 3);
}

struct lab_message *with_text(struct lab_message *message, uint32_t code, const char *text)
{
    return with_avp(message, 0, code, M, text, strlen(text));
}

struct lab_message *with_number(struct lab_message *message, uint32_t code, uint32_t number)
{
    uint8_t value[4];
    put(value, 4, number);
    return with_avp(message, 0, code, M, value, 4);
}

struct lab_message *with_group(struct lab_message *message, uint32_t code,
                               const struct lab_message *inner)
{
    return with_avp(message, 0, code, M, inner->octets + 20, inner->size - 20);
}

struct lab_message *with_flags(struct lab_message *message, uint8_t flags)
{
    message->octets[4] = flags;
    return message;
}

struct lab_message *with_ids(struct lab_message *message, uint32_t hop_by_hop, uint32_t end_to_end)
{
    put(message->octets + 12, 4, hop_by_hop);
    put(message->octets + 16, 4, end_to_end);
    return message;
}

struct lab_message *with_command(struct lab_message *message, uint32_t command,
                                 uint32_t application)
{
    put(message->octets + 5, 3, command);
    put(message->octets + 8, 4, application);
    return message;
}

struct lab_message *with_length(struct lab_message *message, uint32_t length)
{
    put(message->octets + 1, 3, length);
    return message;
}

struct lab_message *with_version(struct lab_message *message, uint8_t version)
{
    message->octets[0] = version;
    return message;
}

struct lab_message *without(struct lab_message *message, uint32_t code)
{
    struct lab_avp avp;
    size_t offset = 20;
    for (size_t start = offset; lab_next(message->octets, message->size, &offset, &avp);
         start = offset) {
        if (avp.code != code || avp.vendor)
            continue;
        memmove(message->octets + start, message->octets + offset, message->size - offset);
        message->size -= offset - start;
        return with_length(message, (uint32_t)message->size);
    }
    return message;
}

uint8_t lab_flags(const struct lab_message *message)
{
    return message->octets[4];
}

uint32_t lab_command(const struct lab_message *message)
{
    return get(message->octets + 5, 3);
}

uint32_t lab_application(const struct lab_message *message)
{
    return get(message->octets + 8, 4);
}

uint32_t lab_hop_by_hop(const struct lab_message *message)
{
    return get(message->octets + 12, 4);
}

uint32_t lab_end_to_end(const struct lab_message *message)
{
    return get(message->octets + 16, 4);
}

bool lab_next(const uint8_t *chain, size_t size, size_t *offset, struct lab_avp *avp)
{
    const uint8_t *at = chain + *offset;
    size_t left = size - *offset;
    if (left < 8)
        return false;
    size_t head = at[4] & V ? 12 : 8;
    avp->length = get(at + 5, 3);
    size_t padded = (avp->length + 3) & ~(size_t)3;
    if (avp->length < head || padded > left)
        return false;
    avp->code = get(at, 4);
    avp->flags = at[4];
    avp->vendor = head == 12 ? get(at + 8, 4) : 0;
    avp->value = at + head;
    avp->size = avp->length - head;
    *offset += padded;
    return true;
}

bool lab_nth(const struct lab_message *message, uint32_t code, unsigned n, struct lab_avp *avp)
{
    size_t offset = 20;
    while (lab_next(message->octets, message->size, &offset, avp)) {
        if (avp->code == code && avp->vendor == 0 && n-- == 0)
            return true;
    }
    return false;
}

unsigned lab_count(const struct lab_message *message, uint32_t code)
{
    struct lab_avp avp;
    unsigned n = 0;
    while (lab_nth(message, code, n, &avp))
        n++;
    return n;
}

const char *lab_text(const struct lab_message *message, uint32_t code, unsigned n)
{
    struct lab_avp avp;
    if (!lab_nth(message, code, n, &avp))
        return "";
    struct lab_message *text = lab_from_octets(avp.value, avp.size);
    grow(text, avp.size + 1);
    text->octets[avp.size] = '\0';
    return (const char *)text->octets;
}

uint32_t lab_number(const struct lab_message *message, uint32_t code)
{
    struct lab_avp avp;
    return lab_nth(message, code, 0, &avp) && avp.size == 4 ? get(avp.value, 4) : 0;
}

uint32_t lab_result(const struct lab_message *message)
{
    return lab_number(message, RESULT_CODE);
}

bool lab_is_well_formed(const struct lab_message *message)
{
    struct lab_avp avp;
    size_t offset = 20;
    if (message->size < 20 || message->octets[0] != 1 ||
        get(message->octets + 1, 3) != message->size || message->size % 4)
        return false;
    while (lab_next(message->octets, message->size, &offset, &avp))
        ;
    return offset == message->size;
}
