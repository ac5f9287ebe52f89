/* bindings_evict.c — who is forgotten: what was not used for a lifetime, and, where the table is
 * full, what was not used for long by the realm that has most.
 *
 * So one client can flush no more than what its own realm has taught, once that is more than what
 * every other realm has. Not the oldest of all is taken, but the oldest of a few dozen: no list is
 * kept in order by readers. sip-app.md §9.3; STK-14, STK-15. */
#include "routing/bindings_table.h"

enum { SAMPLE = 32, BUCKETS_AT_MOST = 4096, SWEEP_LEAST = 256, TICKS_A_SECOND = 10 };

/* Frees this entry if it is still this key's. */
static bool forget_place(struct rt_bindings *bindings, uint32_t place, uint64_t key)
{
    uint64_t set = rt_bindings_lock_keys(bindings, &key, 1);
    bool is_there = rt_binding_key(bindings, place) == key;
    if (is_there)
        rt_binding_remove(bindings, place);
    rt_bindings_unlock(bindings, set);
    return is_there;
}

/* The best entry to forget of those looked at. */
struct victim {
    uint32_t place;
    uint64_t key;
    uint32_t share; /* entries of its realm */
    uint32_t age;
    unsigned seen;
    bool is_over; /* its time is */
};

static void look_at(const struct rt_bindings *bindings, uint32_t place, uint32_t stamp,
                    struct victim *victim)
{
    uint64_t key = rt_binding_key(bindings, place);
    uint64_t value = rt_binding_value(bindings, place);
    if (!key || victim->is_over)
        return;
    uint8_t account = atomic_load_explicit(&bindings->realms[place], memory_order_relaxed);
    uint32_t share = atomic_load_explicit(&bindings->realm_count[account], memory_order_relaxed);
    uint32_t age = rt_value_age(value, stamp);
    bool is_over = rt_value_is_over(bindings, value, stamp);
    bool is_better = share > victim->share || (share == victim->share && age > victim->age);
    victim->seen++;
    if (is_over || victim->seen == 1 || is_better) {
        victim->place = place;
        victim->key = key;
        victim->share = share;
        victim->age = age;
        victim->is_over = is_over;
    }
}

static void look_at_bucket(const struct rt_bindings *bindings, uint32_t bucket, uint32_t stamp,
                           struct victim *victim)
{
    for (uint32_t way = 0; way < RT_WAYS; way++)
        look_at(bindings, bucket * RT_WAYS + way, stamp, victim);
}

static bool take(struct rt_bindings *bindings, const struct victim *victim)
{
    if (!victim->seen || !forget_place(bindings, victim->place, victim->key))
        return false;
    if (!victim->is_over)
        atomic_fetch_add_explicit(&bindings->evictions, 1, memory_order_relaxed);
    return true;
}

static bool forget_one(struct rt_bindings *bindings, uint64_t now)
{
    struct victim victim = {0};
    uint32_t stamp = rt_stamp(bindings, now);
    for (unsigned i = 0; i < BUCKETS_AT_MOST && victim.seen < SAMPLE && !victim.is_over; i++) {
        uint32_t hand = atomic_fetch_add_explicit(&bindings->hand, 1, memory_order_relaxed);
        look_at_bucket(bindings, hand & rt_bindings_mask(bindings), stamp, &victim);
    }
    return take(bindings, &victim);
}

bool rt_bindings_make_room(struct rt_bindings *bindings, uint32_t wanted, uint64_t now)
{
    unsigned tries = 4 * wanted;
    atomic_fetch_add_explicit(&bindings->count, wanted, memory_order_relaxed);
    rt_bindings_grow(bindings);
    while (rt_bindings_count(bindings) > bindings->capacity) {
        forget_one(bindings, now);
        if (tries-- > 0)
            continue;
        rt_bindings_return_room(bindings, wanted);
        return false;
    }
    return true;
}

void rt_bindings_return_room(struct rt_bindings *bindings, uint32_t unused)
{
    atomic_fetch_sub_explicit(&bindings->count, unused, memory_order_relaxed);
}

void rt_bindings_make_place(struct rt_bindings *bindings, uint64_t key, uint64_t now)
{
    uint32_t buckets[2];
    struct victim victim = {0};
    rt_buckets_of(bindings, key, buckets);
    look_at_bucket(bindings, buckets[0], rt_stamp(bindings, now), &victim);
    look_at_bucket(bindings, buckets[1], rt_stamp(bindings, now), &victim);
    if (victim.seen == 2 * RT_WAYS || victim.is_over)
        (void)take(bindings, &victim); /* where another was faster there is a place */
}

/* All entries are looked at within an eighth of a lifetime. */
static uint32_t buckets_a_tick(const struct rt_bindings *bindings)
{
    uint64_t lifetime = (uint64_t)bindings->stamps << bindings->shift;
    uint64_t ticks = lifetime / 8 / (UINT64_C(1000000000) / TICKS_A_SECOND);
    return (uint32_t)((rt_bindings_mask(bindings) + UINT64_C(1)) / (ticks + 1)) + SWEEP_LEAST;
}

void rt_bindings_tick(struct rt_bindings *bindings, uint64_t now)
{
    uint32_t stamp = rt_stamp(bindings, now);
    uint32_t most = rt_bindings_count(bindings) ? buckets_a_tick(bindings) : 0;
    uint32_t mask = rt_bindings_mask(bindings);
    for (uint32_t i = 0; i < most && i <= mask; i++) {
        uint32_t bucket = bindings->swept++ & mask;
        for (uint32_t way = 0; way < RT_WAYS; way++) {
            uint32_t place = bucket * RT_WAYS + way;
            uint64_t key = rt_binding_key(bindings, place);
            if (key && rt_value_is_over(bindings, rt_binding_value(bindings, place), stamp))
                (void)forget_place(bindings, place, key);
        }
    }
}

/* Under all locks, since one by one takes ten times as long: whole rings go, nobody need be taken
 * out of his. */
void rt_bindings_clear(struct rt_bindings *bindings)
{
    uint32_t of_realm[RT_REALMS] = {0};
    uint32_t count = 0;
    rt_bindings_lock(bindings, UINT64_MAX);
    for (uint32_t place = 0; place < (rt_bindings_mask(bindings) + 1) * RT_WAYS; place++) {
        if (!rt_binding_key(bindings, place))
            continue;
        of_realm[atomic_load_explicit(&bindings->realms[place], memory_order_relaxed)]++;
        count++;
        bindings->links[place].next = place;
        atomic_store_explicit(&rt_binding_at(bindings, place)->key, 0, memory_order_release);
    }
    for (unsigned i = 0; i < RT_REALMS; i++)
        atomic_fetch_sub_explicit(&bindings->realm_count[i], of_realm[i], memory_order_relaxed);
    rt_bindings_return_room(bindings, count);
    rt_bindings_unlock(bindings, UINT64_MAX);
}
