/* loop.h — a tiny epoll loop for the bench programs: descriptors, timers, and what is done once a
 * turn.
 *
 * One thread, one loop. A turn waits for descriptors or the next timer, calls what is ready, then
 * the tasks that were posted: a link posts itself when it has octets to write, so all that a turn
 * produced leaves in one write. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOOP_BUFFER = 65536 };

#define LOOP_MS     UINT64_C(1000000)
#define LOOP_SECOND UINT64_C(1000000000)

struct epoll_event;
struct loop;

/* A descriptor in the loop, embedded in what it belongs to. `events` are EPOLLIN, EPOLLOUT;
 * level-triggered. */
struct loop_watch {
    int fd;
    uint32_t events;
    void (*ready)(struct loop_watch *watch, uint32_t events);
};

/* Fires once, at or after `due`. All zero but `fire`: not running. */
struct loop_timer {
    uint64_t due;
    size_t place; /* in the heap, from 1; 0: not running */
    void (*fire)(struct loop_timer *timer);
};

/* Runs once at the end of this turn (or of the next, if posted by a task). */
struct loop_task {
    struct loop_task *next;
    bool posted;
    void (*run)(struct loop_task *task);
};

struct loop {
    int epoll;
    bool stopped;
    uint64_t now; /* nanoseconds, monotonic; fetched once a turn, after the wait */
    struct loop_timer **heap;
    size_t timers, room;
    struct loop_task *first, **last;
    struct epoll_event *ready; /* what this turn has still to call */
    int left;
    uint8_t *buffer; /* LOOP_BUFFER octets for whoever reads in this turn */
};

/* Both return 0 or a negative errno. */
int loop_init(struct loop *loop);
void loop_fini(struct loop *loop);
int loop_watch(struct loop *loop, struct loop_watch *watch);
void loop_change(struct loop *loop, struct loop_watch *watch, uint32_t events);
/* Forgets the descriptor; it stays open. It will not be called again, not in this turn either. */
void loop_unwatch(struct loop *loop, struct loop_watch *watch);

/* Starts the timer, or moves it. */
void loop_timer_at(struct loop *loop, struct loop_timer *timer, uint64_t due);
void loop_timer_stop(struct loop *loop, struct loop_timer *timer);

void loop_post(struct loop *loop, struct loop_task *task);
/* Forgets a posted task. */
void loop_unpost(struct loop *loop, struct loop_task *task);

/* One turn, waiting until something happens or `until` (nanoseconds, absolute; 0: not at all). */
void loop_turn(struct loop *loop, uint64_t until);
/* Turns until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* The clock itself; loop->now is what a turn uses. */
uint64_t loop_clock(void);
