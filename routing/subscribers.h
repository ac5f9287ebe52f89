/* subscribers.h — provisioned users: who is served where, from a table of millions of rows.
 *
 * A table is CSV, `identity,target[,user]`, compiled into one read-only block that snapshots share.
 * An identity is a URI or User-Name (exact), `+4930*` (number prefix), `+493000-+493099` (range) or
 * `sip:chat!.*!@example.net` (wildcarded); exact goes before the longest prefix, before the range,
 * before the wildcard with the most octets fixed. Rows with the same `user` are one user. Keys are
 * held as their XXH3-128, so that a row is 32 octets in a table two thirds full; whoever made two
 * identities collide would be served where the other is. Immutable: any thread.
 * interfaces.md; sip-app.md §9.1, §9.4, §9.8; docs/ROUTING.md. */
#pragma once

#include <stdio.h>

#include "routing/identity.h"
#include "routing/target.h"

/* Knows the pools, groups and peers of a snapshot: "pool", "pool/group" or a peer's identity. */
struct rt_target_names {
    void *context;
    bool (*find)(void *context, dm_bytes name, struct rt_target *target);
};

/* Where a row sends its user. */
struct rt_subscriber {
    struct rt_target target;
    uint64_t user; /* rt_key_hash of the user's own key, which all his identities share: kind X of
                      the third column; 0: none, the key of the request is his */
    uint16_t slot; /* rt_slot of that key; of no meaning without a user */
};

/* What a file says, the same for all snapshots that have it. */
struct rt_rows;
/* … as one snapshot sees it: with the numbers of its pools and peers. */
struct rt_subscribers;

/* Reads `csv`, with `seed` and `domains` as the keys of requests are made. NULL, with every mistake
 * in a line of `complaints`, `FILE:LINE:COLUMN: what`. About a second for a million rows. */
struct rt_rows *rt_rows_compile(const char *file, dm_bytes csv, uint64_t seed,
                                const struct rt_domains *domains,
                                const struct rt_target_names *names, FILE *complaints);
void rt_rows_free(struct rt_rows *rows);
uint32_t rt_rows_count(const struct rt_rows *rows); /* without those that say the same twice */
size_t rt_rows_size(const struct rt_rows *rows);    /* octets, without compiled patterns */

/* NULL, with complaints, where a target is not there any more. `rows` must live as long. */
struct rt_subscribers *rt_subscribers_new(const struct rt_rows *rows, const char *file,
                                          const struct rt_target_names *names, FILE *complaints);
void rt_subscribers_free(struct rt_subscribers *subscribers); /* not the rows */

/* The row of this key. `*how`, unless NULL, says by which kind of row, for `explain`. */
bool rt_subscribers_find(const struct rt_subscribers *subscribers, const struct rt_key *key,
                         struct rt_subscriber *found, const char **how);

/* A row of `subscribers` of the configuration. */
struct rt_subscriber_table {
    const char *name;
    const char *file;
    struct rt_subscribers *rows;
    bool unknown_rejects; /* unknown: reject */
    uint32_t count;       /* rt_rows_count */
    uint64_t file_hash;   /* of its octets */
};
