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

Test(rank, the_cheap_bound_is_never_above_the_cost)
{
    uint64_t x = 1;
    for (int i = 0; i < 100000; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t at = x >> (i % 60);
        cr_assert_leq(rt_cost_least(at), rt_cost(at));
        cr_assert_leq(rt_cost_least(~at), rt_cost(~at));
    }
}

Test(rank, costs_are_compared_by_weight_without_overflow)
{
    const uint64_t most = UINT64_C(1) << 38;
    cr_assert_lt(rt_cost_compare(most, UINT32_MAX, most, 1), 0);
    cr_assert_gt(rt_cost_compare(most, UINT32_MAX - 1, most, UINT32_MAX), 0);
    cr_assert_eq(rt_cost_compare(6, 3, 4, 2), 0);
}
