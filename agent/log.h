/* log.h — who, what, why; text or JSON, to standard error. Never for a message of the data path above debug.
 *
 * Any thread may call; lines go through a ring per thread to one writer, and are dropped and counted when it is full.
 * Text: `LEVEL peer: event: words`. JSON: time, level, peer, event, message and the values by name. What peers said is escaped. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Before threads start; again at a reload. */
void log_open(enum log_level level, bool json);
/* Starts and ends the writer thread; until then and afterwards lines are written at once. log_stop writes out what waits. */
bool log_start(void);
void log_stop(void);
void log_set_level(enum log_level level);
bool log_is_on(enum log_level level);
uint64_t log_dropped(void);

/* `who` is the peer's identity or "-"; `event` one word or two; then words as printf. */
void log_line(enum log_level level, const char *who, const char *event, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define log_error(who, ...) log_line(LOG_ERROR, who, __VA_ARGS__)
#define log_warn(who, ...) log_line(LOG_WARN, who, __VA_ARGS__)
#define log_info(who, ...) log_line(LOG_INFO, who, __VA_ARGS__)
#define log_debug(who, ...) log_line(LOG_DEBUG, who, __VA_ARGS__)
