/* pattern.c — patterns match as POSIX says, and what would be dear is refused. */
#include "routing/pattern.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct rt_pattern *pattern_of(const char *text, bool is_whole)
{
    const char *why = "";
    struct rt_pattern *pattern = rt_pattern_new(dm_text(text), is_whole, &why);
    cr_assert_not_null(pattern, "%s: %s", text, why);
    return pattern;
}

static bool matches(const char *pattern, bool is_whole, const char *text)
{
    struct rt_pattern *it = pattern_of(pattern, is_whole);
    bool does = rt_pattern_match(it, dm_text(text), NULL, 0);
    rt_pattern_free(it);
    return does;
}

static void claim_refused(const char *text, const char *because)
{
    const char *why = NULL;
    struct rt_pattern *pattern = rt_pattern_new(dm_text(text), false, &why);
    cr_assert_null(pattern, "%s was taken", text);
    cr_assert_str_eq(why, because, "%s: %s", text, why);
}

static void claim_replaced(const char *pattern, bool is_whole, const char *text, const char *by,
                           const char *expected)
{
    uint8_t to[64];
    size_t size;
    struct rt_pattern *it = pattern_of(pattern, is_whole);
    cr_assert(rt_pattern_replace(it, dm_text(text), dm_text(by), to, sizeof to, &size));
    cr_assert_eq(size, strlen(expected), "%.*s", (int)size, (char *)to);
    cr_assert_eq(memcmp(to, expected, size), 0, "%.*s", (int)size, (char *)to);
    rt_pattern_free(it);
}

Test(pattern, a_pattern_is_found_anywhere_unless_it_must_be_the_whole)
{
    cr_assert(matches("b+", false, "abbc"));
    cr_assert_not(matches("b+", true, "abbc"));
    cr_assert(matches("ab+c", true, "abbc"));
    cr_assert_not(matches("x", false, "abbc"));
}

Test(pattern, a_whole_pattern_of_alternatives_is_whole_in_each)
{
    cr_assert(matches("a|bc", true, "a"));
    cr_assert(matches("a|bc", true, "bc"));
    cr_assert_not(matches("a|bc", true, "ac"));
    cr_assert_not(matches("a|bc", true, "bca"));
}

Test(pattern, the_longest_of_the_leftmost_matches_is_taken)
{
    struct rt_span span;
    struct rt_pattern *it = pattern_of("a|ab|abc", false);
    cr_assert(rt_pattern_match(it, dm_text("xabcd"), &span, 1));
    cr_assert_eq(span.from, 1);
    cr_assert_eq(span.to, 4);
    rt_pattern_free(it);
}

Test(pattern, groups_are_numbered_alike_whether_the_whole_is_wanted_or_not)
{
    for (int is_whole = 0; is_whole < 2; is_whole++) {
        struct rt_span spans[4];
        struct rt_pattern *it = pattern_of("(a+)(x)?(b+)", is_whole);
        cr_assert_eq(rt_pattern_groups(it), 3);
        cr_assert(rt_pattern_match(it, dm_text("aabbb"), spans, 4));
        cr_assert_eq(spans[0].to, 5);
        cr_assert_eq(spans[1].to, 2);
        cr_assert_eq(spans[2].from, -1, "it did not take part");
        cr_assert_eq(spans[3].from, 2);
        rt_pattern_free(it);
    }
}

Test(pattern, spans_beyond_the_groups_did_not_take_part)
{
    struct rt_span spans[3];
    struct rt_pattern *it = pattern_of("a", true);
    cr_assert(rt_pattern_match(it, dm_text("a"), spans, 3));
    cr_assert_eq(spans[0].to, 1);
    cr_assert_eq(spans[1].from, -1);
    cr_assert_eq(spans[2].from, -1);
    rt_pattern_free(it);
}

Test(pattern, texts_are_octets_also_nought_and_beyond_ascii)
{
    struct rt_pattern *it = pattern_of("a.b.c", true);
    cr_assert(rt_pattern_match(it,
                               dm_bytes_of("a\0b\xff"
                                           "c",
                                           5),
                               NULL, 0));
    rt_pattern_free(it);
    cr_assert(matches("x*", true, ""));
}

Test(pattern, nobody_hides_behind_an_octet_0)
{
    struct rt_span span;
    dm_bytes text = dm_bytes_of("good\0evil", 9);
    struct rt_pattern *whole = pattern_of("good", true);
    struct rt_pattern *end = pattern_of("^good$", false);
    struct rt_pattern *any = pattern_of("o.*l$", false);
    cr_assert_not(rt_pattern_match(whole, text, NULL, 0));
    cr_assert_not(rt_pattern_match(end, text, NULL, 0));
    cr_assert(rt_pattern_match(any, text, &span, 1));
    cr_assert_eq(span.to, 9);
    rt_pattern_free(whole);
    rt_pattern_free(end);
    rt_pattern_free(any);
    uint8_t *large = calloc(1, 5000);
    any = pattern_of(".*", true);
    cr_assert(rt_pattern_match(any, dm_bytes_of(large, 5000), &span, 1));
    cr_assert_eq(span.to, 5000);
    rt_pattern_free(any);
    free(large);
}

