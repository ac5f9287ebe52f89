/* watchdog.h — RFC 3539 §3.4.1 and Appendix A as rows (watchdog.def); a pure step function.
 *
 * The machine holds Pending and NumDWA; the caller owns the timer (Tw with its jitter) and carries
 * out the actions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum dm_watch_state {
    DM_WATCH_INITIAL,
    DM_WATCH_OKAY,
    DM_WATCH_SUSPECT,
    DM_WATCH_DOWN,
    DM_WATCH_REOPEN,
    DM_WATCH_STATES
};

enum dm_watch_event {
    DM_WATCH_CONNECTION_UP, /* the peer state machine reached Open */
    DM_WATCH_CONNECTION_DOWN,
    DM_WATCH_RECEIVE_DWA,
    DM_WATCH_RECEIVE_OTHER,
    DM_WATCH_TIMER,
    DM_WATCH_EVENTS,
};

enum dm_watch_action { /* a set */
                       DM_WATCH_SET_TIMER = 1 << 0,
                       DM_WATCH_SEND_DWR = 1 << 1,
                       DM_WATCH_FAILOVER = 1 << 2,
                       DM_WATCH_FAILBACK = 1 << 3,
                       DM_WATCH_CLOSE = 1 << 4,
                       DM_WATCH_ATTEMPT_OPEN = 1 << 5,
                       DM_WATCH_THROW_AWAY = 1 << 6, /* Appendix A; the agent serves the message all
                                                        the same (WDG-12) */
};

struct dm_watchdog {
    enum dm_watch_state state;
    bool pending; /* a DWR is unanswered */
    int num_dwa;
};

/* Steps the machine; returns the set of actions. */
unsigned dm_watchdog_step(struct dm_watchdog *watchdog, enum dm_watch_event event);

/* Back to INITIAL with nothing pending: after an orderly disconnect. WDG-11, WDG-17. */
void dm_watchdog_reset(struct dm_watchdog *watchdog);

const char *dm_watch_state_name(enum dm_watch_state state); /* "okay" */
