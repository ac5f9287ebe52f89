/* bindings_grow.c — the table in use is as large as its users need: small enough for the cache
 * while they are few.
 *
 * The memory is that of the whole capacity, untouched until it is needed; buckets in use are a
 * power of two, and double when a quarter of their places is taken. An entry then stays where it
 * is, or moves to a bucket that was not in use. Readers see it at its old place until they see the
 * new number of buckets, and at its new place from then on. */
#include "routing/bindings_table.h"

#define ALL_LOCKS UINT64_MAX

static uint32_t free_way(const struct rt_bindings *bindings, uint32_t bucket)
{
    for (uint32_t way = 0; way < RT_WAYS; way++)
        if (rt_binding_key(bindings, bucket * RT_WAYS + way) == 0)
            return bucket * RT_WAYS + way;
    return RT_NOWHERE;
}

/* Where an entry of this bucket stands among twice as many; its place where that does not change,
 * RT_NOWHERE where there is none for it. */
static uint32_t place_among(const struct rt_bindings *bindings, uint32_t place, uint64_t key,
                            uint32_t mask)
{
    uint32_t buckets[2];
    rt_buckets_among(bindings, key, mask, buckets);
    uint32_t bucket = place / RT_WAYS;
    if (bucket == buckets[0] || bucket == buckets[1])
        return place;
    uint32_t first = free_way(bindings, buckets[0]);
    return first != RT_NOWHERE ? first : free_way(bindings, buckets[1]);
}

/* The same entry at `to`, in the ring of its group; at `from` it is still read. */
static void copy(struct rt_bindings *bindings, uint32_t from, uint32_t to)
{
    uint32_t last = from;
    while (bindings->links[last].next != from)
        last = bindings->links[last].next;
    bindings->links[to] = bindings->links[from];
    if (last == from)
        bindings->links[to].next = to;
    else
        bindings->links[last].next = to;
    atomic_store_explicit(&bindings->realms[to],
                          atomic_load_explicit(&bindings->realms[from], memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(&rt_binding_at(bindings, to)->value, rt_binding_value(bindings, from),
                          memory_order_relaxed);
    atomic_store_explicit(&rt_binding_at(bindings, to)->key, rt_binding_key(bindings, from),
                          memory_order_release);
}

static void copy_all(struct rt_bindings *bindings, uint32_t old_mask, uint32_t mask)
{
    for (uint32_t place = 0; place < (old_mask + 1) * RT_WAYS; place++) {
        uint64_t key = rt_binding_key(bindings, place);
        uint32_t to = key ? place_among(bindings, place, key, mask) : place;
        if (to == RT_NOWHERE)
            rt_binding_remove(bindings, place); /* as if its buckets had been full */
        else if (to != place)
            copy(bindings, place, to);
    }
}

/* Frees the old places of what has moved. */
static void clear_old(struct rt_bindings *bindings, uint32_t old_mask, uint32_t mask)
{
    for (uint32_t place = 0; place < (old_mask + 1) * RT_WAYS; place++) {
        uint32_t buckets[2];
        uint64_t key = rt_binding_key(bindings, place);
        if (key == 0)
            continue;
        rt_buckets_among(bindings, key, mask, buckets);
        if (place / RT_WAYS != buckets[0] && place / RT_WAYS != buckets[1])
            atomic_store_explicit(&rt_binding_at(bindings, place)->key, 0, memory_order_release);
    }
}

static bool is_crowded(const struct rt_bindings *bindings)
{
    uint32_t mask = rt_bindings_mask(bindings);
    return mask < bindings->most && rt_bindings_count(bindings) > (mask + 1) * RT_WAYS / 4;
}

void rt_bindings_grow(struct rt_bindings *bindings)
{
    if (!is_crowded(bindings))
        return;
    rt_bindings_lock(bindings, ALL_LOCKS);
    if (is_crowded(bindings)) { /* nobody was faster */
        uint32_t old_mask = rt_bindings_mask(bindings);
        uint32_t mask = 2 * old_mask + 1;
        copy_all(bindings, old_mask, mask);
        atomic_store_explicit(&bindings->mask, mask, memory_order_release);
        clear_old(bindings, old_mask, mask);
    }
    rt_bindings_unlock(bindings, ALL_LOCKS);
}
