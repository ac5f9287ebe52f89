/* avp_text.c — an AVP from its name and its value. RFC 6733 §4.2, §4.3. */
#include "agent/avp_text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/hex.h"

enum { DEPTH_MAX = 8, NAME_MAX_SIZE = 64 };
#define SECONDS_1900_TO_1970 UINT64_C(2208988800)

/* --- the name --- */

/* The number at the start of `text` and what follows it; false where there is none of 32 bits. */
static bool read_number32(const char *text, const char **rest, uint32_t *number)
{
    if (!isdigit((unsigned char)*text))
        return false;
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || value > UINT32_MAX)
        return false;
    *number = (uint32_t)value;
    *rest = end;
    return true;
}

static bool read_by_number(const char *name, struct dm_avp_info *info)
{
    const char *rest;
    *info = (struct dm_avp_info){.type = DM_TYPE_OCTETS};
    if (!read_number32(name, &rest, &info->code))
        return false;
    if (*rest == ':') {
        info->vendor = info->code;
        if (!read_number32(rest + 1, &rest, &info->code))
            return false;
    }
    return *rest == '\0';
}

/* What the dictionary has; an unknown number is octets without M. */
static bool find(const char *name, struct dm_avp_info *info)
{
    const struct dm_avp_info *known = dm_dict_avp_named(dm_text(name));
    if (!known && !read_by_number(name, info))
        return false;
    if (!known)
        known = dm_dict_avp(info->vendor, info->code);
    if (known)
        *info = *known;
    return true;
}

bool avp_text_find(const char *name, size_t size, struct dm_avp_info *info)
{
    char one[NAME_MAX_SIZE] = "";
    if (size >= sizeof one)
        return false;
    memcpy(one, name, size);
    return find(one, info);
}

bool avp_text_names(const char *name, uint32_t code)
{
    struct dm_avp_info info;
    return find(name, &info) && info.vendor == 0 && info.code == code;
}

/* --- the value --- */

/* One that is being written. */
struct writing {
    struct dm_writer *writer;
    const struct dm_avp_info *info;
    const char *value;
    char *why;
};

static bool refuse(const struct writing *it, const char *wanted)
{
    snprintf(it->why, AVP_TEXT_WHY, "%s wants %s, not `%.60s`",
             it->info->name ? it->info->name : "it", wanted, it->value);
    return false;
}

static bool put(const struct writing *it, const void *octets, size_t size)
{
    dm_write_avp(it->writer, it->info->vendor, it->info->code,
                 it->info->mandatory ? DM_AVP_MANDATORY : 0, dm_bytes_of(octets, size));
    return true;
}

static bool put_hex(const struct writing *it, const char *hex)
{
    size_t size = 0;
    uint8_t *octets = malloc(strlen(hex) / 2 + 1);
    if (octets == NULL)
        abort();
    bool is_hex = hex_read(dm_text(hex), octets, &size);
    if (is_hex)
        put(it, octets, size);
    free(octets);
    return is_hex || refuse(it, "pairs of hexadecimal digits behind 0x");
}

static bool put_octets(const struct writing *it)
{
    if (strncmp(it->value, "0x", 2) == 0)
        return put_hex(it, it->value + 2);
    if (it->info->type == DM_TYPE_GROUPED)
        return refuse(it, "a name of an AVP in it (as NAME/NAME), or 0x and hexadecimal digits");
    return put(it, it->value, strlen(it->value));
}

static bool put_number(const struct writing *it, uint64_t number, size_t size)
{
    uint8_t octets[8];
    if (size == 4)
        dm_put32(octets, (uint32_t)number);
    else
        dm_put64(octets, number);
    return put(it, octets, size);
}

static bool put_unsigned(const struct writing *it, uint64_t most, size_t size, const char *wanted)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(it->value, &end, 10);
    bool is_number = isdigit((unsigned char)*it->value) && !*end && !errno && number <= most;
    return is_number ? put_number(it, number, size) : refuse(it, wanted);
}

static bool put_signed(const struct writing *it, int64_t least, int64_t most, size_t size)
{
    char *end;
    errno = 0;
    long long number = strtoll(it->value, &end, 10);
    bool is_number = (isdigit((unsigned char)*it->value) || *it->value == '-') &&
                     end != it->value && !*end && !errno && number >= least && number <= most;
    return is_number ? put_number(it, (uint64_t)number, size) : refuse(it, "a whole number");
}

