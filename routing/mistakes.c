/* mistakes.c — what is wrong with a table, and where. */
#include "routing/mistakes.h"

#include <stdarg.h>
#include <stdlib.h>

enum { TEXT_MAX = 400 };

struct rt_mistake {
    struct rt_mistake *next;
    size_t number;
    uint32_t line;
    uint32_t column;
    char text[];
};

/* Those without memory are counted only. */
void rt_mistake(struct rt_mistakes *mistakes, uint32_t line, uint32_t column, const char *format,
                ...)
{
    char text[TEXT_MAX];
    va_list values;
    va_start(values, format);
    int size = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    size_t number = mistakes->count++;
    if (number >= RT_MISTAKES_MAX || size < 0)
        return;
    size_t room = (size < TEXT_MAX ? (size_t)size : TEXT_MAX - 1) + 1;
    struct rt_mistake *mistake = malloc(sizeof *mistake + room);
    if (!mistake)
        return;
    *mistake = (struct rt_mistake){mistakes->first, number, line, column};
    snprintf(mistake->text, room, "%s", text);
    mistakes->first = mistake;
}

static int by_place(const void *a, const void *b)
{
    const struct rt_mistake *x = *(const struct rt_mistake *const *)a;
    const struct rt_mistake *y = *(const struct rt_mistake *const *)b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    if (x->column != y->column)
        return x->column < y->column ? -1 : 1;
    return x->number < y->number ? -1 : 1;
}

void rt_mistakes_write(const struct rt_mistakes *mistakes, const char *file, FILE *to)
{
    const struct rt_mistake **sorted = calloc(RT_MISTAKES_MAX, sizeof(void *));
    size_t count = 0;
    for (const struct rt_mistake *at = mistakes->first; sorted && at; at = at->next)
        sorted[count++] = at;
    if (count > 0)
        qsort(sorted, count, sizeof *sorted, by_place);
    for (size_t i = 0; i < count; i++)
        fprintf(to, "%s:%u:%u: %s\n", file, (unsigned)sorted[i]->line, (unsigned)sorted[i]->column,
                sorted[i]->text);
    if (count < mistakes->count)
        fprintf(to, "%s: and %zu more mistakes\n", file, mistakes->count - count);
    free(sorted);
}

void rt_mistakes_fini(struct rt_mistakes *mistakes)
{
    while (mistakes->first) {
        struct rt_mistake *next = mistakes->first->next;
        free(mistakes->first);
        mistakes->first = next;
    }
}
