/* hss_push_request.h — the octets of a RTR, PPR or ASR. For hss_push.c. */
#pragma once

#include "bench/hss_options.h"

enum { PUSH_ROOM = 8192 };

/* A session that a SAR has begun with STATE_MAINTAINED, to be ended by ASR. */
struct push_session {
    uint32_t user, host;
    uint16_t size;
    char id[256];
};

struct push_request {
    const struct hss *hss;
    enum hss_push kind;
    bool is_cx;
    bool by_realm; /* a PPR of RFC 4740 names no host */
    uint32_t user;
    uint32_t reason;                    /* enum sip_reason, of a RTR */
    uint32_t identifier;                /* Hop-by-Hop and End-to-End */
    const struct push_session *session; /* of an ASR */
    dm_bytes host, realm;               /* of the SIP server */
};

/* Writes it to `to`, where PUSH_ROOM octets are, and returns its size. */
size_t push_request_write(const struct push_request *request, uint8_t *to);
