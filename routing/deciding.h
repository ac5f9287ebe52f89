/* deciding.h — one decision while it is made. Private to decide*.c.
 *
 * decide.c has the order of the steps, decide_peer.c who may have a request at all, decide_user.c
 * what users have a say in, decide_serve.c the member. */
#pragma once

#include "routing/decide.h"
#include "routing/reasons.h"

/* What decide_names.c has read. */
struct names {
    bool is_read;
    bool is_session_read;
    bool is_user; /* `key` is a user's, and has a `hash` */
    bool has_session;
    uint64_t hash;
    uint64_t second_hash;
    uint64_t session_hash;
    struct rt_key key;    /* size 0: not asked for, or nobody */
    struct rt_key second; /* the private identity beside a public one; size 0: none */
};

struct deciding {
    const struct rt_tables *tables;
    const struct rt_query *query;
    const struct rt_attempt *attempt;
    const struct rt_world *world;
    struct rt_chooser *chooser;
    struct rt_reasons *reasons;
    const struct rt_pool *pool; /* from which a member is chosen */
    bool was_busy;              /* somebody would have been taken but for his queue */
    struct names names;
};

static inline bool deciding_has_host(const struct deciding *it)
{
    return it->query->destination_host.at != NULL;
}

static inline bool deciding_has_realm(const struct deciding *it)
{
    return it->query->destination_realm.at != NULL;
}

static inline bool rt_route_forwards(const struct rt_route *route)
{
    return route->action == RT_RELAY || route->action == RT_PROXY;
}

/* The verdict that the request is answered here, and the line that says why. */
struct rt_verdict deciding_answer(const struct deciding *it, int32_t route, enum dm_result result,
                                  const char *why);

/* --- decide_peer.c: 9, 14, 15 --- */

/* What speaks against any peer, or NULL. */
const char *deciding_objection(const struct deciding *it, dm_bytes identity,
                               const struct rt_seen *seen);
/* What speaks against one that a route, a redirect or a row names, or NULL: a request for one host
 * reaches it by agents only. */
const char *deciding_objection_to_choice(const struct deciding *it, dm_bytes identity,
                                         const struct rt_seen *seen);
void deciding_say_peer(const struct deciding *it, const char *what, dm_bytes identity,
                       const char *why);
const char *rt_reach_name(enum rt_reach reach);

/* --- decide_names.c --- */

/* Whom is it about? Without a user it is the session, without a session the sender. */
void names_read(struct deciding *it);
/* Does it belong to a session that may have been learnt? */
bool names_session(struct deciding *it);
/* Says who is going to be looked up, where that may be. */
void names_expect(struct deciding *it);

/* --- decide_user.c: 11 --- */

/* Whom a request is about, and who therefore serves it. */
struct user {
    uint32_t pool;       /* the route's, or the one that a row of subscribers names */
    int member;          /* preferred, of `pool`; -1: nobody in particular */
    int group;           /* of a partitioned `pool`, which must serve; -1: the hash says */
    int peer;            /* a configured peer outside the pool, who alone serves; -1 */
    bool is_provisioned; /* the slot is that of a row */
    uint16_t slot;
    enum rt_why why;
    bool is_settled; /* the first two identities are known as one user, and whose he is */
};

enum user_found {
    USER_FOUND,   /* in so far as there is anything to be found */
    USER_UNKNOWN, /* no row, and `unknown: reject` */
    USER_ASKED,   /* the store was, for this `key_hash` */
};

void user_init(struct deciding *it, const struct rt_route *route, struct user *user);
/* The session goes on where it began: multi-round MAR, STR. sip-app.md §9.1 step 2. */
enum user_found user_find_session(struct deciding *it, struct user *user, uint64_t *key_hash);
/* What this table of subscribers says of the user: §9.1 step 4. A session that goes on stays where
 * it is, but for the pool. `table` may be NULL. */
enum user_found user_find_row(struct deciding *it, const struct rt_subscriber_table *table,
                              struct user *user);
/* Whom a redirect agent names: `target` and `slot` of the verdict. RDR-04. */
enum user_found user_find_target(struct deciding *it, const struct rt_route *route,
                                 struct rt_verdict *verdict);
const struct rt_subscriber_table *rt_subscribers_of(const struct rt_tables *tables, int32_t number);
/* What was learnt of the user, if nothing better is known. §9.1 step 5. */
enum user_found user_find_binding(struct deciding *it, struct user *user, uint64_t *key_hash);

/* What is known of a key; the store is waited for only where the request was sent to nobody yet.
 * There is somebody to ask: world->bound. */
enum rt_lookup deciding_look_up(const struct deciding *it, uint64_t hash, struct rt_bound *bound);

/* --- decide_push.c: 11 --- */

/* Is it for a client whom it does not name? A PPR of RFC 4740. */
bool deciding_is_push(const struct deciding *it);
/* The client that last confirmed the registration of its user, if it is here. False: go by realm.
 */
bool deciding_push(struct deciding *it, struct rt_verdict *verdict);

/* The user is in no row, and his table rejects: as his server would say it, with the application's
 * grammar and without E. RDR-04. */
struct rt_verdict deciding_reject_user(const struct deciding *it, const struct rt_route *route);

/* --- decide_serve.c: 14 --- */

/* The verdict on a request whose route forwards: the session's member, then who a redirect says,
 * then the user's, by row, by binding, by hash. */
void deciding_serve(struct deciding *it, const struct rt_route *route, struct rt_verdict *verdict);
