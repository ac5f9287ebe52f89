/* complaint.c — what is wrong with a file, and where. */
#include "agent/conf/complaint.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1024 };

void conf_complaints_add(struct conf_complaints *complaints, conf_place place, const char *path,
                         const char *format, va_list values)
{
    char text[TEXT_MAX];
    int size = snprintf(text, sizeof text, "%s%s", path, *path ? ": " : "");
    size_t used = (size_t)size < sizeof text ? (size_t)size : sizeof text - 1;
    vsnprintf(text + used, sizeof text - used, format, values);
    struct conf_complaint *complaint = conf_arena_new(&complaints->arena, sizeof *complaint);
    complaint->place = place;
    complaint->number = complaints->count++;
    complaint->text = conf_arena_text(&complaints->arena, text, strlen(text));
    complaint->next = complaints->first;
    complaints->first = complaint;
}

void conf_complaints_add_lines(struct conf_complaints *complaints, conf_place place,
                               const char *lines)
{
    struct conf_complaint *complaint = conf_arena_new(&complaints->arena, sizeof *complaint);
    complaint->place = place;
    complaint->number = complaints->count++;
    complaint->text = conf_arena_text(&complaints->arena, lines, strlen(lines));
    complaint->is_whole = true;
    complaint->next = complaints->first;
    complaints->first = complaint;
}

static int compare_numbers(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int compare_places(const void *a, const void *b)
{
    const struct conf_complaint *first = a;
    const struct conf_complaint *second = b;
    if (first->place.line != second->place.line)
        return compare_numbers(first->place.line, second->place.line);
    if (first->place.column != second->place.column)
        return compare_numbers(first->place.column, second->place.column);
    return compare_numbers(first->number, second->number);
}

/* What the file holds may hold anything; a complaint is one line. */
static void write_printable(const char *text, FILE *to)
{
    for (; *text; text++) {
        unsigned char octet = (unsigned char)*text;
        if (octet < 0x20 || octet == 0x7f)
            fprintf(to, "\\x%02x", octet);
        else
            fputc(octet, to);
    }
    fputc('\n', to);
}

static void write_complaint(const struct conf_complaint *complaint, const char *file, FILE *to)
{
    fputs(complaint->is_whole ? complaint->text : file, to);
    if (complaint->is_whole)
        return;
    if (complaint->place.line)
        fprintf(to, ":%u:%u", complaint->place.line, complaint->place.column);
    fputs(": ", to);
    write_printable(complaint->text, to);
}

void conf_complaints_write(const struct conf_complaints *complaints, const char *file, FILE *to)
{
    if (complaints->count == 0)
        return;
    struct conf_complaint *sorted = malloc(complaints->count * sizeof *sorted);
    if (sorted == NULL)
        abort();
    size_t count = 0;
    for (struct conf_complaint *at = complaints->first; at; at = at->next)
        sorted[count++] = *at;
    qsort(sorted, count, sizeof *sorted, compare_places);
    for (size_t i = 0; i < count; i++)
        write_complaint(&sorted[i], file, to);
    free(sorted);
}

void conf_complaints_fini(struct conf_complaints *complaints)
{
    conf_arena_fini(&complaints->arena);
    complaints->first = NULL;
    complaints->count = 0;
}
