/* fsm.h — the peer state machine of RFC 6733 §5.6 as rows (fsm.def); a pure step function.
 *
 * Rows stand in the RFC's order with its names; our additions follow, each with its reason. Actions
 * never set states: the caller writes the state, carries out the actions, and comes back with what
 * follows. */
#pragma once

#include <stddef.h>

enum dm_state {
    DM_CLOSED,
    DM_WAIT_CONN_ACK,
    DM_WAIT_I_CEA,
    DM_WAIT_CONN_ACK_ELECT,
    DM_WAIT_RETURNS,
    DM_R_OPEN,
    DM_I_OPEN,
    DM_CLOSING,
    DM_STATES,
};

/* x- of the RFC is left out where a state has one connection only: RCV_DWR is I-Rcv-DWR in I-Open,
 * R-Rcv-DWR in R-Open. */
enum dm_event {
    DM_EVENT_START,
    DM_EVENT_STOP,
    DM_EVENT_TIMEOUT,
    DM_EVENT_WIN_ELECTION,
    DM_EVENT_I_RCV_CONN_ACK,
    DM_EVENT_I_RCV_CONN_NACK,
    DM_EVENT_I_RCV_CEA,
    DM_EVENT_I_RCV_NON_CEA,
    DM_EVENT_I_PEER_DISC,
    DM_EVENT_R_CONN_CER,
    DM_EVENT_R_PEER_DISC,
    DM_EVENT_PEER_DISC, /* of the one connection, in Open and Closing */
    DM_EVENT_SEND_MESSAGE,
    DM_EVENT_RCV_MESSAGE,
    DM_EVENT_RCV_CER, /* on the connection that is open: CEX-25 */
    DM_EVENT_RCV_CEA,
    DM_EVENT_RCV_DWR,
    DM_EVENT_RCV_DWA,
    DM_EVENT_RCV_DPR,
    DM_EVENT_RCV_DPA,
    DM_EVENTS,
};

enum dm_action {
    DM_ACTION_NONE,
    DM_ACTION_I_SND_CONN_REQ,
    DM_ACTION_I_SND_CER,
    DM_ACTION_I_DISC,
    DM_ACTION_I_ACCEPT_CEA, /* Process-CEA, when it was found good */
    DM_ACTION_R_ACCEPT,     /* R-Accept and Process-CER: the responder connection is taken */
    DM_ACTION_R_SND_CEA,
    DM_ACTION_R_DISC,
    DM_ACTION_R_REJECT,
    DM_ACTION_ELECT, /* ends in WIN_ELECTION or in nothing */
    DM_ACTION_CLEANUP,
    DM_ACTION_ERROR, /* drop all transports of this peer */
    DM_ACTION_SND_MESSAGE,
    DM_ACTION_PROCESS,
    DM_ACTION_PROCESS_DWR, /* and x-Snd-DWA */
    DM_ACTION_PROCESS_DWA,
    DM_ACTION_SND_DPR,
    DM_ACTION_SND_DPA,
    DM_ACTION_DISC,       /* of the one open connection */
    DM_ACTION_REPEAT_CEA, /* CEX-25: CEA 2001 with unchanged capabilities, or close */
    DM_ACTION_IGNORE,     /* count it */
    DM_ACTIONS,
};

enum { DM_ROW_ACTIONS = 4 };

struct dm_row {
    enum dm_state state;
    enum dm_event event;
    enum dm_state next;
    enum dm_action action[DM_ROW_ACTIONS]; /* ended by DM_ACTION_NONE if fewer */
    const char *reason;                    /* of a row that the RFC does not have; else NULL */
};

/* The row for this event, or NULL: the event means nothing in this state (count it). */
const struct dm_row *dm_fsm_step(enum dm_state state, enum dm_event event);

/* All rows, for the test against the RFC and for documentation. */
const struct dm_row *dm_fsm_rows(size_t *count);

const char *dm_state_name(enum dm_state state);   /* "Wait-Conn-Ack/Elect" */
const char *dm_state_metric(enum dm_state state); /* "wait_conn_ack_elect"; both opens are "open" */
const char *dm_event_name(enum dm_event event);   /* "R-Conn-CER" */
const char *dm_action_name(enum dm_action action); /* "R-Snd-CEA" */
