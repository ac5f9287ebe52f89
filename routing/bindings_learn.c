/* bindings_learn.c — what a lesson does to the groups of its keys.
 *
 *     no key is known             a new group
 *     some are                    the others join it
 *     several groups              they become one, if none is bound to another target than the
 * others bound to different targets  they stay; the key that was asked for goes to whom the lesson
 * names
 *
 * sip-app.md §9.3, §9.4 (b), §9.9. */
#include "routing/bindings_table.h"

/* A lesson while it is taken. */
struct taking {
    struct rt_bindings *bindings;
    const struct rt_lesson *lesson;
    uint64_t keys[RT_LESSON_KEYS];
    uint32_t places[RT_LESSON_KEYS];
    uint8_t group[RT_LESSON_KEYS]; /* the first key of its group; itself where it is unknown */
    uint8_t count;
    uint32_t stamp;
    uint32_t unused; /* entries that room was made for */
    struct rt_learnt *learnt;
};

void rt_learnt_add(struct rt_learnt *learnt, uint64_t key)
{
    if (learnt && learnt->count < RT_GROUP_MAX)
        learnt->keys[learnt->count++] = key;
}

static void begin(struct taking *it, struct rt_bindings *bindings, const struct rt_lesson *lesson,
                  uint64_t now, struct rt_learnt *learnt)
{
    it->bindings = bindings;
    it->lesson = lesson;
    it->count = lesson->count < RT_LESSON_KEYS ? lesson->count : RT_LESSON_KEYS;
    for (uint8_t i = 0; i < it->count; i++)
        it->keys[i] = rt_key_kept(lesson->keys[i]);
    for (uint8_t i = 0; i < it->count; i++)
        rt_bindings_expect(bindings, it->keys[i]);
    it->stamp = rt_stamp(bindings, now);
    it->learnt = learnt;
    if (learnt)
        learnt->count = 0;
}

/* --- without a lock: is anything new? --- */

/* Do all keys say the same already, and what the lesson says? Their use is noted. */
static bool is_known(const struct taking *it)
{
    uint64_t first = 0;
    for (uint8_t i = 0; i < it->count; i++) {
        uint32_t place = rt_binding_find(it->bindings, it->keys[i]);
        if (place == RT_NOWHERE)
            return false;
        uint64_t value = rt_binding_value(it->bindings, place);
        first = i ? first : value;
        if (rt_value_is_over(it->bindings, value, it->stamp) || !rt_value_equal(value, first) ||
            !rt_value_has_slot(value))
            return false;
        rt_binding_refresh(it->bindings, place, value, it->stamp);
    }
    return it->lesson->target == 0 || it->lesson->target == rt_value_target(first);
}

static uint32_t count_unknown(const struct taking *it)
{
    uint32_t unknown = 0;
    for (uint8_t i = 0; i < it->count; i++)
        unknown += rt_binding_find(it->bindings, it->keys[i]) == RT_NOWHERE;
    return unknown;
}

/* --- with the locks --- */

/* What it says of its group. */
static struct rt_bound bound_at(const struct taking *it, uint32_t place)
{
    uint64_t value = rt_binding_value(it->bindings, place);
    return (struct rt_bound){.is_known = true,
                             .has_slot = rt_value_has_slot(value),
                             .slot = rt_value_slot(value),
                             .target = rt_value_target(value),
                             .anchor = it->bindings->links[place].anchor};
}

/* What a key says of itself that nobody knows. */
static struct rt_bound bound_alone(const struct taking *it, uint8_t i)
{
    bool is_public = it->lesson->is_public >> i & 1;
    return (struct rt_bound){.is_known = true,
                             .has_slot = true,
                             .slot = it->lesson->slots[i],
                             .anchor = is_public ? (uint32_t)(it->keys[i] >> 32)
                                                 : (uint32_t)RT_ANCHOR_NONE};
}

/* What is known of a key that is there. One without a slot was bound alone. */
static struct rt_bound bound_of_key(const struct taking *it, uint8_t i)
{
    struct rt_bound its = bound_at(it, it->places[i]);
    struct rt_bound alone = bound_alone(it, i);
    alone.target = its.target;
    return its.has_slot ? its : alone;
}

/* What it said is over, or it said that others know nothing of the key (a shared store): the key is
 * as good as unknown, and its room is kept for it. */
static void renew(struct taking *it, uint8_t i)
{
    rt_binding_remove(it->bindings, it->places[i]);
    it->places[i] = RT_NOWHERE;
    atomic_fetch_add_explicit(&it->bindings->count, 1, memory_order_relaxed);
    it->unused++;
}

