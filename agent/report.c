/* report.c — values of all reports: texts, times, applications, errors. */
#include "agent/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/clock.h"
#include "proto/dict.h"
#include "routing/reasons.h"

json_t *report_made(json_t *json)
{
    if (!json)
        abort();
    return json;
}

json_t *report_text(dm_bytes text)
{
    return report_made(json_string(rt_show(text).text));
}

json_t *report_line(const char *text, size_t size)
{
    json_t *json = json_stringn(text, size);
    if (json)
        return json;
    char *shown = strndup(text, size); /* it was no UTF-8 */
    for (char *at = shown; at && *at; at++)
        *at = (unsigned char)*at < 0x80 ? *at : '?';
    json = json_string(shown);
    free(shown);
    return report_made(json);
}

json_t *report_name(const char *name)
{
    return name ? report_text(dm_text(name)) : json_null();
}

json_t *report_seconds(uint64_t ns)
{
    uint64_t ms = ns / NS_PER_MS;
    return report_made(json_real((double)ms / 1e3));
}

json_t *report_moment(uint64_t age)
{
    struct timespec now;
    struct tm parts;
    char text[40];
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t then = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec - age;
    time_t seconds = (time_t)(then / NS_PER_S);
    gmtime_r(&seconds, &parts);
    size_t size = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + size, sizeof text - size, ".%03uZ", (unsigned)(then % NS_PER_S / NS_PER_MS));
    return report_made(json_string(text));
}

json_t *report_application(uint32_t id)
{
    const struct dm_application_info *known = dm_dict_application(id);
    return report_made(known ? json_string(known->name) : json_integer(id));
}

json_t *report_error(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    json_t *words = report_made(json_vsprintf(format, values));
    va_end(values);
    return report_made(json_pack("{s:o}", "error", words));
}
