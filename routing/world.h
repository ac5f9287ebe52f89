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
    bool is_busy;    /* its queue or table is full, or does not move */
    uint32_t pending;
    uint64_t returned; /* when it came back after a failure, ns; 0: it never failed */
};

struct rt_world {
    void *context;
    /* The configured peer of this number. */
    void (*member)(void *context, uint32_t peer_number, uint32_t application, struct rt_seen *seen);
    /* Any peer by its DiameterIdentity; false if there is none of that name. */
    bool (*host)(void *context, dm_bytes identity, uint32_t application, struct rt_seen *seen);
};