static void look_up(struct taking *it)
{
    for (uint8_t i = 0; i < it->count; i++) {
        it->places[i] = rt_binding_find(it->bindings, it->keys[i]);
        if (it->places[i] == RT_NOWHERE)
            continue;
        uint64_t value = rt_binding_value(it->bindings, it->places[i]);
        if (rt_value_is_over(it->bindings, value, it->stamp) ||
            (!rt_value_has_slot(value) && !rt_value_target(value)))
            renew(it, i);
    }
}

static void find_groups(struct taking *it)
{
    for (uint8_t i = 0; i < it->count; i++) {
        it->group[i] = i;
        for (uint8_t k = 0; k < i && it->places[i] != RT_NOWHERE && it->group[i] == i; k++)
            if (it->places[k] != RT_NOWHERE &&
                rt_binding_is_with(it->bindings, it->places[k], it->places[i]))
                it->group[i] = it->group[k];
    }
}

/* Are two of the groups bound, and not to the same? */
static bool is_conflict(const struct taking *it)
{
    uint32_t target = 0;
    for (uint8_t i = 0; i < it->count; i++) {
        if (it->places[i] == RT_NOWHERE)
            continue;
        uint32_t its = bound_at(it, it->places[i]).target;
        if (target && its && its != target)
            return true;
        target = its ? its : target;
    }
    return false;
}

/* The newest success wins, for the key that was asked for only. */
static void settle_conflict(struct taking *it)
{
    struct rt_bound alone = bound_alone(it, 0);
    alone.target = it->lesson->target;
    atomic_fetch_add_explicit(&it->bindings->conflicts, 1, memory_order_relaxed);
    if (!alone.target)
        return;
    if (it->places[0] == RT_NOWHERE) {
        if (!it->unused || rt_binding_put(it->bindings, it->keys[0], &alone, it->lesson->realm,
                                          it->stamp) == RT_NOWHERE)
            return;
        it->unused--;
    } else if (bound_at(it, it->places[0]).target == alone.target) {
        return;
    } else {
        rt_binding_part(it->bindings, it->places[0]);
        rt_binding_set(it->bindings, it->places[0], &alone, it->stamp);
    }
    if (it->learnt)
        it->learnt->bound = alone;
    rt_learnt_add(it->learnt, it->keys[0]);
}

/* `other` joins what is known of the group: its anchor, if it is lower, and its target. */
static void add_bound(struct rt_bound *bound, const struct rt_bound *other)
{
    if (!bound->has_slot || (other->has_slot && other->anchor < bound->anchor)) {
        bound->has_slot = other->has_slot;
        bound->slot = other->slot;
        bound->anchor = other->anchor;
    }
    if (!bound->target)
        bound->target = other->target;
}

/* Joins the groups of all known keys, as far as one group may hold them. Its place, or RT_NOWHERE
 * where no key is known; `size` and `bound` are what it has come to. */
static uint32_t join_groups(const struct taking *it, struct rt_bound *bound, uint32_t *size)
{
    uint32_t all = RT_NOWHERE;
    for (uint8_t i = 0; i < it->count; i++) {
        if (it->places[i] == RT_NOWHERE || it->group[i] != i)
            continue;
        uint32_t more = rt_group_size(it->bindings, it->places[i]);
        if (*size + more > RT_GROUP_MAX)
            continue;
        struct rt_bound its = bound_of_key(it, i);
        add_bound(bound, &its);
        if (all == RT_NOWHERE)
            all = it->places[i];
        else
            rt_binding_join(it->bindings, all, it->places[i]);
        *size += more;
    }
    return all;
}

/* The unknown keys that the group still takes, as a set; what they say of themselves joins `bound`.
 * Of keys that are not public the lowest counts: all agents see them in one order or another. */
static uint32_t choose_new(const struct taking *it, struct rt_bound *bound, uint32_t size)
{
    uint32_t chosen = 0;
    uint64_t lowest = UINT64_MAX;
    bool is_new = size == 0;
    for (uint8_t i = 0; i < it->count && size < RT_GROUP_MAX; i++) {
        if (it->places[i] != RT_NOWHERE)
            continue;
        struct rt_bound alone = bound_alone(it, i);
        if (is_new && alone.anchor == (uint32_t)RT_ANCHOR_NONE && bound->anchor == alone.anchor &&
            it->keys[i] < lowest) {
            lowest = it->keys[i];
            bound->has_slot = false;
        }
        add_bound(bound, &alone);
        chosen |= UINT32_C(1) << i;
        size++;
    }
    return chosen;
}

