/* hss_mirror.c — two HSSs, one state: what is noted, what travels, what is believed. */
#include "bench/hss_mirror.h"

#include <criterion/criterion.h>

static struct hss one, two;
static struct hss_mirror mirror;
static uint8_t message[HSS_MIRROR_ROOM];

static void start_hss(struct hss *hss, const char *name)
{
    *hss = (struct hss){
        .self = {.origin_host = dm_text(name), .origin_realm = dm_text("example.net")}};
    hss_init(hss, 10, false);
}

static void start(void)
{
    start_hss(&one, "hss1.example.net");
    start_hss(&two, "hss2.example.net");
    cr_assert(hss_mirror_init(&mirror, 10));
}

static void stop(void)
{
    hss_mirror_fini(&mirror);
    hss_fini(&one);
    hss_fini(&two);
}

TestSuite(hss_mirror, .init = start, .fini = stop);

static void set(struct hss *hss, uint32_t index, const char *server, const char *pending,
                bool registered)
{
    struct hss_user was = hss_user_read(&hss->users, index);
    const struct hss_user user = {.server = hss_texts_number(&hss->texts, dm_text(server)),
                                  .pending = hss_texts_number(&hss->texts, dm_text(pending)),
                                  .host =
                                      hss_texts_number(&hss->texts, dm_text("sip2.example.com")),
                                  .registered = registered};
    cr_assert(hss_user_write(&hss->users, index, &was, user));
}

static void carry(uint32_t index, bool first)
{
    size_t size = hss_mirror_write(&one, index, first, message);
    cr_assert(hss_mirror_apply(&two, dm_bytes_of(message, size)));
}

static bool is_text(const struct hss *hss, uint32_t number, const char *text)
{
    return dm_bytes_equal(hss_texts_at(&hss->texts, number), dm_text(text));
}

Test(hss_mirror, carries_server_pending_client_and_registration)
{
    set(&one, 3, "sip:a.example", "sip:b.example", true);
    carry(3, false);
    struct hss_user user = hss_user_read(&two.users, 3);
    cr_assert(user.registered);
    cr_assert(is_text(&two, user.server, "sip:a.example"));
    cr_assert(is_text(&two, user.pending, "sip:b.example"));
    cr_assert(is_text(&two, user.host, "sip2.example.com"));
}

Test(hss_mirror, a_deregistration_is_carried_too)
{
    set(&two, 3, "sip:a.example", "", true);
    carry(3, false);
    cr_assert_eq(hss_user_read(&two.users, 3).server, 0);
    cr_assert_not(hss_user_read(&two.users, 3).registered);
}

Test(hss_mirror, the_first_account_is_believed_only_where_nothing_is_known)
{
    set(&one, 3, "sip:a.example", "", true);
    set(&one, 4, "sip:a.example", "", true);
    set(&two, 3, "sip:own.example", "", false);
    carry(3, true);
    carry(4, true);
    cr_assert(is_text(&two, hss_user_read(&two.users, 3).server, "sip:own.example"));
    cr_assert(is_text(&two, hss_user_read(&two.users, 4).server, "sip:a.example"));
}

Test(hss_mirror, a_hello_changes_nothing)
{
    size_t size = hss_mirror_hello(&one, message);
    cr_assert(hss_mirror_apply(&two, dm_bytes_of(message, size)));
}

Test(hss_mirror, users_that_are_not_ours_are_refused)
{
    struct hss small = {.self = two.self};
    hss_init(&small, 2, false);
    size_t size = hss_mirror_write(&one, 3, false, message);
    cr_assert_not(hss_mirror_apply(&small, dm_bytes_of(message, size)));
    hss_fini(&small);
}

Test(hss_mirror, notes_nothing_while_nobody_sends)
{
    const uint32_t *indexes;
    hss_mirror_note(&mirror, 1);
    cr_assert(hss_mirror_attach(&mirror));
    cr_assert_eq(hss_mirror_take(&mirror, &indexes), 0);
}

Test(hss_mirror, notes_each_user_once_until_he_is_taken)
{
    const uint32_t *indexes;
    cr_assert(hss_mirror_attach(&mirror));
    hss_mirror_note(&mirror, 1);
    hss_mirror_note(&mirror, 2);
    hss_mirror_note(&mirror, 1);
    cr_assert_eq(hss_mirror_take(&mirror, &indexes), 2);
    cr_assert_eq(indexes[0], 1);
    cr_assert_eq(indexes[1], 2);
    hss_mirror_note(&mirror, 1);
    cr_assert_eq(hss_mirror_take(&mirror, &indexes), 1);
}

Test(hss_mirror, one_sends_at_a_time)
{
    cr_assert(hss_mirror_attach(&mirror));
    cr_assert_not(hss_mirror_attach(&mirror));
    hss_mirror_detach(&mirror);
    cr_assert(hss_mirror_attach(&mirror));
}
