/* bindings_race.c — some threads teach, bind and disown users while others ask for them.
 *
 * User i has one public and one private identity and is bound to target i + 1, by whatever thread:
 * a reader may find nothing, but never what belongs to another user. The table is too small for
 * all, so that places change hands. */
#include <stdatomic.h>

#include <uv.h>

#include "routing/bindings.h"
#include "tests/race/race.h"

enum { THREADS = 4, ROUNDS = 60000, USERS = 600, CAPACITY = 400 };

static struct rt_bindings *table;
static _Atomic int teaching = THREADS;

static uint64_t key_of(uint32_t user, bool is_public)
{
    return (user * UINT64_C(2) + is_public + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t next(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

static void teach(uint32_t user, uint64_t now)
{
    struct rt_lesson lesson = {.keys = {key_of(user, true), key_of(user, false)},
                               .slots = {(uint16_t)user, (uint16_t)user},
                               .is_public = 1,
                               .count = 2,
                               .target = user + 1,
                               .realm = user % 5 + 1};
    rt_bindings_learn(table, &lesson, now, NULL);
}

static void teach_many(void *argument)
{
    uint64_t random = *(const unsigned *)argument + 1;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        uint64_t drawn = next(&random);
        uint32_t user = (uint32_t)(drawn >> 32) % USERS;
        uint64_t now = i * 1000000;
        if (drawn % 16 == 0)
            rt_bindings_forget(table, key_of(user, true), user + 1, now, NULL);
        else if (drawn % 16 == 1)
            rt_bindings_put(table, key_of(user, false), &(struct rt_bound){0}, 1, now);
        else
            teach(user, now);
        claim(rt_bindings_count(table) <= CAPACITY + THREADS * 2, "the table has its bound");
    }
    atomic_fetch_sub(&teaching, 1);
}

static void ask(void *argument)
{
    uint64_t random = *(const unsigned *)argument + 100;
    while (atomic_load(&teaching)) {
        struct rt_bound bound;
        uint64_t drawn = next(&random);
        uint32_t user = (uint32_t)(drawn >> 32) % USERS;
        if (!rt_bindings_find(table, key_of(user, drawn & 1), UINT64_C(30000000000), &bound))
            continue;
        claim(bound.target == user + 1 || bound.target == 0, "a user's target is his own");
        claim(bound.slot == (uint16_t)user, "a user's slot is his own");
    }
}

static void sweep(void *unused)
{
    (void)unused;
    while (atomic_load(&teaching))
        rt_bindings_tick(table, UINT64_C(30000000000));
}

int main(void)
{
    table = rt_bindings_new(CAPACITY, UINT64_C(60000000000), 42);
    uv_thread_t threads[2 * THREADS + 1];
    unsigned index[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        index[i] = i;
        uv_thread_create(&threads[i], teach_many, &index[i]);
        uv_thread_create(&threads[THREADS + i], ask, &index[i]);
    }
    uv_thread_create(&threads[2 * THREADS], sweep, NULL);
    for (unsigned i = 0; i < 2 * THREADS + 1; i++)
        uv_thread_join(&threads[i]);
    claim(rt_bindings_count(table) <= CAPACITY, "the table is within its capacity");
    claim(rt_bindings_evictions(table) > 0, "places have changed hands");
    rt_bindings_free(table);
    return 0;
}
