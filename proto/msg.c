/* msg.c — what is appended to a request, and what a proxy changes in it. Forwarding is inline in
 * msg.h. */
#include "proto/msg.h"

#include <assert.h>

size_t dm_route_record_make(uint8_t at[DM_ROUTE_RECORD_MAX], dm_bytes origin_host)
{
    assert(dm_padded(8 + origin_host.size) <= DM_ROUTE_RECORD_MAX);
    struct dm_writer writer;
    dm_writer_init(&writer, at, DM_ROUTE_RECORD_MAX);
    dm_write_avp(&writer, 0, DM_AVP_ROUTE_RECORD, DM_AVP_MANDATORY, origin_host);
    return (size_t)(writer.at - writer.start);
}

/* The size with all splices carried out, or 0 where one of them reaches back, past the end or into
 * the header. */
static size_t spliced_size(dm_bytes message, const struct dm_splice *splices, size_t count)
{
    size_t size = message.size;
    size_t from = DM_HEADER_SIZE;
    for (size_t i = 0; i < count; i++) {
        const struct dm_splice *splice = &splices[i];
        if (splice->offset < from || splice->offset > message.size ||
            splice->remove > message.size - splice->offset)
            return 0;
        if (splice->insert.size > DM_LENGTH_MAX)
            return 0;
        size += splice->insert.size - splice->remove;
        from = splice->offset + splice->remove;
    }
    return size;
}

/* Writes `octets` at `to`: where the next ones go. */
static uint8_t *append(uint8_t *to, const uint8_t *at, size_t size)
{
    if (size)
        memcpy(to, at, size);
    return to + size;
}

size_t dm_message_splice(uint8_t *to, size_t room, dm_bytes message,
                         const struct dm_splice *splices, size_t count)
{
    size_t size = message.size < DM_HEADER_SIZE ? 0 : spliced_size(message, splices, count);
    if (size == 0 || size > room || size > DM_LENGTH_MAX || size % 4 != 0)
        return 0;
    uint8_t *next = to;
    size_t from = 0;
    for (size_t i = 0; i < count; i++) {
        next = append(next, message.at + from, splices[i].offset - from);
        next = append(next, splices[i].insert.at, splices[i].insert.size);
        from = splices[i].offset + splices[i].remove;
    }
    append(next, message.at + from, message.size - from);
    dm_put24(to + 1, (uint32_t)size);
    return size;
}
