/* asked.c — open addressing; what is taken out is filled from behind. Keys are hashes already. */
#include "agent/store/asked.h"

static uint32_t home_of(uint64_t key)
{
    return (uint32_t)key & (ASKED_PLACES - 1);
}

static uint64_t kept(uint64_t key)
{
    return key ? key : 1;
}

/* Where it is, or the free place where it would be. */
static uint32_t place_of(const struct asked *asked, uint64_t key)
{
    uint32_t place = home_of(key);
    while (asked->keys[place] && asked->keys[place] != key)
        place = (place + 1) & (ASKED_PLACES - 1);
    return place;
}

bool asked_has(const struct asked *asked, uint64_t key)
{
    return asked->count && asked->keys[place_of(asked, kept(key))];
}

bool asked_put(struct asked *asked, uint64_t key)
{
    if (asked->count == ASKED_MAX)
        return false;
    asked->keys[place_of(asked, kept(key))] = kept(key);
    asked->count++;
    return true;
}

/* May the key at `place` move to `hole` and still be found from its home? */
static bool may_fill(const struct asked *asked, uint32_t hole, uint32_t place)
{
    uint32_t home = home_of(asked->keys[place]);
    return ((place - home) & (ASKED_PLACES - 1)) >= ((place - hole) & (ASKED_PLACES - 1));
}

bool asked_take(struct asked *asked, uint64_t key)
{
    uint32_t hole = place_of(asked, kept(key));
    if (!asked->keys[hole])
        return false;
    for (uint32_t place = (hole + 1) & (ASKED_PLACES - 1); asked->keys[place];
         place = (place + 1) & (ASKED_PLACES - 1))
        if (may_fill(asked, hole, place)) {
            asked->keys[hole] = asked->keys[place];
            hole = place;
        }
    asked->keys[hole] = 0;
    asked->count--;
    return true;
}
