/* clock.h — every `now`: nanoseconds, monotonic. In a lab build (ANTIPODE_LAB_CLOCK) tests may move
 * it forward.
 *
 * A lab build maps the file that the environment variable ANTIPODE_LAB_CLOCK names; without it time
 * is real. Each thread acknowledges the page's offset after the first tick that saw it, so a test
 * knows when all timers have run. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { CLOCK_LAB_THREADS = 64 };

/* What agent and test share. All fields are atomic words in the file, zero at first. */
struct clock_page {
    _Atomic uint64_t offset;  /* ns, added to the monotonic clock; written by the test */
    _Atomic uint64_t threads; /* how many threads acknowledge: written by the agent */
    _Atomic uint64_t seen[CLOCK_LAB_THREADS]; /* the offset at each thread's last tick */
};

/* Once, before threads start: maps the page where there is one. False: it is named and cannot be
 * mapped. */
bool clock_open(void);
uint64_t clock_now(void);
/* Real time, whatever the lab says: for lateness of ticks, and for measuring. */
uint64_t clock_real(void);
bool clock_is_lab(void);
void clock_set_threads(unsigned count);
/* Thread `index` has carried out all that is due at the present offset, which it read before with
 * clock_offset. */
uint64_t clock_offset(void);
void clock_acknowledge(unsigned index, uint64_t offset);

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)
