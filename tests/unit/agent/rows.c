/* rows.c — a name has one number, and keeps it. */
#include "agent/rows.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct rows rows;

static void begin(void)
{
    rows_init(&rows);
}

static void end(void)
{
    rows_fini(&rows);
}

TestSuite(rows, .init = begin, .fini = end);

Test(rows, row_0_is_a_dash)
{
    cr_assert_eq(rows.count, 1);
    cr_assert_str_eq(rows_name(&rows, 0), "-");
}

Test(rows, a_name_has_the_same_number_whenever_it_comes)
{
    uint32_t hss = rows_number(&rows, "hss1.example.net");
    uint32_t sip = rows_number(&rows, "sip1.example.net");
    cr_assert_neq(hss, sip);
    cr_assert_eq(rows_number(&rows, "hss1.example.net"), hss);
    cr_assert_eq(rows.count, 3);
}

Test(rows, names_stay_where_they_are_however_many_come)
{
    enum { MANY = 3000 };
    char name[32];
    uint32_t first = rows_number(&rows, "first");
    const char *where = rows_name(&rows, first);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "peer%u", i);
        cr_assert_eq(rows_number(&rows, name), i + 2);
    }
    cr_assert_eq(rows_name(&rows, first), where);
    cr_assert_str_eq(rows_name(&rows, MANY + 1), "peer2999");
    cr_assert_eq(rows_number(&rows, "peer17"), 19);
}
