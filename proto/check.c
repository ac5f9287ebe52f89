/* check.c — one walk over a base message, held against the rows of grammars.def.
 *
 * The first thing that is wrong ends the walk and is what the answer reports (ERR-09). Answers are
 * read with less rigour: nobody can be told what is wrong with them. RFC 6733 §4.1, §7.1.5, §7.5,
 * §10.1. */
#include "proto/check.h"

#include "proto/dict.h"

enum { MANY = UINT32_MAX >> 1 };

struct rule {
    uint32_t command;
    bool is_request;
    uint32_t code;
    uint32_t least;
    uint32_t most;
};

static const struct rule rules[] = {
#define RULE(command, is_request, avp, least, most)                                                \
    {DM_##command, is_request, DM_AVP_##avp, least, most},
#define FOREIGN(code, name)
#include "proto/grammars.def"
};

enum { RULES = sizeof rules / sizeof rules[0] };

static bool is_foreign(uint32_t code)
{
    switch (code) {
#define RULE(command, is_request, avp, least, most)
#define FOREIGN(code, name) case code:
#include "proto/grammars.def"
        return true;
    default:
        return false;
    }
}

/* A check under way. */
struct check {
    struct dm_header header;
    struct dm_strictness strictness;
    struct dm_fault *fault;
    uint32_t seen[RULES];
};

enum dm_result dm_fault_show(struct dm_fault *fault, enum dm_result result, dm_bytes avp)
{
    fault->result = result;
    fault->avp = avp;
    return result;
}

static size_t minimum_of(uint32_t vendor, uint32_t code)
{
    const struct dm_avp_info *info = dm_dict_avp(vendor, code);
    return info ? dm_type_minimum(info->type) : 0;
}

/* An AVP with a zero payload of the least size its type allows. V goes with a vendor; other flags
 * are kept. */
static void write_example(struct dm_writer *writer, uint32_t vendor, uint32_t code, uint8_t flags)
{
    static const uint8_t zeros[8];
    dm_write_avp(writer, vendor, code, flags, dm_bytes_of(zeros, minimum_of(vendor, code)));
}

static uint8_t example_flags(uint32_t vendor, uint32_t code)
{
    const struct dm_avp_info *info = dm_dict_avp(vendor, code);
    return info == NULL || info->mandatory ? DM_AVP_MANDATORY : 0;
}

/* What was written into `made` becomes what is shown. */
static enum dm_result show_made(struct dm_fault *fault, enum dm_result result,
                                const struct dm_writer *writer)
{
    size_t size = (size_t)(writer->at - writer->start);
    return dm_fault_show(fault, result, dm_bytes_of(fault->made, size));
}

enum dm_result dm_fault_example(struct dm_fault *fault, enum dm_result result, uint32_t vendor,
                                uint32_t code)
{
    struct dm_writer writer;
    dm_writer_init(&writer, fault->made, sizeof fault->made);
    write_example(&writer, vendor, code, example_flags(vendor, code));
    return show_made(fault, result, &writer);
}

/* The AVP whose header stands at `octets`, perhaps not whole: what is missing reads as zero. Its
 * own length is not repeated: Failed-AVP must be readable. RFC 6733 §7.5, AVP-03, AVP-04. */
static void write_header_only(struct dm_writer *writer, dm_bytes octets)
{
    uint8_t head[12] = {0};
    memcpy(head, octets.at, octets.size < sizeof head ? octets.size : sizeof head);
    uint32_t vendor = head[4] & DM_AVP_VENDOR ? dm_get32(head + 8) : 0;
    write_example(writer, vendor, dm_get32(head), head[4]);
}

enum dm_result dm_fault_walk(struct dm_fault *fault, const struct dm_avps *walk)
{
    struct dm_writer writer;
    dm_writer_init(&writer, fault->made, sizeof fault->made);
    write_header_only(&writer, walk->failed);
    return show_made(fault, walk->error, &writer);
}

/* The offender inside `group`, in its group (AVP-28): whole if there is room, else its header. */
static enum dm_result show_nested(struct dm_fault *fault, enum dm_result result,
                                  const struct dm_avp *group, dm_bytes offender, bool is_whole)
{
    struct dm_writer writer;
    dm_writer_init(&writer, fault->made, sizeof fault->made);
    size_t mark = dm_write_group(&writer, group->vendor, group->code, DM_AVP_MANDATORY);
    if (is_whole && offender.size <= sizeof fault->made - 12)
        dm_write_raw(&writer, offender);
    else
        write_header_only(&writer, offender);
    dm_write_group_end(&writer, mark);
    return show_made(fault, result, &writer);
}

void dm_write_failed_avp(struct dm_writer *writer, const struct dm_fault *fault, bool is_whole)
{
    if (fault == NULL || fault->avp.size < 8)
        return;
    size_t mark = dm_write_group(writer, 0, DM_AVP_FAILED_AVP, DM_AVP_MANDATORY);
    if (is_whole)
        dm_write_raw(writer, fault->avp);
    else
        write_header_only(writer, fault->avp);
    dm_write_group_end(writer, mark);
}

/* Does the value have the size of its type? AVP-07. */
static bool has_size_of_type(const struct dm_avp *avp)
{
    const struct dm_avp_info *info = dm_dict_avp(avp->vendor, avp->code);
    if (info == NULL)
        return true;
    size_t minimum = dm_type_minimum(info->type);
    if (info->type == DM_TYPE_ADDRESS)
        return avp->data.size >= 2;
    return minimum == 0 || avp->data.size == minimum;
}

/* Families other than IP's are not ours to judge; those must have their size. AVP-24. */
static bool is_address(const struct dm_avp *avp)
{
    uint16_t family = dm_get16(avp->data.at);
    size_t size = avp->data.size - 2;
    return family == 1 ? size == 4 : family == 2 ? size == 16 : true;
}

/* AVP-15: V, P and the reserved bits are never right here, M as the defining table says. */
static bool has_right_flags(const struct dm_avp *avp)
{
    const struct dm_avp_info *info = dm_dict_avp(avp->vendor, avp->code);
    return info == NULL || avp->flags == (info->mandatory ? DM_AVP_MANDATORY : 0);
}

/* The one group that is read: its inner chain and the sizes in it. AVP-08. */
static enum dm_result check_group(struct check *check, const struct dm_avp *group)
{
    struct dm_avps walk = dm_avps_in(group->data);
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp))
        if (!has_size_of_type(&avp))
            return show_nested(check->fault, DM_INVALID_AVP_LENGTH, group, avp.whole, true);
    if (walk.error)
        return show_nested(check->fault, walk.error, group, walk.failed, false);
    return DM_OK;
}

