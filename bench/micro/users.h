/* users.h — a million provisioned users, and the names of some of them all over the table. */
#pragma once

#include "routing/subscribers.h"

enum { USERS_ROWS = 1000000, USERS_ASKED = 1 << 16 };

struct users {
    struct rt_rows *rows;
    struct rt_subscriber_table table;
    uint32_t next;
    char (*identities)[40]; /* USERS_ASKED of them, in no order */
};

/* Rows that send everybody to pool 0. Fatal without memory. */
void users_init(struct users *users, uint32_t rows, uint64_t seed);
void users_fini(struct users *users);

/* The next one: another part of the table, which no cache holds. */
static inline dm_bytes users_next(struct users *users)
{
    return dm_text(users->identities[users->next++ % USERS_ASKED]);
}
