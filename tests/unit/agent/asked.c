/* asked.c — what is asked for is asked for once. */
#include "agent/store/asked.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct asked *asked;

static void begin(void)
{
    asked = calloc(1, sizeof *asked);
}

static void end(void)
{
    free(asked);
}

TestSuite(asked, .init = begin, .fini = end);

Test(asked, what_was_put_is_there_until_it_is_taken)
{
    cr_assert(!asked_has(asked, 7));
    cr_assert(asked_put(asked, 7));
    cr_assert(asked_has(asked, 7));
    cr_assert(asked_take(asked, 7));
    cr_assert(!asked_take(asked, 7));
    cr_assert(!asked_has(asked, 7));
}

Test(asked, the_key_zero_is_a_key)
{
    asked_put(asked, 0);
    cr_assert(asked_has(asked, 0));
    cr_assert(asked_take(asked, 0));
}

Test(asked, keys_of_one_home_are_told_apart_in_any_order)
{
    for (uint64_t i = 1; i <= 5; i++)
        asked_put(asked, i * ASKED_PLACES - 1); /* the last place: they go on at the first */
    cr_assert(asked_take(asked, 2 * ASKED_PLACES - 1));
    cr_assert(asked_take(asked, 1 * ASKED_PLACES - 1));
    for (uint64_t i = 3; i <= 5; i++)
        cr_assert(asked_has(asked, i * ASKED_PLACES - 1));
    cr_assert(!asked_has(asked, 2 * ASKED_PLACES - 1));
}

Test(asked, a_full_set_refuses)
{
    for (uint64_t i = 1; i <= ASKED_MAX; i++)
        cr_assert(asked_put(asked, i * UINT64_C(0x9e3779b97f4a7c15)));
    cr_assert(!asked_put(asked, 12345));
}

/* Against a list of all keys that ought to be there. */
Test(asked, ten_thousand_changes_agree_with_a_list)
{
    static bool expected[512];
    uint64_t random = 88172645463325252;
    for (unsigned i = 0; i < 10000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        uint64_t number = random % 512;
        uint64_t key = number % 64 + number / 64 * ASKED_PLACES + 1; /* many of one home */
        cr_assert_eq(asked_has(asked, key), expected[number]);
        if (expected[number])
            cr_assert(asked_take(asked, key));
        else
            cr_assert(asked_put(asked, key));
        expected[number] = !expected[number];
    }
}
