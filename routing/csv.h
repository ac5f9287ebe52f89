/* csv.h — rows of a CSV file where they lie: RFC 4180 without a header, with comments.
 *
 * A line that begins with '#', and an empty one, is no row. Lines end with LF or CRLF. A field in
 * quotes may hold commas, line ends, and quotes that are doubled. */
#pragma once

#include "proto/bytes.h"

enum { RT_CSV_FIELDS_MAX = 4, RT_CSV_FIELD_MAX = 512 };

struct rt_csv_field {
    dm_bytes text;   /* in the file, or in the row's `room` */
    uint32_t column; /* counted from 1, in octets, of its first octet or quote */
    bool is_quoted;
};

struct rt_csv_row {
    uint32_t line;
    uint32_t count; /* fields; further ones than RT_CSV_FIELDS_MAX are counted only */
    struct rt_csv_field fields[RT_CSV_FIELDS_MAX];
    const char *why; /* of a row that is wrong; NULL: it is good */
    uint32_t column; /* where it is wrong */
    size_t used;
    uint8_t room[RT_CSV_FIELDS_MAX * RT_CSV_FIELD_MAX]; /* for fields with doubled quotes */
};

/* A walk over a file. */
struct rt_csv {
    const uint8_t *at;
    const uint8_t *end;
    const uint8_t *line_start;
    uint32_t line;
};

void rt_csv_init(struct rt_csv *csv, dm_bytes file);
/* The next row, good or wrong; after a wrong one the walk goes on with the next line. False: there
 * is none. */
bool rt_csv_next(struct rt_csv *csv, struct rt_csv_row *row);
