/* report.h — what the agent says of itself, as JSON objects; antipode-ctl(8) lists their fields.
 *
 * The caller owns what is returned. Where it says "any thread" nothing is read but the
 * configuration, the board and counters, so that long reports are written beside the main loop. */
#pragma once

#include <jansson.h>

#include "agent/roll.h"

struct agent;
struct conf;

/* Main thread. */
json_t *report_status(const struct agent *agent);
json_t *report_orders(const struct agent *agent);

/* Any thread. */
json_t *report_ledger(const struct agent *agent);
json_t *report_pools(const struct agent *agent, const struct conf *conf);
json_t *report_routes(const struct agent *agent, const struct conf *conf);
/* Whom a URI or a User-Name means, and who serves him. */
json_t *report_users(const struct agent *agent, const struct conf *conf, const char *key);
json_t *report_peer(const struct report_row *row);
/* Those of this name, or all where it is NULL; configured ones first. */
json_t *report_peers(const struct roll_rows *rows, const char *only);
/* Of the peers that have pending requests, those that wait for longest first. */
json_t *report_pending(const struct roll_rows *rows);

struct reload_report;
/* What a reload has changed, or would change; or the mistakes of the configuration. */
json_t *report_reload(const struct reload_report *report);

/* {"error": words}, where the agent cannot do what was asked for. */
__attribute__((format(printf, 1, 2))) json_t *report_error(const char *format, ...);

/* --- for report_*.c --- */

/* Never NULL: fatal without memory. */
json_t *report_made(json_t *json);
/* What does not print, and what a peer made too long, is not shown. */
json_t *report_text(dm_bytes text);
/* A line of words: what does not print is shown as `?`. */
json_t *report_line(const char *text, size_t size);
/* null where there is none. */
json_t *report_name(const char *name);
/* Nanoseconds as seconds, to the millisecond. */
json_t *report_seconds(uint64_t ns);
/* So long ago, as 2026-11-22T17:30:00.000Z. */
json_t *report_moment(uint64_t age);
/* "sip", or the number. */
json_t *report_application(uint32_t id);

/* How the board sees a member of a pool. */
struct report_member {
    const char *state; /* available, busy, held, last_resort, drained, unavailable */
    bool is_available; /* a request may be sent to it: one of the first three; or last_resort */
    bool is_last_resort;
    uint32_t pending;
};
struct report_member report_member_of(const struct agent *agent, const struct conf *conf,
                                      const struct rt_pool *pool, const struct rt_member *member);
