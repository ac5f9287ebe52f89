/* bell.h — wakes a loop from any thread.
 *
 * As uv_async, but that its ringer is done with one write: the loop of libuv 1.44 waits, turning
 * round, until the ringer has come back from that write, and on a core that both share he cannot.
 */
#pragma once

#include <uv.h>

struct bell {
    uv_poll_t poll;
    int descriptor;
    void (*on_ring)(void *context);
    void *context;
};

/* `on_ring` is called on `loop` after bell_ring, once for all that were not yet heard. Without a
 * descriptor the program ends. */
void bell_open(struct bell *bell, uv_loop_t *loop, void (*on_ring)(void *context), void *context);

/* Any thread, until bell_close. */
void bell_ring(const struct bell *bell);

/* The loop hears it no more, and may end. On its thread. */
void bell_stop(struct bell *bell);

/* After the loop has ended, and nobody rings. */
void bell_close(struct bell *bell);
