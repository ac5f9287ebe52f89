/* pending.c — the way back.
 *
 * Every request sent to a peer waits in a slot until its answer, its deadline or the peer's end.
 * The Hop-by-Hop Identifier counts up and its low bits are the slot, so an answer finds it by index
 * and a compare. Occupied slots are skipped when an identifier is drawn; since at most half of them
 * are occupied, that is less than one for each.
 *
 *     slot     0     1     2     3     4     5     6     7          next = 0x8e51a2c7
 *     slots  | …a0 |     |     | …bb | …a4 | …a5 |     |     |     the low bits of hop_by_hop are
 * the slot due    | 907 |  0  |  0  | 311 | 908 | 908 |  0  |  0  |     0: free
 *
 * Owned by one peer, hence by one worker; no locks. RFC 6733 §6.1.9, §6.2, §5.5.4; HDR-21..24. */
#include "routing/pending.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The least table, and the unit of the scans: the due times of one cache line. */
enum { BLOCK = 16 };

static_assert(offsetof(struct rt_waiting, tried) == 2 * RT_LINE, "what is always used: two lines");

#define SIZE_MAX_SLOTS (UINT32_C(1) << 30)

void rt_pending_init(struct rt_pending *pending, uint32_t first, uint32_t limit)
{
    *pending = (struct rt_pending){.next = first, .trimmed = first, .limit = limit};
}

static void table_free(struct rt_pending *pending)
{
    free(pending->slots);
    free(pending->due);
    pending->slots = NULL;
    pending->due = NULL;
    pending->size = 0;
    pending->cursor = 0;
}

void rt_pending_fini(struct rt_pending *pending)
{
    assert(pending->used == 0);
    table_free(pending);
}

static uint32_t slot_of(const struct rt_pending *pending, uint32_t hop_by_hop)
{
    return hop_by_hop & (pending->size - 1);
}

uint32_t rt_pending_draw(struct rt_pending *pending)
{
    if (pending->size != 0) {
        while (pending->due[slot_of(pending, pending->next)] != 0)
            pending->next++;
    }
    return pending->next++;
}

/* All identifiers in the table differ in their low bits, for those are their slots; so they differ
 * in one bit more, and none meets another in the new table. A slot moves upwards only, so that a
 * scan under way misses nothing. */
static void table_move(struct rt_pending *to, const struct rt_pending *from)
{
    for (uint32_t i = 0; i < from->size; i++) {
        if (from->due[i] == 0)
            continue;
        uint32_t slot = slot_of(to, from->slots[i].hop_by_hop);
        assert(to->due[slot] == 0);
        to->slots[slot] = from->slots[i];
        to->due[slot] = from->due[i];
    }
}

static bool table_grow(struct rt_pending *pending)
{
    if (pending->size >= SIZE_MAX_SLOTS)
        return false;
    struct rt_pending grown = {.size = pending->size == 0 ? BLOCK : pending->size * 2};
    grown.slots = aligned_alloc(RT_LINE, grown.size * sizeof *grown.slots);
    grown.due = calloc(grown.size, sizeof *grown.due);
    if (!grown.slots || !grown.due) {
        free(grown.slots);
        free(grown.due);
        return false;
    }
    table_move(&grown, pending);
    free(pending->slots);
    free(pending->due);
    pending->slots = grown.slots;
    pending->due = grown.due;
    pending->size = grown.size;
    return true;
}

/* 0 says "free"; a tick too late is nothing. */
static uint32_t armed(uint32_t due)
{
    return due != 0 ? due : 1;
}

/* The next request's slot is the one that was free for longest, and cold. */
static void expect_next(const struct rt_pending *pending)
{
    const struct rt_waiting *next = &pending->slots[slot_of(pending, pending->next)];
    __builtin_prefetch(next, 1);
    __builtin_prefetch((const char *)next + RT_LINE, 1);
}

