/* hss_station.h — a thread of antipode-hss: its loop, its connections, and what happens on them.
 *
 * The first station runs on the main thread: it listens, dials, hears the signals, and deals
 * connections out. The others get them through a pipe; one of nothing means: the end. */
#pragma once

#include "bench/hss_delay.h"
#include "bench/hss_mirror.h"
#include "bench/hss_options.h"
#include "bench/hss_push_request.h"
#include "bench/link.h"

struct station;

/* What a station keeps of a connection. */
struct station_link {
    struct link link;
    struct station *station;
    struct station_dialler *dialler; /* who dialled it, or NULL */
    uint32_t slot;
    bool is_mate;
};

/* Dials again a second after a connection is gone. */
struct station_dialler {
    const struct link_address *address;
    struct station *station;
    struct loop_timer again;
    bool to_mate;
    bool complained; /* once until it succeeds */
};

struct station_slot {
    struct station_link *link; /* NULL: free */
    uint32_t generation;
};

/* A SIP server that requests can be pushed to: heard of by its own requests. */
struct push_target {
    uint32_t host; /* number of hss_texts; 0: free */
    uint32_t realm;
    uint32_t application;
    struct hss_whither whither;
};

/* A push whose answer is awaited, found by the low bits of its Hop-by-Hop. */
struct push_pending {
    enum hss_push kind; /* HSS_PUSH_NONE: free */
    uint32_t identifier, user;
};

enum { PUSH_TARGETS = 1024, PUSH_SESSIONS = 1024, PUSH_PENDING = 4096 };

struct pusher {
    enum hss_push kind;
    double rate;    /* a second, of this station */
    uint64_t since; /* when the last ones were sent */
    struct loop_timer timer;
    struct push_target targets[PUSH_TARGETS];
    uint32_t next_target, identifier;
    struct push_session sessions[PUSH_SESSIONS]; /* a ring; the newest are lost when it is full */
    uint32_t first_session, session_count;
    struct push_pending pending[PUSH_PENDING]; /* the oldest are forgotten when it is full */
    uint64_t sent, answered;
    uint64_t by_result[HSS_CODES];
    uint64_t by_experimental[HSS_CODES]; /* of vendor 10415 */
};

struct station {
    struct loop loop;
    struct hss_worker worker;
    const struct hss_options *options;
    struct link_setup setup;
    struct link_net net;
    struct hss *hss;
    struct hss_mirror *mirror; /* NULL: no users */

    struct station_slot *slots;
    uint32_t slot_count, open_links;

    struct hss_delay delay;
    struct loop_timer delay_timer;
    struct pusher pusher;

    struct loop_watch mail; /* new connections */
    int mail_out;
    bool ending;
    struct loop_timer patience;

    /* The connection to the mate that we send to, if this station has it. */
    struct station_link *mate;
    struct loop_watch mirror_watch;
    struct loop_timer mirror_timer;
    uint32_t mirror_next; /* whom the first account has come to */
};

/* 0 or a negative errno. `number`: from 0; all else lives longer. */
int station_init(struct station *station, const struct hss_options *options, struct hss *hss,
                 struct hss_mirror *mirror, const struct link_carrier *carrier, uint32_t number);
void station_fini(struct station *station);

/* Takes a connection that was accepted. The station's thread. */
void station_accept(struct station *station, struct link_arrival arrival);
/* The same, or station_end with one of nothing (-1, NULL), from another thread. */
void station_mail(struct station *station, struct link_arrival arrival);
void station_dial(struct station *station, struct station_dialler *dialler);
/* DPR to all; after their DPAs, or two seconds, the loop stops. */
void station_end(struct station *station);

/* The connection an answer belongs to, NULL where it is gone. */
struct station_link *station_find(struct station *station, struct hss_whither whither);
struct hss_whither station_whither(const struct station_link *link);

/* hss_push.c */
void push_init(struct station *station);
void push_learn(struct station_link *link, const struct dm_header *header, dm_bytes request);
void push_answered(struct station *station, const struct dm_header *header, dm_bytes answer);
/* hss_mate.c */
void mate_opened(struct station_link *link);
void mate_message(struct station_link *link, dm_bytes message);
void mate_closed(struct station_link *link);
