/* hss_delay.c — a binary heap: the earliest answer is at the front. */
#include "bench/hss_delay.h"

#include <stdlib.h>

void hss_delay_fini(struct hss_delay *delay)
{
    for (size_t i = 0; i < delay->count; i++)
        free(delay->heap[i].octets);
    free(delay->heap);
    *delay = (struct hss_delay){0};
}

static void grow(struct hss_delay *delay)
{
    if (delay->count < delay->room)
        return;
    delay->room = delay->room ? 2 * delay->room : 64;
    delay->heap = realloc(delay->heap, delay->room * sizeof(*delay->heap));
    if (!delay->heap)
        abort();
}

bool hss_delay_add(struct hss_delay *delay, struct hss_delayed answer)
{
    if (delay->count == HSS_DELAYED_MAX)
        return false;
    grow(delay);
    size_t at = delay->count++;
    for (; at && delay->heap[(at - 1) / 2].due > answer.due; at = (at - 1) / 2)
        delay->heap[at] = delay->heap[(at - 1) / 2];
    delay->heap[at] = answer;
    return true;
}

uint64_t hss_delay_next(const struct hss_delay *delay)
{
    return delay->count ? delay->heap[0].due : UINT64_MAX;
}

static size_t earlier_child(const struct hss_delay *delay, size_t at)
{
    size_t child = 2 * at + 1;
    return child + 1 < delay->count && delay->heap[child + 1].due < delay->heap[child].due
               ? child + 1
               : child;
}

struct hss_delayed hss_delay_take(struct hss_delay *delay)
{
    struct hss_delayed first = delay->heap[0], last = delay->heap[--delay->count];
    size_t at = 0;
    for (size_t child; (child = earlier_child(delay, at)) < delay->count; at = child) {
        if (delay->heap[child].due >= last.due)
            break;
        delay->heap[at] = delay->heap[child];
    }
    delay->heap[at] = last;
    return first;
}
