/* octets.c — a queue of octets in one piece of memory. */
#include "tls/octets.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { OCTETS_ROOM_MIN = 1024 };

static void move_to_front(struct tls_octets *octets)
{
    size_t size = tls_octets_size(octets);
    if (size != 0)
        memmove(octets->memory, octets->memory + octets->begin, size);
    octets->begin = 0;
    octets->end = size;
}

static bool grow(struct tls_octets *octets, size_t size)
{
    size_t room = octets->room ? octets->room : OCTETS_ROOM_MIN;
    while (room < octets->end + size)
        room *= 2;
    uint8_t *memory = realloc(octets->memory, room);
    if (!memory)
        return false;
    octets->memory = memory;
    octets->room = room;
    return true;
}

bool tls_octets_reserve(struct tls_octets *octets, size_t size)
{
    if (octets->room - octets->end >= size)
        return true;
    move_to_front(octets);
    return octets->room - octets->end >= size || grow(octets, size);
}

bool tls_octets_put(struct tls_octets *octets, const void *from, size_t size)
{
    if (size == 0)
        return true;
    if (!tls_octets_reserve(octets, size))
        return false;
    memcpy(octets->memory + octets->end, from, size);
    octets->end += size;
    return true;
}

void tls_octets_take(struct tls_octets *octets, size_t size)
{
    assert(size <= tls_octets_size(octets));
    octets->begin += size;
    if (octets->begin == octets->end)
        tls_octets_clear(octets);
}

void tls_octets_clear(struct tls_octets *octets)
{
    free(octets->memory);
    *octets = (struct tls_octets){0};
}
