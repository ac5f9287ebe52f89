/* pattern.c — POSIX extended regular expressions, by TRE; the plainest without it. */
#include "routing/pattern.h"

#include <stdlib.h>

#include <tre/tre.h>

#include "routing/chain.h"

/* A pattern that is to match the whole of a text stands in a group of its own, so that its
 * alternatives do: its groups are one further. */
struct rt_pattern {
    regex_t regex;
    uint32_t groups;
    uint32_t hidden; /* groups that are ours */
    struct rt_chain chain;
};

static const char whole_head[] = "^(";
static const char whole_tail[] = ")$";
enum { WRAPPING = sizeof whole_head + sizeof whole_tail - 2 };

static size_t put(char *to, const void *octets, size_t size)
{
    memcpy(to, octets, size);
    return size;
}

static const char *complaint_of(int wrong)
{
    switch (wrong) {
    case REG_ESPACE:
        return "too large for the memory there is";
    case REG_ECTYPE:
        return "a character class of an unknown name";
    case REG_ERANGE:
        return "a range whose end is before its begin";
    default:
        return "no POSIX extended regular expression";
    }
}

struct rt_pattern *rt_pattern_new(dm_bytes text, bool is_whole, const char **why)
{
    uint32_t groups;
    if (!rt_pattern_check(text, &groups, why))
        return NULL;
    char wrapped[RT_PATTERN_MAX + WRAPPING];
    size_t size = 0;
    if (is_whole)
        size += put(wrapped, whole_head, sizeof whole_head - 1);
    size += put(wrapped + size, text.at, text.size);
    if (is_whole)
        size += put(wrapped + size, whole_tail, sizeof whole_tail - 1);
    struct rt_pattern *pattern = calloc(1, sizeof *pattern);
    *why = "no memory";
    if (!pattern)
        return NULL;
    pattern->groups = groups;
    pattern->hidden = is_whole;
    (void)rt_chain_read(&pattern->chain, text, is_whole);
    int wrong = tre_regncomp(&pattern->regex, wrapped, size, REG_EXTENDED);
    if (wrong == REG_OK) {
        *why = NULL;
        return pattern;
    }
    *why = complaint_of(wrong);
    free(pattern);
    return NULL;
}

void rt_pattern_free(struct rt_pattern *pattern)
{
    if (!pattern)
        return;
    tre_regfree(&pattern->regex);
    free(pattern);
}

uint32_t rt_pattern_groups(const struct rt_pattern *pattern)
{
    return pattern->groups;
}

/* The match is that of our own group where there is one. */
static void copy_spans(const struct rt_pattern *pattern, const regmatch_t *found,
                       struct rt_span *spans, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const regmatch_t *at = &found[i + pattern->hidden];
        bool is_group = i <= pattern->groups;
        spans[i] = (struct rt_span){is_group ? at->rm_so : -1, is_group ? at->rm_eo : -1};
    }
}

static bool match(const struct rt_pattern *pattern, dm_bytes text, struct rt_span *spans,
                  size_t count)
{
    regmatch_t found[RT_GROUPS_MAX + 2];
    const char *at = text.size > 0 ? (const char *)text.at : "";
    size_t wanted = count > 0 ? count + pattern->hidden : 0;
    if (tre_regnexec(&pattern->regex, at, text.size, wanted, found, 0) != REG_OK)
        return false;
    copy_spans(pattern, found, spans, count);
    return true;
}

/* To TRE an octet 0 is an end of the text, where "$" matches. Nobody shall hide behind one: it is
 * read as an octet 1. Memory is asked for only where such a text is long, which no name is. */
static bool match_without_noughts(const struct rt_pattern *pattern, dm_bytes text,
                                  struct rt_span *spans, size_t count)
{
    uint8_t room[1024];
    uint8_t *copy = text.size > sizeof room ? malloc(text.size) : room;
    if (!copy)
        return false;
    for (size_t i = 0; i < text.size; i++)
        copy[i] = text.at[i] ? text.at[i] : 1;
    bool does = match(pattern, dm_bytes_of(copy, text.size), spans, count);
    if (copy != room)
        free(copy);
    return does;
}

bool rt_pattern_match(const struct rt_pattern *pattern, dm_bytes text, struct rt_span *spans,
                      size_t count)
{
    if (count > RT_GROUPS_MAX + 1)
        count = RT_GROUPS_MAX + 1;
    if (text.size > INT32_MAX)
        return false;
    if (pattern->chain.count > 0)
        return rt_chain_match(&pattern->chain, text, spans, count);
    if (text.size > 0 && memchr(text.at, 0, text.size))
        return match_without_noughts(pattern, text, spans, count);
    return match(pattern, text, spans, count);
}

/* --- replacing --- */

struct output {
    uint8_t *to;
    size_t room;
    size_t size;
    bool is_full;
};

static void write_octets(struct output *output, const uint8_t *octets, size_t size)
{
    output->is_full |= size > output->room - output->size;
    if (output->is_full || size == 0)
        return;
    memcpy(output->to + output->size, octets, size);
    output->size += size;
}

static void write_span(struct output *output, dm_bytes text, struct rt_span span)
{
    if (span.from >= 0)
        write_octets(output, text.at + span.from, (size_t)(span.to - span.from));
}

static bool is_reference(dm_bytes by, size_t i)
{
    return by.at[i] == '\\' && i + 1 < by.size;
}

static void write_by(struct output *output, dm_bytes text, dm_bytes by, const struct rt_span *spans)
{
    for (size_t i = 0; i < by.size; i++) {
        bool refers = is_reference(by, i);
        i += refers;
        if (refers && by.at[i] >= '0' && by.at[i] <= '9')
            write_span(output, text, spans[by.at[i] - '0']);
        else
            write_octets(output, &by.at[i], 1);
    }
}

bool rt_pattern_replace(const struct rt_pattern *pattern, dm_bytes text, dm_bytes by, uint8_t *to,
                        size_t room, size_t *size)
{
    struct rt_span spans[10];
    if (!rt_pattern_match(pattern, text, spans, 10))
        return false;
    struct output output = {.to = to, .room = room};
    write_span(&output, text, (struct rt_span){0, spans[0].from});
    write_by(&output, text, by, spans);
    write_span(&output, text, (struct rt_span){spans[0].to, (int32_t)text.size});
    *size = output.size;
    return !output.is_full;
}

bool rt_pattern_takes(const struct rt_pattern *pattern, dm_bytes by, const char **why)
{
    for (size_t i = 0; i < by.size; i++) {
        if (by.at[i] != '\\')
            continue;
        uint8_t octet = ++i < by.size ? by.at[i] : 0;
        if (octet != '\\' && (octet < '0' || octet > '9')) {
            *why = "behind a backslash stands a digit or a backslash";
            return false;
        }
        if (octet != '\\' && octet - '0' > (int)pattern->groups) {
            *why = "refers to a group that the pattern does not have";
            return false;
        }
    }
    return true;
}
