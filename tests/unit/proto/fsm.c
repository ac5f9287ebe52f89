/* The peer state machine against RFC 6733 §5.6 (tests/data/rfc6733-5.6.tsv, typed from the RFC) and
 * against requirements.md §4.1 where the RFC's table is silent. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "proto/fsm.h"

struct rfc_row {
    char state[32], event[32], action[64], next[32];
};

static struct rfc_row rfc[64];
static size_t rfc_count;

static void read_rfc(void)
{
    FILE *file = fopen(TEST_DATA "/rfc6733-5.6.tsv", "r");
    cr_assert_not_null(file);
    char line[256];
    while (fgets(line, sizeof line, file)) {
        struct rfc_row *row = &rfc[rfc_count];
        int read = sscanf(line, "%31[^\t]\t%31[^\t]\t%63[^\t]\t%31[^\n]", row->state, row->event,
                          row->action, row->next);
        cr_assert_eq(read, 4, "%s", line);
        if (strcmp(row->state, "state") != 0)
            rfc_count++;
    }
    fclose(file);
}

TestSuite(fsm, .init = read_rfc);

/* In Open and Closing our events and actions bear no I- or R-. */
static bool has_one_connection(const char *state)
{
    return strstr(state, "-Open") != NULL || strcmp(state, "Closing") == 0;
}

static const char *without_side(const char *state, const char *name)
{
    bool has_side =
        name[1] == '-' && strcmp(name, "R-Conn-CER") != 0 && strcmp(name, "R-Reject") != 0;
    return has_one_connection(state) && has_side ? name + 2 : name;
}

/* The action column of the RFC as our rows would name it: R-Accept includes Process-CER,
 * Process-DWR includes x-Snd-DWA, and the CEA that decides an election is processed as any other.
 */
static void our_action(const struct rfc_row *row, char to[128])
{
    char list[64];
    *to = '\0';
    strcpy(list, row->action);
    if (strcmp(row->state, "Wait-Returns") == 0 && strcmp(row->event, "I-Rcv-CEA") == 0)
        strcpy(to, "Process-CEA,");
    for (char *at = strtok(list, ","); at != NULL; at = strtok(NULL, ",")) {
        if (strcmp(at, "Process-CER") == 0 || strstr(at, "-Snd-DWA") != NULL)
            continue;
        strcat(strcat(to, without_side(row->state, at)), ",");
    }
}

static void actions_of(const struct dm_row *row, char to[128])
{
    *to = '\0';
    for (size_t i = 0; i < DM_ROW_ACTIONS && row->action[i] != DM_ACTION_NONE; i++)
        strcat(strcat(to, dm_action_name(row->action[i])), ",");
}

static bool is_row(const struct dm_row *row, const struct rfc_row *want)
{
    char ours[128], theirs[128];
    actions_of(row, ours);
    our_action(want, theirs);
    return strcmp(dm_state_name(row->state), want->state) == 0 &&
           strcmp(dm_event_name(row->event), without_side(want->state, want->event)) == 0 &&
           strcmp(dm_state_name(row->next), want->next) == 0 && strcmp(ours, theirs) == 0;
}

Test(fsm, the_rows_are_those_of_the_RFC_in_its_order)
{
    size_t count, at = 0;
    const struct dm_row *rows = dm_fsm_rows(&count);
    for (size_t i = 0; i < rfc_count; i++) {
        cr_assert_lt(at, count);
        /* Closing has I- and R- rows, which are one with us. */
        if (at > 0 && is_row(&rows[at - 1], &rfc[i]))
            continue;
        cr_assert(is_row(&rows[at], &rfc[i]), "%s + %s", rfc[i].state, rfc[i].event);
        cr_assert_null(rows[at].reason);
        at++;
    }
    cr_assert_eq(rfc_count, 43);
    cr_assert_eq(at, 41, "43 rows of the RFC, of which two pairs are one row here, but %zu", at);
}

Test(fsm, every_row_after_the_RFC_s_says_its_reason)
{
    size_t count, added = 0;
    const struct dm_row *rows = dm_fsm_rows(&count);
    for (size_t i = 0; i < count; i++)
        added += rows[i].reason != NULL;
    cr_assert_eq(count - added, 41);
    for (size_t i = 41; i < count; i++)
        cr_assert_gt(strlen(rows[i].reason), 10);
}

Test(fsm, a_step_finds_every_row_and_nothing_else)
{
    size_t count, found = 0;
    const struct dm_row *rows = dm_fsm_rows(&count);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(dm_fsm_step(rows[i].state, rows[i].event), &rows[i]);
    for (enum dm_state state = 0; state < DM_STATES; state++)
        for (enum dm_event event = 0; event < DM_EVENTS; event++)
            found += dm_fsm_step(state, event) != NULL;
    cr_assert_eq(found, count);
}

static void expect(enum dm_state state, enum dm_event event, const char *actions,
                   enum dm_state next)
{
    char ours[128];
    const struct dm_row *row = dm_fsm_step(state, event);
    cr_assert_not_null(row, "%s + %s", dm_state_name(state), dm_event_name(event));
    actions_of(row, ours);
    cr_assert_str_eq(ours, actions);
    cr_assert_eq(row->next, next);
}

Test(fsm, stop_before_open_drops_the_transports)
{
    static const enum dm_state waiting[] = {DM_WAIT_CONN_ACK, DM_WAIT_I_CEA, DM_WAIT_CONN_ACK_ELECT,
                                            DM_WAIT_RETURNS};
    for (size_t i = 0; i < sizeof waiting / sizeof waiting[0]; i++)
        expect(waiting[i], DM_EVENT_STOP, "Error,", DM_CLOSED);
}

