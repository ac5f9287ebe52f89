/* pattern_check.c — what a pattern would cost, before TRE compiles it.
 *
 * The grammar is that of POSIX extended regular expressions, without what POSIX leaves undefined:
 * there TRE has back-references, minimal repeats, approximate matches and words, some of which are
 * not linear. The cost is that of the automaton by Glushkov's construction, which is nearly TRE's:
 * positions, and pairs of them that may follow each other. Repeats are counted as written out. */
#include <ctype.h>

#include "routing/pattern.h"

enum { DEPTH_MAX = 32, REPEAT_MAX = 255, NO_END = -1 };

/* What a part of the pattern becomes. */
struct cost {
    uint64_t positions;
    uint64_t first; /* positions with which it may begin */
    uint64_t last;  /* … end */
    uint64_t steps;
    bool is_empty; /* it may match nothing */
};

struct checking {
    dm_bytes rest;
    uint32_t groups;
    unsigned depth;
    const char *why; /* NULL: nothing is wrong so far */
};

static bool refuse(struct checking *it, const char *why)
{
    if (!it->why)
        it->why = why;
    return false;
}

static int peek(const struct checking *it)
{
    return it->rest.size > 0 ? it->rest.at[0] : -1;
}

static int take(struct checking *it)
{
    int octet = peek(it);
    if (octet >= 0)
        it->rest = dm_bytes_of(it->rest.at + 1, it->rest.size - 1);
    return octet;
}

static bool take_if(struct checking *it, char octet)
{
    bool is_there = peek(it) == octet;
    if (is_there)
        take(it);
    return is_there;
}

/* --- parts become a whole --- */

static const struct cost nothing = {.is_empty = true};

/* A bracket of several items is one state, which each of them leaves. */
static struct cost literals(uint64_t count)
{
    return (struct cost){.positions = count, .first = 1, .last = count};
}

static struct cost after(struct cost a, struct cost b)
{
    return (struct cost){.positions = a.positions + b.positions,
                         .first = a.first + (a.is_empty ? b.first : 0),
                         .last = b.last + (b.is_empty ? a.last : 0),
                         .steps = a.steps + b.steps + a.last * b.first,
                         .is_empty = a.is_empty && b.is_empty};
}

static struct cost either(struct cost a, struct cost b)
{
    return (struct cost){.positions = a.positions + b.positions,
                         .first = a.first + b.first,
                         .last = a.last + b.last,
                         .steps = a.steps + b.steps,
                         .is_empty = a.is_empty || b.is_empty};
}

static bool is_too_large(struct cost cost)
{
    return cost.positions > RT_POSITIONS_MAX || cost.steps > RT_STEPS_MAX;
}

static struct cost again_and_again(struct cost part)
{
    part.steps += part.last * part.first;
    return part;
}

/* a{2,4} is aa(a(a)?)?, a{2,} is aaa*: so TRE writes it out. Ends early when it is too large. */
static struct cost repeated(struct cost part, int least, int most)
{
    struct cost all = nothing;
    if (most == NO_END && least <= 1)
        all = again_and_again(part);
    else if (most == NO_END)
        all = either(nothing, again_and_again(part));
    for (int i = least; i < most && !is_too_large(all); i++)
        all = either(nothing, after(part, all));
    int before = most == NO_END && least <= 1 ? 0 : least;
    for (int i = 0; i < before && !is_too_large(all); i++)
        all = after(part, all);
    all.is_empty |= least == 0;
    return all;
}

/* --- reading --- */

static bool read_choice(struct checking *it, struct cost *cost);

/* "[:alpha:]"; the bracket is behind us. */
static bool skip_class(struct checking *it)
{
    static const char malformed[] = "a character class that does not end with \":]\"";
    take(it);
    while (isalpha(peek(it)))
        take(it);
    bool ends_well = take_if(it, ':') && take_if(it, ']');
    return ends_well || refuse(it, malformed);
}

/* The rest of "a-z", of which `a` is behind us. */
static void skip_range(struct checking *it)
{
    if (peek(it) != '-' || it->rest.size < 2 || it->rest.at[1] == ']')
        return;
    take(it);
    take(it);
}

/* One of "[a-z._[:alpha:]]"; its first octet is behind us. */
static bool skip_item(struct checking *it, int octet)
{
    if (octet == '[' && (peek(it) == '.' || peek(it) == '='))
        return refuse(it, "a collating symbol or equivalence class");
    if (octet == '[' && peek(it) == ':')
        return skip_class(it);
    skip_range(it);
    return true;
}

