/* capture_flow.h — one direction of a TCP connection, put in order again. For capture*.c only. */
#pragma once

#include "agent/capture.h"

/* Addresses of IPv4 are ::ffff:a.b.c.d. */
struct flow_key {
    uint8_t source[16];
    uint8_t destination[16];
    uint8_t ports[4]; /* source, destination, as on the wire */
};

struct flow_segment {
    uint32_t sequence;
    bool is_start; /* SYN */
    dm_bytes octets;
};

struct flows {
    struct flow **buckets;
    capture_on_message *on_message;
    void *context;
    struct capture_counts *counts;
    uint32_t limit;
};

void flows_init(struct flows *flows);
/* What still waits is dropped. */
void flows_fini(struct flows *flows);
void flows_take(struct flows *flows, const struct flow_key *key,
                const struct flow_segment *segment);
/* Reads what waits for octets that never came. */
void flows_end(struct flows *flows);

/* Octets that should be whole messages: an SCTP chunk, an exported PDU. */
void flows_take_whole(struct flows *flows, dm_bytes octets);
