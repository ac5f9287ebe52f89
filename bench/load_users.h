/* load_users.h — which host answered which user: one octet a user, so that a split is seen at any
 * number of users.
 *
 * One per thread, added up at the end. */
#pragma once

#include "proto/bytes.h"

enum { USERS_HOSTS = 253, USERS_SPLIT = 255 };

struct load_users {
    uint64_t count;
    uint8_t *home;  /* 0: not seen; 1..253: host[n - 1]; 254: one of too many hosts; 255: several */
    uint8_t *first; /* the host seen first: who is counted where */
    size_t hosts;
    char *host[USERS_HOSTS];
    size_t size[USERS_HOSTS]; /* of their names */
};

void users_init(struct load_users *users, uint64_t count);
void users_fini(struct load_users *users);
/* An answer without E for this user bore this Origin-Host. */
void users_saw(struct load_users *users, uint32_t user, dm_bytes host);
void users_merge(struct load_users *into, const struct load_users *from);
uint64_t users_split(const struct load_users *users);
/* The users whose first answer came from host[which]. */
uint64_t users_of(const struct load_users *users, size_t which);
