/* registry.h — identity -> peer slot -> home worker. Main thread.
 *
 * Slots are given and taken here only. Rows of `peers` with an exact identity have one for as long
 * as they are in the configuration; the others are for peers that come by themselves. Who fails
 * keeps his slot for a while, so that his return passes through REOPEN (WDG-14); who leaves in good
 * order, or is removed, gives it back at once, unless he comes again before it is free. No slot is
 * given back while a worker may use a snapshot that names it. */
#pragma once

#include "agent/directory.h"
#include "agent/mailbox.h"

struct agent;
struct wire;
struct conf;

struct registry_slot {
    struct name *name; /* NULL: free */
    uint64_t idle_since;
    uint32_t generation;
    uint32_t arrivals; /* letters with connections sent to its home */
    uint32_t next_free;
    uint16_t home;
    bool is_row; /* it belongs to a row with an exact identity, and stays */
    bool is_idle;
    bool is_forgotten; /* idle, and there is nothing to remember: it goes */
    bool is_leaving;   /* its home was told to let it go, and nobody has come since */
    uint16_t releases; /* letters that tell its home so, not yet answered */
};

struct registry {
    struct agent *agent;
    struct registry_slot *slots;
    uint32_t size;
    uint32_t first_free;
    uint32_t free;      /* how many are */
    uint32_t strangers; /* slots taken that are not a row's: limits.connections at most */
    uint32_t leaving;   /* slots that are about to be free */
    bool is_open;       /* workers have mailboxes: they are told who gets a slot */
    uint32_t spread;    /* the next home in turn */
    struct directory directory;
};

struct arrival_letter {
    struct letter letter;
    rt_peer peer;
    struct name *name; /* a reference for the home, where it meets the peer for the first time */
    bool is_drained;   /* by an operator, before it came */
    struct wire *wire; /* detached */
    uint32_t cer_size;
    uint32_t rest_size;
    uint8_t octets[]; /* the CER, then what came behind it */
};

struct name_letter {
    struct letter letter;
    struct name *name; /* a reference goes with it; NULL in MAIL_REMOVED */
    rt_peer peer;
};

struct idle_letter {
    struct letter letter;
    rt_peer peer;
    uint32_t arrivals;
    bool is_orderly;
};

void registry_init(struct registry *registry, struct agent *agent);
void registry_fini(struct registry *registry);

/* Are there slots for all rows of this configuration? */
bool registry_has_room(const struct registry *registry, const struct conf *conf);
/* Gives the rows of the configuration their seats, before it is published. */
void registry_seat(struct registry *registry, struct conf *conf);
/* All workers use the newest snapshot: who is gone gives his slot back. */
void registry_settle(struct registry *registry);

/* The slot for a peer of this identity that some row admits: its own, or a free one. NULL: none is
 * free. */
struct registry_slot *registry_admit(struct registry *registry, dm_bytes identity);

static inline rt_peer registry_peer(const struct registry *registry,
                                    const struct registry_slot *slot)
{
    return (rt_peer){(uint32_t)(slot - registry->slots), slot->generation};
}

/* A peer's home says that it has no connection. */
void registry_idle(struct registry *registry, const struct idle_letter *letter);
/* A peer's home has let it go. */
void registry_released(struct registry *registry, rt_peer peer);
/* How long until a peer that has no connection is forgotten, ns; 0: it is not. */
uint64_t registry_expires_in(struct registry *registry, rt_peer peer, uint64_t now);
/* Lets go of those that have been idle for long. */
void registry_tick(struct registry *registry, uint64_t now);
