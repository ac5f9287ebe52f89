/* board_race.c — one thread writes a line while others read it; several intern applications at
 * once.
 *
 * A reader never sees the state of one user of a slot with the generation of another, and an
 * application has one bit whoever named it first. */
#include <stdatomic.h>

#include <uv.h>

#include "agent/board.h"
#include "tests/race/race.h"

enum { THREADS = 4, ROUNDS = 200000, APPLICATIONS = 80 };

static struct board *board;
static uint64_t bits[THREADS][APPLICATIONS];
static _Atomic bool is_over;

/* Home and flags of each generation follow from it. */
static struct board_view view_of(uint32_t generation)
{
    return (struct board_view){generation, (uint16_t)(generation * 7), (uint16_t)(generation * 13)};
}

static void write_lines(void *unused)
{
    (void)unused;
    for (uint32_t i = 1; i <= ROUNDS; i++) {
        board_set(board, 1, view_of(i));
        board_set_load(board, 1, i, i % 2, i % 3 == 0);
    }
    atomic_store(&is_over, true);
}

static void read_lines(void *unused)
{
    (void)unused;
    uint32_t before = 0;
    struct rt_seen seen;
    while (!atomic_load(&is_over)) {
        struct board_view view = board_at(board, 1);
        struct board_view expected = view_of(view.generation);
        claim(view.home == expected.home && view.flags == expected.flags,
              "a line's first word is one user's");
        claim(view.generation >= before, "a line does not go back");
        before = view.generation;
        board_see(board, 1, UINT64_MAX, &seen);
        claim(seen.pending <= ROUNDS, "a line's load is whole");
    }
}

/* Each thread begins at another application. */
static void intern(void *argument)
{
    unsigned index = *(const unsigned *)argument;
    for (uint32_t i = 0; i < APPLICATIONS; i++) {
        uint32_t at = (i + index * APPLICATIONS / THREADS) % APPLICATIONS;
        struct dm_applications one = {.count = 1, .id = {16777216 + at}};
        bits[index][at] = board_applications(board, &one);
        claim(bits[index][at] & board_application(board, 16777216 + at),
              "an application that was named is found");
    }
}

static void compare_bits(void)
{
    uint64_t all = 0;
    for (unsigned at = 0; at < APPLICATIONS; at++) {
        for (unsigned i = 1; i < THREADS; i++)
            claim(bits[i][at] == bits[0][at], "an application has one bit");
        claim(bits[0][at] == UINT64_C(1) << 62 || !(all & bits[0][at]),
              "a bit has one application");
        all |= bits[0][at];
    }
    claim(all == UINT64_MAX >> 1, "all bits are given");
}

int main(void)
{
    board = board_new(4);
    uv_thread_t threads[2 * THREADS];
    unsigned index[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        index[i] = i;
        uv_thread_create(&threads[i], i ? read_lines : write_lines, NULL);
        uv_thread_create(&threads[THREADS + i], intern, &index[i]);
    }
    for (unsigned i = 0; i < 2 * THREADS; i++)
        uv_thread_join(&threads[i]);
    compare_bits();
    board_free(board);
    return 0;
}
