/* load.h — the parts of a running load: the world all share, a thread, its ports, a request's slot.
 *
 *     world ── thread ── port (link, templates, slots)      a port is one SIP server and its
 * connection └─ player (mix or flow): what to send, and what the answer means
 *
 * A unit is what is started at a time: a request of a mix, or a whole flow. --requests and --rate
 * count requests, so a flow takes as many of them as it has steps. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "bench/digest.h"
#include "bench/link.h"
#include "bench/load_options.h"
#include "bench/load_template.h"
#include "bench/load_users.h"

/* A request on its way. Found by the low bits of its Hop-by-Hop; stays until the place is needed
 * again, so that a second or a late answer is recognised. */
struct load_slot {
    uint64_t start; /* when it was sent, in an open loop when it was due */
    uint32_t hop_by_hop, end_to_end;
    uint32_t user;
    uint32_t unit; /* the flow it belongs to */
    uint8_t kind;  /* enum load_kind */
    uint8_t state; /* enum slot_state */
    uint8_t measured;
    uint8_t takes_redirect; /* 3006 is an answer like others */
    char session[SESSION_DIGITS];
};

enum slot_state { SLOT_FREE, SLOT_PENDING, SLOT_DONE, SLOT_TIMED_OUT };

/* The answer to a request, verified. */
struct load_answer {
    const struct dm_header *header;
    dm_bytes message;
    dm_bytes session, origin_host;
    uint32_t vendor, code; /* vendor not 0: of an Experimental-Result */
};

struct load_port {
    struct link link;
    struct load_thread *thread;
    struct dm_self self;
    char host[256];
    const char *target; /* HOST:PORT, for complaints */
    size_t target_index;
    bool second; /* plays SIP server 2 */
    char session_start[300], server_uri[300];
    size_t session_start_size;
    char session[SESSION_DIGITS];
    struct load_template templates[KIND_COUNT];
    uint32_t hop_by_hop, end_to_end;
    uint32_t pending, timed_out, mask;
    struct load_slot *slots;
};

struct load_thread;
struct flow_table;

static const uint32_t LOAD_NOBODY = UINT32_MAX;

/* A request of the server. */
struct load_pushed {
    const struct dm_header *header;
    dm_bytes message;
};

/* What it is answered with. */
struct load_reply {
    uint32_t result;
    uint32_t experimental; /* not 0: in Cx this of 3GPP's instead */
};

struct load_player {
    /* Starts a unit on this port of a SIP server 1; `due` is its time. */
    void (*start)(struct load_thread *thread, struct load_port *port, uint64_t due, bool measured);
    /* A request ended: with its answer, or with NULL if it was lost. `request` is a copy. */
    void (*ended)(struct load_thread *thread, struct load_port *port,
                  const struct load_slot *request, const struct load_answer *answer);
    /* The server has sent a RTR, PPR or ASR for this user: what is answered to it? Returns the unit
     * that has waited for it, or LOAD_NOBODY. May be NULL, as the next two. */
    uint32_t (*pushed)(struct load_thread *thread, uint32_t user, const struct load_pushed *push,
                       struct load_reply *reply);
    /* The answer is on its way. */
    void (*replied)(struct load_thread *thread, uint32_t unit);
    void (*tick)(struct load_thread *thread, uint64_t now);
};

extern const struct load_player load_player_mix, load_player_flow;

/* Read-only while threads run, but for the atomics. */
struct load_world {
    const struct load_options *options;
    const struct load_player *player;
    const struct flow_table *flow; /* NULL in a mix */
    uint64_t unit_requests;        /* how many a unit sends if all goes well */
    struct link_setup setup;       /* but for `net`, of which each thread has its own */
    struct link_carrier carrier;
    uint64_t session_time; /* the high part of all Session-Ids */
    pthread_barrier_t ready;
    atomic_bool failed;      /* a connection could not be opened */
    atomic_bool interrupted; /* SIGINT: send no more */
};

