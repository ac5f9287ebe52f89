/* reload.h — exchanging the configuration while traffic runs. Main thread.
 *
 * The new snapshot is built beside the old one, in libuv's pool of threads. Is anything wrong with
 * it, the old one stays. A reload that comes while one is being built is carried out after it;
 * several of them become one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agent;

/* How many are new, gone, and there but different. */
struct reload_counts {
    uint32_t added;
    uint32_t removed;
    uint32_t changed;
};

/* What happens to the users of a pool that is in both configurations. */
struct reload_pool {
    const char *name;
    uint32_t moved; /* of the 65,536 slots: those that get another first member */
};

struct reload_report {
    bool is_good;
    bool is_dry;
    const char *text;  /* complaints, or a summary; lines, each ended by a newline */
    const char *hash;  /* of the configuration that was read; empty: it could not be */
    bool is_unchanged; /* the same octets, and the same files */
    struct reload_counts peers;
    uint32_t peers_reconnected; /* of the changed ones: their connection is made anew */
    struct reload_counts pools;
    struct reload_counts routes;
    struct reload_counts policies;
    struct reload_counts subscribers; /* tables */
    size_t pool_count;
    const struct reload_pool *moves; /* of the pools whose users move at all: pool_count of them */
};

/* Called once, on the main thread; the report is gone when it returns. */
typedef void (*reload_done)(void *context, const struct reload_report *report);

/* Reads the configuration file again. Dry: only says what would change. `done` may be NULL. While
 * the agent drains it is refused: the report says so. */
void agent_reload(struct agent *agent, bool is_dry, reload_done done, void *context);
