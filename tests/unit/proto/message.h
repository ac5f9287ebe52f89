/* Messages for the tests of check, caps and base: built AVP by AVP, and read back as a list of
 * codes. */
#pragma once

#include <criterion/criterion.h>
#include <stdio.h>

#include "proto/avp.h"

enum { M = DM_AVP_MANDATORY, REQUEST = DM_FLAG_REQUEST };

struct message {
    uint8_t room[16384];
    struct dm_writer writer;
};

static inline void start(struct message *message, uint8_t flags, uint32_t command)
{
    struct dm_header header = {.version = DM_VERSION,
                               .flags = flags,
                               .command = command,
                               .hop_by_hop = 0x11223344,
                               .end_to_end = 0x55667788};
    dm_writer_init(&message->writer, message->room, sizeof message->room);
    dm_write_header(&message->writer, &header);
}

static inline void add(struct message *message, uint32_t code, const char *text)
{
    dm_write_text(&message->writer, 0, code, M, text);
}

static inline void add32(struct message *message, uint32_t code, uint32_t value)
{
    dm_write32(&message->writer, 0, code, M, value);
}

static inline void add_octets(struct message *message, const void *octets, size_t size)
{
    dm_write_raw(&message->writer, dm_bytes_of(octets, size));
}

static inline dm_bytes finish(struct message *message)
{
    size_t size = dm_writer_finish(&message->writer);
    cr_assert_gt(size, 0);
    return dm_bytes_of(message->room, size);
}

/* "268 264 296": the codes of a chain in order, vendors as "10415/601". One text at a time. */
static inline const char *codes(struct dm_avps walk)
{
    static char text[1024];
    struct dm_avp avp;
    size_t at = 0;
    *text = '\0';
    while (dm_avps_next(&walk, &avp)) {
        const char *space = at ? " " : "";
        int size = avp.vendor ? snprintf(text + at, sizeof text - at, "%s%u/%u", space, avp.vendor,
                                         avp.code)
                              : snprintf(text + at, sizeof text - at, "%s%u", space, avp.code);
        at += (size_t)size;
    }
    cr_assert_eq(walk.error, DM_OK);
    return text;
}

static inline const char *codes_of(dm_bytes message)
{
    cr_assert_eq(dm_get24(message.at + 1), message.size);
    return codes(dm_avps_of(message));
}

static inline struct dm_avp avp_of(dm_bytes message, uint32_t code)
{
    struct dm_avp avp = {0};
    cr_assert(dm_avp_find(message, 0, code, &avp), "no AVP %u", code);
    return avp;
}

static inline uint32_t number_of(dm_bytes message, uint32_t code)
{
    struct dm_avp avp = avp_of(message, code);
    uint32_t value = 0;
    cr_assert(dm_avp_get32(&avp, &value));
    return value;
}