Test(fsm, stop_when_closed_is_ignored)
{
    expect(DM_CLOSED, DM_EVENT_STOP, "Ignore,", DM_CLOSED);
}

Test(fsm, PSM_07_every_waiting_state_has_a_timeout)
{
    static const enum dm_state waiting[] = {DM_WAIT_CONN_ACK, DM_WAIT_I_CEA, DM_WAIT_CONN_ACK_ELECT,
                                            DM_WAIT_RETURNS, DM_CLOSING};
    for (size_t i = 0; i < sizeof waiting / sizeof waiting[0]; i++)
        expect(waiting[i], DM_EVENT_TIMEOUT, "Error,", DM_CLOSED);
}

Test(fsm, PSM_01_a_second_connection_is_rejected_while_one_is_open)
{
    expect(DM_R_OPEN, DM_EVENT_R_CONN_CER, "R-Reject,", DM_R_OPEN);
    expect(DM_I_OPEN, DM_EVENT_R_CONN_CER, "R-Reject,", DM_I_OPEN);
    expect(DM_CLOSING, DM_EVENT_R_CONN_CER, "R-Reject,", DM_CLOSING);
}

Test(fsm, PSM_04_the_winner_closes_the_connection_it_initiated)
{
    expect(DM_WAIT_I_CEA, DM_EVENT_R_CONN_CER, "R-Accept,Elect,", DM_WAIT_RETURNS);
    expect(DM_WAIT_RETURNS, DM_EVENT_WIN_ELECTION, "I-Disc,R-Snd-CEA,", DM_R_OPEN);
}

Test(fsm, PSM_04_the_loser_keeps_the_connection_it_initiated)
{
    expect(DM_WAIT_RETURNS, DM_EVENT_I_RCV_CEA, "Process-CEA,R-Disc,", DM_I_OPEN);
}

Test(fsm, PSM_05_a_held_CER_is_answered_when_our_connect_fails)
{
    expect(DM_WAIT_CONN_ACK, DM_EVENT_R_CONN_CER, "R-Accept,", DM_WAIT_CONN_ACK_ELECT);
    expect(DM_WAIT_CONN_ACK_ELECT, DM_EVENT_I_RCV_CONN_NACK, "R-Snd-CEA,", DM_R_OPEN);
}

Test(fsm, a_bad_CEA_during_an_election_leaves_the_responder_connection)
{
    expect(DM_WAIT_RETURNS, DM_EVENT_I_RCV_NON_CEA, "I-Disc,R-Snd-CEA,", DM_R_OPEN);
}

Test(fsm, CEX_25_a_CER_when_open_repeats_the_CEA)
{
    expect(DM_R_OPEN, DM_EVENT_RCV_CER, "Repeat-CEA,", DM_R_OPEN);
    expect(DM_I_OPEN, DM_EVENT_RCV_CER, "Repeat-CEA,", DM_I_OPEN);
}

Test(fsm, a_CEA_when_open_is_ignored)
{
    expect(DM_R_OPEN, DM_EVENT_RCV_CEA, "Ignore,", DM_R_OPEN);
    expect(DM_I_OPEN, DM_EVENT_RCV_CEA, "Ignore,", DM_I_OPEN);
}

Test(fsm, DPR_02_DPR_03_a_DPR_is_answered_and_the_DPA_closes)
{
    expect(DM_I_OPEN, DM_EVENT_RCV_DPR, "Snd-DPA,", DM_CLOSING);
    expect(DM_I_OPEN, DM_EVENT_STOP, "Snd-DPR,", DM_CLOSING);
    expect(DM_CLOSING, DM_EVENT_RCV_DPA, "Disc,", DM_CLOSED);
}

Test(fsm, crossing_DPRs_are_both_answered)
{
    expect(DM_CLOSING, DM_EVENT_RCV_DPR, "Snd-DPA,", DM_CLOSING);
}

Test(fsm, WDG_05_DPR_04_DPR_06_closing_still_serves)
{
    expect(DM_CLOSING, DM_EVENT_RCV_DWR, "Process-DWR,", DM_CLOSING);
    expect(DM_CLOSING, DM_EVENT_RCV_DWA, "Process-DWA,", DM_CLOSING);
    expect(DM_CLOSING, DM_EVENT_RCV_MESSAGE, "Process,", DM_CLOSING);
    expect(DM_CLOSING, DM_EVENT_SEND_MESSAGE, "Snd-Message,", DM_CLOSING);
    expect(DM_CLOSING, DM_EVENT_STOP, "Ignore,", DM_CLOSING);
}

Test(fsm, an_open_state_has_no_timeout)
{
    cr_assert_null(dm_fsm_step(DM_R_OPEN, DM_EVENT_TIMEOUT));
    cr_assert_null(dm_fsm_step(DM_I_OPEN, DM_EVENT_TIMEOUT));
}

Test(fsm, both_opens_are_one_in_metrics)
{
    cr_assert_str_eq(dm_state_metric(DM_R_OPEN), "open");
    cr_assert_str_eq(dm_state_metric(DM_I_OPEN), "open");
    cr_assert_str_eq(dm_state_metric(DM_WAIT_CONN_ACK_ELECT), "wait_conn_ack_elect");
}

Test(fsm, everything_has_a_name)
{
    for (enum dm_state i = 0; i < DM_STATES; i++)
        cr_assert(dm_state_name(i) && dm_state_metric(i));
    for (enum dm_event i = 0; i < DM_EVENTS; i++)
        cr_assert_not_null(dm_event_name(i));
    for (enum dm_action i = 0; i < DM_ACTIONS; i++)
        cr_assert_not_null(dm_action_name(i));
}
