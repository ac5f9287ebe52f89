/* value.c — readers of single values: text, words, numbers, durations, sizes, names of hosts and
 * realms. */
#include <ctype.h>
#include <inttypes.h>

#include "agent/conf/key.h"
#include "proto/bytes.h"

enum { TEXT_MAX = 255 };

const char *conf_scalar(struct conf_reading *reading, const struct conf_node *node)
{
    if (node->kind == CONF_SCALAR)
        return node->text;
    conf_complain(reading, node, "one value is wanted here, not a %s",
                  node->kind == CONF_LIST ? "list" : "map");
    return NULL;
}

bool conf_is_word(const struct conf_node *node, const char *word)
{
    return node->kind == CONF_SCALAR && strcmp(node->text, word) == 0;
}

void conf_read_text(struct conf_reading *reading, const struct conf_key *key,
                    const struct conf_node *node, void *field)
{
    (void)key;
    const char *text = conf_scalar(reading, node);
    if (text == NULL)
        return;
    if (node->size == 0 || node->size > TEXT_MAX)
        conf_complain(reading, node, "1 to %d octets are wanted here", TEXT_MAX);
    *(const char **)field = conf_arena_text(reading->arena, text, node->size);
}

/* Words. */

static size_t word_size(const char *at)
{
    return strcspn(at, "|");
}

/* Writes "a, b, c" for "a|b|c". */
static void list_words(char *to, size_t room, const char *words)
{
    *to = '\0';
    for (const char *at = words; *at; at += word_size(at) + (at[word_size(at)] == '|')) {
        size_t used = strlen(to);
        snprintf(to + used, room - used, "%s%.*s", used ? ", " : "", (int)word_size(at), at);
    }
}

static void complain_word(struct conf_reading *reading, const struct conf_key *key,
                          const struct conf_node *node)
{
    char words[128];
    list_words(words, sizeof words, key->words);
    conf_complain(reading, node, "`%s` is none of: %s", node->text, words);
}

int conf_find_word(struct conf_reading *reading, const struct conf_key *key,
                   const struct conf_node *node)
{
    const char *text = conf_scalar(reading, node);
    if (text == NULL)
        return -1;
    const char *at = key->words;
    for (int place = 0; *at; place++, at += word_size(at) + (at[word_size(at)] == '|'))
        if (word_size(at) == node->size && memcmp(at, text, node->size) == 0)
            return place;
    complain_word(reading, key, node);
    return -1;
}

void conf_read_word(struct conf_reading *reading, const struct conf_key *key,
                    const struct conf_node *node, void *field)
{
    int word = conf_find_word(reading, key, node);
    if (word >= 0)
        *(int *)field = word;
}

void conf_read_choice(struct conf_reading *reading, const struct conf_key *key,
                      const struct conf_node *node, void *field)
{
    int word = conf_find_word(reading, key, node);
    if (word >= 0)
        *(bool *)field = word == 1;
}

void conf_read_boolean(struct conf_reading *reading, const struct conf_key *key,
                       const struct conf_node *node, void *field)
{
    (void)key;
    const char *text = conf_scalar(reading, node);
    if (text == NULL)
        return;
    if (node->is_quoted || (strcmp(text, "true") != 0 && strcmp(text, "false") != 0))
        conf_complain(reading, node, "true or false is wanted here, not `%s`", text);
    else
        *(bool *)field = *text == 't';
}

/* Measures: digits, and for durations and sizes a unit. */

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit no_units[] = {{"", 1}, {NULL, 0}};
static const struct unit durations[] = {{"ms", 1000000},
                                        {"s", 1000000000},
                                        {"m", UINT64_C(60000000000)},
                                        {"h", UINT64_C(3600000000000)},
                                        {"d", UINT64_C(86400000000000)},
                                        {NULL, 0}};
static const struct unit sizes[] = {
    {"", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}, {NULL, 0}};

static bool parse_measure(const char *text, const struct unit *units, uint64_t *value)
{
    uint64_t number = 0;
    const char *at = text;
    for (; isdigit((unsigned char)*at); at++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number))
            return false;
    while (units->name && strcmp(units->name, at) != 0)
        units++;
    return at != text && units->name && !__builtin_mul_overflow(number, units->factor, value);
}

