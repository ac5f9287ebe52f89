/* rank.c — a binary logarithm without a rounding error.
 *
 * Let v = x + 1 = m * 2^k with 1 <= m < 2. The first 32 binary digits of log2(m) come from
 * squaring: if m^2 >= 2 the next digit is 1 and m becomes m^2 / 2, else it is 0 and m becomes m^2.
 * With a mantissa of n bits each product is cut off, so the computed m is too small, never too
 * large. How much, and when does it matter?
 *
 *   Let t be the true and m the computed value, t <= m * (1 + e). A cut loses less than one unit of
 * 2^-(n-1), and m >= 1, so a step takes 1 + e to at most (1 + e)^2 * (1 + 2^-(n-1)), and e starts
 * at 0. Hence the true product before the cut of step i = 0..31 is at most m^2 * (1 +
 * 2^-(n-1))^(2^(i+1)) <= m^2 * (1 + 2^-(n-1))^(2^32), which is less than m^2 * (1 + 2^-(n-34)). A
 * digit can be wrong only if m^2 < 2 <= t^2: if m^2 lies within 2^-(n-34) of 2, relatively, from
 * below.
 *
 * With n = 64 that is 2^-30: the quick way gives up there, about once in 2^25 numbers. With n = 192
 * it is 2^-158, and no v is so near to a change of digits: all 2^32 - 1 numbers 2^63 * 2^(j / 2^32)
 * were computed, and none lies within 2^-98 of an integer, relatively. (Every v shifted left is an
 * integer of 64 bits.) docs/STICKINESS.md. */
#include "routing/rank.h"

#include <math.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

enum { DIGITS = 32, LIMBS = 3 };

static const uint64_t TOP = UINT64_C(1) << 63;

/* The digits of log2(m), m as 1.63 bits; false where 64 bits do not decide. */
static bool digits_quickly(uint64_t m, uint32_t *digits)
{
    const uint64_t doubt = UINT64_C(1) << 33; /* 2^-30 of 2^63 */
    uint32_t found = 0;
    for (int i = 0; i < DIGITS; i++) {
        u128 square = (u128)m * m;
        uint64_t high = (uint64_t)(square >> 64);
        if (high - (TOP - doubt) < doubt)
            return false;
        uint32_t digit = (uint32_t)(high >> 63);
        m = (uint64_t)(square >> (63 + digit));
        found = found << 1 | digit;
    }
    *digits = found;
    return true;
}

/* The whole square; limbs from the lowest. */
static void square_of(const uint64_t m[LIMBS], uint64_t square[2 * LIMBS])
{
    memset(square, 0, 2 * LIMBS * sizeof *square);
    for (int i = 0; i < LIMBS; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < LIMBS; j++) {
            u128 sum = (u128)m[i] * m[j] + square[i + j] + carry;
            square[i + j] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
        square[i + LIMBS] = carry;
    }
}

/* The same digits from a mantissa of 192 bits, which always decides. */
static uint32_t digits_surely(uint64_t mantissa)
{
    uint64_t m[LIMBS] = {0, 0, mantissa};
    uint64_t square[2 * LIMBS];
    uint32_t found = 0;
    for (int i = 0; i < DIGITS; i++) {
        square_of(m, square);
        uint32_t digit = (uint32_t)(square[2 * LIMBS - 1] >> 63);
        for (int j = 0; j < LIMBS; j++) {
            uint64_t at = square[LIMBS + j];
            m[j] = digit ? at : at << 1 | square[LIMBS + j - 1] >> 63;
        }
        found = found << 1 | digit;
    }
    return found;
}

uint64_t rt_cost(uint64_t x)
{
    if (x == UINT64_MAX) /* v = 2^64 does not fit */
        return 0;
    uint64_t v = x + 1;
    unsigned shift = (unsigned)__builtin_clzll(v);
    uint64_t whole = (uint64_t)(shift + 1) << 32; /* 2^32 * (64 - k) */
    uint64_t mantissa = v << shift;
    if (mantissa == TOP) /* the only v whose logarithm is rational */
        return whole;
    uint32_t digits;
    if (!digits_quickly(mantissa, &digits))
        digits = digits_surely(mantissa);
    return whole - digits - 1; /* floor(whole - digits - something between 0 and 1) */
}

struct rt_draw rt_draw_of(uint64_t x, uint32_t weight)
{
    return (struct rt_draw){x, 64 - log2((double)x + 1), weight};
}

static int compare_surely(const struct rt_draw *a, const struct rt_draw *b)
{
    u128 left = (u128)rt_cost(a->x) * b->weight;
    u128 right = (u128)rt_cost(b->x) * a->weight;
    return (left > right) - (left < right);
}

/* Rounded down, a distance loses less than 2^-32, and multiplied by the other's weight less than
 * that times the weight. A log2() that is good to 2^-33 makes half as much of it: what differs by
 * more than `doubt` differs after rounding, too. (A double at 64 is good to 2^-47.) So the exact
 * way is gone about once in 2^26 times. */
int rt_draw_compare(const struct rt_draw *a, const struct rt_draw *b)
{
    double left = a->distance * b->weight;
    double right = b->distance * a->weight;
    double doubt = 0x1p-31 * ((double)a->weight + b->weight);
    if (left < right - doubt)
        return -1;
    if (left > right + doubt)
        return 1;
    return compare_surely(a, b);
}
