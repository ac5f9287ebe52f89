/* log_limit.h — at most ten identical lines a second; then one that says how many were left out.
 * ERR-12. */
#pragma once

#include "agent/log_record.h"

enum { LOG_LIMIT_A_SECOND = 10, LOG_LIMIT_ENTRIES = 256 };

/* Lines of one (who, event): what passed and what did not since `start`. */
struct log_limit_entry {
    uint64_t start; /* 0: free */
    uint32_t passed;
    uint32_t suppressed;
    enum log_level level;
    char who[256];
    char event[64];
};

/* All zero is valid. Belongs to the writer's thread. */
struct log_limit {
    struct log_limit_entry entries[LOG_LIMIT_ENTRIES];
    uint32_t suppressing; /* entries that have suppressed lines */
};

/* Emits what has to be said of an entry that suppressed lines. */
typedef void (*log_limit_say)(const struct log_limit_entry *entry);

/* May this line be written? Says first what the entry it falls into has to say, where its second is
 * over. */
bool log_limit_pass(struct log_limit *limit, const struct log_record *record, log_limit_say say);
/* Says what is to be said of the seconds that are over at `time`. */
void log_limit_expire(struct log_limit *limit, uint64_t time, log_limit_say say);
