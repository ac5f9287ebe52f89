/* wildcard.c — one stored name for many users. sip-app.md §9.8. */
#include "routing/wildcard.h"

#include <criterion/criterion.h>

static const dm_bytes number_domain = {(const uint8_t *)"core.example", 12};
static const struct rt_domains domains = {1, &number_domain, NULL};

static bool matches(const char *stored, const char *identity)
{
    const char *why = "";
    struct rt_key key;
    struct rt_wildcard *it = rt_wildcard_new(dm_text(stored), &domains, &why);
    cr_assert_not_null(it, "%s: %s", stored, why);
    rt_key_public(&key, dm_text(identity), &domains);
    bool does = rt_wildcard_matches(it, &key);
    cr_assert(!does || rt_wildcard_host(&key) == rt_wildcard_host_of(it));
    rt_wildcard_free(it);
    return does;
}

Test(wildcard, STK_12_distinct_identities_match_the_stored_form_of_rfc_3gpp)
{
    cr_assert(matches("sip:chatlist!.*!@example.com", "sip:chatlist1@example.com"));
    cr_assert(matches("sip:chatlist!.*!@example.com", "sip:chatlist@example.com"));
    cr_assert(matches("sip:chatlist!.*!@example.com", "sips:chatlist!x!@EXAMPLE.com:5061;a=b"));
    cr_assert_not(matches("sip:chatlist!.*!@example.com", "sip:chatlis@example.com"));
    cr_assert_not(matches("sip:chatlist!.*!@example.com", "sip:chatlist1@example.net"));
    cr_assert_not(matches("sip:chatlist!.*!@example.com", "sip:chatlist1@sub.example.com"));
}

Test(wildcard, the_pattern_is_whole_between_what_is_fixed)
{
    cr_assert(matches("sip:a![0-9]+!z@example.com", "sip:a12z@example.com"));
    cr_assert_not(matches("sip:a![0-9]+!z@example.com", "sip:az@example.com"));
    cr_assert_not(matches("sip:a![0-9]+!z@example.com", "sip:a1xz@example.com"));
    cr_assert_not(matches("sip:ab!.*!ba@example.com", "sip:aba@example.com"), "they overlap");
    cr_assert(matches("sip:!x|yy!@example.com", "sip:yy@example.com"));
    cr_assert(matches("sip:a!(!)+!@example.com", "sip:a!!@example.com"), "outermost are meant");
}

Test(wildcard, what_is_fixed_is_compared_as_keys_are)
{
    cr_assert(matches("SIP:%61b!.*!@Example.Com", "sip:abc@example.com"));
    cr_assert_not(matches("sip:ab!.*!@example.com", "sip:ABc@example.com"), "users have case");
}

Test(wildcard, numbers_are_matched_by_their_digits_however_they_are_written)
{
    cr_assert(matches("tel:+4930!.*!", "tel:+49-30-123"));
    cr_assert(matches("tel:+4930!.*!", "sip:+4930123@core.example;user=phone"));
    cr_assert(matches("sip:+4930![0-9]{3}!@core.example;user=phone", "tel:+4930123;ext=9"));
    cr_assert(matches("tel:+4930!.!00", "tel:+4930100"));
    cr_assert_not(matches("tel:+4930!.!00", "tel:+4930101"));
    cr_assert_not(matches("tel:+4930!.*!", "sip:+4930123@other.example;user=phone"));
}

Test(wildcard, only_two_marks_before_the_at_sign_make_one)
{
    cr_assert(rt_wildcard_is(dm_text("sip:a!.*!@example.com")));
    cr_assert_not(rt_wildcard_is(dm_text("sip:chatlist!1@example.com")));
    cr_assert_not(rt_wildcard_is(dm_text("sip:a@example.com;x=!.*!")));
    cr_assert_not(rt_wildcard_is(dm_text("a!b!c@example.com")), "a decorated User-Name");
    cr_assert_not(rt_wildcard_is(dm_text("sip:!!")));
    cr_assert_not(rt_wildcard_is(dm_text("")));
}

Test(wildcard, hostile_patterns_are_refused)
{
    const char *why = NULL;
    cr_assert_null(rt_wildcard_new(dm_text("sip:a!(x{255}){255}!@example.com"), NULL, &why));
    cr_assert_str_eq(why, "too large when its repeats are written out");
    cr_assert_null(rt_wildcard_new(dm_text("sip:a!(x)\\1!@example.com"), NULL, &why));
    cr_assert_str_eq(why, "a back-reference");
    cr_assert_null(rt_wildcard_new(dm_text("sip:a!.*!@exa mple.com"), NULL, &why));
    cr_assert_str_eq(why, "what is fixed in it is no SIP or global tel URI");
    cr_assert_null(rt_wildcard_new(dm_text("tel:7!.*!;phone-context=x"), NULL, &why));
}
