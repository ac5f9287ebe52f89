/* The watchdog against RFC 3539 Appendix A (tests/data/rfc3539-a.tsv, typed from the RFC), and its
 * story as the WDG rows tell it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proto/watchdog.h"

struct rfc_row {
    char state[16], event[64], actions[96], next[16];
};

static enum dm_watch_state state_named(const char *name)
{
    for (enum dm_watch_state state = 0; state < DM_WATCH_STATES; state++)
        if (strcasecmp(dm_watch_state_name(state), name) == 0)
            return state;
    cr_assert(false, "no state %s", name);
    return DM_WATCH_STATES;
}

static enum dm_watch_event event_named(const char *text)
{
    static const struct {
        const char *text;
        enum dm_watch_event event;
    } events[] = {
        {"Receive DWA", DM_WATCH_RECEIVE_DWA},
        {"Receive non-DWA", DM_WATCH_RECEIVE_OTHER},
        {"Timer expires", DM_WATCH_TIMER},
        {"Connection up", DM_WATCH_CONNECTION_UP},
        {"Connection down", DM_WATCH_CONNECTION_DOWN},
    };
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (strncmp(text, events[i].text, strlen(events[i].text)) == 0)
            return events[i].event;
    cr_assert(false, "no event %s", text);
    return DM_WATCH_EVENTS;
}

static unsigned actions_named(const char *text)
{
    unsigned set = 0;
    set |= strstr(text, "SetWatchdog()") ? DM_WATCH_SET_TIMER : 0;
    set |= strstr(text, "SendWatchdog()") ? DM_WATCH_SEND_DWR : 0;
    set |= strstr(text, "Failover()") ? DM_WATCH_FAILOVER : 0;
    set |= strstr(text, "Failback()") ? DM_WATCH_FAILBACK : 0;
    set |= strstr(text, "CloseConnection()") ? DM_WATCH_CLOSE : 0;
    set |= strstr(text, "AttemptOpen()") ? DM_WATCH_ATTEMPT_OPEN : 0;
    set |= strstr(text, "Throwaway()") ? DM_WATCH_THROW_AWAY : 0;
    return set;
}

static bool condition_holds(const char *event, const struct dm_watchdog *before)
{
    if (strstr(event, "!Pending") && before->pending)
        return false;
    if (strstr(event, "& Pending") && !before->pending)
        return false;
    if (strstr(event, "NumDWA == 2") && before->num_dwa != 2)
        return false;
    if (strstr(event, "NumDWA < 2") && before->num_dwa >= 2)
        return false;
    if (strstr(event, "NumDWA < 0") && before->num_dwa >= 0)
        return false;
    return !(strstr(event, "NumDWA >= 0") && before->num_dwa < 0);
}

static struct dm_watchdog after(const struct rfc_row *row, struct dm_watchdog watchdog)
{
    watchdog.state = state_named(row->next);
    /* WDG-17: a new transport starts with Pending = FALSE. */
    if (strcmp(row->event, "Connection up") == 0 || strstr(row->actions, "Pending = FALSE"))
        watchdog.pending = false;
    if (strstr(row->actions, "Pending = TRUE"))
        watchdog.pending = true;
    if (strstr(row->actions, "NumDWA++"))
        watchdog.num_dwa++;
    if (strstr(row->actions, "NumDWA = 0"))
        watchdog.num_dwa = 0;
    if (strstr(row->actions, "NumDWA = -1"))
        watchdog.num_dwa = -1;
    return watchdog;
}

static void row_holds(const struct rfc_row *row, struct dm_watchdog before)
{
    struct dm_watchdog ours = before, theirs = after(row, before);
    unsigned actions = dm_watchdog_step(&ours, event_named(row->event));
    cr_assert_eq(actions, actions_named(row->actions), "%s, %s", row->state, row->event);
    cr_assert_eq(ours.state, theirs.state, "%s, %s", row->state, row->event);
    cr_assert_eq(ours.pending, theirs.pending, "%s, %s", row->state, row->event);
    cr_assert_eq(ours.num_dwa, theirs.num_dwa, "%s, %s", row->state, row->event);
}

static size_t row_holds_whatever_came_before(const struct rfc_row *row)
{
    size_t tried = 0;
    for (int num_dwa = -1; num_dwa <= 2; num_dwa++)
        for (int pending = 0; pending <= 1; pending++) {
            struct dm_watchdog before = {state_named(row->state), pending, num_dwa};
            if (!condition_holds(row->event, &before))
                continue;
            row_holds(row, before);
            tried++;
        }
    return tried;
}

Test(watchdog, WDG_01_every_row_of_appendix_A_holds)
{
    FILE *file = fopen(TEST_DATA "/rfc3539-a.tsv", "r");
    cr_assert_not_null(file);
    char line[256];
    size_t rows = 0;
    cr_assert_not_null(fgets(line, sizeof line, file));
    while (fgets(line, sizeof line, file)) {
        struct rfc_row row;
        int read = sscanf(line, "%15[^\t]\t%63[^\t]\t%95[^\t]\t%15[^\n]", row.state, row.event,
                          row.actions, row.next);
        cr_assert_eq(read, 4, "%s", line);
        cr_assert_gt(row_holds_whatever_came_before(&row), 0);
        rows++;
    }
    fclose(file);
    cr_assert_eq(rows, 24);
}