static bool put_time(const struct writing *it)
{
    char *end;
    errno = 0;
    unsigned long long seconds = strtoull(it->value, &end, 10);
    if (!isdigit((unsigned char)*it->value) || *end || errno || seconds > UINT32_MAX)
        return refuse(it, "seconds since 1970");
    return put_number(it, seconds + SECONDS_1900_TO_1970, 4); /* rolls over in 2036: AVP-25 */
}

static bool put_float(const struct writing *it, size_t size)
{
    char *end;
    double number = strtod(it->value, &end);
    if (end == it->value || *end)
        return refuse(it, "a number");
    float narrow = (float)number;
    uint32_t bits32;
    uint64_t bits64;
    memcpy(&bits32, &narrow, sizeof bits32);
    memcpy(&bits64, &number, sizeof bits64);
    return put_number(it, size == 4 ? bits32 : bits64, size);
}

static bool put_address(const struct writing *it)
{
    uint8_t octets[18] = {0};
    if (inet_pton(AF_INET, it->value, octets + 2) == 1) {
        octets[1] = 1;
        return put(it, octets, 6);
    }
    octets[1] = 2;
    return inet_pton(AF_INET6, it->value, octets + 2) == 1 ? put(it, octets, 18)
                                                           : refuse(it, "an IP address");
}

static bool put_value(const struct writing *it)
{
    switch (it->info->type) {
    case DM_TYPE_INTEGER32:
    case DM_TYPE_ENUMERATED:
        return put_signed(it, INT32_MIN, INT32_MAX, 4);
    case DM_TYPE_INTEGER64:
        return put_signed(it, INT64_MIN, INT64_MAX, 8);
    case DM_TYPE_UNSIGNED32:
        return put_unsigned(it, UINT32_MAX, 4, "a number of 32 bits");
    case DM_TYPE_UNSIGNED64:
        return put_unsigned(it, UINT64_MAX, 8, "a number of 64 bits");
    case DM_TYPE_FLOAT32:
        return put_float(it, 4);
    case DM_TYPE_FLOAT64:
        return put_float(it, 8);
    case DM_TYPE_TIME:
        return put_time(it);
    case DM_TYPE_ADDRESS:
        return put_address(it);
    case DM_TYPE_OCTETS:
    case DM_TYPE_GROUPED:
        return put_octets(it);
    case DM_TYPE_UTF8:
    case DM_TYPE_IDENTITY:
    case DM_TYPE_URI:
        break;
    }
    return put(it, it->value, strlen(it->value));
}

/* --- the groups around it --- */

static bool write_one(struct dm_writer *writer, const char *name, const char *value, char *why,
                      int depth);

static bool write_group(struct dm_writer *writer, const struct dm_avp_info *group,
                        const char *inner, const char *value, char *why, int depth)
{
    if (group->type != DM_TYPE_GROUPED) {
        snprintf(why, AVP_TEXT_WHY, "`%s` is no group", group->name ? group->name : "it");
        return false;
    }
    size_t mark =
        dm_write_group(writer, group->vendor, group->code, group->mandatory ? DM_AVP_MANDATORY : 0);
    bool is_written = write_one(writer, inner, value, why, depth + 1);
    dm_write_group_end(writer, mark);
    return is_written;
}

static bool write_one(struct dm_writer *writer, const char *name, const char *value, char *why,
                      int depth)
{
    size_t size = strcspn(name, "/");
    struct dm_avp_info info;
    if (depth == DEPTH_MAX || !avp_text_find(name, size, &info)) {
        snprintf(why, AVP_TEXT_WHY, "`%.60s` is no AVP known by name; CODE or VENDOR:CODE would do",
                 name);
        return false;
    }
    if (name[size] == '/')
        return write_group(writer, &info, name + size + 1, value, why, depth);
    struct writing it = {writer, &info, value, why};
    return put_value(&it);
}

bool avp_text_write(struct dm_writer *writer, const char *name, const char *value,
                    char why[AVP_TEXT_WHY])
{
    return write_one(writer, name, value, why, 0);
}

bool avp_text_write_as(struct dm_writer *writer, const struct dm_avp_info *info, const char *value,
                       char why[AVP_TEXT_WHY])
{
    struct writing it = {writer, info, value, why};
    return put_value(&it);
}
