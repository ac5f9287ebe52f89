/* decide.h — the front door of routing: tables + query + who is reachable -> verdict, with its
 * reasons.
 *
 * The same code serves the data path (reasons NULL) and `antipode explain`. The order of decisions
 * is that of docs/ROUTING.md, from RFC 6733 §6.1. It allocates nothing, locks nothing, and reads
 * the world only by `world`. */
#pragma once

#include "routing/pool.h"
#include "routing/table.h"

struct rt_subscriber_table;

/* All that is immutable: part of the configuration snapshot. */
struct rt_tables {
    dm_bytes own_identity;
    uint64_t seed;
    struct rt_domains domains;
    struct rt_table *realms;
    const struct rt_route *routes;
    uint32_t route_count;
    const uint32_t *places; /* number of a route -> its place in `routes`, or UINT32_MAX; NULL:
                               numbers are places */
    uint32_t place_count;
    struct rt_pool *pools;
    uint32_t pool_count;
    const uint32_t *pool_numbers; /* place of a pool -> its number; NULL: numbers are places */
    const uint32_t *pool_places;  /* number -> place, or UINT32_MAX */
    uint32_t pool_place_count;
    bool is_user_asked_for; /* some pool chooses by user: whom requests are about is read early */
    struct rt_subscriber_table *subscribers; /* subscribers.h */
    uint32_t subscriber_count;
    const dm_bytes *peers; /* identities, by their numbers */
    uint32_t peer_count;
};

/* In rt_attempt.searched: a group could not be asked. */
#define RT_SEARCH_HAS_GAPS (UINT64_C(1) << 63)

/* The route of this number, or NULL: -1, or it was removed. Numbers go by name and are kept when
 * the configuration is exchanged. */
const struct rt_route *rt_route_numbered(const struct rt_tables *tables, int32_t number);

/* Where a request came from and what was tried already. */
struct rt_attempt {
    uint64_t now; /* ns, the clock of rt_seen.returned: for `hold` */
    rt_peer ingress;
    rt_peer tried[RT_TRIED_MAX];
    uint8_t tried_count;
    bool without_store; /* the look-up came too late: the hash decides */
    uint64_t searched;  /* groups of the pool that did not know the user: 1 << their number. With
                           nobody tried yet, the next group is meant; with somebody, his group */
    int32_t route;      /* -1: choose one; else the route's number, which stands: only the member is
                           chosen anew */
};

enum rt_verdict_kind {
    RT_FORWARD,
    RT_ANSWER,
    RT_TELL, /* the route redirects: tell the sender whom to ask */
    RT_WAIT, /* the store was asked for what is bound to `key_hash`: decide again when it is known
              */
};

/* May the answer say something new of its user? learn.h */
enum rt_teaches {
    RT_TEACHES_NOTHING,
    RT_TEACHES,
    RT_TEACHES_NAMES, /* of the user only if it names identities; who his client is in any case */
};

/* By what the member was found. What is learnt from its answer depends on it. */
enum rt_why {
    RT_BY_HASH, /* or by turns, or by load */
    RT_BY_HOST,
    RT_BY_SESSION,
    RT_BY_REDIRECT,
    RT_BY_SUBSCRIBER,
    RT_BY_BINDING,
    RT_BY_SEARCH,
};

struct rt_verdict {
    enum rt_verdict_kind kind;
    enum dm_result result;        /* RT_ANSWER */
    uint32_t experimental_vendor; /* RT_ANSWER: not 0, `result` is an Experimental-Result of it */
    bool is_application_error;    /* RT_ANSWER: as the server would say it: no E, its grammar */
    int32_t route; /* number, or -1 where none was chosen. Of a Destination-Host: the route that its
                      realm has, for the counters */
    int32_t pool;  /* number of the member's pool, which a subscriber's row may name, or -1 */
    int32_t member; /* number in that pool, or -1 */
    rt_peer peer;   /* RT_FORWARD */
    enum rt_why why;
    bool is_fixed; /* by Destination-Host: nobody else may get it (RTE-09, ANS-07) */
    enum rt_teaches teaches;
    struct rt_target target; /* RT_TELL: of the user's row, or RT_TARGET_NONE: the route's `to` */
    uint16_t slot;           /* RT_TELL: of the user, for the order of the target's members */
    uint64_t key_hash;       /* RT_WAIT */
};

/* Lines of text, one per step, ended by a NUL; at most what fits. `size` starts at 0. */
struct rt_reasons {
    char *text;
    size_t room;
    size_t size;
};

/* Decides where the request of `query` goes. Any worker thread; `chooser` is the worker's. */
void rt_decide(const struct rt_tables *tables, const struct rt_query *query,
               const struct rt_attempt *attempt, const struct rt_world *world,
               struct rt_chooser *chooser, struct rt_reasons *reasons, struct rt_verdict *verdict);

/* May a request that was answered with this Result-Code, E set or not, be tried at another member?
 * `tried_count` members were asked, the one that answered among them. `route` -1 is never retried;
 * a request whose verdict `is_fixed` must not be either. `pool` is that of the verdict. ANS-06..08,
 * ANS-15. */
bool rt_is_retried(const struct rt_tables *tables, int32_t route, int32_t pool, uint32_t result,
                   uint8_t tried_count);

/* The member of the pool that is this peer, or -1. */
int rt_member_of(const struct rt_pool *pool, const struct rt_world *world, rt_peer peer);

/* The number of the pool at this place: by name, too. */
static inline int32_t rt_pool_number(const struct rt_tables *tables, uint32_t place)
{
    return (int32_t)(tables->pool_numbers ? tables->pool_numbers[place] : place);
}

/* The pool with this number, or the one of the route where there is none; NULL where neither is: a
 * reload may have taken them away. */
const struct rt_pool *rt_pool_numbered(const struct rt_tables *tables, int32_t route, int32_t pool);

/* The route of this number, or NULL where a reload has removed it. Numbers are places unless a
 * reload kept them. */
const struct rt_route *rt_route_numbered(const struct rt_tables *tables, int32_t number);
