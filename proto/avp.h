/* avp.h — walk AVPs in place with a sticky error; typed getters; a writer with padding. RFC 6733
 * §4.
 *
 * A walk reads nothing outside the chain it was given. It ends at the first malformed AVP and says
 * so in `error` (DM_INVALID_AVP_LENGTH) with the offending octets in `failed`; ask once, after the
 * loop:
 *
 *     struct dm_avps walk = dm_avps_in(chain);
 *     struct dm_avp avp;
 *     while (dm_avps_next(&walk, &avp)) ...
 *     if (walk.error) ... */
#pragma once

#include "proto/bytes.h"
#include "proto/header.h"
#include "proto/result.h"

enum { DM_AVP_VENDOR = 0x80, DM_AVP_MANDATORY = 0x40, DM_AVP_PROTECTED = 0x20 };

/* Codes of vendor 0 that the agent itself reads or writes; all others are in avps.def. */
enum dm_avp_code {
    DM_AVP_USER_NAME = 1,
    DM_AVP_SIP_AOR = 122,
    DM_AVP_HOST_IP_ADDRESS = 257,
    DM_AVP_AUTH_APPLICATION_ID = 258,
    DM_AVP_ACCT_APPLICATION_ID = 259,
    DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID = 260,
    DM_AVP_REDIRECT_HOST_USAGE = 261,
    DM_AVP_REDIRECT_MAX_CACHE_TIME = 262,
    DM_AVP_SESSION_ID = 263,
    DM_AVP_ORIGIN_HOST = 264,
    DM_AVP_SUPPORTED_VENDOR_ID = 265,
    DM_AVP_VENDOR_ID = 266,
    DM_AVP_FIRMWARE_REVISION = 267,
    DM_AVP_RESULT_CODE = 268,
    DM_AVP_PRODUCT_NAME = 269,
    DM_AVP_DISCONNECT_CAUSE = 273,
    DM_AVP_AUTH_SESSION_STATE = 277,
    DM_AVP_ORIGIN_STATE_ID = 278,
    DM_AVP_FAILED_AVP = 279,
    DM_AVP_PROXY_HOST = 280,
    DM_AVP_ERROR_MESSAGE = 281,
    DM_AVP_ROUTE_RECORD = 282,
    DM_AVP_DESTINATION_REALM = 283,
    DM_AVP_PROXY_INFO = 284,
    DM_AVP_REDIRECT_HOST = 292,
    DM_AVP_DESTINATION_HOST = 293,
    DM_AVP_ERROR_REPORTING_HOST = 294,
    DM_AVP_ORIGIN_REALM = 296,
    DM_AVP_EXPERIMENTAL_RESULT = 297,
    DM_AVP_EXPERIMENTAL_RESULT_CODE = 298,
    DM_AVP_INBAND_SECURITY_ID = 299,
    DM_AVP_SIP_METHOD = 393,
};

struct dm_avp {
    uint32_t code;
    uint32_t
        vendor; /* 0 for the IETF's space, also where the V bit is set with Vendor-Id 0 (AVP-09) */
    uint8_t flags;
    dm_bytes data;  /* the value, without padding */
    dm_bytes whole; /* header and value, without padding */
};

struct dm_avps {
    const uint8_t *at;
    const uint8_t *end;
    dm_bytes failed; /* what cannot be read, from its header to the end of the chain */
    enum dm_result error;
};

/* A walk over the AVPs of a message of at least DM_HEADER_SIZE octets. */
static inline struct dm_avps dm_avps_of(dm_bytes message)
{
    return (struct dm_avps){.at = message.at + DM_HEADER_SIZE, .end = message.at + message.size};
}

/* A walk over a chain of AVPs, as in a Grouped value. */
static inline struct dm_avps dm_avps_in(dm_bytes chain)
{
    return (struct dm_avps){.at = chain.at, .end = chain.at + chain.size};
}

