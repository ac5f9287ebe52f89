/* node.h — a YAML file as a tree whose every node knows its place.
 *
 * Built from libyaml's events, so that aliases (a bomb, or a ring), tags and depth are refused
 * where they stand, before anything follows them. */
#pragma once

#include <stdbool.h>

#include "agent/conf/complaint.h"

enum conf_kind { CONF_SCALAR, CONF_LIST, CONF_MAP };

struct conf_node {
    enum conf_kind kind;
    bool is_quoted; /* a scalar in quotes: it is text, whatever it looks like */
    conf_place place;
    const char *text; /* of a scalar */
    size_t size;
    struct conf_node *next;  /* in its list or map; maps hold key, value, key, value */
    struct conf_node *first; /* of a list or map */
    struct conf_node *last;
    size_t count; /* children */
};

enum { CONF_DEPTH_MAX = 16 };

/* The root of the one document in `octets`, or NULL with a complaint. The tree lives in `arena`. */
struct conf_node *conf_node_read(const void *octets, size_t size, struct conf_arena *arena,
                                 struct conf_complaints *complaints);
