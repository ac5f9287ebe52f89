/* ctl_table.h — a table of texts whose columns are as wide as what stands in them. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct ctl_table;

/* `columns` titles. Those whose title ends in a blank hold numbers, which stand at the right. */
struct ctl_table *ctl_table_new(size_t columns, const char *const *titles);
void ctl_table_free(struct ctl_table *table);
/* The next cell, copied; rows fill up one after the other. */
__attribute__((format(printf, 2, 3))) void ctl_table_put(struct ctl_table *table,
                                                         const char *format, ...);
void ctl_table_print(const struct ctl_table *table, FILE *to);
