/* load_users.c — the homes of users, compared by number. */
#include "bench/load_users.h"

#include <stdlib.h>

enum { TOO_MANY = 254 };

void users_init(struct load_users *users, uint64_t count)
{
    *users =
        (struct load_users){.count = count, .home = calloc(count, 1), .first = calloc(count, 1)};
    if (!users->home || !users->first)
        abort();
}

void users_fini(struct load_users *users)
{
    for (size_t i = 0; i < users->hosts; i++)
        free(users->host[i]);
    free(users->home);
    free(users->first);
}

/* Most come in the case they came in before. */
static bool same_host(dm_bytes a, dm_bytes b)
{
    return dm_bytes_equal(a, b) || dm_identity_equal(a, b);
}

static uint8_t host_number(struct load_users *users, dm_bytes host)
{
    for (size_t i = 0; i < users->hosts; i++)
        if (same_host(host, dm_bytes_of(users->host[i], users->size[i])))
            return (uint8_t)(i + 1);
    if (users->hosts == USERS_HOSTS)
        return TOO_MANY;
    users->size[users->hosts] = host.size;
    users->host[users->hosts] = strndup((const char *)host.at, host.size);
    if (!users->host[users->hosts])
        abort();
    return (uint8_t)++users->hosts;
}

static void users_note(struct load_users *users, uint64_t user, uint8_t number)
{
    if (!users->home[user])
        users->home[user] = users->first[user] = number;
    else if (users->home[user] != number)
        users->home[user] = USERS_SPLIT;
}

void users_saw(struct load_users *users, uint32_t user, dm_bytes host)
{
    if (user < users->count)
        users_note(users, user, host_number(users, host));
}

void users_merge(struct load_users *into, const struct load_users *from)
{
    uint8_t number[256] = {[TOO_MANY] = TOO_MANY, [USERS_SPLIT] = USERS_SPLIT};
    for (size_t i = 0; i < from->hosts; i++)
        number[i + 1] = host_number(into, dm_text(from->host[i]));
    for (uint64_t user = 0; user < into->count; user++) {
        if (from->first[user])
            users_note(into, user, number[from->first[user]]);
        if (from->home[user] == USERS_SPLIT)
            into->home[user] = USERS_SPLIT;
    }
}

uint64_t users_split(const struct load_users *users)
{
    uint64_t split = 0;
    for (uint64_t user = 0; user < users->count; user++)
        split += users->home[user] == USERS_SPLIT;
    return split;
}

uint64_t users_of(const struct load_users *users, size_t which)
{
    uint64_t count = 0;
    for (uint64_t user = 0; user < users->count; user++)
        count += users->first[user] == which + 1;
    return count;
}
