/* log.h — who, what, why; text or JSON, to standard error. Never for a message of the data path
 * above debug.
 *
 * Any thread may call; lines go through a ring per thread to one writer, and are dropped and
 * counted when it is full. Text: `LEVEL peer: event: words`. JSON: time, level, peer, event,
 * message and the values by name. What peers said is escaped. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Before threads start; again at a reload. */
void log_open(enum log_level level, bool json);
/* Starts and ends the writer thread; until then and afterwards lines are written at once. log_stop
 * writes out what waits. */
bool log_start(void);
void log_stop(void);
void log_set_level(enum log_level level);
bool log_is_on(enum log_level level);
uint64_t log_dropped(void);

/* One thing a line says: the words first, then the values that they name in braces. */
struct log_value {
    const char *name; /* NULL: these are the words */
    const char *text; /* NULL: a number */
    int64_t number;
};

static inline struct log_value log_words(const char *words)
{
    return (struct log_value){NULL, words, 0};
}

static inline struct log_value log_text(const char *name, const char *text)
{
    return (struct log_value){name, text ? text : "", 0};
}

static inline struct log_value log_number(const char *name, int64_t number)
{
    return (struct log_value){name, NULL, number};
}

/* `who` is the peer's identity or "-"; `event` a word or two; then words with `{name}` where a
 * value stands, and the values:
 *
 *     log_warn(peer->name, "closed", log_words("no answer to the watchdog for {seconds}s"),
 * log_number("seconds", 30));
 *
 * gives `WARN hss1.example.net: closed: no answer to the watchdog for 30s`, and in JSON
 * "seconds":30 beside the message. */
void log_line(enum log_level level, const char *who, const char *event,
              const struct log_value *values, size_t count);

#define LOG_VALUES(...)                                                                            \
    (const struct log_value[]){__VA_ARGS__},                                                       \
        sizeof((const struct log_value[]){__VA_ARGS__}) / sizeof(struct log_value)
#define log_error(who, event, ...) log_line(LOG_ERROR, who, event, LOG_VALUES(__VA_ARGS__))
#define log_warn(who, event, ...)  log_line(LOG_WARN, who, event, LOG_VALUES(__VA_ARGS__))
#define log_info(who, event, ...)  log_line(LOG_INFO, who, event, LOG_VALUES(__VA_ARGS__))
#define log_debug(who, event, ...) log_line(LOG_DEBUG, who, event, LOG_VALUES(__VA_ARGS__))
