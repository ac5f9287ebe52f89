/* crowds.c — lists of strangers by address. */
#include "agent/crowds.h"

#include <assert.h>
#include <stddef.h>

#include <xxhash.h>

#include "agent/clock.h"

enum { SHARES = 8, PREFIX_V6 = 8 };
#define GREEDY_FOR (60 * NS_PER_S)

/* Whoever has one address of IPv6 has its /64. */
static struct crowd *crowd_of(struct crowds *crowds, const union conf_socket *source)
{
    bool is_v6 = source->any.sa_family == AF_INET6;
    const void *at = is_v6 ? (const void *)&source->v6.sin6_addr : &source->v4.sin_addr;
    size_t size = is_v6 ? PREFIX_V6 : sizeof source->v4.sin_addr;
    return &crowds->at[XXH3_64bits_withSeed(at, size, crowds->seed) % CROWDS];
}

void crowds_enter(struct crowds *crowds, struct crowd_member *member,
                  const union conf_socket *source, uint64_t now)
{
    struct crowd *crowd = crowd_of(crowds, source);
    *member = (struct crowd_member){.crowd = crowd, .older = crowd->youngest, .since = now};
    *(crowd->youngest ? &crowd->youngest->younger : &crowd->oldest) = member;
    crowd->youngest = member;
    crowd->count++;
}

void crowds_leave(struct crowd_member *member)
{
    struct crowd *crowd = member->crowd;
    assert(crowd->count);
    *(member->older ? &member->older->younger : &crowd->oldest) = member->younger;
    *(member->younger ? &member->younger->older : &crowd->youngest) = member->older;
    crowd->count--;
}

unsigned crowds_share(uint32_t half_open)
{
    return half_open > SHARES ? half_open / SHARES : 1;
}

struct crowd_member *crowds_excess(const struct crowd_member *member, unsigned share, uint64_t now)
{
    const struct crowd *crowd = member->crowd;
    return crowd->count > share && now < crowd->greedy_until ? crowd->oldest : NULL;
}

struct crowd_member *crowds_idle(struct crowds *crowds, unsigned share, uint64_t patience,
                                 uint64_t now)
{
    for (unsigned i = 0; i < CROWDS; i++) {
        struct crowd *crowd = &crowds->at[i];
        if (crowd->count <= share || crowd->oldest->since + patience > now)
            continue;
        crowd->greedy_until = now + GREEDY_FOR;
        return crowd->oldest;
    }
    return NULL;
}
