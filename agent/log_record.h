/* log_record.h — one line of the log: packed for the way to the writer, and rendered as text or
 * JSON. */
#pragma once

#include "agent/log.h"

enum {
    LOG_VALUES_MAX = 16,    /* more are left out */
    LOG_TEXT_MAX = 512,     /* octets of one text; longer ones are cut */
    LOG_RECORD_MAX = 4096,  /* octets of a packed record */
    LOG_RENDERED_MAX = 8192 /* octets of a rendered line */
};

struct log_record {
    enum log_level level;
    uint64_t time; /* nanoseconds since 1970 */
    const char *who;
    const char *event;
    const struct log_value *values;
    size_t count;
};

/* Return the octets written to `to`, which has LOG_RECORD_MAX. */
size_t log_record_pack(uint8_t *to, const struct log_record *record);
/* Fills `record` and `values`, which point into `from`. `from` was written by log_record_pack. */
void log_record_unpack(struct log_record *record, struct log_value values[LOG_VALUES_MAX],
                       const uint8_t *from);
/* Writes the line with its end to `to`, which has LOG_RENDERED_MAX; returns its size. */
size_t log_record_render(char *to, const struct log_record *record, bool json);
