/* world.h — what routing may ask of the living: who is there, and how are they?
 *
 * The agent answers from its board, `explain` and tests from what they were told. */
#pragma once

#include "proto/bytes.h"

/* A remote Diameter node: its slot, and which of the slot's users. Survives a reconnect. Generation
 * 0: nobody. */
typedef struct {
    uint32_t slot;
    uint32_t generation;
} rt_peer;

static inline bool rt_peer_equal(rt_peer a, rt_peer b)
{
    return a.slot == b.slot && a.generation == b.generation;
}

enum rt_reach {
    RT_UNREACHABLE,
    RT_LAST_RESORT, /* REOPEN after its first DWA: usable where no other is (WDG-13) */
    RT_REACHABLE,
};

struct rt_seen {
    rt_peer peer;
    enum rt_reach reach;
    bool advertises; /* the application that was asked for, or relay */
    bool is_agent;   /* may reach hosts behind it: RTE step 15 */
    bool is_client;  /* is never chosen by realm: SRV-04 */
    bool is_drained; /* an operator wants nothing new to be chosen for it */
    bool is_busy;    /* its queue or table is full, or does not move */
    uint32_t pending;
    uint64_t returned; /* when it came back after a failure, ns; 0: it never failed */
};

struct rt_bound;
struct rt_key;
struct rt_query;

/* What is known of a key by those who learn. */
enum rt_lookup {
    RT_UNKNOWN,
    RT_KNOWN,
    RT_ASKING, /* the store was asked: the request may wait for what it says */
};

struct rt_world {
    void *context;
    /* The configured peer of this number. */
    void (*member)(void *context, uint32_t peer_number, uint32_t application, struct rt_seen *seen);
    /* Any peer by its DiameterIdentity; false if there is none of that name. */
    bool (*host)(void *context, dm_bytes identity, uint32_t application, struct rt_seen *seen);

    /* May be NULL. Nobody of this name is there, but the configuration lets one in: it is a peer
     * that is not reachable now. Asked when there is no other way. */
    bool (*admits)(void *context, dm_bytes identity);

    /* The following may be NULL: nothing is learnt. */

    /* What was learnt of the key with this hash (rt_key_hash). */
    enum rt_lookup (*bound)(void *context, uint64_t key_hash, struct rt_bound *bound);
    /* No session was learnt yet: `bound` need not be asked for one. */
    bool is_without_sessions;
    /* The key with this hash will be looked up in a moment. May be NULL where `bound` is not. */
    void (*expect)(void *context, uint64_t key_hash);
    /* The learnt pattern that this identity fulfils, by the hash of its key. May be NULL where
     * `bound` is not. */
    bool (*wildcard)(void *context, const struct rt_key *key, uint64_t *key_hash);
    /* The peer whose name has this hash (rt_name_hash): what bindings keep of clients. */
    bool (*named)(void *context, uint32_t name_hash, uint32_t application, struct rt_seen *seen,
                  dm_bytes *name);
    /* Does a redirect that was received send this request elsewhere? `user` is its key. `chosen` is
     * the member that would get it (ALL_HOST), or of generation 0 before one is chosen (every other
     * usage, in the order of RDR-14). `host` names the peer `seen`, and is good until the next
     * call. */
    bool (*redirected)(void *context, const struct rt_query *query, const struct rt_key *user,
                       rt_peer chosen, struct rt_seen *seen, dm_bytes *host);
};
