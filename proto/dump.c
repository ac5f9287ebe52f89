/* dump.c — a message as readable text: a line for the header, a line for each AVP, groups indented.
 *
 *     LIR sip 285 flags R P, length 228, hop-by-hop 0x00000001, end-to-end 0x5f000001
 *       Session-Id (263) M = "c1.edge.example;1;1"
 *       Vendor-Specific-Application-Id (260) M
 *         Vendor-Id (266) M = 10415
 *       Digest-HA1 (121) M = ***
 *
 * What cannot be read is never shown in full: a secret may be in it. */
#include "proto/dump.h"

#include "proto/dict.h"
#include "proto/print.h"

#include <arpa/inet.h>
#include <time.h>

enum { DEPTH_MAX = 16, HEAD_SHOWN = 8 };

static void put_address(struct dm_print *print, const struct dm_avp *avp)
{
    uint16_t family;
    dm_bytes address;
    char name[INET6_ADDRSTRLEN];
    if (dm_avp_get_address(avp, &family, &address) &&
        inet_ntop(family == 1 ? AF_INET : AF_INET6, address.at, name, sizeof name))
        dm_print(print, "%s", name);
    else
        dm_print_hex(print, avp->data);
}

static void put_time(struct dm_print *print, const struct dm_avp *avp)
{
    int64_t seconds = 0;
    struct tm tm;
    char name[32];
    (void)dm_avp_get_time(avp, &seconds); /* the size was seen to be right */
    time_t time = (time_t)seconds;
    if (gmtime_r(&time, &tm) && strftime(name, sizeof name, "%Y-%m-%dT%H:%M:%SZ", &tm))
        dm_print(print, "%s", name);
}

static void put_float32(struct dm_print *print, uint32_t octets)
{
    float value;
    memcpy(&value, &octets, sizeof value);
    dm_print(print, "%g", (double)value);
}

static void put_float64(struct dm_print *print, uint64_t octets)
{
    double value;
    memcpy(&value, &octets, sizeof value);
    dm_print(print, "%g", value);
}

/* A value of a fixed size, which it was seen to have. */
static void put_number(struct dm_print *print, const struct dm_avp *avp, enum dm_type type)
{
    uint32_t small = 0;
    uint64_t large = 0;
    if (!dm_avp_get32(avp, &small))
        (void)dm_avp_get64(avp, &large);
    switch (type) {
    case DM_TYPE_INTEGER64:
        dm_print(print, "%lld", (long long)large);
        break;
    case DM_TYPE_UNSIGNED64:
        dm_print(print, "%llu", (unsigned long long)large);
        break;
    case DM_TYPE_FLOAT32:
        put_float32(print, small);
        break;
    case DM_TYPE_FLOAT64:
        put_float64(print, large);
        break;
    case DM_TYPE_UNSIGNED32:
        dm_print(print, "%u", small);
        break;
    default: /* Integer32 and Enumerated, which is one */
        dm_print(print, "%d", (int32_t)small);
    }
}

static bool is_text(enum dm_type type)
{
    return type == DM_TYPE_UTF8 || type == DM_TYPE_IDENTITY || type == DM_TYPE_URI;
}

static void put_value(struct dm_print *print, const struct dm_avp *avp,
                      const struct dm_avp_info *info)
{
    if (info->secret)
        dm_print(print, "***");
    else if (is_text(info->type))
        dm_print_quoted(print, avp->data);
    else if (info->type == DM_TYPE_OCTETS)
        dm_print_octets(print, avp->data);
    else if (info->type == DM_TYPE_ADDRESS)
        put_address(print, avp);
    else if (avp->data.size != dm_type_minimum(info->type))
        dm_print_hex(print, avp->data);
    else if (info->type == DM_TYPE_TIME)
        put_time(print, avp);
    else
        put_number(print, avp, info->type);
}

/* The vendor of an Experimental-Result, where it stands first as the grammar lists it. */
static uint32_t vendor_of(dm_bytes group)
{
    struct dm_avps walk = dm_avps_in(group);
    struct dm_avp avp;
    uint32_t vendor;
    bool has_it = dm_avps_next(&walk, &avp) && avp.vendor == 0 && avp.code == DM_AVP_VENDOR_ID &&
                  dm_avp_get32(&avp, &vendor);
    return has_it ? vendor : 0;
}

/* What a number means: the name of a result or an application. `chain` is where the AVP stands. */
static const char *meaning(const struct dm_avp *avp, dm_bytes chain)
{
    uint32_t value;
    if (avp->vendor != 0 || !dm_avp_get32(avp, &value))
        return NULL;
    if (avp->code == DM_AVP_RESULT_CODE)
        return dm_result_name(value);
    if (avp->code == DM_AVP_EXPERIMENTAL_RESULT_CODE)
        return dm_experimental_name(vendor_of(chain), value);
    if (avp->code != DM_AVP_AUTH_APPLICATION_ID && avp->code != DM_AVP_ACCT_APPLICATION_ID)
        return NULL;
    const struct dm_application_info *application = dm_dict_application(value);
    return application ? application->name : NULL;
}

