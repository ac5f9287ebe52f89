/* pattern.h — POSIX extended regular expressions that nobody can make expensive.
 *
 * Patterns come from the configuration and, as wildcarded identities, from the network. TRE matches
 * them without back-tracking; what would cost much to compile or to match is refused before TRE
 * sees it. A pattern works on octets: the program stays in the C locale. */
#pragma once

#include "proto/bytes.h"

enum {
    RT_PATTERN_MAX = 256,   /* octets of its text */
    RT_GROUPS_MAX = 32,     /* pairs of parentheses */
    RT_POSITIONS_MAX = 640, /* what it stands for when its repeats are written out */
    RT_STEPS_MAX = 1024,    /* pairs of positions that may follow each other */
};

struct rt_pattern;

/* A part of a text; -1: the group did not take part. */
struct rt_span {
    int32_t from;
    int32_t to;
};

/* NULL, with `*why` a sentence that stays, where the pattern is refused: it is no POSIX extended
 * regular expression, refers back, or is too large. `is_whole`: it must match all of a text. Not
 * for the data path. */
struct rt_pattern *rt_pattern_new(dm_bytes text, bool is_whole, const char **why);
void rt_pattern_free(struct rt_pattern *pattern);

/* How many groups the pattern has. */
uint32_t rt_pattern_groups(const struct rt_pattern *pattern);

/* Does it match? The leftmost, then longest match. `spans`, of which there may be none, takes the
 * match and then its groups, of which there are RT_GROUPS_MAX at most. An octet 0 of the text
 * counts as an octet 1. In time linear in the text; any thread. */
bool rt_pattern_match(const struct rt_pattern *pattern, dm_bytes text, struct rt_span *spans,
                      size_t count);

/* Writes `text` with its match replaced by `by`, in which \0 is the match, \1..\9 its groups and \\
 * a backslash. False: no match, or no room. */
bool rt_pattern_replace(const struct rt_pattern *pattern, dm_bytes text, dm_bytes by, uint8_t *to,
                        size_t room, size_t *size);

/* Is every \N in `by` a group of the pattern, and no other letter behind a backslash? */
bool rt_pattern_takes(const struct rt_pattern *pattern, dm_bytes by, const char **why);

/* What the pattern would cost; false with `*why` where that is too much or the text is no pattern
 * that we take. routing/pattern_check.c; `groups` is how many it has. */
bool rt_pattern_check(dm_bytes text, uint32_t *groups, const char **why);