static uint32_t put_new(struct taking *it, uint32_t chosen, const struct rt_bound *bound,
                        uint32_t all)
{
    for (uint8_t i = 0; i < it->count && it->unused; i++) {
        if (!(chosen >> i & 1))
            continue;
        uint32_t place =
            rt_binding_put(it->bindings, it->keys[i], bound, it->lesson->realm, it->stamp);
        if (place == RT_NOWHERE)
            continue;
        it->unused--;
        rt_learnt_add(it->learnt, it->keys[i]);
        if (all == RT_NOWHERE)
            all = place;
        else
            rt_binding_join(it->bindings, all, place);
    }
    return all;
}

/* All of the group say it now. */
static void tell_group(const struct taking *it, uint32_t all, const struct rt_bound *bound)
{
    uint32_t at = all;
    uint64_t wanted = rt_value_of(bound, it->stamp);
    do {
        uint64_t value = rt_binding_value(it->bindings, at);
        if (!rt_value_equal(value, wanted)) {
            rt_binding_set(it->bindings, at, bound, it->stamp);
            rt_learnt_add(it->learnt, rt_binding_key(it->bindings, at));
        }
        it->bindings->links[at].anchor = bound->anchor;
        at = it->bindings->links[at].next;
    } while (at != all);
}

static void make_group(struct taking *it)
{
    struct rt_bound bound = {.is_known = true, .anchor = (uint32_t)RT_ANCHOR_NONE};
    uint32_t size = 0;
    uint32_t all = join_groups(it, &bound, &size);
    uint32_t chosen = choose_new(it, &bound, size);
    if (it->lesson->target)
        bound.target = it->lesson->target;
    all = put_new(it, chosen, &bound, all);
    if (all == RT_NOWHERE)
        return;
    tell_group(it, all, &bound);
    if (it->learnt)
        it->learnt->bound = bound;
}

static void take_lesson(struct taking *it)
{
    look_up(it);
    find_groups(it);
    if (is_conflict(it))
        settle_conflict(it);
    else
        make_group(it);
}

void rt_bindings_learn(struct rt_bindings *bindings, const struct rt_lesson *lesson, uint64_t now,
                       struct rt_learnt *learnt)
{
    struct taking it;
    begin(&it, bindings, lesson, now, learnt);
    if (it.count == 0 || (it.count == 1 && !lesson->target) || is_known(&it))
        return;
    it.unused = count_unknown(&it);
    for (uint8_t i = 0; i < it.count && it.unused; i++)
        rt_bindings_make_place(bindings, it.keys[i], now);
    if (it.unused && !rt_bindings_make_room(bindings, it.unused, now))
        it.unused = 0;
    uint64_t set = rt_bindings_lock_keys(bindings, it.keys, it.count);
    take_lesson(&it);
    rt_bindings_unlock(bindings, set);
    rt_bindings_return_room(bindings, it.unused);
}

/* --- single keys --- */

static void remove_key(struct rt_bindings *bindings, uint32_t place, uint64_t key,
                       struct rt_learnt *learnt)
{
    rt_binding_remove(bindings, place);
    if (learnt)
        learnt->bound = (struct rt_bound){.anchor = (uint32_t)RT_ANCHOR_NONE};
    rt_learnt_add(learnt, key);
}

static void unbind_group(struct taking *it, uint32_t place)
{
    struct rt_bound bound = bound_at(it, place);
    bound.target = 0;
    tell_group(it, place, &bound);
    if (it->learnt)
        it->learnt->bound = bound;
}

void rt_bindings_forget(struct rt_bindings *bindings, uint64_t key, uint32_t target, uint64_t now,
                        struct rt_learnt *learnt)
{
    struct taking it = {.bindings = bindings, .stamp = rt_stamp(bindings, now), .learnt = learnt};
    key = rt_key_kept(key);
    if (learnt)
        learnt->count = 0;
    if (rt_binding_find(bindings, key) == RT_NOWHERE)
        return;
    uint64_t set = rt_bindings_lock_keys(bindings, &key, 1);
    uint32_t place = rt_binding_find(bindings, key);
    if (place != RT_NOWHERE && target && bound_at(&it, place).target == target) {
        if (rt_group_size(bindings, place) == 1)
            remove_key(bindings, place, key, learnt);
        else
            unbind_group(&it, place);
    }
    rt_bindings_unlock(bindings, set);
}

