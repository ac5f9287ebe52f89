/* watchdog.c — the rows of watchdog.def, found by state and event; the first whose condition holds
 * is taken.
 *
 * The caller makes what the actions say; Pending and NumDWA are kept here. RFC 3539 §3.4.1,
 * Appendix A. */
#include "proto/watchdog.h"

/* GIVEN_UP: a DWR unanswered for a second Tw (NumDWA < 0). THIRD_NOW: two DWAs have come before
 * this one. */
enum condition { ALWAYS, PENDING, NOT_PENDING, GIVEN_UP, THIRD_NOW, NOT_YET };

/* Changes to the machine, beside the actions of the caller in one set. */
enum change {
    SET_TIMER = DM_WATCH_SET_TIMER,
    SEND_DWR = DM_WATCH_SEND_DWR,
    FAILOVER = DM_WATCH_FAILOVER,
    FAILBACK = DM_WATCH_FAILBACK,
    CLOSE = DM_WATCH_CLOSE,
    ATTEMPT_OPEN = DM_WATCH_ATTEMPT_OPEN,
    THROW_AWAY = DM_WATCH_THROW_AWAY,
    ACTIONS = 0xff,
    PENDING_FALSE = 1 << 8,
    PENDING_TRUE = 1 << 9,
    NUM_DWA_0 = 1 << 10,
    NUM_DWA_UP = 1 << 11,
    NUM_DWA_MINUS_1 = 1 << 12,
};

struct row {
    enum dm_watch_state state;
    enum dm_watch_event event;
    enum condition condition;
    enum dm_watch_state next;
    unsigned what;
};

#define ALSO(state, event, condition, next, what)                                                  \
    {DM_WATCH_##state, DM_WATCH_##event, condition, DM_WATCH_##next, what},
#define ROW ALSO
static const struct row rows[] = {
#include "proto/watchdog.def"
};
#undef ROW
#undef ALSO

enum row_number {
    ROW_NOTHING,
#define ROW(state, event, condition, next, what)  ROW_##state##_##event,
#define ALSO(state, event, condition, next, what) ROW_##state##_##event##_##condition,
#include "proto/watchdog.def"
#undef ROW
#undef ALSO
};

static const unsigned char first_at[DM_WATCH_STATES][DM_WATCH_EVENTS] = {
#define ROW(state, event, condition, next, what)                                                   \
    [DM_WATCH_##state][DM_WATCH_##event] = ROW_##state##_##event,
#define ALSO(state, event, condition, next, what)
#include "proto/watchdog.def"
#undef ROW
#undef ALSO
};

static bool holds(const struct dm_watchdog *watchdog, enum condition condition)
{
    switch (condition) {
    case ALWAYS:
        return true;
    case PENDING:
        return watchdog->pending;
    case NOT_PENDING:
        return !watchdog->pending;
    case GIVEN_UP:
        return watchdog->pending && watchdog->num_dwa < 0;
    case THIRD_NOW:
        return watchdog->num_dwa == 2;
    case NOT_YET:
        return watchdog->num_dwa < 2;
    }
    return false;
}

static const struct row *find(const struct dm_watchdog *watchdog, enum dm_watch_event event)
{
    const struct row *end = rows + sizeof rows / sizeof rows[0];
    unsigned first = first_at[watchdog->state][event];
    if (first == ROW_NOTHING)
        return NULL;
    for (const struct row *row = &rows[first - 1]; row < end; row++) {
        if (row->state != watchdog->state || row->event != event)
            return NULL;
        if (holds(watchdog, row->condition))
            return row;
    }
    return NULL;
}

static void change(struct dm_watchdog *watchdog, unsigned what)
{
    if (what & PENDING_FALSE)
        watchdog->pending = false;
    if (what & PENDING_TRUE)
        watchdog->pending = true;
    if (what & NUM_DWA_0)
        watchdog->num_dwa = 0;
    if (what & NUM_DWA_UP)
        watchdog->num_dwa++;
    if (what & NUM_DWA_MINUS_1)
        watchdog->num_dwa = -1;
}

unsigned dm_watchdog_step(struct dm_watchdog *watchdog, enum dm_watch_event event)
{
    const struct row *row = find(watchdog, event);
    if (row == NULL)
        return 0;
    /* What was asked on the last transport is never answered on this one: WDG-17. */
    if (event == DM_WATCH_CONNECTION_UP)
        watchdog->pending = false;
    change(watchdog, row->what);
    watchdog->state = row->next;
    return row->what & ACTIONS;
}

void dm_watchdog_reset(struct dm_watchdog *watchdog)
{
    *watchdog = (struct dm_watchdog){.state = DM_WATCH_INITIAL};
}

const char *dm_watch_state_name(enum dm_watch_state state)
{
    static const char *const names[DM_WATCH_STATES] = {
        [DM_WATCH_INITIAL] = "initial", [DM_WATCH_OKAY] = "okay",
        [DM_WATCH_SUSPECT] = "suspect", [DM_WATCH_DOWN] = "down",
        [DM_WATCH_REOPEN] = "reopen",
    };
    return names[state];
}