/* The bracket is behind us. Each item is a position, and negation makes one more. */
static bool read_bracket(struct checking *it, struct cost *cost)
{
    uint64_t items = take_if(it, '^');
    for (bool is_first = true;; is_first = false, items++) {
        int octet = take(it);
        if (octet < 0)
            return refuse(it, "a \"[\" without its \"]\"");
        if (octet == ']' && !is_first)
            break;
        if (!skip_item(it, octet))
            return false;
    }
    *cost = literals(items);
    return true;
}

/* Behind a backslash, only what is special without it, and other marks. TRE has words and classes
 * of its own behind letters, "<" and ">". */
static bool read_escaped(struct checking *it, struct cost *cost)
{
    int octet = take(it);
    if (octet < 0)
        return refuse(it, "a backslash at the end");
    if (isdigit(octet))
        return refuse(it, "a back-reference");
    if (!ispunct(octet) || octet == '<' || octet == '>')
        return refuse(it, "a backslash before what is not special");
    *cost = literals(1);
    return true;
}

static bool read_group(struct checking *it, struct cost *cost)
{
    if (++it->groups > RT_GROUPS_MAX)
        return refuse(it, "more than 32 groups");
    if (++it->depth > DEPTH_MAX)
        return refuse(it, "groups nested more than 32 deep");
    if (!read_choice(it, cost))
        return false;
    it->depth--;
    return take_if(it, ')') || refuse(it, "a \"(\" without its \")\"");
}

static bool read_atom(struct checking *it, struct cost *cost)
{
    int octet = take(it);
    *cost = literals(1);
    switch (octet) {
    case '(':
        return read_group(it, cost);
    case '[':
        return read_bracket(it, cost);
    case '\\':
        return read_escaped(it, cost);
    case '^':
    case '$':
        *cost = nothing;
        return true;
    case '\0':
        return refuse(it, "an octet 0");
    case '*':
    case '+':
    case '?':
    case '{':
        return refuse(it, "a repeat of nothing");
    default:
        return true;
    }
}

static int read_number(struct checking *it)
{
    int number = -1;
    while (isdigit(peek(it)) && number <= REPEAT_MAX)
        number = (number < 0 ? 0 : number) * 10 + take(it) - '0';
    return number;
}

/* "{2,4}"; the brace is behind us. */
static bool read_bounds(struct checking *it, int *least, int *most)
{
    static const char malformed[] = "bounds that are not {2}, {2,} or {2,4}, up to 255";
    *least = *most = read_number(it);
    bool is_open = take_if(it, ',');
    if (is_open)
        *most = isdigit(peek(it)) ? read_number(it) : NO_END;
    if (*least < 0 || !take_if(it, '}'))
        return refuse(it, malformed);
    bool is_order = *most == NO_END || (*most >= *least && *most > 0);
    return (is_order && *least <= REPEAT_MAX && *most <= REPEAT_MAX) || refuse(it, malformed);
}

static bool is_repeat(int octet)
{
    return octet == '*' || octet == '+' || octet == '?' || octet == '{';
}

static bool read_repeat(struct checking *it, struct cost *cost)
{
    if (!is_repeat(peek(it)))
        return true;
    if (cost->positions == 0)
        return refuse(it, "a repeat of nothing");
    int octet = take(it);
    int least = octet == '+';
    int most = octet == '?' ? 1 : NO_END;
    if (octet == '{' && !read_bounds(it, &least, &most))
        return false;
    *cost = repeated(*cost, least, most);
    return !is_repeat(peek(it)) || refuse(it, "a repeat of a repeat");
}

static bool read_branch(struct checking *it, struct cost *cost)
{
    *cost = nothing;
    while (peek(it) >= 0 && peek(it) != '|' && peek(it) != ')') {
        struct cost part;
        if (!read_atom(it, &part) || !read_repeat(it, &part))
            return false;
        *cost = after(*cost, part);
        if (is_too_large(*cost))
            return refuse(it, "too large when its repeats are written out");
    }
    return true;
}

static bool read_choice(struct checking *it, struct cost *cost)
{
    if (!read_branch(it, cost))
        return false;
    while (take_if(it, '|')) {
        struct cost other;
        if (!read_branch(it, &other))
            return false;
        *cost = either(*cost, other);
    }
    return true;
}

bool rt_pattern_check(dm_bytes text, uint32_t *groups, const char **why)
{
    struct checking it = {.rest = text};
    struct cost cost;
    if (text.size == 0 || text.size > RT_PATTERN_MAX)
        refuse(&it, "not 1 to 256 octets");
    else if (read_choice(&it, &cost) && it.rest.size > 0)
        refuse(&it, "a \")\" without its \"(\"");
    else if (!it.why && is_too_large(cost))
        refuse(&it, "too large when its repeats are written out");
    *groups = it.groups;
    *why = it.why;
    return it.why == NULL;
}
