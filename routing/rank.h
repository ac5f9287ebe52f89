/* rank.h — the arithmetic of the sticky choice: c(m) of docs/STICKINESS.md, exact to the bit.
 *
 * Every agent of every version must come to the same number, so nothing here is floating point. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* floor(2^32 * (64 - log2(x + 1))), exact: from 0 for x = 2^64 - 1 to 2^38 for x = 0. */
uint64_t rt_cost(uint64_t x);

/* A lower bound of rt_cost(x) for a tenth of its price. */
static inline uint64_t rt_cost_least(uint64_t x)
{
    /* With u = 1 - (x + 1) / 2^64: 64 - log2(x + 1) = -log2(1 - u) >= u / ln 2 > u * 1477 / 1024.
     */
    return ((~x >> 32) * 1477) >> 10;
}

/* < 0, 0, > 0: is cost_a / weight_a less than, equal to or more than cost_b / weight_b? */
int rt_cost_compare(uint64_t cost_a, uint32_t weight_a, uint64_t cost_b, uint32_t weight_b);
