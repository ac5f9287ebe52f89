/* log_render.c — a record as a line of text or JSON.
 *
 * Text: `LEVEL peer: event: words`. JSON: time, level, peer, event, message and the values by name.
 * What peers said may hold anything: octets that are not printable ASCII are written as \xHH, in
 * JSON behind its own escape, so that a line is always one line of valid UTF-8. */
#include "agent/log_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct line {
    char *at;
    char *end; /* room for the closing of the line is kept behind it */
    bool json;
};

static const char *const level_text[] = {"ERROR", "WARN", "INFO", "DEBUG"};
static const char *const level_json[] = {"error", "warn", "info", "debug"};

static void put(struct line *line, const char *text, size_t size)
{
    if ((size_t)(line->end - line->at) < size)
        return;
    memcpy(line->at, text, size);
    line->at += size;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* One octet that somebody else chose. */
static void put_octet(struct line *line, unsigned char octet)
{
    char escape[8];
    if (octet < 0x20 || octet >= 0x7f) {
        int size = snprintf(escape, sizeof escape, line->json ? "\\\\x%02x" : "\\x%02x", octet);
        put(line, escape, (size_t)size);
        return;
    }
    if (octet == '\\')
        put_text(line, line->json ? "\\\\\\\\" : "\\\\");
    else if (octet == '"' && line->json)
        put_text(line, "\\\"");
    else
        put(line, (const char *)&octet, 1);
}

static void put_escaped(struct line *line, const char *text)
{
    for (size_t i = 0; i < LOG_TEXT_MAX && text[i]; i++)
        put_octet(line, (unsigned char)text[i]);
}

static void put_number(struct line *line, int64_t number)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%" PRId64, number);
    put(line, digits, (size_t)size);
}

static const struct log_value *find_value(const struct log_record *record, const char *name,
                                          size_t size)
{
    for (size_t i = 0; i < record->count; i++) {
        const char *has = record->values[i].name;
        if (has && strlen(has) == size && memcmp(has, name, size) == 0)
            return &record->values[i];
    }
    return NULL;
}

static void put_value(struct line *line, const struct log_value *value)
{
    if (value->text)
        put_escaped(line, value->text);
    else
        put_number(line, value->number);
}

/* The words, with the values in the place of `{name}`. Braces that name no value stay as they are.
 */
static void put_words(struct line *line, const struct log_record *record, const char *words)
{
    for (const char *at = words; *at;) {
        const char *close = *at == '{' ? strchr(at, '}') : NULL;
        const struct log_value *value =
            close ? find_value(record, at + 1, (size_t)(close - at - 1)) : NULL;
        if (value)
            put_value(line, value);
        else
            put_octet(line, (unsigned char)*at);
        at = value ? close + 1 : at + 1;
    }
}

/* Leaves room for the quote that ends it in JSON. */
static void put_message(struct line *line, const struct log_record *record)
{
    line->end--;
    for (size_t i = 0; i < record->count; i++)
        if (record->values[i].name == NULL && record->values[i].text)
            put_words(line, record, record->values[i].text);
    line->end++;
}

static void put_member(struct line *line, const char *name, const char *text)
{
    put_text(line, name);
    put_escaped(line, text);
}

static void put_time(struct line *line, uint64_t nanoseconds)
{
    time_t seconds = (time_t)(nanoseconds / 1000000000u);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    char text[40];
    size_t size = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    size += (size_t)snprintf(text + size, sizeof text - size, ".%03uZ",
                             (unsigned)(nanoseconds / 1000000u % 1000u));
    put(line, text, size);
}

static void put_json_value(struct line *line, const struct log_value *value)
{
    if (value->name == NULL || (size_t)(line->end - line->at) < 8 * LOG_TEXT_MAX)
        return;
    put_member(line, ",\"", value->name);
    put_text(line, "\":");
    if (value->text == NULL) {
        put_number(line, value->number);
        return;
    }
    put_member(line, "\"", value->text);
    put_text(line, "\"");
}

static void render_json(struct line *line, const struct log_record *record)
{
    put_text(line, "{\"time\":\"");
    put_time(line, record->time);
    put_member(line, "\",\"level\":\"", level_json[record->level]);
    put_member(line, "\",\"peer\":\"", record->who);
    put_member(line, "\",\"event\":\"", record->event);
    put_text(line, "\",\"message\":\"");
    put_message(line, record);
    put_text(line, "\"");
    for (size_t i = 0; i < record->count; i++)
        put_json_value(line, &record->values[i]);
}

static void render_text(struct line *line, const struct log_record *record)
{
    put_text(line, level_text[record->level]);
    put_member(line, " ", record->who);
    put_member(line, ": ", record->event);
    put_text(line, ": ");
    put_message(line, record);
}

size_t log_record_render(char *to, const struct log_record *record, bool json)
{
    struct line line = {to, to + LOG_RENDERED_MAX - 4, json};
    if (json)
        render_json(&line, record);
    else
        render_text(&line, record);
    line.end += 4;
    put_text(&line, json ? "}\n" : "\n");
    return (size_t)(line.at - to);
}
