/* log.c — who, what, why.
 *
 * A line is packed into the ring of its thread and the writer is woken if it sleeps; the writer
 * renders, and writes what it finds with one write(2). No caller waits: a full ring drops the line
 * and counts it. Before log_start and after log_stop the caller writes itself. Rings lie in a fixed
 * table and are handed on when a thread ends. */
#include "agent/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "agent/log_limit.h"
#include "agent/log_record.h"
#include "agent/log_ring.h"

enum { RINGS = 80, BATCH = 64 * 1024 };

static struct log_ring rings[RINGS];
static _Thread_local struct log_ring *own_ring;
static pthread_key_t ring_key; /* its destructor hands the ring on */
static pthread_once_t ring_once = PTHREAD_ONCE_INIT;

static _Atomic int level_now = LOG_INFO;
static atomic_bool is_json;
static atomic_bool is_running;
static atomic_bool is_asleep;
static _Atomic uint64_t dropped;

/* The writer's. */
static pthread_t writer;
static sem_t wake;
static struct log_limit limit;
static char batch[BATCH];
static size_t batched;
static uint64_t dropped_said;

static uint64_t wall_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Standard error may be a pipe that somebody made non-blocking: then the writer waits. */
static bool may_go_on(void)
{
    if (errno == EINTR)
        return true;
    struct pollfd until = {.fd = STDERR_FILENO, .events = POLLOUT};
    return errno == EAGAIN && poll(&until, 1, 1000) > 0 && (until.revents & POLLOUT);
}

static void write_out(const char *octets, size_t size)
{
    while (size) {
        ssize_t n = write(STDERR_FILENO, octets, size);
        if (n < 0 && !may_go_on())
            return;
        size_t done = n < 0 ? 0 : (size_t)n;
        octets += done;
        size -= done;
    }
}

static void write_batch(void)
{
    write_out(batch, batched);
    batched = 0;
}

static void batch_record(const struct log_record *record)
{
    if (BATCH - batched < LOG_RENDERED_MAX)
        write_batch();
    batched += log_record_render(batch + batched, record, atomic_load(&is_json));
}

static void say_suppressed(const struct log_limit_entry *entry)
{
    struct log_value values[] = {log_words("{suppressed} more within a second"),
                                 log_number("suppressed", entry->suppressed)};
    struct log_record record = {entry->level, wall_time(), entry->who, entry->event, values, 2};
    batch_record(&record);
}

static void say_dropped(void)
{
    uint64_t now = atomic_load(&dropped);
    if (now == dropped_said)
        return;
    struct log_value values[] = {log_words("{lines} lines dropped: they came too fast"),
                                 log_number("lines", (int64_t)(now - dropped_said))};
    struct log_record record = {LOG_WARN, wall_time(), "-", "log", values, 2};
    dropped_said = now;
    batch_record(&record);
}

static size_t drain_ring(struct log_ring *ring)
{
    uint8_t packed[LOG_RECORD_MAX];
    struct log_value values[LOG_VALUES_MAX];
    struct log_record record;
    size_t taken = 0;
    for (; log_ring_take(ring, packed); taken++) {
        log_record_unpack(&record, values, packed);
        if (log_limit_pass(&limit, &record, say_suppressed))
            batch_record(&record);
    }
    return taken;
}

/* Writes all that waits; returns how many lines that were. */
static size_t drain(void)
{
    size_t taken = 0;
    for (size_t i = 0; i < RINGS; i++)
        taken += drain_ring(&rings[i]);
    log_limit_expire(&limit, wall_time(), say_suppressed);
    say_dropped();
    write_batch();
    return taken;
}

static void sleep_until_woken(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    while (sem_timedwait(&wake, &until) != 0 && errno == EINTR)
        continue;
}

/* Goes to sleep only after a look that followed the announcement, so no line is left behind. */
static void *write_lines(void *unused)
{
    (void)unused;
    while (atomic_load(&is_running)) {
        atomic_store(&is_asleep, true);
        if (drain() == 0)
            sleep_until_woken();
    }
    return NULL;
}

static void wake_writer(void)
{
    if (atomic_exchange(&is_asleep, false))
        sem_post(&wake);
}

static void hand_on_ring(void *ring)
{
    atomic_store(&((struct log_ring *)ring)->is_owned, false);
}

static void make_ring_key(void)
{
    (void)pthread_key_create(&ring_key, hand_on_ring); /* without one a ring is not handed on */
}

/* The ring of this thread; NULL when more threads log than there are rings. */
static struct log_ring *find_ring(void)
{
    pthread_once(&ring_once, make_ring_key);
    for (size_t i = 0; own_ring == NULL && i < RINGS; i++)
        if (!atomic_exchange(&rings[i].is_owned, true))
            own_ring = &rings[i];
    if (own_ring)
        pthread_setspecific(ring_key, own_ring);
    return own_ring;
}

static void post_line(const struct log_record *record)
{
    uint8_t packed[LOG_RECORD_MAX];
    size_t size = log_record_pack(packed, record);
    struct log_ring *ring = own_ring ? own_ring : find_ring();
    if (ring == NULL || !log_ring_put(ring, packed, (uint32_t)size))
        atomic_fetch_add(&dropped, 1);
    wake_writer();
}

static void write_line(const struct log_record *record)
{
    char rendered[LOG_RENDERED_MAX];
    write_out(rendered, log_record_render(rendered, record, atomic_load(&is_json)));
}

void log_line(enum log_level level, const char *who, const char *event,
              const struct log_value *values, size_t count)
{
    if (!log_is_on(level))
        return;
    struct log_record record = {level, wall_time(), who, event, values, count};
    if (atomic_load(&is_running))
        post_line(&record);
    else
        write_line(&record);
}

void log_open(enum log_level level, bool json)
{
    log_set_level(level);
    atomic_store(&is_json, json);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&level_now, (int)level, memory_order_relaxed);
}

bool log_is_on(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&level_now, memory_order_relaxed);
}

uint64_t log_dropped(void)
{
    return atomic_load(&dropped);
}

bool log_start(void)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sem_init(&wake, 0, 0);
    atomic_store(&is_running, true);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the main thread */
    int error = pthread_create(&writer, NULL, write_lines, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error)
        atomic_store(&is_running, false);
    return error == 0;
}

void log_stop(void)
{
    if (!atomic_exchange(&is_running, false))
        return;
    sem_post(&wake);
    pthread_join(writer, NULL);
    drain();
    log_limit_expire(&limit, UINT64_MAX, say_suppressed);
    write_batch();
    sem_destroy(&wake);
}
