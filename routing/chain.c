/* chain.c — from the end to the begin: each piece of text stands as late as what follows allows.
 *
 * POSIX wants each part to be as long as it can, the first before the second. In a chain that is
 * the same: where every piece stands as late as it can, whatever lies before it is longest. */
#include "routing/chain.h"

#include <string.h>

/* --- reading --- */

struct reading {
    struct rt_chain *chain;
    dm_bytes rest; /* of the pattern */
    uint16_t used; /* of chain->text */
    uint8_t groups;
};

static bool skip(struct reading *it, const char *token)
{
    size_t size = strlen(token);
    if (it->rest.size < size || memcmp(it->rest.at, token, size) != 0)
        return false;
    it->rest = dm_bytes_of(it->rest.at + size, it->rest.size - size);
    return true;
}

static bool repeats(const struct reading *it)
{
    return it->rest.size > 0 && strchr("*+?{", it->rest.at[0]) != NULL;
}

static struct rt_chain_link *add(struct reading *it)
{
    if (it->chain->count == RT_CHAIN_LINKS)
        return NULL;
    struct rt_chain_link *link = &it->chain->links[it->chain->count++];
    *link = (struct rt_chain_link){.from = it->used};
    return link;
}

static bool add_any(struct reading *it, uint8_t least, bool is_group)
{
    struct rt_chain_link *link = add(it);
    if (!link || repeats(it))
        return false;
    it->groups = (uint8_t)(it->groups + is_group);
    link->is_any = true;
    link->least = least;
    link->group = is_group ? it->groups : 0;
    return true;
}

/* An octet that stands for itself, or is made to by a backslash; those of a piece make one link. */
static bool add_octet(struct reading *it)
{
    struct rt_chain *chain = it->chain;
    bool is_escaped = skip(it, "\\");
    uint8_t octet = it->rest.size > 0 ? it->rest.at[0] : 0;
    bool is_special = strchr(".[]()*+?{}|^$\\", octet) != NULL;
    if (octet <= ' ' || is_special != is_escaped)
        return false;
    it->rest = dm_bytes_of(it->rest.at + 1, it->rest.size - 1);
    struct rt_chain_link *link = chain->count ? &chain->links[chain->count - 1] : NULL;
    if (!link || link->is_any)
        link = add(it);
    if (!link || repeats(it))
        return false;
    chain->text[it->used++] = octet;
    link->size++;
    link->least = (uint8_t)link->size;
    return true;
}

static bool add_link(struct reading *it)
{
    if (skip(it, "(.*)"))
        return add_any(it, 0, true);
    if (skip(it, "(.+)"))
        return add_any(it, 1, true);
    if (skip(it, ".*"))
        return add_any(it, 0, false);
    if (skip(it, ".+"))
        return add_any(it, 1, false);
    return add_octet(it);
}

static bool is_any(const struct rt_chain *chain, unsigned i)
{
    return chain->links[i].is_any;
}

bool rt_chain_read(struct rt_chain *chain, dm_bytes pattern, bool is_whole)
{
    struct reading it = {.chain = chain, .rest = pattern};
    chain->count = 0;
    bool has_begin = skip(&it, "^") || is_whole;
    bool has_end = is_whole;
    while (it.rest.size > 0) {
        if (it.rest.size == 1 && skip(&it, "$")) {
            has_end = true;
        } else if (!add_link(&it)) {
            chain->count = 0;
            return false;
        }
    }
    bool is_chain = chain->count > 0 && (has_begin || is_any(chain, 0)) &&
                    (has_end || is_any(chain, chain->count - 1u));
    chain->count = is_chain ? chain->count : 0;
    return is_chain;
}

/* --- matching --- */

/* The last place of `piece` in the first `end` octets of the text, or -1. */
static int32_t last_place(dm_bytes text, int32_t end, dm_bytes piece)
{
    int32_t first = end - (int32_t)piece.size;
    while (first >= 0) {
        const uint8_t *at = memrchr(text.at, piece.at[0], (size_t)first + 1);
        if (!at)
            return -1;
        if (memcmp(at, piece.at, piece.size) == 0)
            return (int32_t)(at - text.at);
        first = (int32_t)(at - text.at) - 1;
    }
    return -1;
}

/* Where link `i` begins if it is to end at `end` (a piece of text: at the latest, but for the last
 * one). -1: nowhere. */
static int32_t begin_of(const struct rt_chain *chain, unsigned i, dm_bytes text, int32_t end)
{
    const struct rt_chain_link *link = &chain->links[i];
    if (link->is_any)
        return i == 0 ? 0 : end - link->least;
    dm_bytes piece = dm_bytes_of(chain->text + link->from, link->size);
    if (i > 0 && i + 1u < chain->count)
        return last_place(text, end, piece);
    int32_t at = i == 0 ? 0 : end - link->size;
    bool is_there = at >= 0 && at + link->size <= end &&
                    (i + 1u < chain->count || at + link->size == end) &&
                    memcmp(text.at + at, piece.at, piece.size) == 0;
    return is_there ? at : -1;
}

/* What may be anything reaches to the end of the piece before it. */
static void note_spans(const struct rt_chain *chain, const int32_t *begins, int32_t size,
                       struct rt_span *spans, size_t count)
{
    for (size_t i = 0; i < count; i++)
        spans[i] = i == 0 ? (struct rt_span){0, size} : (struct rt_span){-1, -1};
    for (unsigned i = 0; i < chain->count; i++) {
        const struct rt_chain_link *link = &chain->links[i];
        if (link->group && link->group < count)
            spans[link->group] =
                (struct rt_span){begins[i], i + 1u < chain->count ? begins[i + 1] : size};
    }
}

bool rt_chain_match(const struct rt_chain *chain, dm_bytes text, struct rt_span *spans,
                    size_t count)
{
    int32_t begins[RT_CHAIN_LINKS];
    int32_t size = (int32_t)text.size;
    int32_t end = size;
    for (unsigned i = chain->count; i-- > 0;) {
        const struct rt_chain_link *link = &chain->links[i];
        bool is_before_piece = link->is_any && i > 0 && !is_any(chain, i - 1);
        int32_t begin = begin_of(chain, i, text, end);
        if (begin < 0 || end - begin < link->least)
            return false;
        begins[i] = begin;
        end = begin;
        /* It begins where the piece before it ends: that is not known yet. */
        if (is_before_piece) {
            int32_t at = begin_of(chain, i - 1, text, begin);
            if (at < 0)
                return false;
            begins[i] = at + chain->links[i - 1].size;
            begins[--i] = end = at;
        }
    }
    note_spans(chain, begins, size, spans, count);
    return true;
}
