/* fuzz_capture.c — any packets are taken apart, and what comes out are messages.
 *
 * The first octet says which link it is; each packet is two octets of size and its octets. */
#include <stdlib.h>

#include "agent/capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

enum { LIMIT = 4096 };

static void on_message(void *context, uint64_t packet, const struct explain_message *message)
{
    size_t *messages = context;
    ++*messages;
    if (packet == 0 || message->frame == DM_FRAME_MORE || message->frame == DM_FRAME_LOST)
        abort();
    if (message->frame != DM_FRAME_MESSAGE)
        return;
    if (message->octets.size > LIMIT || message->octets.size != message->header.length)
        abort();
    volatile uint8_t last = message->octets.at[message->octets.size - 1]; /* it can be read */
    (void)last;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    static const int links[] = {1, 113, 276, 0, 12, 252};
    if (size < 1)
        return 0;
    size_t messages = 0;
    struct capture *capture = capture_new(links[octets[0] % (sizeof links / sizeof *links)], LIMIT,
                                          on_message, &messages);
    dm_bytes rest = dm_bytes_of(octets + 1, size - 1);
    while (rest.size >= 2) {
        size_t wanted = dm_get16(rest.at);
        size_t there = wanted < rest.size - 2 ? wanted : rest.size - 2;
        uint8_t *packet = malloc(there + 1); /* of its own, so that reading past it is seen */
        if (packet == NULL)
            abort();
        memcpy(packet, rest.at + 2, there);
        capture_packet(capture, dm_bytes_of(there ? packet : NULL, there), wanted);
        free(packet);
        rest = dm_bytes_of(rest.at + 2 + there, rest.size - 2 - there);
    }
    capture_end(capture);
    if (capture_counts(capture)->packets == 0 && messages)
        abort();
    capture_free(capture);
    return 0;
}
