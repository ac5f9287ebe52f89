/* hss_delay.h — answers that wait for their time. A heap by due time; owned by one thread. */
#pragma once

#include "proto/bytes.h"

enum { HSS_DELAYED_MAX = 1 << 20 };

/* A connection that may be gone when the answer is due: its place and how often that was given out.
 */
struct hss_whither {
    uint32_t slot;
    uint32_t generation;
};

struct hss_delayed {
    uint64_t due;
    struct hss_whither whither;
    uint8_t *octets; /* from malloc */
    size_t size;
};

struct hss_delay {
    struct hss_delayed *heap;
    size_t count, room;
};

void hss_delay_fini(struct hss_delay *delay);
/* Takes `answer.octets`, unless it returns false: HSS_DELAYED_MAX are waiting. */
bool hss_delay_add(struct hss_delay *delay, struct hss_delayed answer);
/* When the first is due; UINT64_MAX where none waits. */
uint64_t hss_delay_next(const struct hss_delay *delay);
/* Gives the first away. Something must be waiting. */
struct hss_delayed hss_delay_take(struct hss_delay *delay);
