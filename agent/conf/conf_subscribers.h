/* conf_subscribers.h — subscriber tables of snapshots. A file that has not changed is compiled
 * once: its rows are counted, and live as long as a snapshot has them. Any thread. */
#pragma once

#include "agent/conf/conf.h"

struct conf_rows;

/* What one table of a snapshot is made from. */
struct conf_table_source {
    const char *file;
    uint64_t users; /* hash of what the configuration says of users: keys depend on it */
    const struct rt_tables *tables;
    const struct rt_target_names *names;
};

/* The rows of the file: those of a table of `before`, which may be NULL, if the file has the same
 * octets and keys are made alike; else compiled. NULL: `*why` says why the file could not be read,
 * or is NULL where `complaints` has its mistakes. */
struct conf_rows *conf_rows_load(const struct conf_table_source *source, const struct conf *before,
                                 const char **why, FILE *complaints);
void conf_rows_unref(struct conf_rows *rows); /* NULL is none */

const struct rt_rows *conf_rows_of(const struct conf_rows *rows);
uint64_t conf_rows_hash(const struct conf_rows *rows); /* of the file's octets */
