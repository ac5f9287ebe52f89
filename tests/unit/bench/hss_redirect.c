/* The stand-in HSS as a Subscriber Locator: RFC 4740 §6.8. */
#include "tests/unit/bench/hss_play.h"

static void start(void)
{
    struct hss_policy policy = {.redirects = 2};
    cr_assert(dm_uri_read(&policy.redirect[0], dm_text("hss1.example.net")));
    cr_assert(dm_uri_read(&policy.redirect[1], dm_text("aaa://hss2.example.net:3869")));
    play_start_with(policy, true);
}

TestSuite(hss_redirect, .init = start, .fini = play_stop);

Test(hss_redirect, is_3006_with_E)
{
    struct dm_header header;
    cr_assert_eq(lir("sip:user2@example.net"), 3006);
    dm_header_read(&header, play.got.at);
    cr_assert(header.flags & DM_FLAG_ERROR);
}

Test(hss_redirect, names_the_host_of_the_user)
{
    lir("sip:user2@example.net");
    cr_assert(has_text(0, DM_AVP_REDIRECT_HOST, "aaa://hss1.example.net:3868;transport=tcp"));
    uar("user3@example.net", "sip:user3@example.net", 0);
    cr_assert(has_text(0, DM_AVP_REDIRECT_HOST, "aaa://hss2.example.net:3869;transport=tcp"));
}

Test(hss_redirect, holds_for_all_of_the_user_for_an_hour)
{
    static const uint32_t usage[] = {DM_AVP_REDIRECT_HOST_USAGE, 0};
    static const uint32_t age[] = {DM_AVP_REDIRECT_MAX_CACHE_TIME, 0};
    lir("sip:user2@example.net");
    dm_bytes its_usage = inside(0, usage);
    dm_bytes its_age = inside(0, age);
    cr_assert(its_usage.at && dm_get32(its_usage.at) == 6);
    cr_assert(its_age.at && dm_get32(its_age.at) == 3600);
}

Test(hss_redirect, sends_whom_nobody_knows_to_the_first)
{
    lir("sip:nobody@example.net");
    cr_assert(has_text(0, DM_AVP_REDIRECT_HOST, "aaa://hss1.example.net:3868;transport=tcp"));
}

Test(hss_redirect, is_the_same_in_Cx)
{
    cx_begin(CX_LIR);
    put(CX, CX_PUBLIC_IDENTITY, "sip:user3@example.net");
    cr_assert_eq(ask(), 3006);
    cr_assert(has_text(0, DM_AVP_REDIRECT_HOST, "aaa://hss2.example.net:3869;transport=tcp"));
}
