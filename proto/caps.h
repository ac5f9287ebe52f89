/* caps.h — capabilities: read those of a CER or CEA, write ours, find what is common. RFC 6733
 * §5.3. */
#pragma once

#include "proto/check.h"

enum { DM_APPLICATIONS_MAX = 128 };

/* A set of Application-Ids, ascending. More than fit are counted in `dropped`. */
struct dm_applications {
    uint16_t count;
    uint16_t dropped;
    bool relay; /* 0xffffffff was named: has everything in common. CEX-09 */
    uint32_t id[DM_APPLICATIONS_MAX];
};

void dm_applications_add(struct dm_applications *set, uint32_t id);
bool dm_applications_has(const struct dm_applications *set, uint32_t id); /* true for a relay */
bool dm_applications_common(const struct dm_applications *a, const struct dm_applications *b);

/* What a peer said of itself. Slices point into the message. */
struct dm_caps {
    dm_bytes origin_host;
    dm_bytes origin_realm;
    dm_bytes product_name;
    uint32_t vendor_id;
    uint32_t firmware_revision;
    uint32_t origin_state_id; /* 0: absent */
    uint32_t result_code;     /* of a CEA; 0 in a CER */
    struct dm_applications applications;
};

/* Reads a CER or a CEA that dm_check has passed, or fails as CEX-13, AVP-22 (5004) say. */
enum dm_result dm_caps_read(struct dm_caps *caps, dm_bytes message, struct dm_fault *fault);

/* Who we are, in all that the agent originates. Strings live as long as the configuration. */
struct dm_self {
    dm_bytes origin_host;
    dm_bytes origin_realm;
    const char *product_name;
    uint32_t vendor_id;
    uint32_t firmware_revision;
    uint32_t origin_state_id;
};

/* Local addresses of a connection: 4 or 16 octets each, network order. */
struct dm_addresses {
    size_t count;
    dm_bytes at[8];
};

/* A CER, or a CEA to `request` with `result` (E bit for 3xxx, CEX-14). IETF applications in
 * Auth-/Acct-Application-Id, vendors' in Vendor-Specific-Application-Id with Supported-Vendor-Id;
 * the relay id in both Auth- and Acct- (CEX-05..07). Return the size, or 0 if `room` does not do.
 * `fault` may be NULL; what it shows is cut where there is no room. */
size_t dm_cer_write(void *to, size_t room, const struct dm_self *self,
                    const struct dm_applications *advertise, const struct dm_addresses *addresses,
                    uint32_t hop_by_hop, uint32_t end_to_end);
size_t dm_cea_write(void *to, size_t room, const struct dm_self *self,
                    const struct dm_applications *advertise, const struct dm_addresses *addresses,
                    const struct dm_header *request, enum dm_result result,
                    const struct dm_fault *fault);

/* Origin-Host and Origin-Realm, and Origin-State-Id where there is one, of all that the agent
 * originates. */
void dm_write_origin(struct dm_writer *writer, const struct dm_self *self);
void dm_write_origin_state(struct dm_writer *writer, const struct dm_self *self);
/* The header of an answer: all of the request's but R and T; P as it was; E where `is_error`.
 * HDR-12, HDR-20, ERR-02. */
struct dm_header dm_answer_header(const struct dm_header *request, bool is_error);
