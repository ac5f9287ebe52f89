/* Which host answered which user. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "bench/load_users.h"

static struct load_users users;

static void set_up(void)
{
    users_init(&users, 10);
}

static void tear_down(void)
{
    users_fini(&users);
}

TestSuite(load_users, .init = set_up, .fini = tear_down);

Test(load_users, of_one_host_each_are_not_split)
{
    users_saw(&users, 1, dm_text("hss1.example.net"));
    users_saw(&users, 2, dm_text("hss2.example.net"));
    users_saw(&users, 1, dm_text("hss1.example.net"));
    cr_assert_eq(users_split(&users), 0);
    cr_assert_eq(users_of(&users, 0), 1);
    cr_assert_eq(users_of(&users, 1), 1);
}

Test(load_users, of_two_hosts_are_split_once)
{
    for (int i = 0; i < 3; i++) {
        users_saw(&users, 1, dm_text("hss1.example.net"));
        users_saw(&users, 1, dm_text("hss2.example.net"));
    }
    cr_assert_eq(users_split(&users), 1);
    cr_assert_eq(users_of(&users, 0), 1);
}

Test(load_users, do_not_split_over_the_case_of_a_name)
{
    users_saw(&users, 1, dm_text("hss1.example.net"));
    users_saw(&users, 1, dm_text("HSS1.Example.Net"));
    cr_assert_eq(users_split(&users), 0);
    cr_assert_eq(users.hosts, 1);
}

Test(load_users, beyond_the_last_are_ignored)
{
    users_saw(&users, 10, dm_text("hss1.example.net"));
    cr_assert_eq(users.hosts, 0);
}

Test(load_users, are_split_where_two_threads_saw_different_hosts)
{
    struct load_users other;
    users_init(&other, 10);
    users_saw(&users, 1, dm_text("hss1.example.net"));
    users_saw(&users, 2, dm_text("hss1.example.net"));
    users_saw(&other, 1, dm_text("hss2.example.net"));
    users_saw(&other, 2, dm_text("hss1.example.net"));
    users_merge(&users, &other);
    cr_assert_eq(users_split(&users), 1);
    users_fini(&other);
}

Test(load_users, stay_split_when_threads_are_added_up)
{
    struct load_users other;
    users_init(&other, 10);
    users_saw(&other, 3, dm_text("hss1.example.net"));
    users_saw(&other, 3, dm_text("hss2.example.net"));
    users_merge(&users, &other);
    cr_assert_eq(users_split(&users), 1);
    cr_assert_eq(users_of(&users, 0), 1);
    users_fini(&other);
}

Test(load_users, of_more_hosts_than_are_told_apart_are_still_counted)
{
    char name[32];
    for (uint32_t i = 0; i < 400; i++) {
        snprintf(name, sizeof(name), "h%u.example.net", i);
        users_saw(&users, 5, dm_text(name));
    }
    cr_assert_eq(users.hosts, USERS_HOSTS);
    cr_assert_eq(users_split(&users), 1);
}
