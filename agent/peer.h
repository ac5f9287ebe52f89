/* peer.h — a remote Diameter node: its state machine, its connection, its pending requests.
 *
 * A peer lives on one worker; no lock is taken on it. peer_event is the only writer of the state:
 * it takes the row from proto/fsm, writes the state, carries out the actions (peer_actions), and
 * goes round again when one returns a follow-up event. The data path (relay) does not pass through
 * the table. RFC 6733 §5.6, RFC 3539. */
#pragma once

#include "agent/net/conn.h"
#include "agent/snapshot.h"
#include "proto/base.h"
#include "proto/fsm.h"
#include "proto/msg.h"
#include "proto/watchdog.h"
#include "routing/pending.h"

struct guest;
struct whereabouts;

struct peer {
    /* What every message needs, in three cache lines: a turn has a few messages of many peers. */
    struct worker *worker;
    struct stats_peer *stats;
    const struct conf_peer *conf; /* of the worker's snapshot, or the guest's */
    struct conn *open;            /* the one that is Open or Closing */
    rt_peer self;
    uint32_t link;      /* number of the open connection; 0: none */
    uint32_t in_flight; /* requests received by this link and not yet ended */
    uint64_t last_heard;
    struct dm_watchdog watchdog;
    enum dm_state state;
    bool is_agent;
    bool is_client;
    bool is_drained; /* by an operator: no request is chosen for it; its connection stays */
    bool dpa_sent;
    uint16_t route_record_size;
    uint16_t candidate_record_size;
    struct dm_applications *applications; /* what it advertised; NULL before the first exchange */
    struct rt_pending pending;
    uint64_t last_request; /* when one was last sent to it */
    uint8_t route_record[DM_ROUTE_RECORD_MAX];

    uint32_t index; /* among the worker's peers */
    struct name *name;
    struct guest *guest;             /* owned; NULL: a row of the configuration admits it */
    struct whereabouts *whereabouts; /* owned; NULL: it was never known by a name */
    uint32_t row;                    /* of the counters */

    uint64_t changed;      /* when it got into this state */
    struct conn *i_conn;   /* the connection we opened */
    struct conn *r_conn;   /* the connection it opened */
    struct conn *arriving; /* not yet accepted */

    uint32_t cer_hop_by_hop; /* of the CER we sent */
    uint32_t cer_end_to_end;
    struct dm_header r_cer; /* of the CER we received, for its CEA */
    struct dm_header dwr;   /* of the DWR in hand */
    struct dm_header dpr;   /* of the DPR we received, for its DPA */

    struct dm_applications *candidates; /* those of an arrival or CEA not yet accepted */
    char *realm;                        /* its Origin-Realm, of a member of a pool only; or NULL */
    char *candidate_realm;              /* as with the applications */
    uint8_t candidate_record[DM_ROUTE_RECORD_MAX];

    uint64_t returned;         /* when it became usable again after a failure; 0: never failed */
    uint64_t backoff;          /* of the next reconnect, ns */
    uint64_t rate_due;         /* of screen_rate */
    uint32_t arrivals;         /* handed to us by the front desk */
    uint32_t disconnect_cause; /* enum dm_disconnect_cause of the DPR we send */
    bool is_failing;           /* pending requests have yet to move elsewhere */
    struct {
        uint32_t count;
        uint32_t first; /* End-to-End Identifiers */
        uint32_t last;
    } moved;      /* in the failover under way: WDG-16 */
    bool is_late; /* more requests are past their deadline than one turn may end */
    bool owes_dpa;
    bool dpr_sent;
    bool dpa_received;        /* and the close waits for answers owed */
    uint64_t overtaken_until; /* what a DPR or DPA has overtaken may still come; 0: nothing may */
    bool is_orderly;          /* this end was agreed by DPR and DPA */
    bool is_banned;           /* it asked us not to reconnect: DPR-05 */
    bool is_disabled;         /* by an operator: no connection */
    bool is_stopping;         /* the agent ends, or it was removed: no reconnect */
    bool is_removed; /* no row admits it any more: it drains, then its slot is given back */
    bool is_renewed; /* its connection is made anew as soon as it is closed */
    bool is_idle_told;
    bool is_challenged; /* a second connection of its name came: is the first alive? PSM-02 */
};

/* A peer at home on `worker`. Takes a reference of `name`. */
struct peer *peer_new(struct worker *worker, rt_peer self, struct name *name,
                      struct snapshot_row row);
/* It has no connection and no pending request. */
void peer_free(struct peer *peer);

/* A connection that the peer opened, with its CER; `wire`, which is detached, is taken. */
void peer_arrive(struct peer *peer, struct wire *wire, dm_bytes cer, dm_bytes rest);

void peer_event(struct peer *peer, enum dm_event event);
void peer_timer(struct peer *peer, enum worker_timer timer);
/* Dials it again after a while, if it is dialled. PSM-06. */
void peer_plan_reconnect(struct peer *peer);

/* What the connections of a peer call. */
extern const struct conn_events peer_conn_events;

/* Carries out what the watchdog decides on this event (peer_watch.c). */
void peer_watch(struct peer *peer, enum dm_watch_event event);
void peer_watch_timer(struct peer *peer);
void peer_watch_reset(struct peer *peer);
/* Tw is another one now. */
void peer_watch_retime(struct peer *peer);
/* A second connection of this name came while one is open: asks the first whether it lives. PSM-02.
 */
void peer_watch_challenge(struct peer *peer);

/* Its pending requests move elsewhere, from this turn on. */
void peer_fail_over(struct peer *peer);

/* A row with an exact identity, of the file? */
static inline bool peer_is_row(const struct conf_peer *conf)
{
    return !conf->is_pattern && !conf->is_guest;
}

/* Open, by either side. */
static inline bool peer_is_open(const struct peer *peer)
{
    return peer->state == DM_R_OPEN || peer->state == DM_I_OPEN;
}

static inline const char *peer_name(const struct peer *peer)
{
    return peer->name->text;
}

static inline struct stats_peer *peer_stats(const struct peer *peer)
{
    return peer->stats;
}

/* May a request be sent to it now? The home's own view, exact. */
bool peer_takes_requests(const struct peer *peer);

/* Is its queue or table full, or has the queue not moved for a second while it holds much? */
bool peer_is_busy(const struct peer *peer);

/* Puts what changed on the board. */
void peer_publish(struct peer *peer);
void peer_publish_load(struct peer *peer);

/* Its row in a newer snapshot: takes it, and does what it makes different (peer_refit.c). */
void peer_refit(struct peer *peer, const struct snapshot *snapshot);

/* Server, client or agent: by its row and its capabilities. */
void peer_settle_role(struct peer *peer);

/* Ends it in good order with this Disconnect-Cause, and for good. */
void peer_stop(struct peer *peer, enum dm_disconnect_cause cause);

/* Something that was awaited has ended: an answer was delivered, a request left. Sends the DPA that
 * is owed, or closes. */
void peer_settle(struct peer *peer);

/* A DPR or DPA has come: where messages overtake each other, what it has overtaken has a moment
 * left to come. DPR-07. */
void peer_await_overtaken(struct peer *peer);

/* It does not read what it is sent: its connection is cut. */
void peer_close_slow_reader(struct peer *peer);

/* Stops or starts reading by the fill of its queue. After writes and commits. */
void peer_mind_pressure(struct peer *peer);

/* A tick of a peer that wants attention: expires requests, minds the queue. False: it wants no
 * more. */
bool peer_tick(struct peer *peer);
