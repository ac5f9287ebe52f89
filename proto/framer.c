/* framer.c — a byte stream becomes messages.
 *
 * The first five octets tell whether this can be Diameter at all: version, length, R bit. A request
 * with a wrong version or length is worth an answer once its 20 octets are there to be echoed;
 * anything else that is wrong is worth none. RFC 6733 §2.1, §7.1.5; HDR-03, HDR-05, HDR-06. */
#include "proto/framer.h"

#include <stdlib.h>

enum { OCTETS_THAT_TELL = 5, ROOM_MIN = 256 };

void dm_framer_init(struct dm_framer *framer)
{
    *framer = (struct dm_framer){0};
}

void dm_framer_fini(struct dm_framer *framer)
{
    free(framer->held);
    dm_framer_init(framer);
}

static bool is_long_right(uint32_t length, uint32_t limit)
{
    return length >= DM_HEADER_SIZE && length <= limit && length % 4 == 0;
}

static bool is_sound(uint8_t version, uint32_t length, uint32_t limit)
{
    return version == DM_VERSION && is_long_right(length, limit);
}

/* What `size` octets at the start of a message say of it: MESSAGE means that it is one so far. */
static enum dm_frame judge(const uint8_t *at, size_t size, uint32_t limit)
{
    if (size < OCTETS_THAT_TELL)
        return DM_FRAME_MORE;
    uint32_t length = dm_get24(at + 1);
    bool is_ours = at[0] == DM_VERSION;
    if (is_sound(at[0], length, limit))
        return DM_FRAME_MESSAGE;
    bool is_request = at[4] & DM_FLAG_REQUEST;
    if (!is_request || (!is_ours && !is_long_right(length, limit)))
        return DM_FRAME_LOST;
    if (size < DM_HEADER_SIZE)
        return DM_FRAME_MORE;
    return is_ours ? DM_FRAME_BAD_LENGTH : DM_FRAME_BAD_VERSION;
}

/* Room for `size` octets, at most twice as much. */
static bool grow(struct dm_framer *framer, size_t size)
{
    size_t room = framer->room ? framer->room : ROOM_MIN;
    while (room < size)
        room *= 2;
    if (room == framer->room)
        return true;
    uint8_t *held = realloc(framer->held, room);
    if (!held)
        return false;
    framer->held = held;
    framer->room = (uint32_t)room;
    return true;
}

/* Moves at most `wanted` octets from the input to what is held. */
static bool take(struct dm_framer *framer, dm_bytes *input, size_t wanted)
{
    size_t size = wanted < input->size ? wanted : input->size;
    if (!grow(framer, framer->have + size))
        return false;
    memcpy(framer->held + framer->have, input->at, size);
    framer->have += (uint32_t)size;
    *input = dm_bytes_of(input->at + size, input->size - size);
    return true;
}

/* Octets to hold before there is something to say: the header's first, then the message's. */
static size_t goal(const struct dm_framer *framer, enum dm_frame verdict)
{
    if (framer->have < DM_HEADER_SIZE)
        return DM_HEADER_SIZE;
    return verdict == DM_FRAME_MESSAGE ? dm_get24(framer->held + 1) : framer->have;
}

/* Goes on with the message that is held, or begins to hold one. */
static enum dm_frame next_held(struct dm_framer *framer, dm_bytes *input, uint32_t limit,
                               dm_bytes *message, struct dm_header *header)
{
    for (;;) {
        enum dm_frame verdict = judge(framer->held, framer->have, limit);
        if (verdict == DM_FRAME_LOST)
            return verdict;
        size_t wanted = goal(framer, verdict) - framer->have;
        if (wanted == 0) {
            dm_header_read(header, framer->held);
            *message = dm_bytes_of(framer->held, framer->have);
            framer->handed_out = true;
            return verdict;
        }
        if (input->size == 0)
            return DM_FRAME_MORE;
        /* Without memory for it the stream cannot go on either. */
        if (!take(framer, input, wanted))
            return DM_FRAME_LOST;
    }
}

enum dm_frame dm_framer_next(struct dm_framer *framer, dm_bytes *input, uint32_t limit,
                             dm_bytes *message, struct dm_header *header)
{
    if (framer->handed_out)
        dm_framer_fini(framer);
    if (framer->have || input->size < DM_HEADER_SIZE)
        return next_held(framer, input, limit, message, header);
    dm_header_read(header, input->at);
    if (!is_sound(header->version, header->length, limit))
        return judge(input->at, input->size, limit);
    if (header->length > input->size)
        return next_held(framer, input, limit, message, header);
    *message = dm_bytes_of(input->at, header->length);
    *input = dm_bytes_of(input->at + header->length, input->size - header->length);
    return DM_FRAME_MESSAGE;
}