struct rt_waiting *rt_pending_put(struct rt_pending *pending, uint32_t due)
{
    if (pending->used >= pending->limit)
        return NULL;
    if (pending->used >= pending->size / 2 && !table_grow(pending))
        return NULL;
    uint32_t hop_by_hop = rt_pending_draw(pending);
    uint32_t slot = slot_of(pending, hop_by_hop);
    pending->due[slot] = armed(due);
    pending->slots[slot].hop_by_hop = hop_by_hop;
    pending->slots[slot].tried_count = 0;
    pending->used++;
    expect_next(pending);
    return &pending->slots[slot];
}

struct rt_waiting *rt_pending_find(struct rt_pending *pending, const struct dm_header *answer)
{
    if (pending->used == 0)
        return NULL;
    uint32_t slot = slot_of(pending, answer->hop_by_hop);
    if (pending->due[slot] == 0)
        return NULL;
    struct rt_waiting *waiting = &pending->slots[slot];
    bool fits = waiting->hop_by_hop == answer->hop_by_hop &&
                waiting->end_to_end == answer->end_to_end && waiting->command == answer->command &&
                waiting->application == answer->application;
    return fits ? waiting : NULL;
}

void rt_pending_take(struct rt_pending *pending, struct rt_waiting *slot, struct rt_waiting *out)
{
    uint32_t index = slot_of(pending, slot->hop_by_hop);
    assert(slot == &pending->slots[index] && pending->due[index] != 0);
    memcpy(out, slot, offsetof(struct rt_waiting, tried));
    if (slot->tried_count) /* seldom, and a copy of nothing is not free either */
        memcpy(out->tried, slot->tried, slot->tried_count * sizeof *slot->tried);
    pending->due[index] = 0;
    pending->used--;
}

/* Ticks wrap round, so "at or before" is half a circle. */
static bool is_late(uint32_t due, uint32_t now)
{
    return (due != 0) & (now - due < UINT32_C(1) << 31);
}

/* As is_late for many, as the compiler likes it: no branch, a fixed count, and the sign bit as the
 * claim. */
static bool block_is_late(const uint32_t *due, uint32_t now)
{
    uint32_t late = 0;
    for (uint32_t i = 0; i < BLOCK; i++)
        late |= due[i] != 0 ? ~(now - due[i]) : 0;
    return late >> 31 != 0;
}

static bool at_block(const struct rt_pending *pending)
{
    return pending->cursor % BLOCK == 0;
}

bool rt_pending_expire(struct rt_pending *pending, uint32_t now, struct rt_waiting *out)
{
    while (pending->cursor < pending->size) {
        if (at_block(pending) && !block_is_late(&pending->due[pending->cursor], now)) {
            pending->cursor += BLOCK;
            continue;
        }
        uint32_t slot = pending->cursor++;
        if (!is_late(pending->due[slot], now))
            continue;
        rt_pending_take(pending, &pending->slots[slot], out);
        return true;
    }
    return false;
}

struct rt_waiting *rt_pending_next(struct rt_pending *pending)
{
    if (pending->used == 0)
        return NULL;
    while (pending->cursor >= pending->size || pending->due[pending->cursor] == 0)
        pending->cursor = pending->cursor < pending->size ? pending->cursor + 1 : 0;
    return &pending->slots[pending->cursor];
}

bool rt_pending_drain(struct rt_pending *pending, struct rt_waiting *out)
{
    struct rt_waiting *slot = rt_pending_next(pending);
    if (slot)
        rt_pending_take(pending, slot, out);
    return slot != NULL;
}

void rt_pending_rewind(struct rt_pending *pending)
{
    pending->cursor = 0;
}

void rt_pending_delay(struct rt_pending *pending, uint32_t ticks)
{
    for (uint32_t i = 0; i < pending->size; i++) {
        if (pending->due[i] != 0)
            pending->due[i] = armed(pending->due[i] + ticks);
    }
}

uint64_t rt_pending_oldest(const struct rt_pending *pending)
{
    uint64_t oldest = 0;
    for (uint32_t i = 0; i < pending->size && pending->used; i++)
        if (pending->due[i] != 0 && (oldest == 0 || pending->slots[i].received < oldest))
            oldest = pending->slots[i].received;
    return oldest;
}

void rt_pending_trim(struct rt_pending *pending)
{
    if (pending->used == 0 && pending->trimmed == pending->next)
        table_free(pending);
    pending->trimmed = pending->next;
}
