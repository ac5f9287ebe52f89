/* dict.c — the tables as arrays: binary search by number, a walk by name.
 *
 * The rows of each .def file ascend (the unit test holds them to it), and the IETF's stand first:
 * so the first AVP of a name is theirs. */
#include "proto/dict.h"

#include <stdlib.h>

static const struct dm_avp_info avps[] = {
#define AVP(vendor, code, name, type, mandatory, secret)                                           \
    {vendor, code, name, DM_TYPE_##type, mandatory, secret},
#include "proto/avps.def"
#undef AVP
};

static const struct dm_command_info commands[] = {
#define COMMAND(application, code, request, answer, name)                                          \
    {application, code, request, answer, name},
#include "proto/commands.def"
#undef COMMAND
};

static const struct dm_application_info applications[] = {
#define APPLICATION(id, name, title, vendor, accounting) {id, name, title, vendor, accounting},
#include "proto/applications.def"
#undef APPLICATION
};

enum {
    AVPS = sizeof avps / sizeof *avps,
    COMMANDS = sizeof commands / sizeof *commands,
    APPLICATIONS = sizeof applications / sizeof *applications,
};

static int compare(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int compare_avps(const void *one, const void *other)
{
    const struct dm_avp_info *a = one;
    const struct dm_avp_info *b = other;
    return a->vendor != b->vendor ? compare(a->vendor, b->vendor) : compare(a->code, b->code);
}

static int compare_commands(const void *one, const void *other)
{
    const struct dm_command_info *a = one;
    const struct dm_command_info *b = other;
    int by_application = compare(a->application, b->application);
    return by_application ? by_application : compare(a->code, b->code);
}

static int compare_applications(const void *one, const void *other)
{
    const struct dm_application_info *a = one;
    const struct dm_application_info *b = other;
    return compare(a->id, b->id);
}

/* Names are ASCII as identities are, so they are equal in the same way. */
static bool is_named(const char *name, dm_bytes wanted)
{
    return dm_identity_equal(dm_text(name), wanted);
}

const struct dm_avp_info *dm_dict_avp(uint32_t vendor, uint32_t code)
{
    const struct dm_avp_info wanted = {.vendor = vendor, .code = code};
    return bsearch(&wanted, avps, AVPS, sizeof *avps, compare_avps);
}

const struct dm_avp_info *dm_dict_avp_named(dm_bytes name)
{
    for (size_t i = 0; i < AVPS; i++)
        if (is_named(avps[i].name, name))
            return &avps[i];
    return NULL;
}

static const struct dm_command_info *find_command(uint32_t application, uint32_t code)
{
    const struct dm_command_info wanted = {.application = application, .code = code};
    return bsearch(&wanted, commands, COMMANDS, sizeof *commands, compare_commands);
}

const struct dm_command_info *dm_dict_command(uint32_t application, uint32_t code)
{
    const struct dm_command_info *own = find_command(application, code);
    return own ? own : find_command(0, code);
}

static const struct dm_command_info *find_command_named(uint32_t application, dm_bytes name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (commands[i].application == application && is_named(commands[i].request, name))
            return &commands[i];
    return NULL;
}

const struct dm_command_info *dm_dict_command_named(uint32_t application, dm_bytes name)
{
    const struct dm_command_info *own = find_command_named(application, name);
    return own ? own : find_command_named(0, name);
}

const struct dm_application_info *dm_dict_application(uint32_t id)
{
    const struct dm_application_info wanted = {.id = id};
    return bsearch(&wanted, applications, APPLICATIONS, sizeof *applications, compare_applications);
}

const struct dm_application_info *dm_dict_application_named(dm_bytes name)
{
    for (size_t i = 0; i < APPLICATIONS; i++)
        if (is_named(applications[i].name, name))
            return &applications[i];
    return NULL;
}

size_t dm_type_minimum(enum dm_type type)
{
    switch (type) {
    case DM_TYPE_INTEGER32:
    case DM_TYPE_UNSIGNED32:
    case DM_TYPE_FLOAT32:
    case DM_TYPE_ENUMERATED:
    case DM_TYPE_TIME:
        return 4;
    case DM_TYPE_INTEGER64:
    case DM_TYPE_UNSIGNED64:
    case DM_TYPE_FLOAT64:
        return 8;
    case DM_TYPE_ADDRESS:
        return 6; /* the family and an IPv4 address */
    case DM_TYPE_OCTETS:
    case DM_TYPE_UTF8:
    case DM_TYPE_IDENTITY:
    case DM_TYPE_URI:
    case DM_TYPE_GROUPED:
        break;
    }
    return 0;
}
