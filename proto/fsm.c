/* fsm.c — the rows of fsm.def, found by state and event in one step. */
#include "proto/fsm.h"

/* Each row gets a name and so a number; two rows for one state and event would not compile. */
enum row_number {
    ROW_NOTHING,
#define ROW(state, event, next, first, second)           ROW_##state##_##event,
#define ADDED(state, event, next, first, second, reason) ROW_##state##_##event,
#include "proto/fsm.def"
#undef ROW
#undef ADDED
    ROW_END,
};

static const struct dm_row rows[] = {
#define ADDED(state, event, next, first, second, reason)                                           \
    {DM_##state, DM_EVENT_##event, DM_##next, {DM_ACTION_##first, DM_ACTION_##second}, reason},
#define ROW(state, event, next, first, second) ADDED(state, event, next, first, second, NULL)
#include "proto/fsm.def"
#undef ROW
#undef ADDED
};

static const unsigned char number_at[DM_STATES][DM_EVENTS] = {
#define ROW(state, event, next, first, second)                                                     \
    [DM_##state][DM_EVENT_##event] = ROW_##state##_##event,
#define ADDED(state, event, next, first, second, reason)                                           \
    [DM_##state][DM_EVENT_##event] = ROW_##state##_##event,
#include "proto/fsm.def"
#undef ROW
#undef ADDED
};

_Static_assert(ROW_END <= 256, "a row's number fits into an octet");

const struct dm_row *dm_fsm_step(enum dm_state state, enum dm_event event)
{
    unsigned number = number_at[state][event];
    return number == ROW_NOTHING ? NULL : &rows[number - 1];
}

const struct dm_row *dm_fsm_rows(size_t *count)
{
    *count = sizeof rows / sizeof rows[0];
    return rows;
}

const char *dm_state_name(enum dm_state state)
{
    static const char *const names[DM_STATES] = {
        [DM_CLOSED] = "Closed",
        [DM_WAIT_CONN_ACK] = "Wait-Conn-Ack",
        [DM_WAIT_I_CEA] = "Wait-I-CEA",
        [DM_WAIT_CONN_ACK_ELECT] = "Wait-Conn-Ack/Elect",
        [DM_WAIT_RETURNS] = "Wait-Returns",
        [DM_R_OPEN] = "R-Open",
        [DM_I_OPEN] = "I-Open",
        [DM_CLOSING] = "Closing",
    };
    return names[state];
}

const char *dm_state_metric(enum dm_state state)
{
    static const char *const metrics[DM_STATES] = {
        [DM_CLOSED] = "closed",
        [DM_WAIT_CONN_ACK] = "wait_conn_ack",
        [DM_WAIT_I_CEA] = "wait_i_cea",
        [DM_WAIT_CONN_ACK_ELECT] = "wait_conn_ack_elect",
        [DM_WAIT_RETURNS] = "wait_returns",
        [DM_R_OPEN] = "open",
        [DM_I_OPEN] = "open",
        [DM_CLOSING] = "closing",
    };
    return metrics[state];
}

const char *dm_event_name(enum dm_event event)
{
    static const char *const names[DM_EVENTS] = {
        [DM_EVENT_START] = "Start",
        [DM_EVENT_STOP] = "Stop",
        [DM_EVENT_TIMEOUT] = "Timeout",
        [DM_EVENT_WIN_ELECTION] = "Win-Election",
        [DM_EVENT_I_RCV_CONN_ACK] = "I-Rcv-Conn-Ack",
        [DM_EVENT_I_RCV_CONN_NACK] = "I-Rcv-Conn-Nack",
        [DM_EVENT_I_RCV_CEA] = "I-Rcv-CEA",
        [DM_EVENT_I_RCV_NON_CEA] = "I-Rcv-Non-CEA",
        [DM_EVENT_I_PEER_DISC] = "I-Peer-Disc",
        [DM_EVENT_R_CONN_CER] = "R-Conn-CER",
        [DM_EVENT_R_PEER_DISC] = "R-Peer-Disc",
        [DM_EVENT_PEER_DISC] = "Peer-Disc",
        [DM_EVENT_SEND_MESSAGE] = "Send-Message",
        [DM_EVENT_RCV_MESSAGE] = "Rcv-Message",
        [DM_EVENT_RCV_CER] = "Rcv-CER",
        [DM_EVENT_RCV_CEA] = "Rcv-CEA",
        [DM_EVENT_RCV_DWR] = "Rcv-DWR",
        [DM_EVENT_RCV_DWA] = "Rcv-DWA",
        [DM_EVENT_RCV_DPR] = "Rcv-DPR",
        [DM_EVENT_RCV_DPA] = "Rcv-DPA",
    };
    return names[event];
}

const char *dm_action_name(enum dm_action action)
{
    static const char *const names[DM_ACTIONS] = {
        [DM_ACTION_NONE] = "None",
        [DM_ACTION_I_SND_CONN_REQ] = "I-Snd-Conn-Req",
        [DM_ACTION_I_SND_CER] = "I-Snd-CER",
        [DM_ACTION_I_DISC] = "I-Disc",
        [DM_ACTION_I_ACCEPT_CEA] = "Process-CEA",
        [DM_ACTION_R_ACCEPT] = "R-Accept",
        [DM_ACTION_R_SND_CEA] = "R-Snd-CEA",
        [DM_ACTION_R_DISC] = "R-Disc",
        [DM_ACTION_R_REJECT] = "R-Reject",
        [DM_ACTION_ELECT] = "Elect",
        [DM_ACTION_CLEANUP] = "Cleanup",
        [DM_ACTION_ERROR] = "Error",
        [DM_ACTION_SND_MESSAGE] = "Snd-Message",
        [DM_ACTION_PROCESS] = "Process",
        [DM_ACTION_PROCESS_DWR] = "Process-DWR",
        [DM_ACTION_PROCESS_DWA] = "Process-DWA",
        [DM_ACTION_SND_DPR] = "Snd-DPR",
        [DM_ACTION_SND_DPA] = "Snd-DPA",
        [DM_ACTION_DISC] = "Disc",
        [DM_ACTION_REPEAT_CEA] = "Repeat-CEA",
        [DM_ACTION_IGNORE] = "Ignore",
    };
    return names[action];
}
