/* The arithmetic of the sticky choice against values that were computed with 90 decimal digits. */
#include "routing/rank.h"

#include <criterion/criterion.h>

struct known {
    uint64_t x;
    uint64_t cost;
};

static void check_all(const struct known *known, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(rt_cost(known[i].x), known[i].cost, "x = %llu: %llu",
                     (unsigned long long)known[i].x, (unsigned long long)rt_cost(known[i].x));
}

Test(rank, powers_of_two_are_whole_numbers)
{
    for (unsigned k = 0; k < 64; k++)
        cr_assert_eq(rt_cost((UINT64_C(1) << k) - 1), (uint64_t)(64 - k) << 32);
    cr_assert_eq(rt_cost(UINT64_MAX), 0);
}

Test(rank, the_logarithm_is_rounded_down_exactly)
{
    static const struct known known[] = {
        {UINT64_C(1), UINT64_C(270582939648)},
        {UINT64_C(2), UINT64_C(268070544838)},
        {UINT64_C(4), UINT64_C(264905301712)},
        {UINT64_C(6), UINT64_C(262820409365)},
        {UINT64_C(4294967296), UINT64_C(137438953470)},
        {UINT64_C(9223372036854775808), UINT64_C(4294967295)},
        {UINT64_C(9223372036854775809), UINT64_C(4294967295)},
        {UINT64_C(18446744073709551614), UINT64_C(0)},
        {UINT64_C(18446744073709551613), UINT64_C(0)},
        {UINT64_C(12345678901234567890), UINT64_C(2488332352)},
    };
    check_all(known, sizeof known / sizeof *known);
}

/* The two neighbours of a number where the last digit changes: 64 bits cannot tell them apart. The
 * first pair is the hardest of all. */
Test(rank, neighbours_of_a_change_of_digits_are_told_apart)
{
    static const struct known known[] = {
        {UINT64_C(13971622016797802054), UINT64_C(1721709276)},
        {UINT64_C(13971622016797802055), UINT64_C(1721709275)},
        {UINT64_C(12384171045781173275), UINT64_C(2469043101)},
        {UINT64_C(12384171045781173276), UINT64_C(2469043100)},
        {UINT64_C(9663499998085114021), UINT64_C(4006124227)},
        {UINT64_C(9663499998085114022), UINT64_C(4006124226)},
        {UINT64_C(11544446149228247294), UINT64_C(2904116167)},
        {UINT64_C(11544446149228247295), UINT64_C(2904116166)},
        {UINT64_C(17792035327831343469), UINT64_C(223916571)},
        {UINT64_C(17792035327831343470), UINT64_C(223916570)},
        {UINT64_C(10239997575190725037), UINT64_C(3647075016)},
        {UINT64_C(10239997575190725038), UINT64_C(3647075015)},
        {UINT64_C(12126722563277519475), UINT64_C(2599213297)},
        {UINT64_C(12126722563277519476), UINT64_C(2599213296)},
        {UINT64_C(14482399703330587030), UINT64_C(1499225007)},
        {UINT64_C(14482399703330587031), UINT64_C(1499225006)},
    };
    check_all(known, sizeof known / sizeof *known);
}

static int compare(uint64_t x, uint32_t weight, uint64_t other_x, uint32_t other_weight)
{
    struct rt_draw a = rt_draw_of(x, weight);
    struct rt_draw b = rt_draw_of(other_x, other_weight);
    return rt_draw_compare(&a, &b);
}

/* What the exact numbers say, where they fit. */
static int compare_plainly(uint64_t x, uint32_t weight, uint64_t other_x, uint32_t other_weight)
{
    uint64_t left = rt_cost(x) * other_weight;
    uint64_t right = rt_cost(other_x) * weight;
    return (left > right) - (left < right);
}

Test(rank, draws_compare_as_their_exact_costs_do)
{
    uint64_t x = 1;
    for (int i = 0; i < 200000; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t near = x + ((x >> 7) >> (i % 60));
        uint32_t weight = 1 + (uint32_t)(x >> 40) % 3;
        uint32_t other = i % 2 ? weight : 1 + (uint32_t)(x >> 50) % 3;
        cr_assert_eq(compare(x, weight, near, other), compare_plainly(x, weight, near, other));
        cr_assert_eq(compare(near, other, x, weight), compare_plainly(near, other, x, weight));
    }
}

Test(rank, what_is_called_hopeless_comes_after)
{
    uint64_t x = 1;
    unsigned hopeless = 0;
    for (int i = 0; i < 200000; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t near = i % 2 ? ~(x >> (i % 60)) : x + (x >> 44);
        struct rt_draw other = rt_draw_of(near, 1 + (uint32_t)i % 5);
        if (!rt_draw_is_hopeless(x, 3, &other))
            continue;
        cr_assert_gt(compare(x, 3, near, other.weight), 0);
        hopeless++;
    }
    cr_assert_gt(hopeless, 50000);
}

Test(rank, draws_that_differ_in_nothing_but_what_is_rounded_off_are_equal)
{
    uint64_t x = UINT64_C(12345678901234567890);
    cr_assert_eq(compare(x, 3, x + 1, 3), 0);
    cr_assert_eq(compare(UINT64_MAX, 1, UINT64_MAX - 1, 7), 0);
    cr_assert_gt(compare(UINT64_C(13971622016797802054), 1, UINT64_C(13971622016797802055), 1), 0);
}

Test(rank, the_largest_weights_do_not_overflow)
{
    cr_assert_lt(compare(0, UINT32_MAX, 0, 1), 0);
    cr_assert_gt(compare(0, UINT32_MAX - 1, 0, UINT32_MAX), 0);
    cr_assert_eq(compare(0, UINT32_MAX, 0, UINT32_MAX), 0);
}