static void put_indent(struct dm_print *print, int depth)
{
    for (int i = 0; i < depth; i++)
        dm_print_text(print, "  ", 2);
}

/* "Public-Identity (10415/601) V M". */
static void put_name(struct dm_print *print, const struct dm_avp *avp,
                     const struct dm_avp_info *info)
{
    dm_print(print, "%s (", info ? info->name : "AVP");
    if (avp->vendor)
        dm_print(print, "%u/", avp->vendor);
    dm_print(print, "%u)%s%s%s", avp->code, avp->flags & DM_AVP_VENDOR ? " V" : "",
             avp->flags & DM_AVP_MANDATORY ? " M" : "", avp->flags & DM_AVP_PROTECTED ? " P" : "");
}

static void put_chain(struct dm_print *print, dm_bytes chain, int depth);

static void put_avp(struct dm_print *print, const struct dm_avp *avp, dm_bytes chain, int depth)
{
    const struct dm_avp_info *info = dm_dict_avp(avp->vendor, avp->code);
    put_indent(print, depth);
    put_name(print, avp, info);
    if (info && info->type == DM_TYPE_GROUPED) {
        dm_print(print, "\n");
        put_chain(print, avp->data, depth + 1);
        return;
    }
    dm_print(print, " = ");
    if (info)
        put_value(print, avp, info);
    else
        dm_print_hex(print, avp->data);
    const char *means = meaning(avp, chain);
    dm_print(print, "%s%s\n", means ? " " : "", means ? means : "");
}

/* The header of what cannot be read, and no more of it. */
static void put_malformed(struct dm_print *print, dm_bytes octets)
{
    size_t shown = octets.size < HEAD_SHOWN ? octets.size : HEAD_SHOWN;
    dm_print(print, "malformed: %zu octets from ", octets.size);
    dm_print_hex(print, dm_bytes_of(octets.at, shown));
    dm_print(print, "\n");
}

static void put_chain(struct dm_print *print, dm_bytes chain, int depth)
{
    if (depth > DEPTH_MAX) {
        put_indent(print, depth);
        dm_print(print, "%zu octets, nested too deep\n", chain.size);
        return;
    }
    struct dm_avps walk = dm_avps_in(chain);
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp))
        put_avp(print, &avp, chain, depth);
    if (walk.error) {
        put_indent(print, depth);
        put_malformed(print, walk.failed);
    }
}

static void put_command(struct dm_print *print, const struct dm_header *header)
{
    const struct dm_command_info *command = dm_dict_command(header->application, header->command);
    const struct dm_application_info *application = dm_dict_application(header->application);
    bool is_request = dm_header_is_request(header);
    if (command)
        dm_print(print, "%s ", is_request ? command->request : command->answer);
    else
        dm_print(print, "%s ", is_request ? "request" : "answer");
    if (application)
        dm_print(print, "%s ", application->name);
    else
        dm_print(print, "%u ", header->application);
    dm_print(print, "%u", header->command);
}

static void put_header(struct dm_print *print, const struct dm_header *header)
{
    uint8_t flags = header->flags;
    put_command(print, header);
    if (header->version != DM_VERSION)
        dm_print(print, " version %u", header->version);
    dm_print(print, " flags%s%s%s%s%s%s", flags & DM_FLAG_REQUEST ? " R" : "",
             flags & DM_FLAG_PROXIABLE ? " P" : "", flags & DM_FLAG_ERROR ? " E" : "",
             flags & DM_FLAG_RETRANSMIT ? " T" : "", flags & DM_FLAG_RESERVED ? " reserved" : "",
             flags ? "" : " none");
    dm_print(print, ", length %u, hop-by-hop 0x%08x, end-to-end 0x%08x\n", header->length,
             header->hop_by_hop, header->end_to_end);
}

size_t dm_dump(char *to, size_t room, dm_bytes message)
{
    struct dm_print print = {.to = to, .room = room};
    if (message.size < DM_HEADER_SIZE) {
        dm_print_hex(&print, message);
        return dm_print_end(&print);
    }
    struct dm_header header;
    dm_header_read(&header, message.at);
    put_header(&print, &header);
    put_chain(&print, dm_bytes_of(message.at + DM_HEADER_SIZE, message.size - DM_HEADER_SIZE), 1);
    return dm_print_end(&print);
}

size_t dm_escape(char *to, size_t room, dm_bytes octets)
{
    struct dm_print print = {.to = to, .room = room};
    dm_print_escaped(&print, octets);
    return dm_print_end(&print);
}
