/* avp.c — finding AVPs, their typed values, and the writer. The walk itself is inline in avp.h. */
#include "proto/avp.h"

#include <assert.h>

void dm_avps_fail(struct dm_avps *walk)
{
    walk->error = DM_INVALID_AVP_LENGTH;
    walk->failed = dm_bytes_of(walk->at, (size_t)(walk->end - walk->at));
    walk->at = walk->end;
}

static bool find(struct dm_avps walk, uint32_t vendor, uint32_t code, struct dm_avp *avp)
{
    while (dm_avps_next(&walk, avp))
        if (avp->code == code && avp->vendor == vendor)
            return true;
    return false;
}

bool dm_avp_find(dm_bytes message, uint32_t vendor, uint32_t code, struct dm_avp *avp)
{
    return message.size >= DM_HEADER_SIZE && find(dm_avps_of(message), vendor, code, avp);
}

bool dm_avp_find_in(dm_bytes chain, uint32_t vendor, uint32_t code, struct dm_avp *avp)
{
    return find(dm_avps_in(chain), vendor, code, avp);
}

bool dm_avp_get32(const struct dm_avp *avp, uint32_t *value)
{
    if (avp->data.size != 4)
        return false;
    *value = dm_get32(avp->data.at);
    return true;
}

bool dm_avp_get64(const struct dm_avp *avp, uint64_t *value)
{
    if (avp->data.size != 8)
        return false;
    *value = dm_get64(avp->data.at);
    return true;
}

/* RFC 4330 §3: with the top bit set the time counts from 1900, else from 7 February 2036, 06:28:16.
 */
bool dm_avp_get_time(const struct dm_avp *avp, int64_t *seconds)
{
    const int64_t from_1900_to_1970 = INT64_C(2208988800);
    uint32_t ntp;
    if (!dm_avp_get32(avp, &ntp))
        return false;
    int64_t since_1900 = ntp & UINT32_C(0x80000000) ? ntp : INT64_C(0x100000000) + ntp;
    *seconds = since_1900 - from_1900_to_1970;
    return true;
}

bool dm_avp_get_address(const struct dm_avp *avp, uint16_t *family, dm_bytes *address)
{
    if (avp->data.size < 2)
        return false;
    uint16_t number = dm_get16(avp->data.at);
    dm_bytes octets = dm_bytes_of(avp->data.at + 2, avp->data.size - 2);
    bool is_ipv4 = number == 1 && octets.size == 4;
    bool is_ipv6 = number == 2 && octets.size == 16;
    if (!is_ipv4 && !is_ipv6)
        return false;
    *family = number;
    *address = octets;
    return true;
}

void dm_writer_init(struct dm_writer *writer, void *room, size_t size)
{
    uint8_t *start = room;
    *writer = (struct dm_writer){.start = start, .at = start, .end = start + size};
}

/* Takes `size` octets off the room; NULL, now and ever after, where they are not there. */
static uint8_t *reserve(struct dm_writer *writer, size_t size)
{
    if (writer->overflow || size > (size_t)(writer->end - writer->at)) {
        writer->overflow = true;
        return NULL;
    }
    uint8_t *at = writer->at;
    writer->at += size;
    return at;
}

/* Octets with zeros up to a multiple of 4. */
static void copy_padded(uint8_t *at, dm_bytes octets)
{
    if (octets.size)
        memcpy(at, octets.at, octets.size);
    memset(at + octets.size, 0, dm_padded(octets.size) - octets.size);
}

void dm_write_header(struct dm_writer *writer, const struct dm_header *header)
{
    uint8_t *at = reserve(writer, DM_HEADER_SIZE);
    if (at)
        dm_header_write(header, at);
}

/* An AVP's header and `size` octets of room for its value with padding: where the value goes, or
 * NULL. */
static uint8_t *start_avp(struct dm_writer *writer, uint32_t vendor, uint32_t code, uint8_t flags,
                          size_t size)
{
    size_t head = vendor ? 12 : 8;
    if (size > DM_LENGTH_MAX - head)
        writer->overflow = true;
    uint8_t *at = reserve(writer, head + dm_padded(size));
    if (!at)
        return NULL;
    dm_put32(at, code);
    at[4] = (uint8_t)(vendor ? flags | DM_AVP_VENDOR : flags & ~DM_AVP_VENDOR);
    dm_put24(at + 5, (uint32_t)(head + size));
    if (vendor)
        dm_put32(at + 8, vendor);
    return at + head;
}

void dm_write_avp(struct dm_writer *writer, uint32_t vendor, uint32_t code, uint8_t flags,
                  dm_bytes data)
{
    uint8_t *value = start_avp(writer, vendor, code, flags, data.size);
    if (value)
        copy_padded(value, data);
}

void dm_write32(struct dm_writer *writer, uint32_t vendor, uint32_t code, uint8_t flags,
                uint32_t value)
{
    uint8_t *at = start_avp(writer, vendor, code, flags, 4);
    if (at)
        dm_put32(at, value);
}

void dm_write_text(struct dm_writer *writer, uint32_t vendor, uint32_t code, uint8_t flags,
                   const char *text)
{
    dm_write_avp(writer, vendor, code, flags, dm_text(text));
}

void dm_write_address(struct dm_writer *writer, uint32_t code, uint8_t flags, dm_bytes address)
{
    assert(address.size == 4 || address.size == 16);
    uint8_t value[18];
    dm_put16(value, address.size == 4 ? 1 : 2);
    memcpy(value + 2, address.at, address.size);
    dm_write_avp(writer, 0, code, flags, dm_bytes_of(value, 2 + address.size));
}

void dm_write_raw(struct dm_writer *writer, dm_bytes avps)
{
    uint8_t *at = reserve(writer, dm_padded(avps.size));
    if (at)
        copy_padded(at, avps);
}

size_t dm_write_group(struct dm_writer *writer, uint32_t vendor, uint32_t code, uint8_t flags)
{
    size_t mark = (size_t)(writer->at - writer->start);
    start_avp(writer, vendor, code, flags, 0);
    return mark;
}

void dm_write_group_end(struct dm_writer *writer, size_t mark)
{
    size_t size = (size_t)(writer->at - writer->start) - mark;
    if (size > DM_LENGTH_MAX)
        writer->overflow = true;
    if (!writer->overflow)
        dm_put24(writer->start + mark + 5, (uint32_t)size);
}

size_t dm_writer_finish(struct dm_writer *writer)
{
    size_t size = (size_t)(writer->at - writer->start);
    if (writer->overflow || size < DM_HEADER_SIZE || size > DM_LENGTH_MAX)
        return 0;
    dm_put24(writer->start + 1, (uint32_t)size);
    return size;
}
