/* callgrind.h — instructions instead of nanoseconds: the same steps under valgrind, which counts
 * exactly and alike on a busy machine. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/micro/steps.h"

/* Are we the one that is counted? */
bool callgrind_is_counting(void);
/* Runs the steps and has callgrind write down what each took. In the process that is counted. */
void callgrind_count(struct micro *micro);

/* Runs this program again under valgrind and gathers what it wrote: instructions a message of each
 * step. False where valgrind is not there or says something else; a line on standard error tells.
 */
bool callgrind_run(uint64_t instructions[MICRO_STEPS]);
