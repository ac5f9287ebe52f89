/* reload.h — exchanging the configuration while traffic runs. Main thread.
 *
 * The new snapshot is built beside the old one, in libuv's pool of threads. If anything is wrong
 * with it, the old one stays. One is built or taken over at a time; those who ask meanwhile get the
 * next one together, so that few snapshots live at once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "agent/conf/diff.h"
#include "agent/stats.h"

struct agent;
struct tls_context;

struct reload_report {
    bool is_good;
    bool is_dry;
    const char *text; /* complaints, or what changes; lines, each ended by a newline */
    const char *hash; /* of the configuration that was read; empty where it is not good */
    bool is_unchanged;
    struct conf_counts peers;
    uint32_t peers_reconnected; /* of the changed ones: their connection is made anew */
    struct conf_counts pools;
    struct conf_counts routes;
    struct conf_counts policies;
    struct conf_counts subscribers; /* tables */
    size_t pool_count;
    const struct conf_moved *moves; /* pool and slots of the pools whose users move: pool_count */
};

/* Called once, on the main thread; the report is gone when it returns. */
typedef void (*reload_done)(void *context, const struct reload_report *report);

/* Reads the configuration file again. Dry: only says what would change. `done` may be NULL; it may
 * be called before this returns. While the agent drains it is refused, and the report says so. */
void agent_reload(struct agent *agent, bool is_dry, reload_done done, void *context);

/* --- for the agent ---------------------------------------------------------------------------- */

struct reload_request;

/* What was read at the start and stays until the end. */
struct reload_fixed {
    uint32_t workers;
    uint32_t connections;
    bool has_http;
    union conf_socket http;
    char *socket;      /* NULL: none */
    uint64_t bindings; /* hash of what the file says: conf/digest.h */
};

struct reload {
    struct agent *agent;
    char *file;
    struct reload_fixed fixed;
    struct reload_request *waiting;
    struct reload_request *served; /* by what is being built */
    bool is_building;
    bool is_dry;
    uv_work_t work;
    struct conf *next; /* NULL: the file is wrong */
    struct tls_context *tls;
    struct conf_diff diff;
    char *complaints;
    stats_counter succeeded;
    stats_counter failed;
    stats_counter loaded; /* wall clock, seconds: when what is in use was loaded */
};

void reload_init(struct agent *agent);
void reload_fini(struct agent *agent);
/* Nothing stands in the way of the next one any more, perhaps. */
void reload_go_on(struct agent *agent);
