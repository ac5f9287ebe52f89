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

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum { DEPTH_MAX = 16, HEAD_SHOWN = 8 };

/* Text that counts on where its room has ended. */
struct text {
    char *to;
    size_t room;
    size_t length;
};

static void put(struct text *text, const char *at, size_t size)
{
    if (text->length + 1 < text->room) {
        size_t left = text->room - 1 - text->length;
        memcpy(text->to + text->length, at, size < left ? size : left);
    }
    text->length += size;
}

/* Of at most 255 octets; values of the wire do not come this way. */
__attribute__((format(printf, 2, 3))) static void say(struct text *text, const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (size > 0)
        put(text, line, (size_t)size < sizeof line ? (size_t)size : sizeof line - 1);
}

static size_t finish(struct text *text)
{
    if (text->room)
        text->to[text->length < text->room ? text->length : text->room - 1] = '\0';
    return text->length;
}

static void put_hex_octet(struct text *text, uint8_t octet)
{
    static const char digits[] = "0123456789abcdef";
    put(text, (const char[]){digits[octet >> 4], digits[octet & 15]}, 2);
}

static void put_hex(struct text *text, dm_bytes octets)
{
    put(text, "0x", 2);
    for (size_t i = 0; i < octets.size; i++)
        put_hex_octet(text, octets.at[i]);
}

static bool is_printable(uint8_t c)
{
    return c >= ' ' && c <= '~';
}

static void put_escaped(struct text *text, dm_bytes octets)
{
    for (size_t i = 0; i < octets.size; i++) {
        uint8_t c = octets.at[i];
        if (!is_printable(c)) {
            put(text, "\\x", 2);
            put_hex_octet(text, c);
            continue;
        }
        if (c == '"' || c == '\\')
            put(text, "\\", 1);
        put(text, (const char *)&octets.at[i], 1);
    }
}

static void put_quoted(struct text *text, dm_bytes octets)
{
    put(text, "\"", 1);
    put_escaped(text, octets);
    put(text, "\"", 1);
}

static void put_octets(struct text *text, dm_bytes octets)
{
    for (size_t i = 0; i < octets.size; i++)
        if (!is_printable(octets.at[i])) {
            put_hex(text, octets);
            return;
        }
    put_quoted(text, octets);
}

static void put_address(struct text *text, const struct dm_avp *avp)
{
    uint16_t family;
    dm_bytes address;
    char name[INET6_ADDRSTRLEN];
    if (dm_avp_get_address(avp, &family, &address) &&
        inet_ntop(family == 1 ? AF_INET : AF_INET6, address.at, name, sizeof name))
        say(text, "%s", name);
    else
        put_hex(text, avp->data);
}

static void put_time(struct text *text, const struct dm_avp *avp)
{
    int64_t seconds = 0;
    struct tm tm;
    char name[32];
    (void)dm_avp_get_time(avp, &seconds); /* the size was seen to be right */
    time_t time = (time_t)seconds;
    if (gmtime_r(&time, &tm) && strftime(name, sizeof name, "%Y-%m-%dT%H:%M:%SZ", &tm))
        say(text, "%s", name);
}

static void put_float32(struct text *text, uint32_t octets)
{
    float value;
    memcpy(&value, &octets, sizeof value);
    say(text, "%g", (double)value);
}

static void put_float64(struct text *text, uint64_t octets)
{
    double value;
    memcpy(&value, &octets, sizeof value);
    say(text, "%g", value);
}

/* A value of a fixed size, which it was seen to have. */
static void put_number(struct text *text, const struct dm_avp *avp, enum dm_type type)
{
    uint32_t small = 0;
    uint64_t large = 0;
    if (!dm_avp_get32(avp, &small))
        (void)dm_avp_get64(avp, &large);
    switch (type) {
    case DM_TYPE_INTEGER64:
        say(text, "%lld", (long long)large);
        break;
    case DM_TYPE_UNSIGNED64:
        say(text, "%llu", (unsigned long long)large);
        break;
    case DM_TYPE_FLOAT32:
        put_float32(text, small);
        break;
    case DM_TYPE_FLOAT64:
        put_float64(text, large);
        break;
    case DM_TYPE_UNSIGNED32:
        say(text, "%u", small);
        break;
    default: /* Integer32 and Enumerated, which is one */
        say(text, "%d", (int32_t)small);
    }
}

static bool is_text(enum dm_type type)
{
    return type == DM_TYPE_UTF8 || type == DM_TYPE_IDENTITY || type == DM_TYPE_URI;
}

