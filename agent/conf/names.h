/* names.h — names of a list -> the place in it, so that ten thousand routes are checked in no time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/conf/complaint.h"

struct conf_name {
    const char *text; /* NULL: free */
    uint32_t number;
    conf_place place; /* where it was given */
};

/* All zero is empty. Lives in an arena. */
struct conf_names {
    struct conf_name *slots;
    uint32_t size; /* a power of two, more than twice what it is to hold */
    uint32_t count;
};

/* Makes room for `count` names. */
void conf_names_init(struct conf_names *names, uint32_t count, struct conf_arena *arena);
/* NULL if it is not there; compares octets. */
const struct conf_name *conf_names_find(const struct conf_names *names, const char *text,
                                        size_t size);
/* NULL when it was added; else the one that was there before. `text` must live as long as `names`.
 */
const struct conf_name *conf_names_add(struct conf_names *names, const char *text, uint32_t number,
                                       conf_place place);
