/* asked.h — the keys for which somebody has been asked and has not answered: one look-up a key. A
 * set of fixed size; zero is an empty one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { ASKED_MAX = 8192, ASKED_PLACES = 2 * ASKED_MAX };

struct asked {
    uint32_t count;
    uint64_t keys[ASKED_PLACES]; /* 0: free */
};

bool asked_has(const struct asked *asked, uint64_t key);
/* False: full. The key is not in it. */
bool asked_put(struct asked *asked, uint64_t key);
/* False: it was not there. */
bool asked_take(struct asked *asked, uint64_t key);
