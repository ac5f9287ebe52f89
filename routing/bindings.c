/* bindings.c — look-ups, and the single steps by which the table changes. What a lesson does is in
 * bindings_learn.c, who is forgotten in bindings_evict.c. */
#include "routing/bindings.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "routing/bindings_table.h"

/* At first; as many as locks at least, so that a bucket's lock does not change when there are more.
 */
enum { FIRST_BUCKETS = 1024, LARGE_PAGE = 2 * 1024 * 1024 };
static_assert((int)FIRST_BUCKETS >= (int)RT_LOCKS, "a bucket keeps its lock");

/* --- life --- */

static uint32_t buckets_for(uint32_t capacity)
{
    uint32_t buckets = RT_LOCKS;
    while (buckets < UINT32_C(1) << 29 && buckets * RT_WAYS < 2 * (uint64_t)capacity)
        buckets *= 2;
    return buckets;
}

/* Zeroes that come from the system cost nothing until they are touched. Look-ups are random, so
 * large pages save a walk through the page tables for each. */
static bool map_buckets(struct rt_bindings *bindings, uint32_t buckets)
{
    bindings->mapped = (size_t)buckets * sizeof *bindings->buckets + LARGE_PAGE;
    void *memory = mmap(NULL, bindings->mapped, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    uintptr_t at = ((uintptr_t)memory + LARGE_PAGE - 1) & ~(uintptr_t)(LARGE_PAGE - 1);
    bindings->memory = memory;
    bindings->buckets = (struct rt_bucket *)at; /* NOLINT(performance-no-int-to-ptr) */
    (void)madvise(bindings->buckets, bindings->mapped - LARGE_PAGE, MADV_HUGEPAGE);
    return true;
}

static bool take_memory(struct rt_bindings *bindings, uint32_t buckets)
{
    bindings->links = calloc((size_t)buckets * RT_WAYS, sizeof *bindings->links);
    bindings->realms = calloc((size_t)buckets * RT_WAYS, sizeof *bindings->realms);
    bindings->most = buckets - 1;
    atomic_init(&bindings->mask, buckets < FIRST_BUCKETS ? buckets - 1 : FIRST_BUCKETS - 1);
    return bindings->links && bindings->realms && map_buckets(bindings, buckets);
}

struct rt_bindings *rt_bindings_new(uint32_t capacity, uint64_t lifetime, uint64_t seed)
{
    struct rt_bindings *bindings = aligned_alloc(64, sizeof *bindings);
    if (!bindings)
        return NULL;
    memset(bindings, 0, sizeof *bindings);
    bindings->capacity = capacity < RT_BINDINGS_LEAST ? RT_BINDINGS_LEAST : capacity;
    while (lifetime >> bindings->shift > RT_STAMPS)
        bindings->shift++;
    bindings->stamps = (uint32_t)(lifetime >> bindings->shift) + 1;
    bindings->seed = seed;
    for (unsigned i = 0; i < RT_LOCKS; i++)
        pthread_mutex_init(&bindings->locks[i].mutex, NULL);
    if (take_memory(bindings, buckets_for(bindings->capacity)))
        return bindings;
    rt_bindings_free(bindings);
    return NULL;
}

void rt_bindings_free(struct rt_bindings *bindings)
{
    if (!bindings)
        return;
    for (unsigned i = 0; i < RT_LOCKS; i++)
        pthread_mutex_destroy(&bindings->locks[i].mutex);
    if (bindings->memory)
        munmap(bindings->memory, bindings->mapped);
    free(bindings->links);
    free(bindings->realms);
    free(bindings);
}

/* --- look-ups --- */

void rt_binding_refresh(struct rt_bindings *bindings, uint32_t place, uint64_t value,
                        uint32_t stamp)
{
    if (rt_value_age(value, stamp) < RT_REFRESH)
        return;
    uint64_t fresh = (value & ~RT_STAMP_BITS) | (uint64_t)stamp << 48;
    atomic_compare_exchange_strong_explicit(&rt_binding_at(bindings, place)->value, &value, fresh,
                                            memory_order_acq_rel, memory_order_relaxed);
}

/* The value of a key that is there still after it was read: the place may have been given to
 * another meanwhile. (Given away and back between two loads is not seen, and not to be feared.) */
static bool read_value(const struct rt_bindings *bindings, uint32_t place, uint64_t key,
                       uint64_t *value)
{
    *value = rt_binding_value(bindings, place);
    return rt_binding_key(bindings, place) == key;
}

bool rt_bindings_find(struct rt_bindings *bindings, uint64_t key, uint64_t now,
                      struct rt_bound *bound)
{
    uint64_t value;
    uint32_t stamp = rt_stamp(bindings, now);
    key = rt_key_kept(key);
    uint32_t place = rt_binding_find(bindings, key);
    *bound = (struct rt_bound){.anchor = (uint32_t)RT_ANCHOR_NONE};
    if (place == RT_NOWHERE || !read_value(bindings, place, key, &value) ||
        rt_value_is_over(bindings, value, stamp))
        return false;
    rt_binding_refresh(bindings, place, value, stamp);
    bound->is_known = true;
    bound->has_slot = rt_value_has_slot(value);
    bound->slot = rt_value_slot(value);
    bound->target = rt_value_target(value);
    return true;
}

void rt_bindings_expect(const struct rt_bindings *bindings, uint64_t key)
{
    uint32_t buckets[2];
    rt_buckets_of(bindings, rt_key_kept(key), buckets);
    __builtin_prefetch(&bindings->buckets[buckets[0]]); /* most keys stand in the first */
}

/* --- locks --- */

void rt_bindings_lock(struct rt_bindings *bindings, uint64_t set)
{
    for (; set; set &= set - 1)
        pthread_mutex_lock(&bindings->locks[__builtin_ctzll(set)].mutex);
}

void rt_bindings_unlock(struct rt_bindings *bindings, uint64_t set)
{
    for (; set; set &= set - 1)
        pthread_mutex_unlock(&bindings->locks[__builtin_ctzll(set)].mutex);
}

uint64_t rt_locks_of_key(const struct rt_bindings *bindings, uint64_t key)
{
    uint32_t buckets[2];
    rt_buckets_of(bindings, key, buckets);
    return rt_lock_of(buckets[0] * RT_WAYS) | rt_lock_of(buckets[1] * RT_WAYS);
}

uint64_t rt_locks_of_group(const struct rt_bindings *bindings, uint32_t place)
{
    uint64_t set = rt_lock_of(place);
    for (uint32_t at = bindings->links[place].next; at != place; at = bindings->links[at].next)
        set |= rt_lock_of(at);
    return set;
}

/* The first set is often enough: a user's keys are mostly those of the lesson. Sets only grow, so
 * this ends. */
uint64_t rt_bindings_lock_keys(struct rt_bindings *bindings, const uint64_t *keys, unsigned count)
{
    uint64_t set = 0;
    for (unsigned i = 0; i < count; i++)
        set |= rt_locks_of_key(bindings, keys[i]);
    for (;;) {
        rt_bindings_lock(bindings, set);
        uint64_t wanted = set;
        for (unsigned i = 0; i < count; i++) {
            wanted |= rt_locks_of_key(bindings, keys[i]); /* the table may have grown */
            uint32_t place = rt_binding_find(bindings, keys[i]);
            if (place != RT_NOWHERE)
                wanted |= rt_locks_of_group(bindings, place);
        }
        if (wanted == set)
            return set;
        rt_bindings_unlock(bindings, set);
        set = wanted;
    }
}

/* --- accounts of realms --- */

/* The account of a realm; the last one is that of all who came too late for their own. */
static uint8_t account_of(struct rt_bindings *bindings, uint32_t realm)
{
    realm = realm ? realm : 1;
    for (unsigned i = 0; i < RT_REALMS - 1; i++) {
        uint32_t held = atomic_load_explicit(&bindings->realm_hash[i], memory_order_relaxed);
        if (held == realm)
            return (uint8_t)i;
        if (held == 0 && atomic_compare_exchange_strong(&bindings->realm_hash[i], &held, realm))
            return (uint8_t)i;
        if (held == realm) /* another thread was faster */
            return (uint8_t)i;
    }
    return RT_REALMS - 1;
}

/* --- single changes --- */

static uint32_t free_place(const struct rt_bindings *bindings, uint64_t key)
{
    uint32_t buckets[2];
    rt_buckets_of(bindings, key, buckets);
    for (unsigned i = 0; i < 2; i++)
        for (uint32_t way = 0; way < RT_WAYS; way++)
            if (rt_binding_key(bindings, buckets[i] * RT_WAYS + way) == 0)
                return buckets[i] * RT_WAYS + way;
    return RT_NOWHERE;
}

/* Who has no slot has no anchor. */
void rt_binding_set(struct rt_bindings *bindings, uint32_t place, const struct rt_bound *bound,
                    uint32_t stamp)
{
    bindings->links[place].anchor = bound->has_slot ? bound->anchor : (uint32_t)RT_ANCHOR_NONE;
    rt_binding_set_value(bindings, place, bound, stamp);
}

uint32_t rt_binding_put(struct rt_bindings *bindings, uint64_t key, const struct rt_bound *bound,
                        uint32_t realm, uint32_t stamp)
{
    uint32_t place = free_place(bindings, key);
    if (place == RT_NOWHERE)
        return RT_NOWHERE;
    uint8_t account = account_of(bindings, realm);
    bindings->links[place].next = place;
    atomic_store_explicit(&bindings->realms[place], account, memory_order_relaxed);
    atomic_fetch_add_explicit(&bindings->realm_count[account], 1, memory_order_relaxed);
    rt_binding_set(bindings, place, bound, stamp); /* before it can be found */
    atomic_store_explicit(&rt_binding_at(bindings, place)->key, key, memory_order_release);
    return place;
}

static uint32_t before(const struct rt_bindings *bindings, uint32_t place)
{
    uint32_t at = place;
    while (bindings->links[at].next != place)
        at = bindings->links[at].next;
    return at;
}

void rt_binding_part(struct rt_bindings *bindings, uint32_t place)
{
    bindings->links[before(bindings, place)].next = bindings->links[place].next;
    bindings->links[place].next = place;
}

void rt_binding_remove(struct rt_bindings *bindings, uint32_t place)
{
    uint8_t account = atomic_load_explicit(&bindings->realms[place], memory_order_relaxed);
    rt_binding_part(bindings, place);
    atomic_store_explicit(&rt_binding_at(bindings, place)->key, 0, memory_order_release);
    atomic_fetch_sub_explicit(&bindings->realm_count[account], 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&bindings->count, 1, memory_order_relaxed);
}

bool rt_binding_is_with(const struct rt_bindings *bindings, uint32_t place, uint32_t other)
{
    uint32_t at = place;
    do {
        if (at == other)
            return true;
        at = bindings->links[at].next;
    } while (at != place);
    return false;
}

void rt_binding_join(struct rt_bindings *bindings, uint32_t place, uint32_t other)
{
    uint32_t next = bindings->links[place].next;
    bindings->links[place].next = bindings->links[other].next;
    bindings->links[other].next = next;
}

uint32_t rt_group_size(const struct rt_bindings *bindings, uint32_t place)
{
    uint32_t size = 1;
    for (uint32_t at = bindings->links[place].next; at != place; at = bindings->links[at].next)
        size++;
    return size;
}

/* --- sessions --- */

/* Written once: it lies beside what every look-up reads. */
void rt_bindings_note_session(struct rt_bindings *bindings)
{
    if (!rt_bindings_has_sessions(bindings))
        atomic_store_explicit(&bindings->has_sessions, true, memory_order_relaxed);
}

bool rt_bindings_has_sessions(const struct rt_bindings *bindings)
{
    return atomic_load_explicit(&bindings->has_sessions, memory_order_relaxed);
}

/* --- figures --- */

uint32_t rt_bindings_count(const struct rt_bindings *bindings)
{
    return atomic_load_explicit(&bindings->count, memory_order_relaxed);
}

uint64_t rt_bindings_conflicts(const struct rt_bindings *bindings)
{
    return atomic_load_explicit(&bindings->conflicts, memory_order_relaxed);
}

uint64_t rt_bindings_evictions(const struct rt_bindings *bindings)
{
    return atomic_load_explicit(&bindings->evictions, memory_order_relaxed);
}

uint32_t rt_bindings_capacity(const struct rt_bindings *bindings)
{
    return bindings->capacity;
}
