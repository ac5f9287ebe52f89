/* rank.h — the arithmetic of the sticky choice, exact to the bit: docs/STICKINESS.md.
 *
 * Every agent of every version must come to the same order, so a floating point number only says
 * what is plain. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* c(m): floor(2^32 * (64 - log2(x + 1))), exact: from 0 for x = 2^64 - 1 to 2^38 for x = 0. */
uint64_t rt_cost(uint64_t x);

/* What a member drew for a slot. */
struct rt_draw {
    uint64_t x;
    double distance; /* 64 - log2(x + 1), nearly */
    uint32_t weight;
};

struct rt_draw rt_draw_of(uint64_t x, uint32_t weight);

/* < 0, 0, > 0: is rt_cost(a.x) / a.weight less than, equal to or more than that of b? Exact. */
int rt_draw_compare(const struct rt_draw *a, const struct rt_draw *b);

/* Is it plain, without a logarithm, that a member with this `x` and `weight` comes after `other`?
 */
static inline bool rt_draw_is_hopeless(uint64_t x, uint32_t weight, const struct rt_draw *other)
{
    /* With u = 1 - (x + 1) / 2^64: 64 - log2(x + 1) = -log2(1 - u) >= u / ln 2 = u * 1.4426950...
     */
    double least = (double)~x * (0x1p-64 * 1.4426);
    double doubt = 0x1p-31 * ((double)weight + other->weight); /* as in rt_draw_compare() */
    return least * other->weight > other->distance * weight + doubt;
}
