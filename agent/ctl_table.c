/* ctl_table.c — a table of texts. */
#include "agent/ctl_table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { GAP = 2 };

struct ctl_table {
    size_t columns;
    size_t count; /* of cells, the titles among them */
    size_t room;
    char **cells;
};

static void add(struct ctl_table *table, char *text)
{
    if (!text)
        abort();
    if (table->count == table->room) {
        table->room = table->room * 2 + 64;
        table->cells = realloc(table->cells, table->room * sizeof *table->cells);
        if (!table->cells)
            abort();
    }
    table->cells[table->count++] = text;
}

struct ctl_table *ctl_table_new(size_t columns, const char *const *titles)
{
    struct ctl_table *table = calloc(1, sizeof *table);
    if (!table)
        abort();
    table->columns = columns;
    for (size_t i = 0; i < columns; i++)
        add(table, strdup(titles[i]));
    return table;
}

void ctl_table_free(struct ctl_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    free(table);
}

void ctl_table_put(struct ctl_table *table, const char *format, ...)
{
    char *text = NULL;
    va_list values;
    va_start(values, format);
    if (vasprintf(&text, format, values) < 0)
        abort();
    va_end(values);
    add(table, text);
}

static bool is_number(const struct ctl_table *table, size_t column)
{
    const char *title = table->cells[column];
    return *title && title[strlen(title) - 1] == ' ';
}

static size_t width_of(const struct ctl_table *table, size_t column)
{
    size_t width = 0;
    for (size_t i = column; i < table->count; i += table->columns) {
        size_t size = strlen(table->cells[i]);
        if (i < table->columns && is_number(table, i))
            size--;
        width = size > width ? size : width;
    }
    return width;
}

static void print_cell(const struct ctl_table *table, size_t cell, size_t width, FILE *to)
{
    size_t column = cell % table->columns;
    bool is_last = column + 1 == table->columns;
    const char *text = table->cells[cell];
    int size = (int)strlen(text) - (cell < table->columns && is_number(table, column));
    int pad = (int)width - size;
    if (is_number(table, column))
        fprintf(to, "%*s%.*s", pad, "", size, text);
    else
        fprintf(to, "%.*s%*s", size, text, is_last ? 0 : pad, "");
    fprintf(to, "%*s", is_last ? 0 : GAP, "");
}

void ctl_table_print(const struct ctl_table *table, FILE *to)
{
    size_t *widths = calloc(table->columns, sizeof *widths);
    if (!widths)
        abort();
    for (size_t i = 0; i < table->columns; i++)
        widths[i] = width_of(table, i);
    for (size_t i = 0; i < table->count; i++) {
        print_cell(table, i, widths[i % table->columns], to);
        if (i % table->columns + 1 == table->columns)
            fputc('\n', to);
    }
    free(widths);
}
