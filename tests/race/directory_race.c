/* directory_race.c — tables of several threads share names, and the last to let go frees them. */
#include <uv.h>

#include "agent/directory.h"
#include "tests/race/race.h"

enum { THREADS = 4, NAMES = 2000 };

static struct name *names[NAMES];

static dm_bytes name_of(unsigned number, char text[32])
{
    snprintf(text, 32, "sip%u.example.net", number);
    return dm_text(text);
}

static void come_and_go(void *unused)
{
    (void)unused;
    char text[32];
    struct directory directory;
    directory_init(&directory);
    for (unsigned i = 0; i < NAMES; i++)
        directory_put(&directory, names[i], (rt_peer){i, 1});
    for (unsigned i = 0; i < NAMES; i++)
        claim(directory_find(&directory, name_of(i, text))->peer.slot == i, "names are found");
    for (unsigned i = 0; i < NAMES; i += 2)
        directory_remove(&directory, name_of(i, text), (rt_peer){i, 1});
    for (unsigned i = 0; i < NAMES; i++)
        claim(!directory_find(&directory, name_of(i, text)) == (i % 2 == 0),
              "those removed are gone, and only those");
    directory_fini(&directory);
}

int main(void)
{
    char text[32];
    uv_thread_t threads[THREADS];
    for (unsigned i = 0; i < NAMES; i++)
        names[i] = name_new(name_of(i, text), THREADS);
    for (unsigned i = 0; i < THREADS; i++)
        uv_thread_create(&threads[i], come_and_go, NULL);
    for (unsigned i = 0; i < THREADS; i++)
        uv_thread_join(&threads[i]);
    return 0;
}
