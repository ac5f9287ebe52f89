/* msg.h — a message on its way through: its octets stay, three things are written on the way out.
 *
 * The image of a request never changes after it was accepted; each (re)transmission is a copy with
 * another Hop-by-Hop Identifier, perhaps the T bit, and one appended Route-Record. RFC 6733 §6.1.9,
 * HDR-21, RTE-01. A proxy splices its image once, before it is sent. */
#pragma once

#include "proto/avp.h"

/* A Route-Record AVP with padding, made once per peer from its Origin-Host. Returns its size; `at`
 * has room for DM_ROUTE_RECORD_MAX octets. AVP-27: M set. */
enum { DM_ROUTE_RECORD_MAX = 264 };
size_t dm_route_record_make(uint8_t at[DM_ROUTE_RECORD_MAX], dm_bytes origin_host);

/* Writes `image` to `to` (image.size + route_record.size octets), patched for its next hop. T is
 * added where `retransmit`, and stays where it was received. Returns the size written. Inline: data
 * path. */
static inline size_t dm_request_forward(uint8_t *to, dm_bytes image, uint32_t hop_by_hop,
                                        bool retransmit, dm_bytes route_record)
{
    memcpy(to, image.at, image.size);
    memcpy(to + image.size, route_record.at, route_record.size);
    dm_put24(to + 1, (uint32_t)(image.size + route_record.size));
    dm_put32(to + 12, hop_by_hop);
    if (retransmit)
        to[4] |= DM_FLAG_RETRANSMIT;
    return image.size + route_record.size;
}

/* Writes the answer to `to` (answer.size octets) with the client's Hop-by-Hop, T cleared. HDR-12,
 * ANS-01. */
static inline void dm_answer_forward(uint8_t *to, dm_bytes answer, uint32_t hop_by_hop)
{
    memcpy(to, answer.at, answer.size);
    dm_put32(to + 12, hop_by_hop);
    to[4] &= (uint8_t)~DM_FLAG_RETRANSMIT;
}

/* One change to a message: `remove` octets at `offset` (whole AVPs with their padding) become
 * `insert`. */
struct dm_splice {
    size_t offset;
    size_t remove;
    dm_bytes insert;
};

/* Writes `message` to `to` with the splices (ascending, not overlapping) carried out and the length
 * mended. Returns the size, or 0 where it would exceed `room` or DM_LENGTH_MAX or be no multiple of
 * 4, or the splices are out of order. */
size_t dm_message_splice(uint8_t *to, size_t room, dm_bytes message,
                         const struct dm_splice *splices, size_t count);