enum load_phase { LOAD_CONNECTING, LOAD_RUNNING, LOAD_ENDING };

struct load_flow;

struct load_thread {
    struct load_world *world;
    uint32_t index;
    pthread_t id;
    struct loop loop;
    struct link_net net;
    struct link_setup setup;
    struct loop_timer tick;
    enum load_phase phase;
    struct load_port *ports; /* SIP servers 1, then SIP servers 2 */
    size_t firsts, seconds, dialled, opened, open, turn;
    int64_t budget;       /* measured requests left; below 0: those under way are a few more */
    uint64_t measure;     /* from then on it counts */
    uint64_t end;         /* no unit starts any more */
    uint64_t begin, last; /* when it began, when the last answer came */
    uint64_t scheduled;   /* open loop: number of the next unit, in all threads' order */
    uint64_t pending;     /* requests on all ports, and pushes that are waited for */
    uint64_t random;
    struct digest digest;
    struct load_flow *flows;
    uint32_t flow_room, flow_free, next_user;
    struct tally tally[2]; /* of the warm-up, of the measurement */
    struct load_users users;
    uint64_t cpu;              /* ns of this thread while running */
    uint32_t lost;             /* connections that ended by themselves */
    char why[512];             /* why it failed */
    _Atomic uint64_t answered; /* for the progress line */
};

/* ---- load_thread.c ---- */

/* What the links of all ports call: they go into `world.setup`. */
extern const struct link_events load_link_events;

/* A thread's whole life; its results are in `thread`. */
void *load_thread_main(void *thread);
/* Returns 0 or a negative errno. */
int load_thread_init(struct load_thread *thread, struct load_world *world, uint32_t index);
void load_thread_fini(struct load_thread *thread);
/* A unit that has sent so many requests is done: starts the next one on this port in a closed loop.
 */
void load_unit_ended(struct load_thread *thread, struct load_port *port, bool measured,
                     uint32_t requests);
/* The next open port of SIP server 1, another than `but` (may be NULL) if there is one. Or NULL. */
struct load_port *load_next_first(struct load_thread *thread, const struct load_port *but);
/* The SIP server 2 that serves this user: always the same while its connection is open. Or NULL. */
struct load_port *load_second_of(struct load_thread *thread, uint32_t user);
uint64_t load_random(struct load_thread *thread);

/* ---- load_port.c ---- */

void load_port_init(struct load_port *port, struct load_thread *thread, uint64_t number,
                    bool second);
void load_port_fini(struct load_port *port);
void load_port_dial(struct load_port *port);

struct load_request {
    enum load_kind kind;
    uint32_t user, unit; /* LOAD_NOBODY: not of any one user */
    uint64_t start;
    bool measured, takes_redirect;
    const char *session; /* SESSION_DIGITS of one that this port has begun; NULL: a new one */
    dm_bytes more;       /* AVPs behind those of the template */
};

/* Sends it at the end of this turn. The port is open. */
void load_port_send(struct load_port *port, const struct load_request *request);
/* A message that is no base command came. */
void load_port_take(struct load_port *port, const struct dm_header *header, dm_bytes message);
/* With E, and not the redirect that was asked for: counted as `protocol`. */
bool load_is_protocol_error(const struct load_slot *request, const struct load_answer *answer);
/* Ends what has waited for longer than the time-out. */
void load_port_expire(struct load_port *port, uint64_t now);
/* The connection is gone: ends all that waits. */
void load_port_lose(struct load_port *port);

static inline bool load_port_is_open(const struct load_port *port)
{
    return port->link.state == LINK_OPEN;
}

/* ---- load_push.c ---- */

/* A request of the server: RTR, PPR and ASR are answered as the player says, with 2001 if it does
 * not; others with 3001. */
void load_push(struct load_port *port, const struct dm_header *header, dm_bytes message);
