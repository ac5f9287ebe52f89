/* gate.c — a lock for readers, which are the threads of the stack, and the one who shuts the gate.
 */
#include "agent/sctp/gate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { GUARDED_MAX = 8 }; /* raw and UDP, IPv4 and IPv6 */

static atomic_int guarded[GUARDED_MAX]; /* descriptor + 1; 0: none */
static pthread_rwlock_t gate = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static _Thread_local bool is_inside;

void gate_shut(void)
{
    pthread_rwlock_wrlock(&gate);
}

void gate_open(void)
{
    pthread_rwlock_unlock(&gate);
}

void gate_guard(int descriptor)
{
    int none = 0;
    for (int i = 0; i < GUARDED_MAX; i++, none = 0)
        if (atomic_compare_exchange_strong(&guarded[i], &none, descriptor + 1))
            return;
}

void gate_forget_all(void)
{
    for (int i = 0; i < GUARDED_MAX; i++)
        atomic_store(&guarded[i], 0);
}

static bool is_guarded(int descriptor)
{
    for (int i = 0; i < GUARDED_MAX; i++)
        if (atomic_load_explicit(&guarded[i], memory_order_relaxed) == descriptor + 1)
            return true;
    return false;
}

/* Done with the last packet, or with all timers that were due. */
static void go_out(void)
{
    if (is_inside)
        pthread_rwlock_unlock(&gate);
    is_inside = false;
}

static void come_in(void)
{
    pthread_rwlock_rdlock(&gate);
    is_inside = true;
}

/* In place of the C library's, for the whole program. After an error the thread may end, and would
 * not go out any more. */
ssize_t recvmsg(int descriptor, struct msghdr *message, int flags)
{
    go_out();
    ssize_t got = syscall(SYS_recvmsg, descriptor, message, flags);
    if (got > 0 && is_guarded(descriptor))
        come_in();
    return got;
}

/* --- timers -------------------------------------------------------------------------------------
 */

static pthread_once_t first_time = PTHREAD_ONCE_INIT;
static pthread_key_t at_end;
static const char name_of_timers[] = "SCTP timer";

static void on_end(void *unused)
{
    (void)unused;
    go_out();
}

static void make_key(void)
{
    if (pthread_key_create(&at_end, on_end))
        abort();
}

/* Known by its name, which the stack gives it before it first sleeps. It ends when it has slept,
 * hence inside: it goes out at its end. */
static bool runs_timers(void)
{
    static _Thread_local enum { UNKNOWN, YES, NO } answer;
    char name[16] = "";
    if (answer != UNKNOWN)
        return answer == YES;
    answer = prctl(PR_GET_NAME, name) == 0 && strcmp(name, name_of_timers) == 0 ? YES : NO;
    if (answer == NO)
        return false;
    pthread_once(&first_time, make_key);
    if (pthread_setspecific(at_end, name_of_timers))
        abort();
    return true;
}

/* Likewise. The timers' thread sleeps, looks at all timers, and sleeps again. */
int nanosleep(const struct timespec *time, struct timespec *left)
{
    go_out();
    int result = (int)syscall(SYS_nanosleep, time, left);
    if (runs_timers())
        come_in();
    return result;
}
