/* sctp_loop.c — one bell a loop, rung by the SCTP stack and by the wires themselves. */
#include "agent/net/sctp_loop.h"

#include <stdlib.h>

#include "agent/bell.h"

struct sctp_loop {
    struct sctp_owner owner;
    struct bell bell;
    uv_mutex_t lock; /* of is_deaf alone: the bell must not be rung once it is closed */
    bool is_deaf;
    struct sctp_woken *posted;
    struct sctp_woken **last;
    struct sctp_loop *outlived; /* the next of those that the stack has outlived */
};

static struct sctp_loop *loop_of(struct wire_loop *loop)
{
    return loop->sctp;
}

/* On a thread of the stack, or of a loop whose wire has moved here. */
static void ring(void *context)
{
    struct sctp_loop *sctp = context;
    uv_mutex_lock(&sctp->lock);
    if (!sctp->is_deaf)
        bell_ring(&sctp->bell);
    uv_mutex_unlock(&sctp->lock);
}

static void on_assoc(void *context, struct assoc *assoc)
{
    struct sctp_woken *woken = assoc_user(assoc);
    (void)context;
    woken->on_woken(woken, true);
}

/* What is posted while this runs has its turn in the next one. */
static void see_to_posted(struct sctp_loop *sctp)
{
    struct sctp_woken *next;
    struct sctp_woken *woken = sctp->posted;
    sctp->posted = NULL;
    sctp->last = &sctp->posted;
    for (; woken; woken = next) {
        next = woken->next;
        woken->is_posted = false;
        woken->on_woken(woken, false);
    }
}

static void on_bell(void *context)
{
    struct sctp_loop *sctp = context;
    sctp_owner_look(&sctp->owner, on_assoc, NULL);
    see_to_posted(sctp);
}

void sctp_loop_open(struct wire_loop *loop)
{
    struct sctp_loop *sctp = calloc(1, sizeof *sctp);
    if (!sctp || uv_mutex_init(&sctp->lock))
        abort();
    bell_open(&sctp->bell, loop->uv, on_bell, sctp);
    sctp->owner.wake = ring;
    sctp->owner.context = sctp;
    sctp->last = &sctp->posted;
    loop->sctp = sctp;
}

void sctp_loop_close(struct wire_loop *loop)
{
    struct sctp_loop *sctp = loop_of(loop);
    while (sctp->posted)
        see_to_posted(sctp);
    uv_mutex_lock(&sctp->lock);
    sctp->is_deaf = true;
    uv_mutex_unlock(&sctp->lock);
    bell_stop(&sctp->bell);
}

/* Some association outlives us: its thread may still look at these, until the process ends. Main
 * thread. */
static struct sctp_loop *outlived;

void sctp_loop_fini(struct wire_loop *loop)
{
    struct sctp_loop *sctp = loop_of(loop);
    loop->sctp = NULL;
    if (sctp && sctp_stack_is_open()) {
        sctp->outlived = outlived;
        outlived = sctp;
        return;
    }
    if (!sctp)
        return;
    bell_close(&sctp->bell);
    uv_mutex_destroy(&sctp->lock);
    free(sctp);
}

struct sctp_owner *sctp_loop_owner(struct wire_loop *loop)
{
    return &loop_of(loop)->owner;
}

void sctp_loop_post(struct wire_loop *loop, struct sctp_woken *woken)
{
    struct sctp_loop *sctp = loop_of(loop);
    if (sctp->is_deaf) { /* nobody comes round any more */
        woken->on_woken(woken, false);
        return;
    }
    if (woken->is_posted)
        return;
    if (!sctp->posted) /* once for all of them; our own bell, hence not yet closed */
        bell_ring(&sctp->bell);
    woken->is_posted = true;
    woken->next = NULL;
    *sctp->last = woken;
    sctp->last = &woken->next;
}
