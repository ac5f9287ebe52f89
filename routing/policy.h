/* policy.h — what a proxy changes: conditions on AVPs, then set, add, remove, replace, reject.
 *
 * Policies are compiled from the configuration and never change. They are applied one after the
 * other, each to what the one before it left. AVPs that nothing is done to stay octet for octet,
 * and in their order; where one within a group is changed, the lengths around it are mended.
 * Nothing is allocated: the work is done in memory of the caller. RFC 6733 §2.8.2, PXY-02,
 * AVP-16. */
#pragma once

#include "proto/dict.h"
#include "routing/reasons.h"

struct rt_pattern;

enum { RT_PATH_MAX = 8 };

/* An AVP by its place: the groups around it, the outermost first, then itself. */
struct rt_path {
    uint32_t depth; /* at least 1 */
    struct {
        uint32_t vendor;
        uint32_t code;
    } step[RT_PATH_MAX];
    enum dm_type type; /* of the last */
    bool is_unknown;   /* octets of which nothing is known: as text they are 0x and hex */
};

/* Of several instances one is enough for RT_IS_PRESENT and RT_MATCHES; for RT_MATCHES_NOT none may
 * match, and for RT_IS_ABSENT there may be none. */
enum rt_test { RT_IS_PRESENT, RT_IS_ABSENT, RT_MATCHES, RT_MATCHES_NOT };

struct rt_condition {
    struct rt_path path;
    enum rt_test test;
    struct rt_pattern *pattern; /* NULL: `glob` is compared with the whole */
    dm_bytes glob;              /* `*` any octets, `?` one; of a DiameterIdentity in lower case */
};

/* What a message is refused with. */
struct rt_rejection {
    uint32_t result;
    uint32_t vendor;     /* not 0: `result` goes into Experimental-Result of this vendor */
    const char *message; /* Error-Message, or NULL */
    const char *policy;  /* who says so */
};

enum rt_change_kind { RT_SET, RT_ADD, RT_REMOVE, RT_REPLACE, RT_REFUSE };

struct rt_change {
    enum rt_change_kind kind;
    const char *text; /* "add DRMP 10", for explain */
    struct rt_path path;
    dm_bytes avp;                  /* RT_SET, RT_ADD: its octets with padding, within its groups */
    size_t inner[RT_PATH_MAX];     /* where in them the AVP of each step begins */
    bool keeps_flags;              /* RT_SET: an AVP that is there keeps its M and P bits */
    struct rt_pattern *pattern;    /* RT_REPLACE: what matches of the value … */
    dm_bytes by;                   /* … becomes this, with \0 to \9 */
    struct rt_rejection rejection; /* RT_REFUSE */
};

enum rt_side { RT_REQUESTS = 1, RT_ANSWERS = 2, RT_BOTH_SIDES = 3 };

struct rt_policy {
    const char *name;
    enum rt_side side;
    size_t condition_count;
    struct rt_condition *conditions;
    size_t change_count;
    struct rt_change *changes;
};

/* The policies of one route, in order. Counted by the agent, since answers may outlive the
 * configuration by which their requests went (agent/conf/conf_policies.h). */
struct rt_policies {
    void *owner;
    enum rt_side side;    /* of all of them together */
    bool adds_proxy_info; /* then ours is taken out of the answers again: ANS-02 */
    size_t count;
    const struct rt_policy **policies;
};

/* What policies work in. Any memory; RT_POLICY_WORK(limit) octets do for messages of up to `limit`
 * octets. */
struct rt_policy_room {
    uint8_t *at;
    size_t limit;
};
#define RT_POLICY_WORK(limit) (4 * (size_t)(limit) + 64)

enum rt_policy_outcome {
    RT_POLICY_UNCHANGED,
    RT_POLICY_CHANGED,  /* `*message` is the new one; it lies in the room */
    RT_POLICY_REJECTED, /* as CHANGED, by what stood before the `reject`, if anything did */
    RT_POLICY_TOO_LARGE /* it would exceed `room->limit`; `*message` is as it was */
};

/* Applies the policies for this side. `message` is one whose AVP chain is well-formed, and so is
 * the result. `reasons` is NULL on the data path. */
enum rt_policy_outcome rt_policies_apply(const struct rt_policies *policies, enum rt_side side,
                                         dm_bytes *message, struct rt_policy_room room,
                                         struct rt_rejection *rejection,
                                         struct rt_reasons *reasons);

/* Writes `answer` with the result of `rejection` in the place of its own, Error-Reporting-Host of
 * `self` and the Error-Message behind it. Of a rejection with result 0 only Error-Reporting-Host.
 * Returns the size, or 0 where it does not fit into `room`. PXY-05, ERR-06, ANS-14. */
size_t rt_answer_reject(uint8_t *to, size_t room, dm_bytes answer, dm_bytes self,
                        const struct rt_rejection *rejection);

/* The AVP that names another application than the header does, by which a proxy refuses the request
 * with 5004: Auth-Application-Id, Acct-Application-Id, also within Vendor-Specific-Application-Id;
 * 5014 where one has no four octets. HDR-19. */
enum dm_result rt_application_check(dm_bytes request, struct dm_fault *fault);