static void put_locked(struct rt_bindings *bindings, uint64_t key, const struct rt_bound *bound,
                       uint32_t realm, uint32_t stamp, uint32_t *unused)
{
    uint32_t place = rt_binding_find(bindings, key);
    if (!bound->is_known) {
        if (place != RT_NOWHERE)
            rt_binding_remove(bindings, place);
        return;
    }
    if (place == RT_NOWHERE) {
        if (*unused && rt_binding_put(bindings, key, bound, realm, stamp) != RT_NOWHERE)
            (*unused)--;
        return;
    }
    rt_binding_part(bindings, place);
    rt_binding_set(bindings, place, bound, stamp);
}

/* Does the table say just this of the key? Its use is noted. */
bool rt_bindings_peek(struct rt_bindings *bindings, uint64_t key, uint64_t now,
                      struct rt_bound *bound, bool *is_in_use)
{
    struct taking it = {.bindings = bindings};
    uint32_t stamp = rt_stamp(bindings, now);
    *bound = (struct rt_bound){.anchor = (uint32_t)RT_ANCHOR_NONE};
    *is_in_use = false;
    key = rt_key_kept(key);
    uint64_t set = rt_bindings_lock_keys(bindings, &key, 1);
    uint32_t place = rt_binding_find(bindings, key);
    uint64_t value = place == RT_NOWHERE ? 0 : rt_binding_value(bindings, place);
    if (place != RT_NOWHERE && !rt_value_is_over(bindings, value, stamp)) {
        *bound = bound_at(&it, place);
        *is_in_use = rt_value_age(value, stamp) <= bindings->stamps / 16 * 15;
    }
    rt_bindings_unlock(bindings, set);
    return bound->is_known;
}

static bool says(struct rt_bindings *bindings, uint32_t place, const struct rt_bound *bound,
                 uint32_t stamp)
{
    if (place == RT_NOWHERE)
        return !bound->is_known;
    uint64_t value = rt_binding_value(bindings, place);
    if (!bound->is_known || rt_value_is_over(bindings, value, stamp) ||
        !rt_value_equal(value, rt_value_of(bound, stamp)))
        return false;
    rt_binding_refresh(bindings, place, value, stamp);
    return true;
}

/* A key that is bound alone (it has no slot) says something else: one lock is enough, and its link
 * is left alone where it has no slot now either. False: it is in a group, or not there. */
static bool put_alone(struct rt_bindings *bindings, uint32_t place, uint64_t key,
                      const struct rt_bound *bound, uint32_t stamp)
{
    if (place == RT_NOWHERE || !bound->is_known)
        return false;
    uint64_t set = rt_lock_of(place);
    rt_bindings_lock(bindings, set);
    bool is_alone = rt_binding_key(bindings, place) == key &&
                    !rt_value_has_slot(rt_binding_value(bindings, place));
    if (is_alone && bound->has_slot)
        rt_binding_set(bindings, place, bound, stamp);
    else if (is_alone)
        rt_binding_set_value(bindings, place, bound, stamp);
    rt_bindings_unlock(bindings, set);
    return is_alone;
}

void rt_bindings_put(struct rt_bindings *bindings, uint64_t key, const struct rt_bound *bound,
                     uint32_t realm, uint64_t now)
{
    uint32_t stamp = rt_stamp(bindings, now);
    key = rt_key_kept(key);
    uint32_t place = rt_binding_find(bindings, key);
    if (says(bindings, place, bound, stamp) || put_alone(bindings, place, key, bound, stamp))
        return;
    uint32_t unused = bound->is_known && rt_binding_find(bindings, key) == RT_NOWHERE;
    if (unused) {
        rt_bindings_make_place(bindings, key, now);
        unused = rt_bindings_make_room(bindings, 1, now);
    }
    uint64_t set = rt_bindings_lock_keys(bindings, &key, 1);
    put_locked(bindings, key, bound, realm, stamp, &unused);
    rt_bindings_unlock(bindings, set);
    rt_bindings_return_room(bindings, unused);
}

void rt_bindings_bind(struct rt_bindings *bindings, uint64_t key, uint32_t target, uint32_t realm,
                      uint64_t now)
{
    struct rt_bound bound = {
        .is_known = true, .target = target, .anchor = (uint32_t)RT_ANCHOR_NONE};
    rt_bindings_put(bindings, key, &bound, realm, now);
}
