/* breaker.c — closed, open, half open. */
#include "agent/store/breaker.h"

#define LEAST_PAUSE UINT64_C(100000000)
#define MOST_PAUSE  UINT64_C(2000000000)

bool breaker_allows(struct breaker *breaker, uint64_t now)
{
    if (!breaker->until)
        return true;
    if (now < breaker->until || breaker->is_probing)
        return false;
    breaker->is_probing = true;
    return true;
}

void breaker_succeed(struct breaker *breaker)
{
    *breaker = (struct breaker){0};
}

/* What was asked before it opened fails late and says nothing new. */
void breaker_fail(struct breaker *breaker, uint64_t now)
{
    if (breaker->until && !breaker->is_probing)
        return;
    if (++breaker->failures < BREAKER_FAILURES)
        return;
    breaker->pause = breaker->pause ? breaker->pause * 2 : LEAST_PAUSE;
    if (breaker->pause > MOST_PAUSE)
        breaker->pause = MOST_PAUSE;
    breaker->until = now + breaker->pause;
    breaker->is_probing = false;
}

void breaker_lose(struct breaker *breaker)
{
    breaker->is_probing = false;
}
