/* loop.c — one epoll, a heap of timers, a list of things to do at the end of the turn.
 *
 * epoll_pwait2 waits in nanoseconds, so that an open-loop generator wakes when a request is due and
 * not a millisecond later. */
#include "bench/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { LOOP_EVENTS = 256 };

uint64_t loop_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * LOOP_SECOND + (uint64_t)now.tv_nsec;
}

int loop_init(struct loop *loop)
{
    *loop = (struct loop){.now = loop_clock(), .buffer = malloc(LOOP_BUFFER)};
    loop->last = &loop->first;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        free(loop->buffer);
        return -errno;
    }
    return 0;
}

void loop_fini(struct loop *loop)
{
    close(loop->epoll);
    free(loop->buffer);
    free(loop->heap);
}

/* ---- descriptors ---- */

static int loop_control(struct loop *loop, int operation, struct loop_watch *watch)
{
    struct epoll_event event = {.events = watch->events, .data.ptr = watch};
    return epoll_ctl(loop->epoll, operation, watch->fd, &event) < 0 ? -errno : 0;
}

int loop_watch(struct loop *loop, struct loop_watch *watch)
{
    return loop_control(loop, EPOLL_CTL_ADD, watch);
}

void loop_change(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
    if (watch->events == events)
        return;
    watch->events = events;
    int failed = loop_control(loop, EPOLL_CTL_MOD, watch);
    assert(failed == 0);
    (void)failed;
}

void loop_unwatch(struct loop *loop, struct loop_watch *watch)
{
    (void)loop_control(loop, EPOLL_CTL_DEL, watch); /* it may never have been added */
    for (int i = 0; i < loop->left; i++)
        if (loop->ready[i].data.ptr == watch)
            loop->ready[i].data.ptr = NULL;
}

/* ---- timers: a binary heap, places counted from 1 ---- */

static void heap_put(struct loop *loop, size_t place, struct loop_timer *timer)
{
    loop->heap[place] = timer;
    timer->place = place;
}

static void heap_rise(struct loop *loop, size_t place, struct loop_timer *timer)
{
    for (; place > 1 && loop->heap[place / 2]->due > timer->due; place /= 2)
        heap_put(loop, place, loop->heap[place / 2]);
    heap_put(loop, place, timer);
}

static void heap_sink(struct loop *loop, size_t place, struct loop_timer *timer)
{
    for (size_t child; (child = place * 2) <= loop->timers; place = child) {
        if (child < loop->timers && loop->heap[child + 1]->due < loop->heap[child]->due)
            child++;
        if (loop->heap[child]->due >= timer->due)
            break;
        heap_put(loop, place, loop->heap[child]);
    }
    heap_put(loop, place, timer);
}

static void heap_grow(struct loop *loop)
{
    if (loop->timers + 1 < loop->room)
        return;
    loop->room = loop->room ? loop->room * 2 : 64;
    loop->heap = realloc(loop->heap, loop->room * sizeof(struct loop_timer *));
    if (!loop->heap)
        abort();
}

void loop_timer_stop(struct loop *loop, struct loop_timer *timer)
{
    size_t place = timer->place;
    if (!place)
        return;
    timer->place = 0;
    struct loop_timer *moved = loop->heap[loop->timers--];
    if (moved == timer)
        return;
    heap_sink(loop, place, moved);
    heap_rise(loop, moved->place, moved);
}

void loop_timer_at(struct loop *loop, struct loop_timer *timer, uint64_t due)
{
    loop_timer_stop(loop, timer);
    heap_grow(loop);
    timer->due = due;
    heap_rise(loop, ++loop->timers, timer);
}

static void loop_fire(struct loop *loop)
{
    while (loop->timers && loop->heap[1]->due <= loop->now) {
        struct loop_timer *timer = loop->heap[1];
        loop_timer_stop(loop, timer);
        timer->fire(timer);
    }
}

/* ---- tasks ---- */

void loop_post(struct loop *loop, struct loop_task *task)
{
    if (task->posted)
        return;
    task->posted = true;
    task->next = NULL;
    *loop->last = task;
    loop->last = &task->next;
}

void loop_unpost(struct loop *loop, struct loop_task *task)
{
    struct loop_task **at = &loop->first;
    if (!task->posted)
        return;
    while (*at != task)
        at = &(*at)->next;
    *at = task->next;
    if (!task->next)
        loop->last = at;
    task->posted = false;
}

/* Those that are posted now; what they post waits for the next turn. */
static void loop_do_tasks(struct loop *loop)
{
    struct loop_task last = {.posted = false};
    if (!loop->first)
        return;
    loop_post(loop, &last);
    while (loop->first != &last) {
        struct loop_task *task = loop->first;
        loop->first = task->next;
        task->posted = false;
        task->run(task);
    }
    loop_unpost(loop, &last);
}

/* ---- the turn ---- */

static int loop_wait(struct loop *loop, struct epoll_event *events, uint64_t until)
{
    if (loop->timers && loop->heap[1]->due < until)
        until = loop->heap[1]->due;
    uint64_t now = until && !loop->first ? loop_clock() : UINT64_MAX;
    uint64_t wait = now < until ? until - now : 0;
    struct timespec pause = {.tv_sec = (time_t)(wait / LOOP_SECOND),
                             .tv_nsec = (long)(wait % LOOP_SECOND)};
    int count = epoll_pwait2(loop->epoll, events, LOOP_EVENTS, &pause, NULL);
    if (count >= 0 || errno != ENOSYS)
        return count > 0 ? count : 0;
    count = epoll_wait(loop->epoll, events, LOOP_EVENTS,
                       wait > 1000 * LOOP_SECOND ? 1000000 : (int)((wait + LOOP_MS - 1) / LOOP_MS));
    return count > 0 ? count : 0;
}

void loop_turn(struct loop *loop, uint64_t until)
{
    struct epoll_event events[LOOP_EVENTS];
    int count = loop_wait(loop, events, until);
    loop->now = loop_clock();
    loop->ready = events;
    loop->left = count;
    for (int i = 0; i < count; i++) {
        struct loop_watch *watch = events[i].data.ptr;
        if (watch)
            watch->ready(watch, events[i].events);
    }
    loop->left = 0;
    loop_fire(loop);
    loop_do_tasks(loop);
}

void loop_run(struct loop *loop)
{
    loop->stopped = false;
    while (!loop->stopped)
        loop_turn(loop, UINT64_MAX);
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}
