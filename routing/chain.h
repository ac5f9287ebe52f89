/* chain.h — the patterns that people mostly write: pieces of text with anything between them.
 *
 *     (.*)@(.*)      sip:(.+)@home\.example      ^conf.*$
 *
 * They say the same as to TRE, in a twentieth of its time: a rule of `users.derive` is applied to
 * every request. What is more than such a chain is no chain, and left to TRE. */
#pragma once

#include "routing/pattern.h"

enum { RT_CHAIN_LINKS = 16 };

struct rt_chain {
    uint8_t count; /* of links; 0: it is no chain */
    struct rt_chain_link {
        bool is_any;   /* else the `size` octets at `from` of `text` */
        uint8_t least; /* octets that it takes */
        uint8_t group; /* its number, from 1; 0: none */
        uint16_t from;
        uint16_t size;
    } links[RT_CHAIN_LINKS];
    uint8_t text[RT_PATTERN_MAX];
};

/* Reads a pattern that rt_pattern_check has let through. `is_whole`: it has to match all of a text.
 * False: it is no chain, or may match a part of a text. */
bool rt_chain_read(struct rt_chain *chain, dm_bytes pattern, bool is_whole);

/* As rt_pattern_match; an octet 0 is no octet 1, which no chain has. */
bool rt_chain_match(const struct rt_chain *chain, dm_bytes text, struct rt_span *spans,
                    size_t count);
