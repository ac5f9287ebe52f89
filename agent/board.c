/* board.c — what everybody may know of every peer. */
#include "agent/board.h"

#include <stdlib.h>

#define BIT_RELAY  (UINT64_C(1) << 63)
#define BIT_OTHERS (UINT64_C(1) << 62)
enum { APPLICATION_BITS = 62 };

struct board *board_new(uint32_t slots)
{
    struct board *board = calloc(1, sizeof *board);
    if (!board)
        abort();
    board->size = slots;
    size_t size = slots * sizeof *board->lines;
    board->lines = aligned_alloc(64, size ? size : 64);
    if (!board->lines)
        abort();
    memset(board->lines, 0, size);
    return board;
}

void board_free(struct board *board)
{
    if (!board)
        return;
    free(board->lines);
    free(board);
}

static uint64_t intern(struct board *board, uint32_t id)
{
    for (unsigned i = 0; i < APPLICATION_BITS; i++) {
        uint32_t there = 0;
        if (atomic_compare_exchange_strong(&board->applications[i], &there, id) || there == id)
            return UINT64_C(1) << i;
    }
    return BIT_OTHERS;
}

uint64_t board_applications(struct board *board, const struct dm_applications *applications)
{
    uint64_t bits = applications->relay ? BIT_RELAY : 0;
    for (unsigned i = 0; i < applications->count; i++)
        if (applications->id[i] != 0)
            bits |= intern(board, applications->id[i]);
    return bits;
}

uint64_t board_application(const struct board *board, uint32_t application)
{
    if (application == 0)
        return BIT_RELAY; /* nobody advertises the base */
    for (unsigned i = 0; i < APPLICATION_BITS; i++) {
        uint32_t id = atomic_load_explicit(&board->applications[i], memory_order_relaxed);
        if (id == application)
            return UINT64_C(1) << i | BIT_RELAY;
        if (id == 0)
            return BIT_RELAY;
    }
    return BIT_OTHERS | BIT_RELAY;
}

void board_see(const struct board *board, uint32_t slot, uint64_t application_bits,
               struct rt_seen *seen)
{
    const struct board_line *line = &board->lines[slot];
    struct board_view view = board_at(board, slot);
    uint64_t load = atomic_load_explicit(&line->load, memory_order_relaxed);
    uint64_t has = atomic_load_explicit(&line->applications, memory_order_relaxed);
    *seen = (struct rt_seen){
        .peer = {slot, view.generation},
        .reach = view.flags & BOARD_REACHABLE     ? RT_REACHABLE
                 : view.flags & BOARD_LAST_RESORT ? RT_LAST_RESORT
                                                  : RT_UNREACHABLE,
        .advertises = has & application_bits,
        .is_agent = view.flags & BOARD_AGENT,
        .is_client = view.flags & BOARD_CLIENT,
        .is_drained = view.flags & BOARD_DRAINED,
        .is_busy = load & 1,
        .pending = (uint32_t)(load >> 2),
        .returned = atomic_load_explicit(&line->returned, memory_order_relaxed),
    };
}
