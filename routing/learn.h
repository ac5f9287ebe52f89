/* learn.h — what an answer teaches: which identities are one user, and who serves him.
 *
 * Only a success teaches, and only of what stands in its request and in itself. Which success of
 * which command teaches what is a table, learn.def. Pure: what becomes of it is
 * agent/learned.c's care. sip-app.md §8, §9.3. */
#pragma once

#include "routing/bindings.h"
#include "routing/decide.h"

/* What an answer says of itself. */
struct rt_result {
    uint32_t code;         /* Result-Code, or 0 */
    uint32_t experimental; /* Experimental-Result-Code of 3GPP, or 0 */
    bool is_error;         /* E is set */
};

/* Whose the user is by it. */
enum rt_teacher {
    RT_TEACHER_NONE,    /* it teaches nothing */
    RT_TEACHER_SERVER,  /* who answered */
    RT_TEACHER_INGRESS, /* who sent the request: RTR, PPR */
};

/* Who registered a user: PPR for him go there. SRV-03. */
struct rt_client {
    uint64_t key;  /* hash of kind C; 0: nobody */
    dm_bytes host; /* the Origin-Host of the request */
};

struct rt_taught {
    enum rt_teacher teacher;
    struct rt_lesson lesson; /* the keys; whose they are is not said yet. Empty: no user */
    uint64_t session;        /* key hash of the Session-Id that goes on at the teacher, or 0 */
    bool is_session_certain; /* whatever the request was sent by: more rounds or requests follow */
    struct rt_client client;
    dm_bytes wildcard; /* Wildcarded-Public-Identity of the answer, else of the request */
    bool is_unknown;   /* whoever answered does not know the user: 5032, Exp 5001 */
};

/* Is it worth reading the answer to this request, whoever gets it? `is_settled`: its first two
 * identities are known as one user already. Cheap: for the data path. */
enum rt_teaches rt_learn_expects(const struct rt_query *query, bool is_settled);

/* May the answer name identities that its request does not? A User-Name is compared, any other
 * identity counts. Both are whole. `asked` is the User-Name of the request, as far as it is at
 * hand, else NULL. */
bool rt_learn_names_others(dm_bytes request, dm_bytes asked, dm_bytes answer);

/* Is it worth reading whatever was expected: a user that is unknown, or a round of many? */
bool rt_learn_is_news(const struct rt_result *result);

/* Does a request of this command and application name somebody who did not ask, but is asked for
 * by his server? Then its ingress is the server. */
bool rt_learn_is_pushed(uint32_t application, uint32_t command);

/* Fills in whose client the sender of this request is if it succeeds (rt_learn_is_registered);
 * false: nobody's. */
bool rt_learn_client_of(struct rt_client *client, const struct rt_query *query);
bool rt_learn_is_registered(const struct rt_result *result);

/* Fills in whose client the sender of this request is by this result; false: nobody's. `host`
 * points into the request. */
bool rt_learn_client(struct rt_client *client, dm_bytes request, const struct rt_result *result);

/* Reads a request, as it was sent, and its answer, both whole. Slices point into them. `users`: the
 * identities of a success are wanted, too. */
void rt_learn_read(struct rt_taught *taught, dm_bytes request, dm_bytes answer,
                   const struct rt_result *result, const struct rt_tables *tables, bool users);
