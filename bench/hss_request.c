/* hss_request.c — reading and judging a request by hss_fields.def and hss_commands.def. */
#include "bench/hss_request.h"

#include "proto/dict.h"

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

/* The bits of all fields of a kind. */
enum kind { TEXT, U32, LIST };
#define FIELD(name, code, kind) | (kind == U32 ? name : 0)
static const uint32_t numbers = 0
#include "bench/hss_fields.def"
    ;
#define FIELD(name, code, kind) | (kind == LIST ? name : 0)
static const uint32_t lists = 0
#include "bench/hss_fields.def"
    ;

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

/* Application and command as one number, a constant for constants. */
#define BOTH(application, command) ((application) * (UINT64_C(1) << 32) + (command))

static enum hss_command command_of(const struct dm_header *header)
{
    switch (BOTH(header->application, header->command)) {
#define COMMAND(application, code, name, handler, required)                                        \
    case BOTH(application, code):                                                                  \
        return HSS_COMMAND_##application##_##code;
#include "bench/hss_commands.def"
#undef COMMAND
    default:
        return HSS_COMMANDS;
    }
}

/* Field + 1 by code, 0 for none: a load instead of a search, for every AVP of every request. */
enum { IETF_CODES = 400, CX_FIRST = 600, CX_CODES = 30 };

static const uint8_t ietf_fields[IETF_CODES] = {
#define FIELD(name, code, kind) [code] = HSS_##name + 1,
#include "bench/hss_fields.def"
};

static const uint8_t cx_fields[CX_CODES] = {
#define CX(code, name) [code - CX_FIRST] = HSS_##name + 1,
#include "bench/hss_fields.def"
};

static enum hss_field look_up(const uint8_t *fields, uint32_t count, uint32_t code)
{
    return code < count && fields[code] ? (enum hss_field)(fields[code] - 1) : HSS_FIELDS;
}

static enum hss_field field_of(const struct hss_request *request, const struct dm_avp *avp)
{
    if (avp->vendor == CX_VENDOR)
        return request->is_cx ? look_up(cx_fields, CX_CODES, avp->code - CX_FIRST) : HSS_FIELDS;
    if (avp->vendor != 0)
        return HSS_FIELDS;
    enum hss_field field = look_up(ietf_fields, IETF_CODES, avp->code);
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

/* What is not simply the first of its kind and well made. */
static enum dm_result judge(struct hss_request *request, enum hss_field field,
                            const struct dm_avp *avp, struct dm_fault *fault)
{
    uint32_t bit = UINT32_C(1) << field;
    if (field == HSS_FIELDS)
        return judge_unknown(avp, fault);
    if (!(lists & bit))
        return dm_fault_show(
            fault, request->seen & bit ? DM_AVP_OCCURS_TOO_MANY_TIMES : DM_INVALID_AVP_LENGTH,
            avp->whole);
    if (field == HSS_AOR && request->aors++ < HSS_AORS_MAX)
        request->aor[request->aors - 1] = avp->data;
    return DM_OK;
}

/* Takes the first AVP of a field. The way of nearly all: keep it short. */
static inline bool take(struct hss_request *request, enum hss_field field, const struct dm_avp *avp)
{
    uint32_t bit = UINT32_C(1) << field;
    if (field == HSS_FIELDS || request->seen & bit || (numbers & bit && avp->data.size != 4))
        return false;
    request->seen |= bit;
    request->data[field] = avp->data;
    return true;
}

/* The first fault counts, but the walk goes on: the answer wants Session-Id and Proxy-Info. */
static enum dm_result walk_all(struct hss_request *request, struct dm_fault *fault)
{
    struct dm_avps walk = dm_avps_of(request->message);
    struct dm_avp avp;
    struct dm_fault more;
    enum dm_result wrong = DM_OK;
    request->aors = 1; /* more are counted from there */
    while (dm_avps_next(&walk, &avp)) {
        enum hss_field field = field_of(request, &avp);
        if (take(request, field, &avp))
            continue;
        enum dm_result result = judge(request, field, &avp, wrong ? &more : fault);
        wrong = wrong ? wrong : result;
    }
    request->aor[0] = hss_field(request, HSS_AOR);
    request->aors = hss_has(request, HSS_AOR) ? request->aors : 0;
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
    request->seen = 0;
    enum dm_result malformed = walk_all(request, fault);
    enum dm_result wrong = judge_header(request);
    if (wrong) {
        fault->avp = (dm_bytes){0};
        return wrong;
    }
    return malformed ? malformed : judge_missing(request, fault);
}