static enum dm_result check_value(struct check *check, const struct dm_avp *avp)
{
    if (!has_size_of_type(avp))
        return dm_fault_show(check->fault, DM_INVALID_AVP_LENGTH, avp->whole);
    if (avp->code == DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID)
        return check_group(check, avp);
    if (!dm_header_is_request(&check->header))
        return DM_OK;
    if (check->strictness.refuse_avp_flags && !has_right_flags(avp))
        return dm_fault_show(check->fault, DM_INVALID_AVP_BITS, avp->whole);
    if (avp->code == DM_AVP_HOST_IP_ADDRESS && !is_address(avp))
        return dm_fault_show(check->fault, DM_INVALID_AVP_VALUE, avp->whole);
    return DM_OK;
}

/* An AVP without a rule falls under *[AVP], unless the table of §10.1 bars it. AVP-11, AVP-13,
 * AVP-19. */
static enum dm_result check_stranger(struct check *check, const struct dm_avp *avp)
{
    if (!dm_header_is_request(&check->header))
        return DM_OK;
    bool is_base = avp->vendor == 0 && is_foreign(avp->code);
    if (is_base && check->strictness.refuse_unexpected)
        return dm_fault_show(check->fault, DM_AVP_NOT_ALLOWED, avp->whole);
    bool is_mandatory = avp->flags & DM_AVP_MANDATORY;
    if (!is_base && is_mandatory && check->strictness.refuse_unknown_mandatory)
        return dm_fault_show(check->fault, DM_AVP_UNSUPPORTED, avp->whole);
    return DM_OK;
}

static bool rule_is_for(const struct rule *rule, const struct dm_header *header)
{
    return rule->command == header->command && rule->is_request == dm_header_is_request(header);
}

/* The number of the rule for this AVP, or RULES. */
static size_t find_rule(const struct dm_header *header, const struct dm_avp *avp)
{
    for (size_t i = 0; i < RULES; i++)
        if (rule_is_for(&rules[i], header) && rules[i].code == avp->code && avp->vendor == 0)
            return i;
    return RULES;
}

static enum dm_result check_avp(struct check *check, const struct dm_avp *avp)
{
    size_t rule = find_rule(&check->header, avp);
    if (rule == RULES)
        return check_stranger(check, avp);
    if (++check->seen[rule] > rules[rule].most)
        return dm_fault_show(check->fault, DM_AVP_OCCURS_TOO_MANY_TIMES, avp->whole);
    return check_value(check, avp);
}

static enum dm_result check_missing(struct check *check)
{
    for (size_t i = 0; i < RULES; i++)
        if (rule_is_for(&rules[i], &check->header) && check->seen[i] < rules[i].least)
            return dm_fault_example(check->fault, DM_MISSING_AVP, 0, rules[i].code);
    return DM_OK;
}

static enum dm_result check_header(struct check *check)
{
    static const dm_bytes nothing;
    uint8_t flags = check->header.flags;
    bool is_known = false;
    for (size_t i = 0; i < RULES && !is_known; i++)
        is_known = rule_is_for(&rules[i], &check->header);
    if (!is_known)
        return dm_fault_show(check->fault, DM_COMMAND_UNSUPPORTED, nothing);
    if (flags & DM_FLAG_REQUEST && flags & DM_FLAG_ERROR)
        return dm_fault_show(check->fault, DM_INVALID_HDR_BITS, nothing);
    if (flags & DM_FLAG_RESERVED && check->strictness.refuse_reserved_bits)
        return dm_fault_show(check->fault, DM_INVALID_BIT_IN_HEADER, nothing);
    return dm_fault_show(check->fault, DM_OK, nothing);
}

enum dm_result dm_check(dm_bytes message, struct dm_strictness strictness, struct dm_fault *fault)
{
    struct check check = {.strictness = strictness, .fault = fault};
    dm_header_read(&check.header, message.at);
    enum dm_result wrong = check_header(&check);
    if (wrong != DM_OK)
        return wrong;
    struct dm_avps walk = dm_avps_of(message);
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp))
        if ((wrong = check_avp(&check, &avp)) != DM_OK)
            return wrong;
    return walk.error ? dm_fault_walk(fault, &walk) : check_missing(&check);
}
