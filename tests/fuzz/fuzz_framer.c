/* fuzz_framer.c — a stream cut at arbitrary places gives the messages and the end of the stream
 * uncut.
 *
 * The first four octets seed the cuts, the next one chooses the limit, the rest is the stream. */
#include "proto/framer.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

enum { PREFIX = 5 };

static const uint32_t limits[] = {20, 256, 65536, DM_LENGTH_MAX};

struct heard {
    uint64_t digest;
    size_t octets;
    unsigned messages;
    enum dm_frame last;
    struct dm_header header;
};

static void claim(bool is_true)
{
    if (!is_true)
        abort();
}

static uint32_t draw(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

static void hear(struct heard *heard, const struct dm_header *header, dm_bytes message)
{
    heard->messages++;
    heard->octets += message.size;
    claim(header->length == message.size && header->version == DM_VERSION);
    for (size_t i = 0; i < message.size; i++)
        heard->digest = (heard->digest ^ message.at[i]) * UINT64_C(1099511628211);
}

/* Feeds one segment, copied so that a sanitizer sees its end. True while the stream goes on. */
static bool feed(struct dm_framer *framer, dm_bytes segment, uint32_t limit, struct heard *heard)
{
    uint8_t *copy = malloc(segment.size ? segment.size : 1);
    claim(copy != NULL);
    memcpy(copy, segment.at, segment.size);
    dm_bytes input = dm_bytes_of(copy, segment.size);
    dm_bytes message;
    struct dm_header header;
    while ((heard->last = dm_framer_next(framer, &input, limit, &message, &header)) ==
           DM_FRAME_MESSAGE)
        hear(heard, &header, message);
    if (heard->last == DM_FRAME_BAD_LENGTH || heard->last == DM_FRAME_BAD_VERSION)
        heard->header = header;
    else
        claim(heard->last == DM_FRAME_LOST || input.size == 0);
    free(copy);
    return heard->last == DM_FRAME_MORE;
}

static struct heard listen(dm_bytes stream, uint32_t limit, uint32_t seed)
{
    struct dm_framer framer;
    struct heard heard = {0};
    uint32_t longest = seed ? 1 + seed % 600 : UINT32_MAX;
    dm_framer_init(&framer);
    for (size_t at = 0; at < stream.size;) {
        size_t left = stream.size - at;
        size_t size = seed ? 1 + draw(&seed) % longest : left;
        size = size < left ? size : left;
        if (!feed(&framer, dm_bytes_of(stream.at + at, size), limit, &heard))
            break;
        at += size;
        claim(framer.room <= 256 || framer.room <= 2 * at);
        claim(dm_framer_is_waiting(&framer) == (framer.have != 0));
    }
    dm_framer_fini(&framer);
    return heard;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    if (size < PREFIX)
        return 0;
    uint32_t limit = limits[octets[4] % (sizeof limits / sizeof *limits)];
    dm_bytes stream = dm_bytes_of(octets + PREFIX, size - PREFIX);
    struct heard whole = listen(stream, limit, 0);
    struct heard cut = listen(stream, limit, dm_get32(octets) | 1);
    claim(whole.messages == cut.messages && whole.octets == cut.octets);
    claim(whole.digest == cut.digest && whole.last == cut.last);
    claim(whole.header.hop_by_hop == cut.header.hop_by_hop);
    return 0;
}
