/* bindings_table.h — how bindings lie in memory, and how they are changed. Private to bindings*.c.
 *
 *     bucket, a cache line:  key value  key value  key value  key value      key 0: free
 *     value:                 has_slot 1 | stamp 15 | slot 16 | target 32
 *     link of each entry:    the next of its group, in a ring; the group's anchor
 *
 * A key stands in one of its two buckets. Readers read key, value, key again. The entries of a
 * group all bear the same value, so a reader needs one of them only.
 *
 * A writer holds the locks of the buckets of all entries that he changes, and of their whole
 * groups: a bit for each in a 64-bit set, taken in ascending order. Whoever holds the lock of one
 * entry therefore sees its ring stand still, and may walk it to learn which locks are missing. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "routing/bindings.h"

enum {
    RT_WAYS = 4,
    RT_LOCKS = 64,
    RT_REALMS = 255,  /* with entries of their own account; further realms share the last one */
    RT_STAMPS = 1024, /* of a lifetime, at most; at least half of them */
    RT_REFRESH = 8,   /* stamps of age before a use is written down */
};

#define RT_NOWHERE UINT32_MAX

struct rt_binding {
    _Atomic uint64_t key;
    _Atomic uint64_t value;
};

struct rt_bucket {
    _Alignas(64) struct rt_binding at[RT_WAYS];
};

struct rt_link {
    uint32_t next; /* the place of the next entry of the group; its own: it is alone */
    uint32_t anchor;
};

struct rt_bindings_lock {
    _Alignas(64) pthread_mutex_t mutex;
};

struct rt_bindings {
    uint32_t capacity;
    _Atomic uint32_t mask; /* of buckets in use */
    _Atomic bool has_sessions;
    uint32_t most; /* which that may become */
    uint64_t seed;
    uint32_t shift;  /* a stamp is 1 << shift ns */
    uint32_t stamps; /* of a lifetime */
    void *memory;    /* where the buckets lie, not aligned */
    size_t mapped;   /* octets */
    struct rt_bucket *buckets;
    struct rt_link *links;
    _Atomic uint8_t *realms; /* of each entry: whose account it is on */
    _Atomic uint32_t realm_hash[RT_REALMS];
    _Atomic uint32_t realm_count[RT_REALMS];
    uint32_t swept; /* where the next tick goes on */
    struct rt_bindings_lock locks[RT_LOCKS];
    _Alignas(64) _Atomic uint32_t count;
    _Atomic uint32_t hand; /* where the next one to forget is looked for */
    _Atomic uint64_t conflicts;
    _Atomic uint64_t evictions;
};

/* --- places --- */

static inline struct rt_binding *rt_binding_at(const struct rt_bindings *bindings, uint32_t place)
{
    return &bindings->buckets[place / RT_WAYS].at[place % RT_WAYS];
}

static inline uint64_t rt_binding_key(const struct rt_bindings *bindings, uint32_t place)
{
    return atomic_load_explicit(&rt_binding_at(bindings, place)->key, memory_order_acquire);
}

static inline uint64_t rt_binding_value(const struct rt_bindings *bindings, uint32_t place)
{
    return atomic_load_explicit(&rt_binding_at(bindings, place)->value, memory_order_acquire);
}

static inline uint32_t rt_bindings_mask(const struct rt_bindings *bindings)
{
    return atomic_load_explicit(&bindings->mask, memory_order_acquire);
}

/* Both buckets of a key, of mask + 1. */
static inline void rt_buckets_among(const struct rt_bindings *bindings, uint64_t key, uint32_t mask,
                                    uint32_t buckets[2])
{
    uint64_t mixed = (key ^ bindings->seed) * UINT64_C(0x9e3779b97f4a7c15);
    mixed ^= mixed >> 29;
    mixed *= UINT64_C(0xbf58476d1ce4e5b9);
    mixed ^= mixed >> 32;
    buckets[0] = (uint32_t)mixed & mask;
    buckets[1] = (uint32_t)(mixed >> 32) & mask;
    buckets[1] ^= buckets[1] == buckets[0];
}

/* Of those in use. */
static inline void rt_buckets_of(const struct rt_bindings *bindings, uint64_t key,
                                 uint32_t buckets[2])
{
    rt_buckets_among(bindings, key, rt_bindings_mask(bindings), buckets);
}

/* 0 is a free place. */
static inline uint64_t rt_key_kept(uint64_t key)
{
    return key ? key : 1;
}

/* The place of this key, or RT_NOWHERE. */
static inline uint32_t rt_binding_find(const struct rt_bindings *bindings, uint64_t key)
{
    uint32_t buckets[2];
    rt_buckets_of(bindings, key, buckets);
    for (unsigned i = 0; i < 2; i++)
        for (uint32_t way = 0; way < RT_WAYS; way++)
            if (rt_binding_key(bindings, buckets[i] * RT_WAYS + way) == key)
                return buckets[i] * RT_WAYS + way;
    return RT_NOWHERE;
}

