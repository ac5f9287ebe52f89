/* hss.h — a stand-in HSS: the octets of a request in, the octets of its answer out. No sockets, no
 * clock.
 *
 * One `struct hss` is shared by all threads; each has its own `struct hss_worker`. RFC
 * 4740, 29.229. */
#pragma once

#include "bench/hss_request.h"
#include "bench/hss_users.h"
#include "proto/caps.h"
#include "proto/uri.h"

enum { HSS_CODES = 6000, HSS_ANSWER_EXTRA = 8192, HSS_REDIRECTS_MAX = 16 };

/* What it does wrong, or its own way. Percentages are of requests, 0 to 100. */
struct hss_policy {
    double busy;   /* 3004 */
    double silent; /* no answer */
    double fail;   /* `fail_code`, of `fail_vendor` if that is not 0 */
    uint32_t fail_code;
    uint32_t fail_vendor;
    bool checks_itself; /* the final check is not delegated: RFC 4740 §6.2 instead of §6.3 */
    bool always_capabilities; /* UAA 2007 instead of 2004 */
    uint32_t redirects;       /* not 0: a Subscriber Locator that answers 3006 with these */
    struct dm_uri redirect[HSS_REDIRECTS_MAX];
};

struct hss {
    struct dm_self self;
    struct hss_policy policy;
    struct hss_users users; /* users.realm is the realm we serve */
    struct hss_texts texts;
    uint64_t nonce_secret;
    /* Told of each user whose word changed, on the thread that changed it; NULL: nobody asks. */
    void (*on_change)(void *context, uint32_t index);
    void *change_context;
    bool remembers_hosts; /* who sent the last MAR or SAR: for pushes */
};

struct hss_counts {
    uint64_t requests;
    uint64_t retransmitted; /* with T */
    uint64_t bad;           /* violate their grammar, or cannot be ours */
    uint64_t silent;
    uint64_t by_command[HSS_COMMANDS + 1];
    uint64_t by_result[HSS_CODES];
    uint64_t by_experimental[HSS_CODES]; /* of vendor 10415 */
};

struct hss_worker {
    struct hss *hss;
    struct digest digest;
    struct dm_fault fault;
    uint64_t random;
    struct hss_counts counts;
    uint8_t heads[3][2][1024]; /* what follows Session-Id: by application and Auth-Session-State */
    size_t head_sizes[3][2];
};

/* `hss` is zero but for `self`, `policy`, `remembers_hosts` and what concerns changes. `self` lives
 * as long. */
void hss_init(struct hss *hss, uint32_t users, bool registered);
void hss_fini(struct hss *hss);
/* `seed`: different for each worker. False where MD5 is not to be had. */
bool hss_worker_init(struct hss_worker *worker, struct hss *hss, uint64_t seed);
void hss_worker_fini(struct hss_worker *worker);

/* How much room the answer to a request of this size may take. */
static inline size_t hss_answer_room(size_t request)
{
    return 2 * request + HSS_ANSWER_EXTRA;
}

/* Answers a whole message that is a request. Returns the size written to `to`, 0 where we keep
 * silent. */
size_t hss_answer(struct hss_worker *worker, const struct dm_header *header, dm_bytes message,
                  uint8_t *to);

/* A number that nobody foresees without trying. */
uint64_t hss_random(struct hss_worker *worker);
