/* hss_parts.c — texts, words of users, waiting answers. */
#include <stdio.h>
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "bench/hss_delay.h"
#include "bench/hss_users.h"

static struct hss_texts texts;

static void start(void)
{
    hss_texts_init(&texts);
}

static void stop(void)
{
    hss_texts_fini(&texts);
}

TestSuite(hss_texts, .init = start, .fini = stop);

Test(hss_texts, a_text_keeps_its_number)
{
    uint32_t a = hss_texts_number(&texts, dm_text("sip:a.example"));
    uint32_t b = hss_texts_number(&texts, dm_text("sip:b.example"));
    cr_assert_neq(a, 0);
    cr_assert_neq(a, b);
    cr_assert_eq(hss_texts_number(&texts, dm_text("sip:a.example")), a);
    cr_assert(dm_bytes_equal(hss_texts_at(&texts, b), dm_text("sip:b.example")));
}

Test(hss_texts, nothing_and_too_much_have_none)
{
    static const char big[HSS_TEXT_SIZE_MAX + 1];
    cr_assert_eq(hss_texts_number(&texts, dm_text("")), 0);
    cr_assert_eq(hss_texts_number(&texts, dm_bytes_of(big, sizeof big)), 0);
    cr_assert_eq(hss_texts_at(&texts, 0).size, 0);
}

Test(hss_texts, a_full_table_takes_no_more_and_knows_the_old)
{
    char text[32];
    for (int i = 0; i < HSS_TEXTS_MAX; i++) {
        snprintf(text, sizeof text, "sip:%d.example", i);
        cr_assert_neq(hss_texts_number(&texts, dm_text(text)), 0);
    }
    cr_assert_eq(hss_texts_number(&texts, dm_text("sip:one.more")), 0);
    cr_assert_neq(hss_texts_number(&texts, dm_text("sip:77.example")), 0);
}

Test(hss_users, a_write_fails_where_the_user_has_changed_and_shows_him)
{
    struct hss_users users;
    hss_users_init(&users, 2, dm_text("example.net"));
    struct hss_user first = hss_user_read(&users, 1), second = first;
    cr_assert(hss_user_write(&users, 1, &first, (struct hss_user){.server = 5}));
    cr_assert_not(hss_user_write(&users, 1, &second, (struct hss_user){.server = 6}));
    cr_assert_eq(second.server, 5);
    hss_users_fini(&users);
}

Test(hss_users, a_word_holds_all_numbers_at_their_largest)
{
    const struct hss_user big = {HSS_TEXT_SLOTS, HSS_TEXT_SLOTS, HSS_TEXT_SLOTS, true};
    struct hss_users users;
    hss_users_init(&users, 1, dm_text("example.net"));
    struct hss_user was = hss_user_read(&users, 0);
    cr_assert(hss_user_write(&users, 0, &was, big));
    struct hss_user got = hss_user_read(&users, 0);
    cr_assert_eq(got.server, HSS_TEXT_SLOTS);
    cr_assert_eq(got.pending, HSS_TEXT_SLOTS);
    cr_assert_eq(got.host, HSS_TEXT_SLOTS);
    cr_assert(got.registered);
    hss_users_fini(&users);
}

Test(hss_delay, answers_leave_by_their_time)
{
    struct hss_delay delay = {0};
    for (uint64_t i = 0; i < 1000; i++)
        cr_assert(hss_delay_add(&delay, (struct hss_delayed){.due = i * 7919 % 1000}));
    for (uint64_t i = 0; i < 1000; i++) {
        cr_assert_eq(hss_delay_next(&delay), i);
        cr_assert_eq(hss_delay_take(&delay).due, i);
    }
    cr_assert_eq(hss_delay_next(&delay), UINT64_MAX);
    hss_delay_fini(&delay);
}

Test(hss_delay, what_still_waits_at_the_end_is_freed)
{
    struct hss_delay delay = {0};
    hss_delay_add(&delay, (struct hss_delayed){.due = 1, .octets = malloc(10), .size = 10});
    hss_delay_fini(&delay);
    cr_assert_eq(delay.count, 0);
}