static void nothing_happens(enum dm_watch_state state, enum dm_watch_event event)
{
    struct dm_watchdog watchdog = {state, true, 1};
    cr_assert_eq(dm_watchdog_step(&watchdog, event), 0);
    cr_assert_eq(watchdog.state, state);
    cr_assert(watchdog.pending);
    cr_assert_eq(watchdog.num_dwa, 1);
}

Test(watchdog, events_that_mean_nothing_change_nothing)
{
    nothing_happens(DM_WATCH_OKAY, DM_WATCH_CONNECTION_UP);
    nothing_happens(DM_WATCH_SUSPECT, DM_WATCH_CONNECTION_UP);
    nothing_happens(DM_WATCH_REOPEN, DM_WATCH_CONNECTION_UP);
    nothing_happens(DM_WATCH_INITIAL, DM_WATCH_CONNECTION_DOWN);
    nothing_happens(DM_WATCH_DOWN, DM_WATCH_CONNECTION_DOWN);
}

Test(watchdog, WDG_11_the_first_connection_goes_straight_to_okay)
{
    struct dm_watchdog watchdog = {0};
    cr_assert_eq(dm_watchdog_step(&watchdog, DM_WATCH_CONNECTION_UP), DM_WATCH_SET_TIMER);
    cr_assert_eq(watchdog.state, DM_WATCH_OKAY);
}

Test(watchdog, WDG_04_a_DWR_is_sent_once_while_it_is_unanswered)
{
    struct dm_watchdog watchdog = {.state = DM_WATCH_OKAY};
    cr_assert(dm_watchdog_step(&watchdog, DM_WATCH_TIMER) & DM_WATCH_SEND_DWR);
    cr_assert_eq(dm_watchdog_step(&watchdog, DM_WATCH_RECEIVE_OTHER), DM_WATCH_SET_TIMER);
    cr_assert_not(dm_watchdog_step(&watchdog, DM_WATCH_TIMER) & DM_WATCH_SEND_DWR);
}

Test(watchdog, WDG_06_WDG_07_two_expiries_before_failover_three_before_close)
{
    struct dm_watchdog watchdog = {.state = DM_WATCH_OKAY};
    dm_watchdog_step(&watchdog, DM_WATCH_TIMER);
    unsigned second = dm_watchdog_step(&watchdog, DM_WATCH_TIMER);
    cr_assert_eq(second, DM_WATCH_FAILOVER | DM_WATCH_SET_TIMER);
    cr_assert_eq(watchdog.state, DM_WATCH_SUSPECT);
    unsigned third = dm_watchdog_step(&watchdog, DM_WATCH_TIMER);
    cr_assert_eq(third, DM_WATCH_CLOSE | DM_WATCH_SET_TIMER);
    cr_assert_eq(watchdog.state, DM_WATCH_DOWN);
}

Test(watchdog, WDG_08_any_message_ends_the_suspicion)
{
    struct dm_watchdog watchdog = {.state = DM_WATCH_SUSPECT, .pending = true};
    unsigned actions = dm_watchdog_step(&watchdog, DM_WATCH_RECEIVE_OTHER);
    cr_assert_eq(actions, DM_WATCH_FAILBACK | DM_WATCH_SET_TIMER);
    cr_assert_eq(watchdog.state, DM_WATCH_OKAY);
}

Test(watchdog, WDG_10_after_a_failure_the_third_DWA_brings_the_traffic_back)
{
    struct dm_watchdog watchdog = {.state = DM_WATCH_DOWN};
    unsigned actions = dm_watchdog_step(&watchdog, DM_WATCH_CONNECTION_UP);
    cr_assert_eq(actions, DM_WATCH_SEND_DWR | DM_WATCH_SET_TIMER);
    for (int answered = 0; answered < 2; answered++) {
        cr_assert_eq(dm_watchdog_step(&watchdog, DM_WATCH_RECEIVE_DWA), 0);
        cr_assert_eq(watchdog.state, DM_WATCH_REOPEN);
        cr_assert(dm_watchdog_step(&watchdog, DM_WATCH_TIMER) & DM_WATCH_SEND_DWR);
    }
    cr_assert_eq(dm_watchdog_step(&watchdog, DM_WATCH_RECEIVE_DWA), DM_WATCH_FAILBACK);
    cr_assert_eq(watchdog.state, DM_WATCH_OKAY);
}

Test(watchdog, a_reopened_peer_that_stays_silent_is_closed_after_two_expiries)
{
    struct dm_watchdog watchdog = {.state = DM_WATCH_DOWN};
    dm_watchdog_step(&watchdog, DM_WATCH_CONNECTION_UP);
    cr_assert_eq(dm_watchdog_step(&watchdog, DM_WATCH_TIMER), DM_WATCH_SET_TIMER);
    cr_assert_eq(dm_watchdog_step(&watchdog, DM_WATCH_TIMER), DM_WATCH_CLOSE | DM_WATCH_SET_TIMER);
    cr_assert_eq(watchdog.state, DM_WATCH_DOWN);
}

Test(watchdog, WDG_17_a_new_transport_has_no_DWR_pending)
{
    struct dm_watchdog watchdog = {.state = DM_WATCH_OKAY, .pending = true, .num_dwa = 2};
    dm_watchdog_reset(&watchdog);
    dm_watchdog_step(&watchdog, DM_WATCH_CONNECTION_UP);
    cr_assert_not(watchdog.pending);
    cr_assert(dm_watchdog_step(&watchdog, DM_WATCH_TIMER) & DM_WATCH_SEND_DWR);
    cr_assert_eq(watchdog.state, DM_WATCH_OKAY);
}
