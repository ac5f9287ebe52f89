/* framer.h — a byte stream becomes messages. RFC 6733 §2.1, §3; HDR-03, HDR-05..08.
 *
 * Whole messages are handed out where the caller's buffer has them; only an unfinished one is
 * copied and held. What is held grows with the octets that arrived, never with the length that was
 * claimed. */
#pragma once

#include "proto/header.h"

struct dm_framer {
    uint8_t *held; /* the unfinished message, or the one handed out last */
    uint32_t have;
    uint32_t room; /* octets allocated: count them against the memory limit */
    bool handed_out;
};

enum dm_frame {
    DM_FRAME_MORE, /* all input is consumed, no whole message */
    DM_FRAME_MESSAGE,
    DM_FRAME_BAD_VERSION, /* a plausible request of another version: answer 5011, then shut down */
    DM_FRAME_BAD_LENGTH,  /* version 1, R set, a length < 20, no multiple of 4, or above the limit:
                             5015 */
    DM_FRAME_LOST,        /* not Diameter: reset the connection */
};

void dm_framer_init(struct dm_framer *framer);
void dm_framer_fini(struct dm_framer *framer);

/* Takes the next message off `input` (which is advanced). `message` points into the input or into
 * the framer and is good until the next call. `header` is filled for MESSAGE, BAD_VERSION and
 * BAD_LENGTH; after one of the errors the stream is finished. `limit` is the largest message
 * accepted, in octets. The memory of a held message is freed when the next one is asked for. */
enum dm_frame dm_framer_next(struct dm_framer *framer, dm_bytes *input, uint32_t limit,
                             dm_bytes *message, struct dm_header *header);

/* Has it octets of an unfinished message? */
static inline bool dm_framer_is_waiting(const struct dm_framer *framer)
{
    return framer->have != 0 && !framer->handed_out;
}
