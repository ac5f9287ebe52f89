/* fuzz_patterns.c — any octets are a pattern or are refused; what is taken is cheap, and its spans
 * lie in the text.
 *
 * The first line is the pattern, the rest the text. The same pattern is tried as the whole of a
 * text, as a part of it, and within a wildcarded identity. */
#include <stdlib.h>
#include <time.h>

#include "routing/pattern.h"
#include "routing/wildcard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A second is fifty times what the dearest pattern takes, even with sanitizers. */
enum { SPANS = RT_GROUPS_MAX + 1, SECOND = 1000000000 };

static void claim(bool is_true)
{
    if (!is_true)
        abort();
}

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * SECOND + time.tv_nsec;
}

static void claim_spans(const struct rt_pattern *pattern, const struct rt_span *spans, size_t size)
{
    for (int i = 0; i < SPANS; i++) {
        bool has_part = spans[i].from >= 0;
        claim(has_part ? spans[i].to >= spans[i].from : spans[i].to == -1);
        claim(!has_part || (size_t)spans[i].to <= size);
        claim(!has_part || (uint32_t)i <= rt_pattern_groups(pattern));
    }
    claim(spans[0].from >= 0);
}

static bool try_pattern(dm_bytes pattern, bool is_whole, dm_bytes text)
{
    uint8_t room[256];
    size_t used;
    const char *why = NULL;
    struct rt_span spans[SPANS];
    struct rt_pattern *it = rt_pattern_new(pattern, is_whole, &why);
    claim((it == NULL) == (why != NULL));
    if (!it)
        return false;
    bool does = rt_pattern_match(it, text, NULL, 0);
    claim(rt_pattern_match(it, text, spans, SPANS) == does);
    if (does)
        claim_spans(it, spans, text.size);
    if (does && is_whole)
        claim(spans[0].from == 0 && (size_t)spans[0].to == text.size);
    if (rt_pattern_replace(it, text, dm_text("<\\0\\1\\\\>"), room, sizeof room, &used))
        claim(does && used <= sizeof room);
    rt_pattern_free(it);
    return does;
}

static void try_wildcard(dm_bytes pattern, dm_bytes text)
{
    uint8_t identity[RT_PATTERN_MAX + 64];
    const char *why;
    size_t size = 0;
    if (pattern.size > RT_PATTERN_MAX)
        return;
    memcpy(identity, "sip:a!", 6);
    memcpy(identity + 6, pattern.at, pattern.size);
    size = 6 + pattern.size;
    memcpy(identity + size, "!z@core.example", 15);
    struct rt_wildcard *it = rt_wildcard_new(dm_bytes_of(identity, size + 15), NULL, &why);
    struct rt_key key;
    rt_key_public(&key, text, NULL);
    if (it)
        (void)rt_wildcard_matches(it, &key);
    rt_wildcard_free(it);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { TEXT_MAX = 512 };
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t first = end ? (size_t)(end - data) : size;
    dm_bytes pattern = dm_bytes_of(data, first);
    size_t rest = end ? size - first - 1 : 0;
    dm_bytes text = dm_bytes_of(end ? end + 1 : data, rest < TEXT_MAX ? rest : TEXT_MAX);
    int64_t begin = now();
    bool is_whole = try_pattern(pattern, true, text);
    bool is_part = try_pattern(pattern, false, text);
    claim(is_part || !is_whole);
    try_wildcard(pattern, text);
    claim(now() - begin < SECOND);
    return 0;
}