/* --- values --- */

static inline uint32_t rt_value_target(uint64_t value)
{
    return (uint32_t)value;
}

static inline uint16_t rt_value_slot(uint64_t value)
{
    return (uint16_t)(value >> 32);
}

static inline uint32_t rt_value_stamp(uint64_t value)
{
    return (uint32_t)(value >> 48) & 0x7fff;
}

static inline bool rt_value_has_slot(uint64_t value)
{
    return value >> 63;
}

#define RT_STAMP_BITS (UINT64_C(0x7fff) << 48)

/* Do they say the same of their keys? */
static inline bool rt_value_equal(uint64_t a, uint64_t b)
{
    return ((a ^ b) & ~RT_STAMP_BITS) == 0;
}

static inline uint32_t rt_stamp(const struct rt_bindings *bindings, uint64_t now)
{
    return (uint32_t)(now >> bindings->shift) & 0x7fff;
}

static inline uint64_t rt_value_of(const struct rt_bound *bound, uint32_t stamp)
{
    return (uint64_t)bound->has_slot << 63 | (uint64_t)stamp << 48 | (uint64_t)bound->slot << 32 |
           bound->target;
}

static inline uint32_t rt_value_age(uint64_t value, uint32_t stamp)
{
    return (stamp - rt_value_stamp(value)) & 0x7fff;
}

static inline bool rt_value_is_over(const struct rt_bindings *bindings, uint64_t value,
                                    uint32_t stamp)
{
    return rt_value_age(value, stamp) > bindings->stamps + RT_REFRESH;
}

static inline void rt_binding_set_value(struct rt_bindings *bindings, uint32_t place,
                                        const struct rt_bound *bound, uint32_t stamp)
{
    atomic_store_explicit(&rt_binding_at(bindings, place)->value, rt_value_of(bound, stamp),
                          memory_order_release);
}

/* Notes that it was used, where that is not noted yet. */
void rt_binding_refresh(struct rt_bindings *bindings, uint32_t place, uint64_t value,
                        uint32_t stamp);

/* --- locks --- */

void rt_bindings_lock(struct rt_bindings *bindings, uint64_t set);
void rt_bindings_unlock(struct rt_bindings *bindings, uint64_t set);

static inline uint64_t rt_lock_of(uint32_t place)
{
    return UINT64_C(1) << (place / RT_WAYS % RT_LOCKS);
}

/* The locks of both buckets of a key. */
uint64_t rt_locks_of_key(const struct rt_bindings *bindings, uint64_t key);
/* Those of a whole group; the lock of `place` is held. */
uint64_t rt_locks_of_group(const struct rt_bindings *bindings, uint32_t place);

/* Takes the locks of these keys' buckets and of their groups. What to unlock. */
uint64_t rt_bindings_lock_keys(struct rt_bindings *bindings, const uint64_t *keys, unsigned count);

/* --- changes; the locks are held --- */

/* Takes `wanted` entries into account before they are put, and forgets others for them where the
 * table is full. False: nothing can be forgotten now. No lock is held. */
bool rt_bindings_make_room(struct rt_bindings *bindings, uint32_t wanted, uint64_t now);
/* Makes sure, as far as can be, that one of the two buckets of this key has a place. No lock is
 * held. */
void rt_bindings_make_place(struct rt_bindings *bindings, uint64_t key, uint64_t now);

/* Twice as many buckets are in use where a quarter of the places is taken. No lock is held. Blocks
 * whoever learns for as long as moving half of the entries takes: a few ms for 100,000. */
void rt_bindings_grow(struct rt_bindings *bindings);

/* Gives back what was made room for and not used. */
void rt_bindings_return_room(struct rt_bindings *bindings, uint32_t unused);
/* Puts a key that is not there, alone; room was made for it. RT_NOWHERE: its buckets are full. */
uint32_t rt_binding_put(struct rt_bindings *bindings, uint64_t key, const struct rt_bound *bound,
                        uint32_t realm, uint32_t stamp);
/* Says of an entry what `bound` says. */
void rt_binding_set(struct rt_bindings *bindings, uint32_t place, const struct rt_bound *bound,
                    uint32_t stamp);
/* Takes it out of its group. */
void rt_binding_part(struct rt_bindings *bindings, uint32_t place);
/* Takes it out of its group and frees it. */
void rt_binding_remove(struct rt_bindings *bindings, uint32_t place);
/* Is it among those of this group? */
bool rt_binding_is_with(const struct rt_bindings *bindings, uint32_t place, uint32_t other);
/* Makes one group of two different ones. */
void rt_binding_join(struct rt_bindings *bindings, uint32_t place, uint32_t other);
uint32_t rt_group_size(const struct rt_bindings *bindings, uint32_t place);

void rt_learnt_add(struct rt_learnt *learnt, uint64_t key);
