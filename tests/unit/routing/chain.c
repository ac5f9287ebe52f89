/* chain.c — a chain says what TRE says of the same pattern. */
#include "routing/chain.h"

#include <criterion/criterion.h>
#include <stdio.h>

static uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % below;
}

/* A pattern of few letters, and the same so that it is no chain: `.*` is `.{0,}`. */
struct pair {
    char plain[128];
    char roundabout[256];
    bool is_whole;
};

static struct pair draw_pair(uint64_t *seed)
{
    static const char *const tokens[][2] = {
        {"a", "a"},          {"b", "b"},          {"a", "a"},
        {"\\.", "\\."},      {"(.*)", "(.{0,})"}, {"(.+)", "(.{1,})"},
        {"(.*)", "(.{0,})"}, {".*", ".{0,}"},     {".+", ".{1,}"}};
    struct pair pair = {.is_whole = draw(seed, 2)};
    if (draw(seed, 2)) {
        strcat(pair.plain, "^");
        strcat(pair.roundabout, "^");
    }
    for (uint32_t n = 1 + draw(seed, 6); n > 0; n--) {
        uint32_t token = draw(seed, sizeof tokens / sizeof *tokens);
        strcat(pair.plain, tokens[token][0]);
        strcat(pair.roundabout, tokens[token][1]);
    }
    if (draw(seed, 2)) {
        strcat(pair.plain, "$");
        strcat(pair.roundabout, "$");
    }
    return pair;
}

static struct rt_pattern *pattern_of(const char *text, bool is_whole)
{
    const char *why = "";
    struct rt_pattern *pattern = rt_pattern_new(dm_text(text), is_whole, &why);
    cr_assert_not_null(pattern, "%s: %s", text, why);
    return pattern;
}

static void claim_alike(const struct pair *pair, const struct rt_pattern *plain,
                        const struct rt_pattern *roundabout, dm_bytes text)
{
    struct rt_span a[8], b[8];
    bool is_match = rt_pattern_match(plain, text, a, 8);
    cr_assert_eq(is_match, rt_pattern_match(roundabout, text, b, 8), "%s of %.*s", pair->plain,
                 (int)text.size, (const char *)text.at);
    for (int i = 0; is_match && i < 8; i++)
        cr_assert(a[i].from == b[i].from && a[i].to == b[i].to,
                  "%s of %.*s: group %d is %d..%d, and %d..%d to TRE", pair->plain, (int)text.size,
                  (const char *)text.at, i, a[i].from, a[i].to, b[i].from, b[i].to);
}

Test(chain, says_what_TRE_says_of_random_patterns_and_texts)
{
    uint64_t seed = 20060926;
    unsigned chains = 0;
    for (int round = 0; round < 4000; round++) {
        struct pair pair = draw_pair(&seed);
        struct rt_chain chain;
        chains += rt_chain_read(&chain, dm_text(pair.plain), pair.is_whole);
        struct rt_pattern *plain = pattern_of(pair.plain, pair.is_whole);
        struct rt_pattern *roundabout = pattern_of(pair.roundabout, pair.is_whole);
        cr_assert(!rt_chain_read(&chain, dm_text(pair.roundabout), pair.is_whole) ||
                  !strchr(pair.roundabout, '{'));
        for (int n = 0; n < 30; n++) {
            uint8_t text[10];
            size_t size = draw(&seed, sizeof text + 1);
            for (size_t i = 0; i < size; i++)
                text[i] = (uint8_t) "aab.\xff"[draw(&seed, 5)];
            claim_alike(&pair, plain, roundabout, dm_bytes_of(text, size));
        }
        rt_pattern_free(plain);
        rt_pattern_free(roundabout);
    }
    cr_assert_gt(chains, 2000, "only %u were chains", chains);
}

static bool is_chain(const char *pattern, bool is_whole)
{
    struct rt_chain chain;
    return rt_chain_read(&chain, dm_text(pattern), is_whole);
}

Test(chain, what_is_more_than_pieces_and_anything_is_left_to_TRE)
{
    static const char *const others[] = {"a*",     "[ab]",  "(a)", "a|b",   "a?.*",
                                         ".*{2}",  "(.*)?", "(.*", "\\d.*", "a{2}.*",
                                         "a\001b", "..",    ""};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_assert_not(is_chain(others[i], true), "%s", others[i]);
    cr_assert_not(is_chain("user@.*", false), "it may match the end of a text");
    cr_assert_not(is_chain(".*@home", false), "it may match the begin of a text");
    cr_assert(is_chain("^user@.*", false));
    cr_assert(is_chain(".*@home$", false));
    cr_assert(is_chain("(.*)@(.*)", true));
    cr_assert(is_chain("sip:(.+)@home\\.example", true));
}

Test(chain, too_many_links_are_left_to_TRE)
{
    char pattern[128] = "";
    for (int i = 0; i < RT_CHAIN_LINKS / 2; i++)
        strcat(pattern, "a.*");
    cr_assert(is_chain(pattern, true));
    strcat(pattern, "a");
    cr_assert_not(is_chain(pattern, true));
}
