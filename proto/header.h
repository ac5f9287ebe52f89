/* header.h — the 20 octets before the AVPs: read, write, and say what they are. RFC 6733 §3. */
#pragma once

#include "proto/bytes.h"

enum { DM_HEADER_SIZE = 20, DM_VERSION = 1, DM_LENGTH_MAX = (1 << 24) - 4 };

enum dm_flag {
    DM_FLAG_REQUEST = 0x80,
    DM_FLAG_PROXIABLE = 0x40,
    DM_FLAG_ERROR = 0x20,
    DM_FLAG_RETRANSMIT = 0x10, /* T: potentially retransmitted */
    DM_FLAG_RESERVED = 0x0f,
};

enum dm_base_command {
    DM_CAPABILITIES_EXCHANGE = 257,
    DM_DEVICE_WATCHDOG = 280,
    DM_DISCONNECT_PEER = 282,
    DM_CAPABILITIES_UPDATE = 328,
};

#define DM_APPLICATION_RELAY UINT32_C(0xffffffff)

struct dm_header {
    uint8_t version;
    uint8_t flags;
    uint32_t length; /* octets, with this header and all padding */
    uint32_t command;
    uint32_t application;
    uint32_t hop_by_hop;
    uint32_t end_to_end;
};

static inline void dm_header_read(struct dm_header *header, const uint8_t at[DM_HEADER_SIZE])
{
    uint32_t version_length = dm_get32(at);
    uint32_t flags_command = dm_get32(at + 4);
    header->version = (uint8_t)(version_length >> 24);
    header->length = version_length & 0xffffff;
    header->flags = (uint8_t)(flags_command >> 24);
    header->command = flags_command & 0xffffff;
    header->application = dm_get32(at + 8);
    header->hop_by_hop = dm_get32(at + 12);
    header->end_to_end = dm_get32(at + 16);
}

static inline void dm_header_write(const struct dm_header *header, uint8_t at[DM_HEADER_SIZE])
{
    at[0] = header->version;
    dm_put24(at + 1, header->length);
    at[4] = header->flags;
    dm_put24(at + 5, header->command);
    dm_put32(at + 8, header->application);
    dm_put32(at + 12, header->hop_by_hop);
    dm_put32(at + 16, header->end_to_end);
}

static inline bool dm_header_is_request(const struct dm_header *header)
{
    return header->flags & DM_FLAG_REQUEST;
}

/* CER, DWR, DPR (and CUR) and their answers: strictly between two neighbours. HDR-16. */
static inline bool dm_command_is_base(uint32_t command)
{
    return command == DM_DEVICE_WATCHDOG || command == DM_CAPABILITIES_EXCHANGE ||
           command == DM_DISCONNECT_PEER || command == DM_CAPABILITIES_UPDATE;
}
