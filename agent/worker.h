/* worker.h — a thread, its loop, its peers, its turn, tick and flush.
 *
 * Everything here belongs to one thread. A turn: sockets are read and mail is opened, both may
 * queue messages and write letters; then, in the loop's prepare phase at the latest, every touched
 * queue leaves in one write and every outbox is posted. What is due runs after the sockets were
 * read. */
#pragma once

#include <uv.h>

#include "agent/board.h"
#include "agent/conf/conf.h"
#include "agent/directory.h"
#include "agent/mailbox.h"
#include "agent/memory.h"
#include "agent/net/wire.h"
#include "agent/snapshot.h"
#include "agent/stats.h"

struct agent;
struct conn;
struct park;
struct peer;
struct realms;

enum { WORKER_READ = 64 * 1024, WORKER_TIMERS = 4 };

/* What a peer waits for. Due times are nanoseconds; 0: not armed. */
enum worker_timer { TIMER_MACHINE, TIMER_WATCHDOG, TIMER_RECONNECT, TIMER_CERTIFICATE };

struct worker {
    unsigned index;
    struct agent *agent;
    const struct snapshot *snapshot; /* in use here */
    const struct conf *conf;         /* its */
    uv_thread_t thread;
    uv_loop_t loop;
    struct wire_loop wires;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t again; /* keeps the loop awake while there is work left in user space */
    uv_timer_t tick;
    struct mailbox mailbox;
    struct post post;
    struct memory memory;
    struct stats stats;
    struct directory directory;
    struct board *board;
    struct store *store; /* the agent's: what was learnt of users; NULL: nothing is */
    struct park *park;   /* requests that wait for a look-up or a host */

    uint64_t now;        /* of the event in hand, ns of agent/clock */
    uint64_t looked;     /* when what the others hold in memory was last summed */
    uint64_t turn_began; /* when the oldest message not yet flushed was read */
    unsigned messages;   /* handled since the last flush */

    struct conn *touched;   /* have something to write */
    struct conn *ahead;     /* input of theirs lies in user space */
    struct conn *lingering; /* closing politely, without a peer */

    struct peer **peers; /* those at home here */
    uint64_t *due;       /* WORKER_TIMERS for each of them */
    uint8_t *attention;  /* of each: has it something that its tick must see to? */
    uint32_t peer_count;
    uint32_t peer_room;
    struct peer **by_slot; /* of the whole board; NULL: not at home here */
    unsigned failing;      /* peers whose pending requests have yet to move, or to end late */

    struct rt_redirects redirects;       /* hosts that 3006s named: follow.h */
    struct rt_redirects realm_redirects; /* realms that 3011s named */

    struct realms *realms; /* that DNS knows: dns/discover.h; NULL before the first */

    struct rt_chooser chooser;
    uint32_t turn_count; /* of chooser.turn */
    struct rt_world world;
    uint64_t asked_application; /* board bits of the request in hand */
    uint64_t random;

    bool is_full; /* some queue holds enough for a write */
    bool is_flushing;
    bool tick_is_due;
    bool park_is_due; /* some parked request may have waited long enough */
    bool stopping;
    unsigned stage;         /* of the end: enum agent_stage */
    uint64_t tick_expected; /* real time, ns */
    uint64_t ticks;

    uint64_t
        cpu_before; /* of the thread at the last look of the main thread, which owns these three */
    unsigned busy;  /* per cent of the last second */
    unsigned hot;   /* seconds in a row above 70 % */

    uint8_t
        *policy_room; /* of proxy.c, of RT_POLICY_WORK(policy_limit) octets; NULL before its use */
    size_t policy_limit;
    uint8_t *scratch; /* one message of the largest size, and what an answer of ours has more */
    size_t scratch_size;
    uint8_t read_buffer[WORKER_READ];
};

/* Prepares a worker; its thread is not yet running. Main thread. */
struct worker *worker_new(struct agent *agent, unsigned index);
/* When all workers and the registry are there: takes in the configured peers that are at home on
 * it. */
void worker_settle_in(struct worker *worker);
void worker_start(struct worker *worker);
/* Instead of worker_start: the start has failed, its loop ends. */
void worker_abandon(struct worker *worker);
/* After all threads have ended: opens the mail that nobody opened, then frees. */
void worker_bury(struct worker *worker);
void worker_free(struct worker *worker);

/* The following run on the worker's own thread. */

/* Called where an event begins: takes the time. */
void worker_begin(struct worker *worker);
/* Called after each batch of messages: writes and posts if a turn's worth has come together. */
void worker_breathe(struct worker *worker);
/* Writes all touched queues and posts all mail. */
void worker_flush(struct worker *worker);

/* Takes the peer in; gives it its timers. */
void worker_adopt(struct worker *worker, struct peer *peer);
void worker_dismiss(struct worker *worker, struct peer *peer);

/* Arms a timer of a peer for `after` ns from now; 0 disarms. */
void worker_arm(struct peer *peer, enum worker_timer timer, uint64_t after);

/* The coming ticks call peer_tick until it says that there is nothing more. */
void worker_attend(struct peer *peer);

/* There is work left that no event will announce: pending requests have to move or to end, or input
 * lies in user space. It is seen to in this and the coming turns. */
void worker_again(struct worker *worker);

/* Uses the newest snapshot from now on, and tells the front desk (worker_switch.c). */
void worker_switch(struct worker *worker);
/* What a worker keeps that depends on the configuration, but for its peers. */
void worker_fit(struct worker *worker, const struct snapshot *snapshot);
/* Takes in the peers of exact rows that are to be at home here and are not yet. */
void worker_adopt_rows(struct worker *worker);
/* How often it ticks, ms. */
uint64_t worker_tick_interval(const struct conf *conf);

/* A random number; not for secrets. */
uint64_t worker_random(struct worker *worker);

static inline bool worker_is_home(const struct worker *worker, struct board_view view)
{
    return view.home == worker->index;
}