/* Ends the walk at `walk->at` with DM_INVALID_AVP_LENGTH. AVP-03, AVP-04, AVP-05. */
void dm_avps_fail(struct dm_avps *walk);

/* The next AVP, or false at the end and at what is malformed. Inline: it is the walk of the data
 * path. */
static inline bool dm_avps_next(struct dm_avps *walk, struct dm_avp *avp)
{
    size_t left = (size_t)(walk->end - walk->at);
    if (left < 8) {
        if (left != 0)
            dm_avps_fail(walk);
        return false;
    }
    const uint8_t *at = walk->at;
    uint32_t flags_length = dm_get32(at + 4); /* one load instead of four */
    uint32_t length = flags_length & 0xffffff;
    uint32_t flags = flags_length >> 24;
    uint32_t head = flags & DM_AVP_VENDOR ? 12 : 8;
    if (length < head || dm_padded(length) > left) {
        dm_avps_fail(walk);
        return false;
    }
    avp->code = dm_get32(at);
    avp->flags = (uint8_t)flags;
    avp->vendor = head == 12 ? dm_get32(at + 8) : 0;
    avp->data = dm_bytes_of(at + head, length - head);
    avp->whole = dm_bytes_of(at, length);
    walk->at = at + dm_padded(length);
    return true;
}

/* The first AVP (vendor, code) of a message or of a group. */
bool dm_avp_find(dm_bytes message, uint32_t vendor, uint32_t code, struct dm_avp *avp);
bool dm_avp_find_in(dm_bytes chain, uint32_t vendor, uint32_t code, struct dm_avp *avp);

/* The value, or false where its size is not that of the type. RFC 6733 §4.2, §4.3.1. */
bool dm_avp_get32(const struct dm_avp *avp, uint32_t *value);
bool dm_avp_get64(const struct dm_avp *avp, uint64_t *value);
/* Time as seconds since 1970, with the rollover of 2036 as in SNTP. AVP-25. */
bool dm_avp_get_time(const struct dm_avp *avp, int64_t *seconds);
/* Address: family 1 with 4 octets or 2 with 16. AVP-24. */
bool dm_avp_get_address(const struct dm_avp *avp, uint16_t *family, dm_bytes *address);

/* Writes one message into memory of the caller. Running out of room is sticky: ask
 * dm_writer_finish. */
struct dm_writer {
    uint8_t *start;
    uint8_t *at;
    uint8_t *end;
    bool overflow;
};

void dm_writer_init(struct dm_writer *writer, void *room, size_t size);
/* Starts a message; its length is filled in by dm_writer_finish. */
void dm_write_header(struct dm_writer *writer, const struct dm_header *header);
/* An AVP with the V bit iff vendor is not 0. `flags` is DM_AVP_MANDATORY or 0. Padding is zero. */
void dm_write_avp(struct dm_writer *writer, uint32_t vendor, uint32_t code, uint8_t flags,
                  dm_bytes data);
void dm_write32(struct dm_writer *writer, uint32_t vendor, uint32_t code, uint8_t flags,
                uint32_t value);
void dm_write_text(struct dm_writer *writer, uint32_t vendor, uint32_t code, uint8_t flags,
                   const char *text);
/* An Address from 4 or 16 octets in network order. */
void dm_write_address(struct dm_writer *writer, uint32_t code, uint8_t flags, dm_bytes address);
/* Octets that are whole AVPs already, with padding added after the last. */
void dm_write_raw(struct dm_writer *writer, dm_bytes avps);
/* A Grouped AVP: returns a mark for dm_write_group_end. */
size_t dm_write_group(struct dm_writer *writer, uint32_t vendor, uint32_t code, uint8_t flags);
void dm_write_group_end(struct dm_writer *writer, size_t mark);
/* Writes the length into the header: the size of the message, or 0 if it did not fit. */
size_t dm_writer_finish(struct dm_writer *writer);
