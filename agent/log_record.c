/* log_record.c — a line of the log between the thread that says it and the one that writes it.
 *
 * Packed: time, level, count, then who, event and each value: 'w' words, 't' text or 'n' number,
 * with strings ended by zero. Everything is cut to fixed sizes, so nothing here can fail. */
#include "agent/log_record.h"

#include <string.h>

struct packer {
    uint8_t *at;
    uint8_t *end;
};

static void pack(struct packer *to, const void *octets, size_t size)
{
    memcpy(to->at, octets, size);
    to->at += size;
}

/* Cuts the text where it does not fit; there is always room for its end. */
static void pack_text(struct packer *to, const char *text)
{
    size_t room = (size_t)(to->end - to->at) - 1;
    size_t size = strnlen(text, room < LOG_TEXT_MAX ? room : LOG_TEXT_MAX);
    pack(to, text, size);
    *to->at++ = '\0';
}

static char kind_of(const struct log_value *value)
{
    if (value->name == NULL)
        return 'w';
    return value->text ? 't' : 'n';
}

static void pack_value(struct packer *to, const struct log_value *value)
{
    *to->at++ = (uint8_t)kind_of(value);
    if (value->name)
        pack_text(to, value->name);
    if (value->text)
        pack_text(to, value->text);
    else
        pack(to, &value->number, sizeof value->number);
}

size_t log_record_pack(uint8_t *to, const struct log_record *record)
{
    enum { VALUE_LEAST = 1 + 1 + 8 }; /* a kind, an empty name, a number */
    struct packer packer = {to, to + LOG_RECORD_MAX};
    pack(&packer, &record->time, sizeof record->time);
    *packer.at++ = (uint8_t)record->level;
    uint8_t *count = packer.at++;
    *count = 0;
    pack_text(&packer, record->who);
    pack_text(&packer, record->event);
    for (size_t i = 0; i < record->count && i < LOG_VALUES_MAX; i++) {
        /* A name and a text are cut apart from each other: the worst case must fit. */
        if (packer.end - packer.at < VALUE_LEAST + 2 * LOG_TEXT_MAX)
            break;
        pack_value(&packer, &record->values[i]);
        ++*count;
    }
    return (size_t)(packer.at - to);
}

static const char *unpack_text(const uint8_t **at)
{
    const char *text = (const char *)*at;
    *at += strlen(text) + 1;
    return text;
}

static struct log_value unpack_value(const uint8_t **at)
{
    struct log_value value = {NULL, NULL, 0};
    char kind = (char)*(*at)++;
    if (kind != 'w')
        value.name = unpack_text(at);
    if (kind != 'n') {
        value.text = unpack_text(at);
        return value;
    }
    memcpy(&value.number, *at, sizeof value.number);
    *at += sizeof value.number;
    return value;
}

void log_record_unpack(struct log_record *record, struct log_value values[LOG_VALUES_MAX],
                       const uint8_t *from)
{
    memcpy(&record->time, from, sizeof record->time);
    const uint8_t *at = from + sizeof record->time;
    record->level = (enum log_level) * at++;
    record->count = *at++;
    record->who = unpack_text(&at);
    record->event = unpack_text(&at);
    for (size_t i = 0; i < record->count; i++)
        values[i] = unpack_value(&at);
    record->values = values;
}
