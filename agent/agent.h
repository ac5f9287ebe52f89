/* agent.h — start, drain, stop: owns the workers, the board and the front desk.
 *
 * The main thread is the front desk: listeners, arrivals that have not yet sent their CER, names,
 * signals, admin. Functions marked "any thread" may be called by workers; all others belong to the
 * main thread. */
#pragma once

#include "agent/conf/conf.h"
#include "agent/dns/resolver.h"
#include "agent/front.h"
#include "agent/guest.h"
#include "agent/orders.h"
#include "agent/registry.h"
#include "agent/reload.h"
#include "agent/snapshot.h"
#include "agent/worker.h"

/* The end, step by step; the main thread waits for all workers at each. */
enum agent_stage {
    AGENT_RUNS,
    AGENT_DRAINS, /* listeners closed, DPR to clients; requests still arriving are served */
    AGENT_PARTS,  /* 3002 for the rest, DPR to everybody else */
    AGENT_ENDS,   /* loops end */
};

struct discovery;

struct agent {
    const struct conf *conf;           /* the main thread's: that of the newest snapshot */
    struct snapshot *_Atomic snapshot; /* the newest */
    struct snapshot *former;           /* until nobody uses it */
    unsigned behind;                   /* workers that do not use the newest yet */
    struct snapshot_rows rows;
    struct reload reload;
    struct dm_self self;
    uint32_t connections; /* limits.connections as of the start: it bounds what is made once */
    uint32_t board_size;
    unsigned worker_count;
    struct worker **workers;
    struct mailbox **boxes; /* the workers' and, last, our own */
    struct board *board;

    uv_loop_t loop;
    struct wire_loop wires;
    uv_prepare_t prepare;
    uv_timer_t tick;
    uv_signal_t signals[3];
    struct mailbox mailbox;
    struct post post;
    struct memory memory;
    struct stats stats; /* of the front desk */
    struct front front;
    struct registry registry;
    struct resolver *resolver;
    struct guests guests;
    struct discovery *discoveries; /* searches for realms */
    unsigned discovery_count;
    struct admin *admin;
    struct store *store;     /* what was learnt of users; NULL: nothing is */
    struct control *control; /* NULL: `socket: none` */
    struct orders orders;    /* of operators, by peer */
    struct roll *rolls;      /* reports being gathered */
    uint32_t tickets;        /* of the rolls */

    bool is_listening;
    enum agent_stage stage;
    uint64_t stage_until;   /* real time, ns */
    uint64_t started;       /* wall clock, seconds */
    uint64_t began;         /* real time, ns */
    uint64_t second;        /* of the last look at the workers */
    uint64_t redirect_seed; /* of the keys of redirects that are remembered */
    _Atomic uint32_t next_link;
    _Atomic uint32_t next_end_to_end;
};

struct stage_letter {
    struct letter letter;
    uint32_t stage;
};

/* Runs the agent until it is told to end. Takes `conf` and what secrets_load made of it. Returns
 * the exit status. */
int agent_run(struct conf *conf, struct tls_context *tls);

/* Any thread. */
const struct dm_self *agent_self(const struct agent *agent);
uint32_t agent_next_link(struct agent *agent);
uint32_t agent_next_end_to_end(struct agent *agent);
/* A worker tells the front desk that a peer which came by itself has no connection. Its worker's
 * thread. */
void agent_tell_idle(struct worker *worker, rt_peer peer, uint32_t arrivals, bool is_orderly);

/* The worker that a new peer is best at home on: the first one while it has time, then the least
 * busy. */
unsigned agent_least_busy(const struct agent *agent);

/* As SIGTERM: begins to drain; ends at once where it drains already. */
void agent_stop(struct agent *agent);

/* Puts a newer snapshot into use: gives its rows numbers and seats, and tells the workers, who
 * acknowledge by letter. False, with a line in `complaints`, where it cannot be; else it takes
 * `conf` and `tls`. */
bool agent_publish(struct agent *agent, struct conf *conf, struct tls_context *tls,
                   FILE *complaints);

/* Is it listening and not on its way out? */
bool agent_is_ready(const struct agent *agent);
