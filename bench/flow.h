/* flow.h — a flow of RFC 4740 §6 as a table of steps, and what the steps are made of.
 *
 * A step says who sends which request, what stands in it beside the template, and what its answer
 * must be; or it waits for a request of the server, and says what that is answered. flow_player.c
 * walks through the table for one user after the other; what a step takes from an answer for those
 * behind it stands in `struct load_flow`. A unit is one flow; a step with another result ends it
 * and counts as the error `flow`. */
#pragma once

#include "bench/load.h"

enum { FLOW_TEXT = 256, FLOW_ROUNDS = 3 };

/* Whose connection a request takes. */
enum flow_sender {
    FLOW_FIRST,       /* the SIP server 1, or outbound proxy, where the flow began */
    FLOW_OTHER_FIRST, /* another SIP server 1, if there is one */
    FLOW_SECOND,      /* the SIP server 2 of the user */
};

enum flow_session {
    FLOW_NEW_SESSION,
    FLOW_KEPT_SESSION, /* new, and the first of those that belong together */
    FLOW_SAME_SESSION, /* the kept one; to whoever answered it, unless --no-fixed-destination */
    FLOW_SENT_ON,      /* a new one, to the host that a redirect named */
};

enum flow_verdict {
    FLOW_WRONG,
    FLOW_NEXT,
    FLOW_AGAIN, /* the same step once more, at most FLOW_ROUNDS times; waiting: waits on */
    FLOW_DONE,
};

/* A text that was taken from an answer. */
struct flow_text {
    uint16_t size;
    char at[FLOW_TEXT];
};

struct flow_challenge {
    struct flow_text realm, nonce, qop;
};

struct load_flow {
    uint32_t user, next_free;
    uint32_t step, round;
    bool measured;
    uint32_t requests;                /* sent */
    bool waits;                       /* for a push */
    enum flow_verdict heard;          /* of the push that was answered last */
    uint64_t until;                   /* then it has waited long enough */
    struct load_port *first, *second; /* where it began; SIP server 2 */
    char session[SESSION_DIGITS];     /* the kept one */
    struct flow_text host;            /* who answered it, or whom a redirect named */
    struct flow_challenge challenge;
};

struct flow_step {
    enum flow_sender sender;
    enum flow_session session;
    enum load_kind kind;
    /* Adds the AVPs that the template has not. NULL: it has all. */
    void (*add)(struct dm_writer *writer, struct load_thread *thread, const struct load_flow *flow,
                const struct flow_step *step);
    enum flow_verdict (*judge)(struct load_thread *thread, struct load_flow *flow,
                               const struct load_answer *answer);
    /* The step sends nothing: it waits for a RTR, PPR or ASR of its user. Whether it is the right
     * one; `reply` is 2001 before. */
    enum flow_verdict (*hear)(struct load_flow *flow, const struct load_pushed *push,
                              struct load_reply *reply);
    uint32_t type;       /* SIP-Server-Assignment-Type of a SAR that is added to */
    bool nobody;         /* no one's home is where this is answered */
    bool takes_redirect; /* 3006 is an answer like others */
    bool for_sessions;   /* only with --auth-session-state 0 */
};

struct flow_table {
    const struct flow_step *steps;
    size_t count;
};

/* "server-auth": its table, NULL for a name that is none. */
const struct flow_table *flow_named(const char *name);
/* How many requests the whole flow sends with these options. */
uint64_t flow_requests(const struct flow_table *table, const struct load_options *options);

/* ---- flow_requests.c: what requests add ---- */

void flow_add_aor(struct dm_writer *writer, struct load_thread *thread,
                  const struct load_flow *flow, const struct flow_step *step);
/* SIP-AOR is the callee's. RFC 4740 §8.7. */
void flow_add_callee(struct dm_writer *writer, struct load_thread *thread,
                     const struct load_flow *flow, const struct flow_step *step);
/* SIP-AOR, User-Name and the credentials that answer the challenge: for REGISTER, for INVITE. */
void flow_add_proof(struct dm_writer *writer, struct load_thread *thread,
                    const struct load_flow *flow, const struct flow_step *step);
void flow_add_callee_and_proof(struct dm_writer *writer, struct load_thread *thread,
                               const struct load_flow *flow, const struct flow_step *step);
/* The step's assignment type; with SIP-AOR alone, with User-Name alone, with both. */
void flow_add_assignment_of_aor(struct dm_writer *writer, struct load_thread *thread,
                                const struct load_flow *flow, const struct flow_step *step);
void flow_add_assignment_of_name(struct dm_writer *writer, struct load_thread *thread,
                                 const struct load_flow *flow, const struct flow_step *step);
void flow_add_assignment(struct dm_writer *writer, struct load_thread *thread,
                         const struct load_flow *flow, const struct flow_step *step);
void flow_add_user_name(struct dm_writer *writer, struct load_thread *thread,
                        const struct load_flow *flow, const struct flow_step *step);

/* ---- flow_answers.c: what answers must be ---- */

/* Result-Code or, with 3GPP's vendor, Experimental-Result. §3.4 and §5.2 of both specifications
 * side by side. */
bool flow_result(const struct load_answer *answer, uint32_t sip, uint32_t cx);
bool flow_find(const struct load_answer *answer, uint32_t sip, uint32_t cx, dm_bytes *text);
/* False where it is too long to be kept. */
bool flow_keep(struct flow_text *kept, dm_bytes text);
static inline dm_bytes flow_kept(const struct flow_text *kept)
{
    return dm_bytes_of(kept->at, kept->size);
}

/* UAA: a first registration, or a server is known from an earlier one. RFC 4740 §8.2. */
enum flow_verdict flow_judge_found(struct load_thread *thread, struct load_flow *flow,
                                   const struct load_answer *answer);
/* UAA: it must be known, and be the SIP server 2 of this flow. */
enum flow_verdict flow_judge_found_again(struct load_thread *thread, struct load_flow *flow,
                                         const struct load_answer *answer);
/* SAA: success and a profile. */
enum flow_verdict flow_judge_assigned(struct load_thread *thread, struct load_flow *flow,
                                      const struct load_answer *answer);
/* LIA: nobody serves the user, whether he has services then or not. RFC 4740 §8.6. */
enum flow_verdict flow_judge_unregistered(struct load_thread *thread, struct load_flow *flow,
                                          const struct load_answer *answer);
/* 2001. */
enum flow_verdict flow_judge_success(struct load_thread *thread, struct load_flow *flow,
                                     const struct load_answer *answer);

/* ---- flow_digest.c: SIP-Authenticate and the user agent ---- */

/* Reads and keeps the challenge; H(A1) is empty where there is none. RFC 4740 §9.5.3, 29.229
 * §6.3.36. */
bool flow_challenged(struct load_thread *thread, struct load_flow *flow,
                     const struct load_answer *answer, dm_bytes *ha1);
/* What the user agent computes from its password, and SIP server 2 from H(A1). RFC 2617 §3.2.2. */
void flow_respond(struct load_thread *thread, const struct load_flow *flow, const char *method,
                  dm_bytes uri, char to[DIGEST_HEX]);
void flow_respond_with(struct load_thread *thread, const struct load_flow *flow, const char *method,
                       dm_bytes uri, const char ha1[DIGEST_HEX], char to[DIGEST_HEX]);
extern const char flow_nonce_count[], flow_cnonce[];
