/* reasons.c — decisions as text. Never on the data path. */
#include "routing/reasons.h"

#include <stdarg.h>
#include <stdio.h>

#include "proto/dict.h"

void rt_say(struct rt_reasons *reasons, const char *format, ...)
{
    if (reasons->room == 0)
        return;
    va_list values;
    va_start(values, format);
    size_t room = reasons->room - reasons->size;
    int wanted = vsnprintf(reasons->text + reasons->size, room, format, values);
    va_end(values);
    if (wanted < 0)
        return;
    reasons->size += (size_t)wanted < room ? (size_t)wanted : room - 1;
    if (reasons->size + 1 < reasons->room)
        reasons->text[reasons->size++] = '\n';
    reasons->text[reasons->size] = '\0';
}

struct rt_shown rt_show(dm_bytes name)
{
    struct rt_shown shown;
    size_t room = sizeof shown.text - 4;
    size_t size = name.size < room ? name.size : room;
    for (size_t i = 0; i < size; i++)
        shown.text[i] = name.at[i] > ' ' && name.at[i] < 0x7f ? (char)name.at[i] : '?';
    strcpy(shown.text + size, size < name.size ? "..." : "");
    return shown;
}

static const char *kind_of_pattern(dm_bytes pattern)
{
    if (pattern.size == 0 || pattern.at[0] != '*')
        return "exact";
    return pattern.size == 1 ? "any" : "suffix";
}

static void name_application(char *to, size_t room, const struct rt_route *route)
{
    const struct dm_application_info *known = dm_dict_application(route->application);
    if (route->any_application)
        snprintf(to, room, "any");
    else if (known)
        snprintf(to, room, "%s named", known->name);
    else
        snprintf(to, room, "%u named", (unsigned)route->application);
}

static void name_origin(char *to, size_t room, const char *what, dm_bytes pattern)
{
    to[0] = '\0';
    if (pattern.size > 0)
        snprintf(to, room, ", %s %s", what, rt_show(pattern).text);
}

void rt_say_route(struct rt_reasons *reasons, const struct rt_route *route)
{
    char application[64];
    char host[160];
    char realm[160];
    name_application(application, sizeof application, route);
    name_origin(host, sizeof host, "origin host", route->origin_host);
    name_origin(realm, sizeof realm, "origin realm", route->origin_realm);
    rt_say(reasons, "route %s: realm %s %s, application %s%s%s%s", route->name,
           rt_show(route->realm).text, kind_of_pattern(route->realm), application,
           route->command_count > 0 ? ", command listed" : "", host, realm);
}

const char *rt_kind_name(uint8_t kind)
{
    switch (kind) {
    case RT_KIND_PRIVATE:
        return "private";
    case RT_KIND_PUBLIC:
        return "public";
    case RT_KIND_NUMBER:
        return "number";
    case RT_KIND_SESSION:
        return "none, so by session";
    default:
        return "octets";
    }
}

/* User and domain of a key are parted by a NUL, which nobody can read. */
struct rt_shown rt_show_key(const struct rt_key *key)
{
    uint8_t octets[RT_KEY_MAX];
    size_t size = key->size - 1u;
    for (size_t i = 0; i < size; i++)
        octets[i] = key->octets[i + 1] ? key->octets[i + 1] : '@';
    return rt_show(dm_bytes_of(octets, size));
}

void rt_say_key(struct rt_reasons *reasons, const struct rt_key *key, uint16_t slot)
{
    if (key->size == 0)
        rt_say(reasons, "user: none, slot %u", (unsigned)slot);
    else
        rt_say(reasons, "user: %s %s, slot %u", rt_kind_name(key->octets[0]), rt_show_key(key).text,
               (unsigned)slot);
}
