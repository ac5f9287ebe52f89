/* board.h — one cache line per peer slot: who is there, on which worker, how it is. Written by its
 * owner, read by all.
 *
 * The first word (generation, home, state) is always read as one, so a reader never mixes two users
 * of a slot. The board advises; the home decides. */
#pragma once

#include <stdatomic.h>

#include "proto/caps.h"
#include "routing/world.h"

enum board_flag {
    BOARD_REACHABLE = 1 << 0,
    BOARD_LAST_RESORT = 1 << 1,
    BOARD_AGENT = 1 << 2,
    BOARD_CLIENT = 1 << 3,
    BOARD_OPEN = 1 << 4,
    BOARD_DIALLED = 1 << 8, /* a guest that is not open yet, but may be soon: guest.h */
    BOARD_DRAINED = 1 << 5, /* by an operator: never chosen, but still served by name */
};

struct board_line {
    _Alignas(64) _Atomic uint64_t who; /* generation (32), home (16), flags (16) */
    _Atomic uint64_t load;             /* pending, half full (1), busy (1) */
    _Atomic uint64_t applications;     /* a set of bits of board_application */
    _Atomic uint32_t share; /* in flight that one client may have here when it is half full */
    _Atomic uint64_t
        returned;           /* when it became usable again after a failure, ns; 0: never failed */
    _Atomic uint32_t name;  /* rt_name_hash of its identity */
    _Atomic uint32_t realm; /* a hash of the realm it gave in its capabilities; 0: none yet */
};

struct board {
    uint32_t size;
    struct board_line *lines;
    _Atomic uint32_t applications[62]; /* which Application-Id has which bit; 0: free (base is never
                                          asked for) */
};

/* What one read of the board tells. */
struct board_view {
    uint32_t generation;
    uint16_t home;
    uint16_t flags;
};

struct board *board_new(uint32_t slots);
void board_free(struct board *board);

static inline struct board_view board_at(const struct board *board, uint32_t slot)
{
    uint64_t who = atomic_load_explicit(&board->lines[slot].who, memory_order_acquire);
    return (struct board_view){(uint32_t)(who >> 32), (uint16_t)(who >> 16), (uint16_t)who};
}

/* It is going to be looked at. */
static inline void board_expect(const struct board *board, uint32_t slot)
{
    __builtin_prefetch(&board->lines[slot]);
}

static inline void board_set(struct board *board, uint32_t slot, struct board_view view)
{
    uint64_t who = (uint64_t)view.generation << 32 | (uint64_t)view.home << 16 | view.flags;
    atomic_store_explicit(&board->lines[slot].who, who, memory_order_release);
}

static inline void board_set_load(struct board *board, uint32_t slot, uint32_t pending,
                                  bool is_busy, bool is_half_full)
{
    uint64_t load = (uint64_t)pending << 2 | (uint64_t)is_half_full << 1 | is_busy;
    atomic_store_explicit(&board->lines[slot].load, load, memory_order_relaxed);
}

static inline void board_set_name(struct board *board, uint32_t slot, uint32_t name)
{
    atomic_store_explicit(&board->lines[slot].name, name, memory_order_relaxed);
}

static inline uint32_t board_name(const struct board *board, uint32_t slot)
{
    return atomic_load_explicit(&board->lines[slot].name, memory_order_relaxed);
}

/* A hash of its realm, for the accounts of what realms teach; of this process only. */
static inline void board_set_realm(struct board *board, uint32_t slot, uint32_t realm)
{
    atomic_store_explicit(&board->lines[slot].realm, realm, memory_order_relaxed);
}

static inline uint32_t board_realm(const struct board *board, uint32_t slot)
{
    return atomic_load_explicit(&board->lines[slot].realm, memory_order_relaxed);
}

/* How many requests in flight a client may have that sends it more while it is half full. */
static inline void board_set_share(struct board *board, uint32_t slot, uint32_t share)
{
    atomic_store_explicit(&board->lines[slot].share, share, memory_order_relaxed);
}

static inline uint32_t board_share(const struct board *board, uint32_t slot)
{
    return atomic_load_explicit(&board->lines[slot].share, memory_order_relaxed);
}

/* When it became usable again after a failure, ns; 0: it never failed. */
static inline void board_set_returned(struct board *board, uint32_t slot, uint64_t returned)
{
    atomic_store_explicit(&board->lines[slot].returned, returned, memory_order_relaxed);
}

/* What board_applications gave for it. */
static inline void board_set_applications(struct board *board, uint32_t slot, uint64_t bits)
{
    atomic_store_explicit(&board->lines[slot].applications, bits, memory_order_relaxed);
}

/* Is its pending table more than half full? Then greedy clients are refused: design, Pressure. */
static inline bool board_is_half_full(const struct board *board, uint32_t slot)
{
    return atomic_load_explicit(&board->lines[slot].load, memory_order_relaxed) & 2;
}

/* The set of bits for a peer's applications; ids met for the first time get a bit of their own,
 * past 62 they share one (the home knows exactly). Any thread. */
uint64_t board_applications(struct board *board, const struct dm_applications *applications);

/* The bits of which one must be set in a peer's set for it to take this application. */
uint64_t board_application(const struct board *board, uint32_t application);

/* What routing asks: the peer of `slot`, as the board has it. */
void board_see(const struct board *board, uint32_t slot, uint64_t application_bits,
               struct rt_seen *seen);
