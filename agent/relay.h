/* relay.h — requests out, answers back, failover. The data path.
 *
 * A request is in one place: a letter, a pending slot, or the hands of one of these functions.
 * Whatever takes it ends it by one outcome for the origin's link: answered, answered locally,
 * origin gone. RFC 6733 §6.1, §6.2, §5.5.4. */
#pragma once

#include "agent/peer.h"

/* A request on its way to a peer, with all that is known of it. What is written as a whole is read
 * as a whole into a slot, and only that: the processor waits for pieces to reach its cache. */
struct relay_request {
    struct rt_origin origin;
    struct image *last_error;     /* the error answer of the member tried before, owned; or NULL */
    struct rt_policies *policies; /* for the answer, a counted reference; or NULL */
    uint64_t searched;            /* groups that did not know the user: 1 << their number */
    uint64_t client;     /* whose client the user is if this succeeds: learned.h; 0: look again */
    struct image *image; /* as received, with our Route-Record appended; owned */
    rt_peer ingress;
    uint64_t received;
    uint64_t deadline;
    int32_t route;
    int32_t pool;         /* from which its member was chosen, or -1 */
    uint32_t client_name; /* who he is; where there is a `client` */
    uint8_t user_name_at; /* where its User-Name lies, in words; likewise, or 0: look for it */
    uint8_t why;          /* enum rt_why: of whom it is sent to */
    uint8_t teaches;      /* enum rt_teaches */
    bool is_fixed;
    union {
        struct {                   /* as in struct rt_waiting */
            uint8_t hops;          /* redirects that it followed: follow.h */
            uint8_t redirected_by; /* the place among `tried` of who did; where hops > 0 */
            uint8_t dialled;       /* of the hosts that its redirect names: those tried so */
            bool by_realm;         /* to another realm, with 3011 */
            bool by_dns;           /* to who serves its realm as DNS says: dns/discover.h */
            bool names_host;       /* whoever gets it becomes its Destination-Host: PXY-07 */
            bool retransmit;       /* T is to be set */
            uint8_t tried_count;
        };
        uint64_t detours; /* all of these */
    };
    rt_peer tried[RT_TRIED_MAX];
};

/* A request that peer has received: decides and sends it on, or answers. Its message is good until
 * this returns. */
void relay_request(struct peer *from, dm_bytes message, const struct dm_header *header);

/* An answer that peer has received. */
void relay_answer(struct peer *from, dm_bytes message, const struct dm_header *header);

/* A request whose header was bad but can be answered (5011, 5015). */
void relay_refuse(struct peer *from, const struct dm_header *header, enum dm_result result);

/* Moves at most `most` of the peer's pending requests elsewhere, fewer where whoever could have the
 * next one is busy; true when none is left. FOV-11. */
bool relay_fail_over(struct peer *peer, unsigned most);

/* Ends requests of this peer whose deadline has passed: at most `most`. False: there may be more.
 */
bool relay_expire(struct peer *peer, unsigned most);

/* Answers all pending requests of this peer with 3002: the end of the agent. */
void relay_give_up(struct peer *peer);

/* A request that waited (park.h) goes on: it is read and decided again, by the tables of now.
 * `without_store`: what it waited for did not come in time, so nobody is asked for it again. Takes
 * the request. */
void relay_resume(struct worker *worker, struct relay_request *request, bool without_store);

/* A letter from another worker. */
void relay_open_request(struct worker *worker, const struct letter *letter);

/* One that nobody opened: the end of the agent. */
void relay_bury_request(const struct letter *letter);

/* What routing sees from this worker. */
struct rt_world relay_world(struct worker *worker);
