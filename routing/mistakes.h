/* mistakes.h — what is wrong with a table, and where: collected in any order, written in the
 * file's.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* As many are told one by one, so that a file of quite another kind does not fill the memory. */
enum { RT_MISTAKES_MAX = 10000 };

struct rt_mistake;

/* All zero: nothing is wrong. */
struct rt_mistakes {
    struct rt_mistake *first;
    size_t count;
};

__attribute__((format(printf, 4, 5))) void rt_mistake(struct rt_mistakes *mistakes, uint32_t line,
                                                      uint32_t column, const char *format, ...);
/* A line each: `FILE:LINE:COLUMN: what`. */
void rt_mistakes_write(const struct rt_mistakes *mistakes, const char *file, FILE *to);
void rt_mistakes_fini(struct rt_mistakes *mistakes);
