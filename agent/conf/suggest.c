/* suggest.c — did you mean …? Letters added, left out, exchanged or swapped with their neighbour
 * count one each. */
#include "agent/conf/suggest.h"

#include <string.h>

enum { LONGEST = 64, NAMES_MOST = 256 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The distance of Damerau and Levenshtein (neighbours swapped once), by three rows of the table. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][LONGEST + 1] = {{0}};
    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *now = rows[i % 3];
        const size_t *before = rows[(i + 2) % 3];
        const size_t *before_that = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            now[j] =
                least(before[j - 1] + (a[i - 1] != b[j - 1]), least(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before_that[j - 2] + 1);
        }
    }
    return rows[a_size % 3][b_size];
}

/* Takes `word` if it is nearer than the nearest before. */
static void consider(const char *text, const char *word, const char **nearest, size_t *best)
{
    size_t away = distance(text, strlen(text), word, least(strlen(word), LONGEST));
    if (away >= *best)
        return;
    *best = away;
    *nearest = word;
}

const char *conf_suggest(const char *text, const char *const *words, size_t count)
{
    size_t best = strlen(text) / 3 + 1;
    const char *nearest = NULL;
    for (size_t i = 0; i < count && strlen(text) <= LONGEST; i++)
        consider(text, words[i], &nearest, &best);
    return nearest;
}

const char *conf_suggest_name(const struct conf_names *names, const char *text)
{
    size_t best = strlen(text) / 3 + 1;
    const char *nearest = NULL;
    if (strlen(text) > LONGEST || names->count > NAMES_MOST)
        return NULL;
    for (uint32_t i = 0; i < names->size; i++)
        if (names->slots[i].text)
            consider(text, names->slots[i].text, &nearest, &best);
    return nearest;
}