bool conf_parse_number(const char *text, uint64_t *value)
{
    return parse_measure(text, no_units, value);
}

bool conf_parse_size(const char *text, uint64_t *value)
{
    return parse_measure(text, sizes, value);
}

/* Reads a measure within the range of its key; false with a complaint. */
static bool read_measure(struct conf_reading *reading, const struct conf_key *key,
                         const struct conf_node *node, const struct unit *units, const char *wanted,
                         uint64_t *value)
{
    const char *text = conf_scalar(reading, node);
    if (text == NULL)
        return false;
    uint64_t least;
    uint64_t most;
    if (node->is_quoted || !parse_measure(text, units, value)) {
        conf_complain(reading, node, "%s is wanted here, not `%s`", wanted, text);
        return false;
    }
    bool fits = parse_measure(key->least, units, &least) &&
                parse_measure(key->most, units, &most) && *value >= least && *value <= most;
    if (!fits)
        conf_complain(reading, node, "%s is outside of %s to %s", text, key->least, key->most);
    return fits;
}

void conf_read_number(struct conf_reading *reading, const struct conf_key *key,
                      const struct conf_node *node, void *field)
{
    uint64_t value;
    if (read_measure(reading, key, node, no_units, "a number", &value))
        *(uint32_t *)field = (uint32_t)value;
}

void conf_read_duration(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *field)
{
    uint64_t value;
    if (read_measure(reading, key, node, durations,
                     "a duration (a number and ms, s, m, h or d, no space)", &value))
        *(uint64_t *)field = value;
}

#define A_SIZE "a size (octets, or a number and KiB, MiB or GiB, no space)"

void conf_read_size(struct conf_reading *reading, const struct conf_key *key,
                    const struct conf_node *node, void *field)
{
    uint64_t value;
    if (read_measure(reading, key, node, sizes, A_SIZE, &value))
        *(uint64_t *)field = value;
}

void conf_read_size32(struct conf_reading *reading, const struct conf_key *key,
                      const struct conf_node *node, void *field)
{
    uint64_t value;
    if (read_measure(reading, key, node, sizes, A_SIZE, &value))
        *(uint32_t *)field = (uint32_t)value;
}

/* Hosts and realms. */

static bool is_pattern_valid(dm_bytes text)
{
    if (text.size == 1 && text.at[0] == '*')
        return true;
    if (text.size > 2 && text.at[0] == '*' && text.at[1] == '.')
        text = dm_bytes_of(text.at + 2, text.size - 2);
    return dm_identity_is_valid(text);
}

const char *conf_identity(struct conf_reading *reading, const struct conf_node *node,
                          bool is_pattern)
{
    const char *text = conf_scalar(reading, node);
    if (text == NULL)
        return NULL;
    dm_bytes octets = dm_bytes_of(text, node->size);
    if (is_pattern ? !is_pattern_valid(octets) : !dm_identity_is_valid(octets)) {
        conf_complain(reading, node, "`%s` is no name of a host or realm%s", text,
                      is_pattern ? ", nor \"*.\" and such a name, nor \"*\"" : "");
        return NULL;
    }
    char *lower = conf_arena_text(reading->arena, text, node->size);
    for (char *at = lower; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return lower;
}

void conf_read_identity(struct conf_reading *reading, const struct conf_key *key,
                        const struct conf_node *node, void *field)
{
    (void)key;
    *(const char **)field = conf_identity(reading, node, false);
}

void conf_read_pattern(struct conf_reading *reading, const struct conf_key *key,
                       const struct conf_node *node, void *field)
{
    (void)key;
    *(const char **)field = conf_identity(reading, node, true);
}

void conf_read_match(struct conf_reading *reading, const struct conf_key *key,
                     const struct conf_node *node, void *field)
{
    (void)key;
    const char *pattern = conf_identity(reading, node, true);
    if (pattern)
        *(dm_bytes *)field = dm_text(pattern);
}
