/* table.h — the realm table: (realm, application, command, origin) -> route. Immutable once built.
 *
 * Routes are compared in this order: realm (exact, longest suffix, "*"), application (named, any),
 * commands (listed, any), origin_host, origin_realm (exact, longest suffix, any); then the order
 * given. A request that no route of its realm takes goes to
 * "*". The choice costs the same with 10 and 10,000 routes. RFC 6733 §2.7, §6.1.6; RTE-13, RTE-14,
 * RTE-17. */
#pragma once

#include "routing/query.h"
#include "routing/redirect.h"

enum rt_action { RT_RELAY, RT_PROXY, RT_REDIRECT, RT_REJECT };

struct rt_policies;

struct rt_route {
    const char *name;
    uint32_t number; /* its place in the file; counters hang on it */
    dm_bytes realm;  /* lower case: "example.net", "*.example.net" or "*" */
    bool any_application;
    uint32_t application;
    uint32_t command_count; /* 0: any */
    const uint32_t *commands;
    dm_bytes origin_host;  /* a pattern; empty: any */
    dm_bytes origin_realm; /* a pattern; empty: any */
    enum rt_action action;
    uint32_t pool;                /* number of the pool, for RT_RELAY and RT_PROXY */
    uint32_t result;              /* for RT_REJECT */
    int32_t subscribers;          /* number of the table that says who serves a user; -1: none */
    struct rt_policies *policies; /* of RT_PROXY; NULL: none */
    struct rt_redirect_rule redirect; /* for RT_REDIRECT */
};

struct rt_table;

/* Takes nothing: `routes` must live as long as the table. NULL without memory. */
struct rt_table *rt_table_new(const struct rt_route *routes, uint32_t count);
void rt_table_free(struct rt_table *table);

/* Routes that were found lately, so that requests alike cost one comparison instead of the names'
 * hashes. One per worker; zero is valid, and what it has to be again before a table that it was
 * used with is freed. */
enum { RT_MEMOS = 8, RT_MEMO_REALM = 64 };

struct rt_memo {
    struct rt_memo_route {
        const struct rt_table *table; /* NULL: none */
        const struct rt_route *route;
        uint32_t application;
        uint32_t command;
        uint32_t size;
        uint8_t realm[RT_MEMO_REALM]; /* as it was written */
    } at[RT_MEMOS];
};

/* The route of a request whose Destination-Realm is `realm`, or NULL with `*result` 3003 (no route
 * for the realm) or 3002 (the realm has routes, none takes the request, and there is no "*" that
 * does). `memo` may be NULL. */
const struct rt_route *rt_table_find(const struct rt_table *table, const struct rt_query *query,
                                     struct rt_memo *memo, enum dm_result *result);
