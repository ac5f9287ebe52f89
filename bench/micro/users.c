/* users.c — a million provisioned users. */
#include "bench/micro/users.h"

#include <stdlib.h>

enum { LINE = 48 };

static bool find_target(void *context, dm_bytes name, struct rt_target *target)
{
    (void)context;
    (void)name;
    *target = (struct rt_target){RT_TARGET_POOL, 0, 0};
    return true;
}

static void compile(struct users *users, uint32_t rows, uint64_t seed)
{
    static const struct rt_target_names names = {NULL, find_target};
    char *csv = malloc((size_t)rows * LINE + 1);
    if (!csv)
        abort();
    char *at = csv;
    for (uint32_t i = 0; i < rows; i++)
        at += sprintf(at, "sip:user%u@example.net,hss,u%u\n", (unsigned)i, (unsigned)i);
    users->rows =
        rt_rows_compile("users", dm_bytes_of(csv, (size_t)(at - csv)), seed, NULL, &names, stderr);
    free(csv);
    if (!users->rows)
        abort();
    users->table = (struct rt_subscriber_table){.name = "users", .count = rows};
    users->table.rows = rt_subscribers_new(users->rows, "users", &names, stderr);
}

void users_init(struct users *users, uint32_t rows, uint64_t seed)
{
    enum { STRIDE = 7919 }; /* a prime: everybody once before anybody twice */
    compile(users, rows, seed);
    users->next = 0;
    users->identities = malloc(USERS_ASKED * sizeof *users->identities);
    if (!users->identities || !users->table.rows)
        abort();
    for (uint64_t i = 0; i < USERS_ASKED; i++)
        sprintf(users->identities[i], "sip:user%u@example.net",
                (unsigned)(i * STRIDE % USERS_ROWS));
}

void users_fini(struct users *users)
{
    rt_subscribers_free(users->table.rows);
    rt_rows_free(users->rows);
    free(users->identities);
}
