/* log_ring.h — packed records from one thread to the writer of the log, without a lock. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOG_RING_SIZE = 64 * 1024 };

/* All zero is an empty ring. `head` and `tail` count octets and are never reduced. */
struct log_ring {
    _Atomic uint64_t head; /* written by the thread that logs */
    _Atomic uint64_t tail; /* written by the writer */
    atomic_bool is_owned;
    uint8_t octets[LOG_RING_SIZE];
};

/* False when it is full: nothing is put. Owner's thread. */
bool log_ring_put(struct log_ring *ring, const uint8_t *record, uint32_t size);
/* Takes one record to `to`, which has room for the largest; false when it is empty. Writer's
 * thread. */
bool log_ring_take(struct log_ring *ring, uint8_t *to);
