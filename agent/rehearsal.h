/* rehearsal.h — where would a request go? Asked without any network.
 *
 * For `antipode explain` and `antipode test`. A request is real octets, read and decided on by the
 * code of the data path. Only who is there is made up: every peer is open, content and takes any
 * application, unless it was said to be down. A peer is an exact row of `peers`, or any name that a
 * pattern lets in. Main thread. */
#pragma once

#include "agent/conf/conf.h"
#include "agent/directory.h"

struct rehearsal_peer {
    const char *identity;
    const struct conf_peer *conf;
    uint32_t pending;
    bool is_down;
};

struct rehearsal {
    const struct conf *conf;
    struct conf_peer stranger;    /* who comes without a row, with `unknown_peer: accept` */
    struct directory names;       /* of the peers that patterns let in, and of strangers */
    struct rehearsal_peer *peers; /* the rows of the configuration, then those by patterns */
    uint32_t count;
    uint32_t room;
    struct rt_chooser chooser;
};

/* Where a request went. */
struct rehearsal_outcome {
    bool is_forwarded;
    bool is_fixed;                /* to its Destination-Host */
    enum dm_result result;        /* not forwarded: what it is answered with */
    uint32_t vendor;              /* not 0: of an Experimental-Result */
    const struct rt_route *route; /* NULL: none was chosen */
    const struct rt_pool *pool;   /* whose member was chosen or is named, or NULL */
    const char *peer;             /* whom it is forwarded or redirected to, or NULL */
};

/* `conf` must live as long. */
void rehearsal_init(struct rehearsal *rehearsal, const struct conf *conf);
void rehearsal_fini(struct rehearsal *rehearsal);

/* The peer of this identity; false: the configuration lets nobody of this name in. With
 * `unknown_peer: accept` it lets anybody in. */
bool rehearsal_find(struct rehearsal *rehearsal, dm_bytes identity, rt_peer *peer);
/* The same, but no new stranger: a Destination-Host lets nobody in. */
bool rehearsal_find_known(struct rehearsal *rehearsal, dm_bytes identity, rt_peer *peer);
/* The row of `peers` that lets it in. */
const struct conf_peer *rehearsal_row(const struct rehearsal *rehearsal, rt_peer peer);
/* The largest message that is accepted from this peer (all zero: from anybody). */
uint32_t rehearsal_message_limit(const struct rehearsal *rehearsal, rt_peer from);
void rehearsal_set_down(struct rehearsal *rehearsal, rt_peer peer);
/* Requests sent to it and not yet answered. */
void rehearsal_set_pending(struct rehearsal *rehearsal, rt_peer peer, uint32_t pending);

/* Decides on `message`, a framed request that is none of CER, DWR, DPR, from `ingress` (all zero:
 * nobody in particular). `reasons` may be NULL. */
struct rehearsal_outcome rehearsal_decide(struct rehearsal *rehearsal, dm_bytes message,
                                          rt_peer ingress, struct rt_reasons *reasons);

/* "relay", as in the configuration. */
const char *rehearsal_action_name(enum rt_action action);
