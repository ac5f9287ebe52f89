/* pending.h — the way back.
 *
 * Every request sent to a peer waits in a slot until its answer, its deadline or the peer's end.
 * The Hop-by-Hop Identifier counts up and its low bits are the slot, so an answer finds it by
 * index. A dense array of due times lies beside the slots: one store arms, one disarms, a scan
 * finds what is late. Owned by one peer, hence by one worker; no locks. RFC 6733 §6.1.9, §6.2,
 * §5.5.4. */
#pragma once

#include "proto/header.h"
#include "routing/pool.h"

enum { RT_LINE = 64 }; /* octets of a cache line */

/* The connection by which a request came: an answer belongs to it and to no later one. ANS-01. */
struct rt_origin {
    uint32_t slot; /* of the peer */
    uint32_t link; /* number of its connection, counted up at each */
    uint32_t hop_by_hop;
    bool wants_echo; /* errors bear the request's application: `error_echo` of the peer */
};

/* Two cache lines, and a third one for what a request sent for the first time has none of. */
struct rt_waiting {
    uint32_t hop_by_hop; /* as sent; the key */
    uint32_t end_to_end;
    uint32_t command;
    uint32_t application;
    struct rt_origin origin;
    rt_peer ingress;
    void *image;       /* the request, owned by the slot's user until taken */
    uint64_t received; /* ns: when it was read */
    uint64_t sent;     /* ns: when it was last sent */
    uint64_t deadline; /* ns */
    void *last_error;  /* the error answer of the member tried before, or NULL (ANS-06) */
    struct rt_policies *policies; /* for the answer, a counted reference; or NULL */
    uint64_t searched;            /* groups that did not know the user: 1 << their number */
    uint64_t client; /* whose client the user is if this succeeds: a key's hash; 0: look again */
    int32_t route;
    int32_t pool;         /* from which its member was chosen, or -1 */
    uint32_t client_name; /* who he is; where there is a `client` */
    uint8_t teaches;      /* enum rt_teaches */
    uint8_t user_name_at; /* where its User-Name lies, in words; likewise, or 0: look for it */
    bool is_fixed;
    uint8_t why; /* enum rt_why */
    union {
        struct {
            uint8_t hops;          /* redirects that it followed */
            uint8_t redirected_by; /* the place among `tried` of who sent it here; where hops > 0 */
            uint8_t dialled;       /* of the hosts that its redirect names: those tried so */
            bool by_realm;         /* a 3011 did */
            bool by_dns;           /* DNS said who serves its realm */
            bool names_host;       /* the host that gets it becomes its Destination-Host: PXY-07 */
            bool was_retransmitted; /* T was received or has been set */
            uint8_t tried_count;
        };
        uint64_t detours; /* all of these: 0 for most */
    };
    _Alignas(RT_LINE) rt_peer tried[RT_TRIED_MAX]; /* tried_count of them */
};

struct rt_pending {
    struct rt_waiting *slots;
    uint32_t *due; /* in ticks of RT_TICK; 0: free */
    uint32_t size; /* a power of two, or 0 */
    uint32_t used;
    uint32_t limit;
    uint32_t next;    /* the next Hop-by-Hop Identifier */
    uint32_t cursor;  /* of the scans */
    uint32_t trimmed; /* `next` at the last trim */
};

/* A tick is one millisecond; ticks count from an epoch the user subtracts and may wrap round: what
 * is compared lies less than 2^31 ticks (24 days) apart. */
enum { RT_TICK_NS = 1000000 };

/* `first` is the first Hop-by-Hop Identifier: random. `limit` entries at most. */
void rt_pending_init(struct rt_pending *pending, uint32_t first, uint32_t limit);
void rt_pending_fini(struct rt_pending *pending); /* must be empty */

/* A Hop-by-Hop Identifier for a message that holds no slot: CER, DWR, DPR. */
uint32_t rt_pending_draw(struct rt_pending *pending);

/* Takes a slot due at `due` (ticks; 0 becomes 1) and gives it its hop_by_hop, and nobody tried; the
 * caller fills the rest, which is not zero. NULL: the table is full (limit), or memory is. Grows by
 * doubling when half full; pointers to slots do not survive the next call. */
struct rt_waiting *rt_pending_put(struct rt_pending *pending, uint32_t due);

/* The slot that this answer fits: Hop-by-Hop, End-to-End, command and application all match
 * (HDR-24); else NULL. */
struct rt_waiting *rt_pending_find(struct rt_pending *pending, const struct dm_header *answer);

/* Copies the slot out and frees it; of `tried` there are tried_count. */
void rt_pending_take(struct rt_pending *pending, struct rt_waiting *slot, struct rt_waiting *out);

/* Takes the next slot due at or before `now` (ticks), going on from where the last call stopped;
 * false: none in this round (call rt_pending_rewind before the next). */
bool rt_pending_expire(struct rt_pending *pending, uint32_t now, struct rt_waiting *out);
/* Any next slot, which stays taken: the failover's walk. The next call gives the same one while it
 * is. NULL: empty. */
struct rt_waiting *rt_pending_next(struct rt_pending *pending);
/* Takes any next slot. False: empty. */
bool rt_pending_drain(struct rt_pending *pending, struct rt_waiting *out);
void rt_pending_rewind(struct rt_pending *pending);
/* When the request that has waited for longest was received, ns; 0: the table is empty. Looks at
 * each slot: for reports. */
uint64_t rt_pending_oldest(const struct rt_pending *pending);
/* Moves all due times by `ticks`: time that nobody listened. */
void rt_pending_delay(struct rt_pending *pending, uint32_t ticks);
/* Frees the table if it is empty and nothing was drawn since the last trim: an idle peer holds
 * none. For the tick. */
void rt_pending_trim(struct rt_pending *pending);
