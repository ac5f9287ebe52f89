/* snapshot.h — what a snapshot keeps beside what it shows. */
#pragma once

#include "agent/conf/arena.h"
#include "agent/conf/conf.h"
#include "agent/conf/names.h"

struct conf_snapshot {
    struct conf conf; /* first: a conf is the head of its snapshot */
    struct conf_arena arena;
    struct conf_names peers; /* identity or pattern -> number */
    struct conf_rows **rows; /* of conf.tables.subscribers */
    uint64_t users;          /* hash of what is said of users */
};

/* What a snapshot has outside of its arena. agent/conf/users.c */
void conf_derive_free(const struct rt_derive *derive);
void conf_subscribers_free(struct conf_snapshot *snapshot);