static void put_value(struct text *text, const struct dm_avp *avp, const struct dm_avp_info *info)
{
    if (info->secret)
        say(text, "***");
    else if (is_text(info->type))
        put_quoted(text, avp->data);
    else if (info->type == DM_TYPE_OCTETS)
        put_octets(text, avp->data);
    else if (info->type == DM_TYPE_ADDRESS)
        put_address(text, avp);
    else if (avp->data.size != dm_type_minimum(info->type))
        put_hex(text, avp->data);
    else if (info->type == DM_TYPE_TIME)
        put_time(text, avp);
    else
        put_number(text, avp, info->type);
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

static void put_indent(struct text *text, int depth)
{
    for (int i = 0; i < depth; i++)
        put(text, "  ", 2);
}

/* "Public-Identity (10415/601) V M". */
static void put_name(struct text *text, const struct dm_avp *avp, const struct dm_avp_info *info)
{
    say(text, "%s (", info ? info->name : "AVP");
    if (avp->vendor)
        say(text, "%u/", avp->vendor);
    say(text, "%u)%s%s%s", avp->code, avp->flags & DM_AVP_VENDOR ? " V" : "",
        avp->flags & DM_AVP_MANDATORY ? " M" : "", avp->flags & DM_AVP_PROTECTED ? " P" : "");
}

static void put_chain(struct text *text, dm_bytes chain, int depth);

static void put_avp(struct text *text, const struct dm_avp *avp, dm_bytes chain, int depth)
{
    const struct dm_avp_info *info = dm_dict_avp(avp->vendor, avp->code);
    put_indent(text, depth);
    put_name(text, avp, info);
    if (info && info->type == DM_TYPE_GROUPED) {
        say(text, "\n");
        put_chain(text, avp->data, depth + 1);
        return;
    }
    say(text, " = ");
    if (info)
        put_value(text, avp, info);
    else
        put_hex(text, avp->data);
    const char *means = meaning(avp, chain);
    say(text, "%s%s\n", means ? " " : "", means ? means : "");
}

/* The header of what cannot be read, and no more of it. */
static void put_malformed(struct text *text, dm_bytes octets)
{
    size_t shown = octets.size < HEAD_SHOWN ? octets.size : HEAD_SHOWN;
    say(text, "malformed: %zu octets from ", octets.size);
    put_hex(text, dm_bytes_of(octets.at, shown));
    say(text, "\n");
}

static void put_chain(struct text *text, dm_bytes chain, int depth)
{
    if (depth > DEPTH_MAX) {
        put_indent(text, depth);
        say(text, "%zu octets, nested too deep\n", chain.size);
        return;
    }
    struct dm_avps walk = dm_avps_in(chain);
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp))
        put_avp(text, &avp, chain, depth);
    if (walk.error) {
        put_indent(text, depth);
        put_malformed(text, walk.failed);
    }
}

static void put_command(struct text *text, const struct dm_header *header)
{
    const struct dm_command_info *command = dm_dict_command(header->application, header->command);
    const struct dm_application_info *application = dm_dict_application(header->application);
    bool is_request = dm_header_is_request(header);
    if (command)
        say(text, "%s ", is_request ? command->request : command->answer);
    else
        say(text, "%s ", is_request ? "request" : "answer");
    if (application)
        say(text, "%s ", application->name);
    else
        say(text, "%u ", header->application);
    say(text, "%u", header->command);
}

static void put_header(struct text *text, const struct dm_header *header)
{
    uint8_t flags = header->flags;
    put_command(text, header);
    if (header->version != DM_VERSION)
        say(text, " version %u", header->version);
    say(text, " flags%s%s%s%s%s%s", flags & DM_FLAG_REQUEST ? " R" : "",
        flags & DM_FLAG_PROXIABLE ? " P" : "", flags & DM_FLAG_ERROR ? " E" : "",
        flags & DM_FLAG_RETRANSMIT ? " T" : "", flags & DM_FLAG_RESERVED ? " reserved" : "",
        flags ? "" : " none");
    say(text, ", length %u, hop-by-hop 0x%08x, end-to-end 0x%08x\n", header->length,
        header->hop_by_hop, header->end_to_end);
}

size_t dm_dump(char *to, size_t room, dm_bytes message)
{
    struct text text = {.to = to, .room = room};
    if (message.size < DM_HEADER_SIZE) {
        put_hex(&text, message);
        return finish(&text);
    }
    struct dm_header header;
    dm_header_read(&header, message.at);
    put_header(&text, &header);
    put_chain(&text, dm_bytes_of(message.at + DM_HEADER_SIZE, message.size - DM_HEADER_SIZE), 1);
    return finish(&text);
}

size_t dm_escape(char *to, size_t room, dm_bytes octets)
{
    struct text text = {.to = to, .room = room};
    put_escaped(&text, octets);
    return finish(&text);
}
