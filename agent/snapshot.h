/* snapshot.h — a configuration that is, was or is about to be in use.
 *
 * The main thread publishes one by an atomic pointer; every letter carries the number of its
 * writer's, and a worker that gets a newer one switches before it opens the letter. Nothing that
 * outlives an event points into a snapshot. Number and references belong to the main thread. */
#pragma once

#include "agent/conf/conf.h"
#include "agent/rows.h"

struct tls_context;

struct snapshot {
    struct conf *conf;
    struct tls_context *tls; /* made of `tls` and its files; NULL: there is none */
    uint16_t number;         /* counts up and wraps round: few are alive */
    uint32_t references;
    struct conf_peer unknown; /* for peers that no row admits */
};

/* Names that were ever in one, and their numbers. */
struct snapshot_rows {
    struct rows peers;
    struct rows routes;
    struct rows pools;
};

/* What a snapshot says of one peer. */
struct snapshot_row {
    const struct conf_peer *conf;
    uint32_t number; /* of its counters */
    bool is_admitted;
};

/* Takes `conf` and `tls`; gives one reference. */
struct snapshot *snapshot_new(struct conf *conf, struct tls_context *tls, uint16_t number);
struct snapshot *snapshot_ref(struct snapshot *snapshot);
void snapshot_unref(struct snapshot *snapshot);

void snapshot_rows_init(struct snapshot_rows *rows);
void snapshot_rows_fini(struct snapshot_rows *rows);

/* Gives peers, routes and pools their numbers, before anybody else sees them. False: too many names
 * since the program began. */
bool snapshot_number(struct snapshot *snapshot, struct snapshot_rows *rows);

/* The row that admits this peer, or `unknown`. Any thread that uses the snapshot. */
struct snapshot_row snapshot_row(const struct snapshot *snapshot, dm_bytes identity);

/* Is number `a` later than `b`? */
static inline bool snapshot_is_newer(uint16_t a, uint16_t b)
{
    return (int16_t)(uint16_t)(a - b) > 0;
}
