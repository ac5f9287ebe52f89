/* complaint.h — what is wrong with a file, and where. All mistakes are collected and written in the
 * file's order. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "agent/conf/arena.h"

/* A place of the file, counted from 1; 0: the file as a whole. */
typedef struct {
    unsigned line;
    unsigned column;
} conf_place;

struct conf_complaint {
    struct conf_complaint *next;
    conf_place place;
    size_t number; /* in the order they were found */
    const char *text;
    bool is_whole; /* lines that need no place: those of another file */
};

/* All zero is: nothing is wrong. */
struct conf_complaints {
    struct conf_complaint *first;
    size_t count;
    struct conf_arena arena;
};

/* `path` may be empty: the file as a whole, or its syntax. */
void conf_complaints_add(struct conf_complaints *complaints, conf_place place, const char *path,
                         const char *format, va_list values);
/* Lines of another file, each with its place there, to stand at this one's place. */
void conf_complaints_add_lines(struct conf_complaints *complaints, conf_place place,
                               const char *lines);
/* Writes `FILE:LINE:COLUMN: PATH: what is wrong`, a line each. */
void conf_complaints_write(const struct conf_complaints *complaints, const char *file, FILE *to);
void conf_complaints_fini(struct conf_complaints *complaints);