Test(pattern, a_match_is_replaced_and_what_is_around_it_stays)
{
    claim_replaced("(.*)@(.*)", true, "alice@home", "sip:\\1@\\2", "sip:alice@home");
    claim_replaced("b+", false, "abbc", "<\\0>", "a<bb>c");
    claim_replaced("(x)?b", false, "b", "[\\1]", "[]");
    claim_replaced("b", true, "b", "\\\\", "\\");
}

Test(pattern, replacing_needs_a_match_and_room)
{
    uint8_t to[4];
    size_t size;
    struct rt_pattern *it = pattern_of("b", false);
    cr_assert_not(rt_pattern_replace(it, dm_text("xyz"), dm_text("c"), to, sizeof to, &size));
    cr_assert_not(rt_pattern_replace(it, dm_text("abcde"), dm_text("B"), to, sizeof to, &size));
    cr_assert(rt_pattern_replace(it, dm_text("abcd"), dm_text("B"), to, sizeof to, &size));
    cr_assert_eq(size, 4);
    rt_pattern_free(it);
}

Test(pattern, what_replaces_refers_only_to_groups_there_are)
{
    const char *why = NULL;
    struct rt_pattern *it = pattern_of("(a)", false);
    cr_assert(rt_pattern_takes(it, dm_text("\\0\\1\\\\"), &why));
    cr_assert_not(rt_pattern_takes(it, dm_text("\\2"), &why));
    cr_assert_str_eq(why, "refers to a group that the pattern does not have");
    cr_assert_not(rt_pattern_takes(it, dm_text("\\n"), &why));
    cr_assert_not(rt_pattern_takes(it, dm_text("x\\"), &why));
    rt_pattern_free(it);
}

Test(pattern, what_posix_does_not_define_is_refused_with_its_reason)
{
    claim_refused("", "not 1 to 256 octets");
    claim_refused("(a)\\1", "a back-reference");
    claim_refused("\\wx", "a backslash before what is not special");
    claim_refused("a\\<b", "a backslash before what is not special");
    claim_refused("a\\", "a backslash at the end");
    claim_refused("(a", "a \"(\" without its \")\"");
    claim_refused("a)b(c", "a \")\" without its \"(\"");
    claim_refused("(?i)a", "a repeat of nothing");
    claim_refused("*a", "a repeat of nothing");
    claim_refused("a|*", "a repeat of nothing");
    claim_refused("^*", "a repeat of nothing");
    claim_refused("a*?", "a repeat of a repeat");
    claim_refused("[a", "a \"[\" without its \"]\"");
    claim_refused("[[:alpha]", "a character class that does not end with \":]\"");
    claim_refused("[[:letters:]]", "a character class of an unknown name");
    claim_refused("[[.a.]]", "a collating symbol or equivalence class");
    claim_refused("[b-a]", "a range whose end is before its begin");
    claim_refused("a{~1}", "bounds that are not {2}, {2,} or {2,4}, up to 255");
    claim_refused("a{3,2}", "bounds that are not {2}, {2,} or {2,4}, up to 255");
    claim_refused("a{256}", "bounds that are not {2}, {2,} or {2,4}, up to 255");
    claim_refused("a{,3}", "bounds that are not {2}, {2,} or {2,4}, up to 255");
    claim_refused("a{0}", "bounds that are not {2}, {2,} or {2,4}, up to 255");
}

Test(pattern, a_pattern_of_more_than_256_octets_is_refused)
{
    char text[RT_PATTERN_MAX + 2];
    memset(text, 'a', sizeof text);
    text[RT_PATTERN_MAX + 1] = '\0';
    claim_refused(text, "not 1 to 256 octets");
    text[RT_PATTERN_MAX] = '\0';
    cr_assert(matches(text, true, text));
}

Test(pattern, repeats_that_would_explode_are_refused)
{
    static const char too_large[] = "too large when its repeats are written out";
    claim_refused("(a{1,255}){1,255}", too_large);
    claim_refused("((((((((a{9}){9}){9}){9}){9}){9}){9}){9})", too_large);
    claim_refused("((a|b|c|d|e|f|g|h|i|j|k|l)*){255}", too_large);
    claim_refused("(((((((((a*)*)*)*){99})*)*)*){99})*", too_large);
    claim_refused("((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))",
                  "more than 32 groups");
}

Test(pattern, repeats_that_people_write_are_taken)
{
    cr_assert(matches("[a-zA-Z0-9._-]{1,64}@[a-z0-9.-]{1,60}", true, "alice@home.example.net"));
    cr_assert(matches("(\\+|00)?[0-9]{1,15}", true, "+4930123456"));
    cr_assert(matches("(mnc[0-9]{3}\\.mcc[0-9]{3}|home)\\.3gppnetwork\\.org", true,
                      "mnc001.mcc262.3gppnetwork.org"));
    cr_assert(matches("[[:alpha:]]+[^]x-z[:digit:]]{2,}", true, "abc--"));
    cr_assert(matches(".{0,200}", true, "x"));
}
