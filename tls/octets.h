/* octets.h — octets that wait, oldest first: put in behind, taken off in front. Empty ones hold no
 * memory, so idle channels cost none. Of the folder. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_octets {
    uint8_t *memory;
    size_t begin;
    size_t end;
    size_t room;
};

/* NULL: there are none. */
static inline const uint8_t *tls_octets_at(const struct tls_octets *octets)
{
    return octets->memory ? octets->memory + octets->begin : NULL;
}

static inline size_t tls_octets_size(const struct tls_octets *octets)
{
    return octets->end - octets->begin;
}

/* Room for `size` more, so that those that follow need not move. False: no memory. */
bool tls_octets_reserve(struct tls_octets *octets, size_t size);

/* Puts in a copy. False: no memory, nothing was put in. */
bool tls_octets_put(struct tls_octets *octets, const void *from, size_t size);

void tls_octets_take(struct tls_octets *octets, size_t size);
void tls_octets_clear(struct tls_octets *octets);
