/* log_limit.c — at most ten identical lines a second. ERR-12.
 *
 * A small table without chains: a line that meets another's entry takes it over, so the worst that
 * can happen is that a line too much is written. Writer's thread only. */
#include "agent/log_limit.h"

#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

static uint32_t mix(uint32_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619u;
    return (hash ^ ':') * 16777619u;
}

static struct log_limit_entry *entry_of(struct log_limit *limit, const struct log_record *record)
{
    uint32_t hash = mix(mix(2166136261u, record->who), record->event);
    return &limit->entries[(hash ^ hash >> 16) % LOG_LIMIT_ENTRIES];
}

static bool is_same(const struct log_limit_entry *entry, const struct log_record *record)
{
    return strncmp(entry->who, record->who, sizeof entry->who - 1) == 0 &&
           strncmp(entry->event, record->event, sizeof entry->event - 1) == 0;
}

/* A wall clock that was set back ends the second, too. */
static bool is_over(const struct log_limit_entry *entry, uint64_t time)
{
    return time - entry->start >= SECOND;
}

static void end_second(struct log_limit *limit, struct log_limit_entry *entry, log_limit_say say)
{
    if (entry->suppressed) {
        limit->suppressing--;
        say(entry);
    }
    entry->start = 0;
    entry->suppressed = 0;
}

static void start_second(struct log_limit_entry *entry, const struct log_record *record)
{
    entry->start = record->time;
    entry->passed = 0;
    snprintf(entry->who, sizeof entry->who, "%s", record->who);
    snprintf(entry->event, sizeof entry->event, "%s", record->event);
}

bool log_limit_pass(struct log_limit *limit, const struct log_record *record, log_limit_say say)
{
    struct log_limit_entry *entry = entry_of(limit, record);
    if (entry->start && (is_over(entry, record->time) || !is_same(entry, record)))
        end_second(limit, entry, say);
    if (entry->start == 0)
        start_second(entry, record);
    entry->level = record->level;
    if (entry->passed < LOG_LIMIT_A_SECOND) {
        entry->passed++;
        return true;
    }
    limit->suppressing += entry->suppressed == 0;
    entry->suppressed++;
    return false;
}

void log_limit_expire(struct log_limit *limit, uint64_t time, log_limit_say say)
{
    for (size_t i = 0; limit->suppressing && i < LOG_LIMIT_ENTRIES; i++) {
        struct log_limit_entry *entry = &limit->entries[i];
        if (entry->suppressed && is_over(entry, time))
            end_second(limit, entry, say);
    }
}
