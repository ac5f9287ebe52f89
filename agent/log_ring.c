/* log_ring.c — packed records from one thread to the writer of the log.
 *
 * One producer, one consumer: each reads the other's count with acquire and publishes its own with
 * release. A record is its size in four octets and its octets, both wrapped at the end. */
#include "agent/log_ring.h"

#include <string.h>

static void copy_in(struct log_ring *ring, uint64_t at, const void *from, size_t size)
{
    size_t start = at % LOG_RING_SIZE;
    size_t first = size < LOG_RING_SIZE - start ? size : LOG_RING_SIZE - start;
    memcpy(ring->octets + start, from, first);
    memcpy(ring->octets, (const uint8_t *)from + first, size - first);
}

static void copy_out(const struct log_ring *ring, uint64_t at, void *to, size_t size)
{
    size_t start = at % LOG_RING_SIZE;
    size_t first = size < LOG_RING_SIZE - start ? size : LOG_RING_SIZE - start;
    memcpy(to, ring->octets + start, first);
    memcpy((uint8_t *)to + first, ring->octets, size - first);
}

bool log_ring_put(struct log_ring *ring, const uint8_t *record, uint32_t size)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    if (LOG_RING_SIZE - (head - tail) < sizeof size + size)
        return false;
    copy_in(ring, head, &size, sizeof size);
    copy_in(ring, head + sizeof size, record, size);
    atomic_store_explicit(&ring->head, head + sizeof size + size, memory_order_release);
    return true;
}

bool log_ring_take(struct log_ring *ring, uint8_t *to)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    if (head == tail)
        return false;
    uint32_t size;
    copy_out(ring, tail, &size, sizeof size);
    copy_out(ring, tail + sizeof size, to, size);
    atomic_store_explicit(&ring->tail, tail + sizeof size + size, memory_order_release);
    return true;
}
