/* hss_request.h — one walk over a request: all that a stand-in HSS needs to know of it, and what is
 * wrong.
 *
 * RFC 4740 and Cx say the same with different AVPs; here they have the same fields. */
#pragma once

#include "bench/sip_codes.h"
#include "proto/check.h"

enum hss_field {
#define FIELD(name, code, kind) HSS_##name,
#include "bench/hss_fields.def"
    HSS_FIELDS,
    HSS_FIRST_OF_APPLICATION = HSS_AOR,
};

enum hss_command {
#define COMMAND(application, code, name, handler, required) HSS_COMMAND_##application##_##code,
#include "bench/hss_commands.def"
#undef COMMAND
    HSS_COMMANDS,
};

enum { HSS_AORS_MAX = 16 };

/* Slices point into the message. */
struct hss_request {
    const struct dm_header *header;
    dm_bytes message;
    enum hss_command command; /* HSS_COMMANDS: not one of ours */
    bool is_cx;
    uint32_t seen; /* a bit for each field that is there */
    uint32_t aors; /* how many; at most HSS_AORS_MAX are in `aor` */
    dm_bytes data[HSS_FIELDS];
    dm_bytes aor[HSS_AORS_MAX];
};

/* DM_OK, or the code to answer with and `fault` filled. What could be read is there even then. */
enum dm_result hss_request_read(struct hss_request *request, const struct dm_header *header,
                                dm_bytes message, struct dm_fault *fault);

static inline bool hss_has(const struct hss_request *request, enum hss_field field)
{
    return request->seen >> field & 1;
}

/* The value of an AVP, empty where it is absent. */
static inline dm_bytes hss_field(const struct hss_request *request, enum hss_field field)
{
    return hss_has(request, field) ? request->data[field] : (dm_bytes){0};
}

static inline uint32_t hss_number(const struct hss_request *request, enum hss_field field,
                                  uint32_t absent)
{
    return hss_has(request, field) ? dm_get32(request->data[field].at) : absent;
}

/* Vendor and code of a field in this request's application, as Failed-AVP shows it. */
void hss_field_code(const struct hss_request *request, enum hss_field field, uint32_t *vendor,
                    uint32_t *code);
/* "UAR"; "other" for HSS_COMMANDS. */
const char *hss_command_name(enum hss_command command);
