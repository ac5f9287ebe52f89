/* hss_request.c — reading and judging a request by hss_fields.def and hss_commands.def. */
#include "bench/hss_request.h"

#include "proto/dict.h"

enum kind { TEXT, U32, LIST };

static const enum kind kinds[] = {
#define FIELD(name, code, kind) kind,
#include "bench/hss_fields.def"
};

static const uint32_t ietf_codes[] = {
#define FIELD(name, code, kind) code,
#include "bench/hss_fields.def"
};

/* The bits, under the names that hss_commands.def uses. */
enum {
#define FIELD(name, code, kind) name = 1 << HSS_##name,
#include "bench/hss_fields.def"
    SESSION = SESSION_ID | ORIGIN_HOST | ORIGIN_REALM | DESTINATION_REALM,
    SIP_SESSION = SESSION | AUTH_APPLICATION,
    SIP_ALL = SIP_SESSION | SESSION_STATE,
    CX_ALL = SESSION | VENDOR_APPLICATION | SESSION_STATE,
};

static const struct {
    const char *name;
    uint32_t required;
} commands[] = {
#define COMMAND(application, code, name, handler, required) {name, required},
#include "bench/hss_commands.def"
#undef COMMAND
    {"other", 0},
};

const char *hss_command_name(enum hss_command command)
{
    return commands[command].name;
}

static enum hss_command command_of(const struct dm_header *header)
{
    switch ((uint64_t)header->application << 32 | header->command) {
#define COMMAND(application, code, name, handler, required)                                        \
    case (uint64_t)application << 32 | code:                                                       \
        return HSS_COMMAND_##application##_##code;
#include "bench/hss_commands.def"
#undef COMMAND
    default:
        return HSS_COMMANDS;
    }
}

static enum hss_field ietf_field(uint32_t code)
{
    switch (code) {
#define FIELD(name, code, kind)                                                                    \
    case code:                                                                                     \
        return HSS_##name;
#include "bench/hss_fields.def"
    default:
        return HSS_FIELDS;
    }
}

static enum hss_field cx_field(uint32_t code)
{
    switch (code) {
#define CX(code, name)                                                                             \
    case code:                                                                                     \
        return HSS_##name;
#include "bench/hss_fields.def"
    default:
        return HSS_FIELDS;
    }
}

static enum hss_field field_of(const struct hss_request *request, const struct dm_avp *avp)
{
    if (avp->vendor == CX_VENDOR)
        return request->is_cx ? cx_field(avp->code) : HSS_FIELDS;
    if (avp->vendor != 0)
        return HSS_FIELDS;
    enum hss_field field = ietf_field(avp->code);
    return request->is_cx && field >= HSS_FIRST_OF_APPLICATION ? HSS_FIELDS : field;
}

void hss_field_code(const struct hss_request *request, enum hss_field field, uint32_t *vendor,
                    uint32_t *code)
{
    *vendor = 0;
    *code = ietf_codes[field];
    if (!request->is_cx)
        return;
#define CX(number, name)                                                                           \
    if (field == HSS_##name) {                                                                     \
        *vendor = CX_VENDOR;                                                                       \
        *code = number;                                                                            \
    }
#include "bench/hss_fields.def"
}

/* What an AVP is worth that we do not read: an error only where it must be understood. RFC 6733
 * §4.1. */
static enum dm_result judge_unknown(const struct dm_avp *avp, struct dm_fault *fault)
{
    if (!(avp->flags & DM_AVP_MANDATORY) || dm_dict_avp(avp->vendor, avp->code))
        return DM_OK;
    return dm_fault_show(fault, DM_AVP_UNSUPPORTED, avp->whole);
}

static enum dm_result take(struct hss_request *request, enum hss_field field,
                           const struct dm_avp *avp, struct dm_fault *fault)
{
    uint32_t bit = UINT32_C(1) << field;
    if (field == HSS_AOR && request->aors++ < HSS_AORS_MAX)
        request->aor[request->aors - 1] = avp->data;
    if (kinds[field] == U32 && avp->data.size != 4)
        return dm_fault_show(fault, DM_INVALID_AVP_LENGTH, avp->whole);
    if (!(request->seen & bit)) {
        request->seen |= bit;
        request->data[field] = avp->data;
        return DM_OK;
    }
    request->twice |= bit;
    if (kinds[field] == LIST)
        return DM_OK;
    return dm_fault_show(fault, DM_AVP_OCCURS_TOO_MANY_TIMES, avp->whole);
}

/* The first fault counts, but the walk goes on: the answer wants Session-Id and Proxy-Info. */
static enum dm_result walk_all(struct hss_request *request, struct dm_fault *fault)
{
    struct dm_avps walk = dm_avps_of(request->message);
    struct dm_avp avp;
    struct dm_fault more;
    enum dm_result wrong = DM_OK;
    while (dm_avps_next(&walk, &avp)) {
        struct dm_fault *where = wrong ? &more : fault;
        enum hss_field field = field_of(request, &avp);
        enum dm_result result =
            field == HSS_FIELDS ? judge_unknown(&avp, where) : take(request, field, &avp, where);
        wrong = wrong ? wrong : result;
    }
    if (walk.error && !wrong)
        wrong = dm_fault_walk(fault, &walk);
    return wrong;
}

static enum dm_result judge_missing(const struct hss_request *request, struct dm_fault *fault)
{
    uint32_t missing = commands[request->command].required & ~request->seen;
    if (missing == 0)
        return DM_OK;
    uint32_t vendor, code;
    hss_field_code(request, (enum hss_field)__builtin_ctz(missing), &vendor, &code);
    return dm_fault_example(fault, DM_MISSING_AVP, vendor, code);
}

static enum dm_result judge_header(const struct hss_request *request)
{
    const struct dm_header *header = request->header;
    if (header->flags & DM_FLAG_ERROR)
        return DM_INVALID_HDR_BITS; /* RFC 6733 §3: E stands in answers only */
    if (request->command != HSS_COMMANDS)
        return DM_OK;
    bool ours = header->application == SIP_APPLICATION || header->application == CX_APPLICATION;
    return ours ? DM_COMMAND_UNSUPPORTED : DM_APPLICATION_UNSUPPORTED;
}

enum dm_result hss_request_read(struct hss_request *request, const struct dm_header *header,
                                dm_bytes message, struct dm_fault *fault)
{
    request->header = header;
    request->message = message;
    request->command = command_of(header);
    request->is_cx = header->application == CX_APPLICATION;
    request->seen = request->twice = request->aors = 0;
    enum dm_result malformed = walk_all(request, fault);
    enum dm_result wrong = judge_header(request);
    if (wrong) {
        fault->avp = (dm_bytes){0};
        return wrong;
    }
    return malformed ? malformed : judge_missing(request, fault);
}
