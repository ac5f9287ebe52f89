/* orders.c — what operators have ordered of peers. */
#include <stdio.h>

#include <criterion/criterion.h>

#include "agent/orders.h"

Test(orders, there_are_none_at_first)
{
    struct orders orders = {0};
    struct order order = orders_find(&orders, dm_text("hss1.example.net"));
    cr_assert(!order.identity && !order.is_drained && !order.is_disabled);
    orders_fini(&orders);
}

Test(orders, an_order_is_found_whatever_the_case_of_the_name)
{
    struct orders orders = {0};
    cr_assert(orders_set(&orders, dm_text("HSS1.Example.net"), true, false));
    struct order order = orders_find(&orders, dm_text("hss1.EXAMPLE.net"));
    cr_assert(order.is_drained && !order.is_disabled);
    cr_assert_str_eq(order.identity, "hss1.example.net");
    cr_assert_not(orders_find(&orders, dm_text("hss2.example.net")).is_drained);
    orders_fini(&orders);
}

Test(orders, a_later_order_takes_the_place_of_an_earlier_one)
{
    struct orders orders = {0};
    orders_set(&orders, dm_text("a"), true, false);
    orders_set(&orders, dm_text("a"), true, true);
    cr_assert_eq(orders.count, 1);
    cr_assert(orders_find(&orders, dm_text("a")).is_disabled);
    orders_fini(&orders);
}

Test(orders, what_orders_nothing_is_forgotten)
{
    struct orders orders = {0};
    orders_set(&orders, dm_text("a"), true, false);
    orders_set(&orders, dm_text("b"), false, true);
    orders_set(&orders, dm_text("c"), true, false);
    orders_set(&orders, dm_text("a"), false, false);
    orders_set(&orders, dm_text("never"), false, false);
    cr_assert_eq(orders.count, 2);
    cr_assert_null(orders_find(&orders, dm_text("a")).identity);
    cr_assert(orders_find(&orders, dm_text("b")).is_disabled);
    cr_assert(orders_find(&orders, dm_text("c")).is_drained);
    orders_fini(&orders);
}

Test(orders, their_number_is_bounded_and_known_ones_can_change_all_the_same)
{
    struct orders orders = {0};
    char name[16];
    for (int i = 0; i < ORDERS_MAX; i++) {
        snprintf(name, sizeof name, "peer%d", i);
        cr_assert(orders_set(&orders, dm_text(name), true, false));
    }
    cr_assert_not(orders_set(&orders, dm_text("one-more"), true, false));
    cr_assert(orders_set(&orders, dm_text("peer7"), false, true));
    cr_assert(orders_set(&orders, dm_text("peer8"), false, false));
    cr_assert(orders_set(&orders, dm_text("one-more"), true, false));
    orders_fini(&orders);
}
