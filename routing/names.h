/* names.h — patterns of DiameterIdentities, numbered: which of them does a name fit?
 *
 * Patterns are "example.net", "*.example.net" (any name below) or "*". They are looked up by hash,
 * so the cost does not grow with their number. "*" is number 0. */
#pragma once

#include "proto/bytes.h"

struct rt_name {
    dm_bytes text; /* of a suffix from its dot on */
    uint32_t number;
    bool is_suffix;
    bool is_used;
};

struct rt_names {
    struct rt_name *slots; /* open addressing */
    uint32_t size;         /* a power of two, or 0 */
    uint32_t count;        /* of the patterns, "*" aside */
    uint32_t suffix_dots;  /* the most dots a suffix has; 0: there are no suffixes */
};

/* Makes room for at most `count` patterns. False without memory. */
bool rt_names_init(struct rt_names *names, uint32_t count);
void rt_names_fini(struct rt_names *names);

/* The number of a pattern: the same for equal ones. An empty pattern is "*". */
uint32_t rt_names_add(struct rt_names *names, dm_bytes pattern);

/* The patterns that a name fits, one a call: exact, then suffixes from the longest, then "*". */
struct rt_fits {
    const struct rt_names *names;
    dm_bytes name;
    size_t at;     /* where the next suffix is looked for */
    uint32_t dots; /* from there on */
    uint8_t step;
};

/* A name longer than a DiameterIdentity may be (255 octets) fits "*" only. */
struct rt_fits rt_fits_of(const struct rt_names *names, dm_bytes name);
bool rt_fits_next(struct rt_fits *fits, uint32_t *number);
