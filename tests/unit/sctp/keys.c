/* Authentication of DATA, as DTLS over SCTP needs it. RFC 4895, RFC 6083. */
#include "tests/unit/sctp/pair.h"

static void authenticated(void)
{
    pair.is_authenticated = true;
    pair_open();
}

TestSuite(keys, .init = authenticated, .fini = pair_close, .timeout = 240);
TestSuite(plain, .init = pair_open, .fini = pair_close, .timeout = 240);

Test(keys, SCT_16_both_sides_see_that_data_is_authenticated)
{
    cr_assert(assoc_is_authenticated(pair.near));
    cr_assert(assoc_is_authenticated(pair.far));
}

Test(plain, SCT_16_a_side_that_does_not_authenticate_data_is_seen)
{
    cr_assert_not(assoc_is_authenticated(pair.near));
    cr_assert_not(assoc_is_authenticated(pair.far));
}

static void change_key(uint16_t key, uint8_t octet)
{
    uint8_t secret[64];
    memset(secret, octet, sizeof secret);
    cr_assert(assoc_key_set(pair.near, key, secret, sizeof secret));
    cr_assert(assoc_key_set(pair.far, key, secret, sizeof secret));
    cr_assert(assoc_key_use(pair.near, key));
    cr_assert(assoc_key_use(pair.far, key));
}

static void expect_text(struct assoc *assoc, const char *text)
{
    enum assoc_news news;
    while ((news = next_news(assoc)) == ASSOC_KEY)
        continue;
    cr_assert_eq(news, ASSOC_MESSAGE);
    cr_assert_eq(pair.event.size, strlen(text));
    cr_assert_eq(memcmp(pair.event.octets, text, strlen(text)), 0);
}

Test(keys, SCT_16_messages_pass_under_a_new_key)
{
    cr_assert_eq(say(pair.near, "before", 6), 0);
    expect_text(pair.far, "before");
    change_key(1, 0xa5);
    cr_assert_eq(say(pair.near, "after", 5), 0);
    expect_text(pair.far, "after");
    cr_assert_eq(say(pair.far, "back", 4), 0);
    expect_text(pair.near, "back");
}

Test(keys, SCT_16_the_old_key_is_deleted_when_nothing_needs_it)
{
    change_key(1, 0x11);
    cr_assert(assoc_key_delete(pair.near, 0));
    cr_assert_eq(say(pair.near, "x", 1), 0);
    expect_text(pair.far, "x");
    do
        expect(pair.near, ASSOC_KEY);
    while (pair.event.key_news != ASSOC_KEY_FREE);
    cr_assert_not(assoc_key_use(pair.near, 0));
}

Test(plain, SCT_17_dry_comes_when_all_is_acknowledged)
{
    cr_assert_eq(say(pair.near, "x", 1), 0);
    assoc_await_dry(pair.near);
    expect(pair.near, ASSOC_DRY);
}

Test(plain, SCT_17_dry_comes_at_once_where_nothing_is_under_way)
{
    assoc_await_dry(pair.near);
    expect(pair.near, ASSOC_DRY);
    assoc_await_dry(pair.near);
    expect(pair.near, ASSOC_DRY);
}
