/* csv.c — rows of a CSV file where they lie. RFC 4180 §2. */
#include "routing/csv.h"

void rt_csv_init(struct rt_csv *csv, dm_bytes file)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf}; /* with which some programs begin UTF-8 */
    size_t skipped = file.size >= 3 && memcmp(file.at, mark, 3) == 0 ? 3 : 0;
    const uint8_t *start = file.size > 0 ? file.at + skipped : file.at;
    *csv = (struct rt_csv){
        .at = start, .end = start + (file.size - skipped), .line_start = start, .line = 1};
}

static uint32_t column_of(const struct rt_csv *csv, const uint8_t *at)
{
    return (uint32_t)(at - csv->line_start) + 1;
}

static void refuse(struct rt_csv_row *row, uint32_t column, const char *why)
{
    if (row->why)
        return;
    row->why = why;
    row->column = column;
}

/* Behind the present line's end. */
static void skip_line(struct rt_csv *csv)
{
    size_t left = (size_t)(csv->end - csv->at);
    const uint8_t *found = left > 0 ? memchr(csv->at, '\n', left) : NULL;
    csv->at = found ? found + 1 : csv->end;
    csv->line_start = csv->at;
    csv->line++;
}

/* Is this the end of a line, or of the file? */
static bool is_line_end(const struct rt_csv *csv, const uint8_t *at)
{
    return at == csv->end || *at == '\n' || (*at == '\r' && at + 1 < csv->end && at[1] == '\n') ||
           (*at == '\r' && at + 1 == csv->end);
}

static bool is_empty_line(const struct rt_csv *csv)
{
    const uint8_t *at = csv->at;
    while (at < csv->end && (*at == ' ' || *at == '\t'))
        at++;
    return is_line_end(csv, at) || *at == '#';
}

static void add_field(struct rt_csv_row *row, struct rt_csv_field field)
{
    if (row->count < RT_CSV_FIELDS_MAX)
        row->fields[row->count] = field;
    row->count++;
}

static void read_plain(struct rt_csv *csv, struct rt_csv_row *row)
{
    const uint8_t *start = csv->at;
    const uint8_t *at = start;
    while (at < csv->end && *at != ',' && *at != '\n' && *at != '"')
        at++;
    if (at < csv->end && *at == '"')
        refuse(row, column_of(csv, at), "a quote within a field that does not begin with one");
    if (at > start && at[-1] == '\r' && is_line_end(csv, at - 1))
        at--;
    struct rt_csv_field field = {dm_bytes_of(start, (size_t)(at - start)), column_of(csv, start),
                                 false};
    if (field.text.size > RT_CSV_FIELD_MAX)
        refuse(row, field.column, "a field of more than 512 octets");
    add_field(row, field);
    csv->at = at;
}

/* The octets between two quotes, of which `doubled` pairs are one quote each. */
static dm_bytes without_doubles(struct rt_csv_row *row, dm_bytes inner, size_t doubled)
{
    if (doubled == 0 || row->used + inner.size > sizeof row->room)
        return inner;
    uint8_t *to = row->room + row->used;
    size_t size = 0;
    for (size_t i = 0; i < inner.size; i++) {
        to[size++] = inner.at[i];
        i += inner.at[i] == '"';
    }
    row->used += size;
    return dm_bytes_of(to, size);
}

/* Where the quoted field that begins at `start` ends: its last quote, or NULL. Lines within it are
 * noted by the caller. */
static const uint8_t *closing_quote(const struct rt_csv *csv, const uint8_t *start, size_t *doubled)
{
    const uint8_t *at = start + 1;
    for (; at < csv->end && at - start <= RT_CSV_FIELD_MAX; at++) {
        if (*at != '"')
            continue;
        if (at + 1 == csv->end || at[1] != '"')
            return at;
        (*doubled)++;
        at++;
    }
    return NULL;
}

static void count_lines(struct rt_csv *csv, dm_bytes within)
{
    for (size_t i = 0; i < within.size; i++) {
        if (within.at[i] != '\n')
            continue;
        csv->line++;
        csv->line_start = within.at + i + 1;
    }
}

static void read_quoted(struct rt_csv *csv, struct rt_csv_row *row)
{
    size_t doubled = 0;
    uint32_t column = column_of(csv, csv->at);
    const uint8_t *close = closing_quote(csv, csv->at, &doubled);
    if (!close) {
        refuse(row, column, "a quote that does not end within 512 octets");
        return;
    }
    bool ends_well = is_line_end(csv, close + 1) || close[1] == ',';
    dm_bytes inner = dm_bytes_of(csv->at + 1, (size_t)(close - csv->at - 1));
    if (!ends_well) {
        refuse(row, column, "more follows behind the closing quote");
        return;
    }
    add_field(row, (struct rt_csv_field){without_doubles(row, inner, doubled), column, true});
    count_lines(csv, inner);
    csv->at = close + 1;
}

bool rt_csv_next(struct rt_csv *csv, struct rt_csv_row *row)
{
    while (csv->at < csv->end && is_empty_line(csv))
        skip_line(csv);
    if (csv->at == csv->end)
        return false;
    row->line = csv->line;
    row->count = 0;
    row->why = NULL;
    row->used = 0;
    for (;; csv->at++) {
        if (csv->at < csv->end && *csv->at == '"')
            read_quoted(csv, row);
        else
            read_plain(csv, row);
        if (row->why || csv->at == csv->end || *csv->at != ',')
            break;
    }
    skip_line(csv);
    return true;
}
