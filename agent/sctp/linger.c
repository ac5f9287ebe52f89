/* linger.c — a thread that looks after what lingers, every few milliseconds. */
#include "agent/sctp/linger.h"

#include <pthread.h>
#include <time.h>

#include "agent/sctp/assoc_private.h"

enum { PAUSE_MS = 10 };

static struct {
    pthread_t thread;
    pthread_mutex_t lock; /* guards these */
    pthread_cond_t has_changed;
    struct assoc *arrived;
    unsigned count; /* of all that linger */
    uint32_t patience;
    bool has_given_up;
    bool is_to_stop;
} linger = {.lock = PTHREAD_MUTEX_INITIALIZER, .has_changed = PTHREAD_COND_INITIALIZER};

static uint64_t milliseconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void take_arrived(struct assoc **list)
{
    while (linger.arrived) {
        struct assoc *assoc = linger.arrived;
        linger.arrived = assoc->next;
        assoc->next = *list;
        *list = assoc;
    }
}

/* What has arrived goes to the list. False: it is time to stop. */
static bool wait_for_some(struct assoc **list)
{
    pthread_mutex_lock(&linger.lock);
    take_arrived(list);
    while (!*list && !linger.is_to_stop) {
        pthread_cond_wait(&linger.has_changed, &linger.lock);
        take_arrived(list);
    }
    bool goes_on = *list;
    pthread_mutex_unlock(&linger.lock);
    return goes_on;
}

/* Returns how many have ended. Those whose deadline has passed are aborted. */
static unsigned look_at_all(struct assoc **list, uint64_t now)
{
    unsigned ended = 0;
    while (*list) {
        struct assoc *assoc = *list;
        struct assoc *next = assoc->next;
        if (assoc_try_end(assoc, assoc->deadline <= now)) {
            *list = next;
            ended++;
        } else
            list = &assoc->next;
    }
    return ended;
}

static void count_ended(unsigned ended)
{
    pthread_mutex_lock(&linger.lock);
    linger.count -= ended;
    pthread_mutex_unlock(&linger.lock);
}

/* Once it was given up every deadline has passed. */
static uint64_t time_of_look(void)
{
    pthread_mutex_lock(&linger.lock);
    bool has_given_up = linger.has_given_up;
    pthread_mutex_unlock(&linger.lock);
    return has_given_up ? UINT64_MAX : milliseconds_now();
}

static void *run(void *unused)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000 * 1000};
    struct assoc *list = NULL;
    (void)unused;
    while (wait_for_some(&list)) {
        count_ended(look_at_all(&list, time_of_look()));
        if (list)
            (void)nanosleep(&pause, NULL);
    }
    return NULL;
}

/* --- from outside -------------------------------------------------------------------------------
 */

bool linger_start(void)
{
    linger.is_to_stop = linger.has_given_up = false;
    return pthread_create(&linger.thread, NULL, run, NULL) == 0;
}

void linger_stop(void)
{
    pthread_mutex_lock(&linger.lock);
    linger.is_to_stop = true;
    pthread_cond_signal(&linger.has_changed);
    pthread_mutex_unlock(&linger.lock);
    pthread_join(linger.thread, NULL);
}

void linger_take(struct assoc *assoc)
{
    pthread_mutex_lock(&linger.lock);
    linger.count++;
    assoc->deadline = milliseconds_now() + linger.patience;
    assoc->next = linger.arrived;
    linger.arrived = assoc;
    pthread_cond_signal(&linger.has_changed);
    pthread_mutex_unlock(&linger.lock);
}

void linger_set_patience(uint32_t milliseconds)
{
    pthread_mutex_lock(&linger.lock);
    linger.patience = milliseconds;
    pthread_mutex_unlock(&linger.lock);
}

void linger_give_up(void)
{
    pthread_mutex_lock(&linger.lock);
    linger.has_given_up = true;
    pthread_mutex_unlock(&linger.lock);
}

unsigned linger_count(void)
{
    pthread_mutex_lock(&linger.lock);
    unsigned count = linger.count;
    pthread_mutex_unlock(&linger.lock);
    return count;
}
