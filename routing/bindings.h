/* bindings.h — learnt users: which identities are one user, and who serves him. One table for all
 * workers.
 *
 * An entry is what is known of one key: the slot of its group's anchor, and the target that the
 * group is bound to, if any. The anchor is the public identity of the group whose key hash is the
 * lowest, so that agents which have learnt the same choose the same. Any thread; readers take no
 * lock, writers those of the entries they change. Full tables forget what was not used for long,
 * of the realm that has taught most. sip-app.md §9.2, §9.3, §9.7; docs/STICKINESS.md. */
#pragma once

#include "routing/world.h"

enum {
    RT_LESSON_KEYS = 16, /* identities of one request and its answer; further ones teach nothing */
    RT_GROUP_MAX = 64,   /* identities of one user: STK-15 */
    RT_ANCHOR_NONE = -1, /* as uint32_t: the group has no public identity */
    RT_BINDINGS_LEAST = 16,
};

/* What is known of a key. */
struct rt_bound {
    bool is_known;
    bool has_slot;
    uint16_t slot;   /* of the group's anchor: it takes the place of the key's own */
    uint32_t target; /* the name hash of a member, or of a group of a partitioned pool; 0: none was
                        learnt, the slot decides */
    uint32_t anchor; /* the upper half of the anchor's key hash: the lower anchor wins where groups
                        meet. Only rt_bindings_learn and stores fill it */
};

/* What a request and its answer teach. */
struct rt_lesson {
    uint64_t keys[RT_LESSON_KEYS];  /* rt_key_hash; all different; the first is the one that was
                                       asked for */
    uint16_t slots[RT_LESSON_KEYS]; /* rt_slot of each */
    uint16_t is_public;             /* 1 << place: a P or N key, which may be the anchor */
    uint8_t count;
    uint32_t target; /* who has shown that the user is his; 0: nobody, what is bound stays */
    uint32_t realm;  /* rt_name_hash of the realm that the request came from: of the bound */
};

/* What the table says of the keys it has changed, for whoever keeps a copy elsewhere: all of them
 * say the same. */
struct rt_learnt {
    struct rt_bound bound;
    uint8_t count; /* 0: nothing was new */
    uint64_t keys[RT_GROUP_MAX];
};

struct rt_bindings;

/* At most `capacity` entries (some 50 octets each; memory is touched
 * as it is used). `lifetime` ns since the last use, at least 1 s. `seed` is random: it keeps
 * outsiders from aiming at one bucket. NULL without memory. */
struct rt_bindings *rt_bindings_new(uint32_t capacity, uint64_t lifetime, uint64_t seed);
void rt_bindings_free(struct rt_bindings *bindings);

/* What is known of this key. False: nothing. `now` in ns, of any one clock that does not go back.
 */
bool rt_bindings_find(struct rt_bindings *bindings, uint64_t key, uint64_t now,
                      struct rt_bound *bound);

/* The key will be looked up in a moment: its place is fetched meanwhile. */
void rt_bindings_expect(const struct rt_bindings *bindings, uint64_t key);

/* Makes one group of the lesson's keys, bound to its target. Groups that are bound to different
 * targets stay apart: only the key that was asked for goes over, and it counts as a conflict.
 * `learnt` may be NULL. */
void rt_bindings_learn(struct rt_bindings *bindings, const struct rt_lesson *lesson, uint64_t now,
                       struct rt_learnt *learnt);

/* Binds one key alone, in no group: a session, a client, a pattern. */
void rt_bindings_bind(struct rt_bindings *bindings, uint64_t key, uint32_t target, uint32_t realm,
                      uint64_t now);

/* The user is not `target`'s: if his group is bound to it, it is no more; the group stays. A key
 * that is bound alone is forgotten. */
void rt_bindings_forget(struct rt_bindings *bindings, uint64_t key, uint32_t target, uint64_t now,
                        struct rt_learnt *learnt);

/* What is known of this key, its anchor too, for who keeps a copy elsewhere: that is no use of it.
 * `is_in_use`: the last use was before 15/16 of the lifetime at most. */
bool rt_bindings_peek(struct rt_bindings *bindings, uint64_t key, uint64_t now,
                      struct rt_bound *bound, bool *is_in_use);

/* A copy of what another agent has learnt: replaces what is known of this key alone, whose group it
 * leaves; `bound->is_known` false: the key is forgotten. */
void rt_bindings_put(struct rt_bindings *bindings, uint64_t key, const struct rt_bound *bound,
                     uint32_t realm, uint64_t now);

/* Forgets everything: the slots mean something else (hash_seed). */
void rt_bindings_clear(struct rt_bindings *bindings);

/* Looks at some of the entries and frees those whose time is over; from time to time, any one
 * thread. */
void rt_bindings_tick(struct rt_bindings *bindings, uint64_t now);

/* A session was put: from now on there may be one. */
void rt_bindings_note_session(struct rt_bindings *bindings);
bool rt_bindings_has_sessions(const struct rt_bindings *bindings);

uint32_t rt_bindings_count(const struct rt_bindings *bindings); /* entries */
uint64_t rt_bindings_conflicts(const struct rt_bindings *bindings);
uint64_t rt_bindings_evictions(const struct rt_bindings *bindings);
uint32_t rt_bindings_capacity(const struct rt_bindings *bindings);
