/* bell.c — an eventfd that a loop polls. */
#include "agent/bell.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void on_readable(uv_poll_t *poll, int status, int events)
{
    const struct bell *bell = poll->data;
    eventfd_t count;
    (void)status;
    (void)events;
    if (eventfd_read(bell->descriptor, &count) == 0)
        bell->on_ring(bell->context);
}

void bell_open(struct bell *bell, uv_loop_t *loop, void (*on_ring)(void *context), void *context)
{
    bell->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bell->on_ring = on_ring;
    bell->context = context;
    bell->poll.data = bell;
    if (bell->descriptor < 0 || uv_poll_init(loop, &bell->poll, bell->descriptor) ||
        uv_poll_start(&bell->poll, UV_READABLE, on_readable))
        abort();
}

/* It is never full: nobody rings 2^64 times before it is heard. */
void bell_ring(const struct bell *bell)
{
    (void)eventfd_write(bell->descriptor, 1);
}

void bell_stop(struct bell *bell)
{
    uv_close((uv_handle_t *)&bell->poll, NULL);
}

void bell_close(struct bell *bell)
{
    close(bell->descriptor);
}
