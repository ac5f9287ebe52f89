/* snapshot.h — what a snapshot keeps beside what it shows. */
#pragma once

#include "agent/conf/arena.h"
#include "agent/conf/conf.h"
#include "agent/conf/names.h"

struct conf_snapshot {
    struct conf conf; /* first: a conf is the head of its snapshot */
    struct conf_arena arena;
    struct conf_names peers; /* identity or pattern -> number */
};
