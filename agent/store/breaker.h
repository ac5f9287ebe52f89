/* breaker.h — is it worth asking? After some failures in a row nobody asks for a while; then one
 * asks for all, and what he finds decides. Pure; one owner.
 *
 * All-zero is a closed breaker: everybody may ask. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { BREAKER_FAILURES = 5 }; /* in a row open it */

struct breaker {
    unsigned failures; /* in a row */
    uint64_t pause;    /* ns: how long it stays open; doubled by each probe that fails */
    uint64_t until;    /* ns: open before; 0: closed */
    bool is_probing;   /* half open, and the one is on his way */
};

/* May this one ask? What becomes of it must be told: breaker_succeed, breaker_fail or breaker_lose.
 */
bool breaker_allows(struct breaker *breaker, uint64_t now);
void breaker_succeed(struct breaker *breaker);
void breaker_fail(struct breaker *breaker, uint64_t now);
/* Whoever asks for all will hear nothing: the next one may ask. */
void breaker_lose(struct breaker *breaker);

static inline bool breaker_is_open(const struct breaker *breaker)
{
    return breaker->until != 0;
}
