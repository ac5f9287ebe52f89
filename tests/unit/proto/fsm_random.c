/* The peer state machine as a property: whatever comes, in whatever order, a peer never has two
 * connections that are open, Closed holds none, and a state that waits is left when its time is up.
 *
 * A model carries out the actions of the rows on two imagined connections, as the agent does on
 * real ones. Events that cannot happen (a CEA by a connection that is not there) are not drawn. */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/fsm.h"
#include "proto/watchdog.h"

enum { SEQUENCES = 20000, EVENTS_EACH = 60 };

/* What a peer holds: its two connections, and how far each has come. */
struct model {
    enum dm_state state;
    bool dials;      /* our connection is on its way */
    bool i_up, r_up; /* are there */
    bool arrives;    /* a connection with its CER that the event brought */
    bool accepted;   /* I-Open by CEA, or R-Open by ours */
    unsigned r_ceas; /* CEAs said by the connection that it opened */
    uint64_t random;
};

static uint32_t draw(uint64_t *random, uint32_t below)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*random >> 33) % below;
}

static bool is_open(enum dm_state state)
{
    return state == DM_R_OPEN || state == DM_I_OPEN;
}

static bool waits(enum dm_state state)
{
    return state != DM_CLOSED && !is_open(state);
}

static void drop_all(struct model *peer)
{
    peer->dials = peer->i_up = peer->r_up = false;
}

static void act(struct model *peer, enum dm_action action)
{
    switch (action) {
    case DM_ACTION_I_SND_CONN_REQ:
        cr_assert(!peer->dials && !peer->i_up, "a second attempt beside the first");
        peer->dials = true;
        break;
    case DM_ACTION_I_SND_CER:
        cr_assert(peer->i_up, "a CER needs a connection");
        break;
    case DM_ACTION_I_DISC:
        peer->dials = peer->i_up = false;
        break;
    case DM_ACTION_R_ACCEPT:
        cr_assert(!peer->r_up, "a second connection of the peer is accepted");
        peer->r_up = true;
        peer->arrives = false;
        peer->r_ceas = 0;
        break;
    case DM_ACTION_R_SND_CEA:
        cr_assert(peer->r_up, "a CEA needs a connection");
        cr_assert_eq(++peer->r_ceas, 1, "a CER is answered once");
        break;
    case DM_ACTION_R_DISC:
        peer->r_up = false;
        break;
    case DM_ACTION_R_REJECT:
        peer->arrives = false;
        break;
    case DM_ACTION_CLEANUP:
    case DM_ACTION_ERROR:
    case DM_ACTION_DISC:
        drop_all(peer);
        break;
    case DM_ACTION_PROCESS_DWR:
    case DM_ACTION_PROCESS_DWA:
    case DM_ACTION_SND_DPR:
    case DM_ACTION_SND_DPA:
        cr_assert(peer->i_up || peer->r_up, "nobody is there to be answered");
        break;
    default:
        break;
    }
}

static void expect_invariants(const struct model *peer)
{
    const char *state = dm_state_name(peer->state);
    cr_assert(!peer->arrives, "%s: an arrival was neither accepted nor rejected", state);
    if (peer->state == DM_CLOSED)
        cr_assert(!peer->dials && !peer->i_up && !peer->r_up, "Closed holds a connection");
    if (is_open(peer->state) || peer->state == DM_CLOSING)
        cr_assert(peer->i_up + peer->r_up == 1 && !peer->dials, "%s: %d connections", state,
                  peer->i_up + peer->r_up + peer->dials);
    if (peer->state == DM_R_OPEN)
        cr_assert(peer->r_up && peer->r_ceas == 1, "R-Open without its CEA");
    if (waits(peer->state)) {
        const struct dm_row *row = dm_fsm_step(peer->state, DM_EVENT_TIMEOUT);
        cr_assert(row && row->next == DM_CLOSED, "%s is not left by its timer", state);
    }
}

static void step(struct model *peer, enum dm_event event)
{
    const struct dm_row *row = dm_fsm_step(peer->state, event);
    if (!row) {
        peer->arrives = false; /* the agent drops what means nothing */
        return;
    }
    peer->state = row->next;
    bool elects = false;
    for (int i = 0; i < DM_ROW_ACTIONS && row->action[i] != DM_ACTION_NONE; i++) {
        act(peer, row->action[i]);
        elects = elects || row->action[i] == DM_ACTION_ELECT;
    }
    if (elects && draw(&peer->random, 2))
        step(peer, DM_EVENT_WIN_ELECTION);
}

static bool can_happen(const struct model *peer, enum dm_event event)
{
    switch (event) {
    case DM_EVENT_WIN_ELECTION:
        return false; /* follows Elect, nothing else */
    case DM_EVENT_START:
        return peer->state == DM_CLOSED;
    case DM_EVENT_TIMEOUT:
        return waits(peer->state);
    case DM_EVENT_I_RCV_CONN_ACK:
    case DM_EVENT_I_RCV_CONN_NACK:
        return peer->dials;
    case DM_EVENT_I_RCV_CEA:
    case DM_EVENT_I_RCV_NON_CEA:
    case DM_EVENT_I_PEER_DISC:
        return peer->i_up && waits(peer->state) && peer->state != DM_CLOSING;
    case DM_EVENT_R_PEER_DISC:
        return peer->r_up && waits(peer->state) && peer->state != DM_CLOSING;
    case DM_EVENT_R_CONN_CER:
    case DM_EVENT_STOP:
        return true;
    default: /* said by the connection that is open */
        return is_open(peer->state) || peer->state == DM_CLOSING;
    }
}

static void happen(struct model *peer, enum dm_event event)
{
    if (event == DM_EVENT_I_RCV_CONN_ACK || event == DM_EVENT_I_RCV_CONN_NACK) {
        peer->dials = false;
        peer->i_up = event == DM_EVENT_I_RCV_CONN_ACK;
    }
    if (event == DM_EVENT_R_CONN_CER)
        peer->arrives = true;
    step(peer, event);
}

Test(fsm_random, PSM_01_PSM_07_no_sequence_of_events_breaks_what_a_peer_is)
{
    unsigned visited[DM_STATES] = {0};
    struct model peer = {.random = 20261122};
    for (int sequence = 0; sequence < SEQUENCES; sequence++) {
        peer = (struct model){.state = DM_CLOSED, .random = peer.random};
        for (int i = 0; i < EVENTS_EACH; i++) {
            enum dm_event event = (enum dm_event)draw(&peer.random, DM_EVENTS);
            if (!can_happen(&peer, event))
                continue;
            happen(&peer, event);
            expect_invariants(&peer);
            visited[peer.state]++;
        }
    }
    for (int state = 0; state < DM_STATES; state++)
        cr_expect(visited[state] > 100, "%s was hardly visited", dm_state_name(state));
}

/* RFC 3539: one DWR at a time, and no state but those that fail over stops the clock. */
Test(fsm_random, WDG_04_WDG_17_no_sequence_of_events_has_two_DWRs_outstanding)
{
    uint64_t random = 3539;
    for (int sequence = 0; sequence < SEQUENCES; sequence++) {
        struct dm_watchdog watchdog;
        dm_watchdog_reset(&watchdog);
        bool is_connected = false;
        unsigned outstanding = 0;
        for (int i = 0; i < EVENTS_EACH; i++) {
            enum dm_watch_event event = (enum dm_watch_event)draw(&random, DM_WATCH_EVENTS);
            bool is_heard = event == DM_WATCH_RECEIVE_DWA || event == DM_WATCH_RECEIVE_OTHER;
            if ((is_heard && !is_connected) || (event == DM_WATCH_CONNECTION_UP && is_connected) ||
                (event == DM_WATCH_CONNECTION_DOWN && !is_connected))
                continue;
            if (event == DM_WATCH_CONNECTION_UP || event == DM_WATCH_CONNECTION_DOWN) {
                is_connected = event == DM_WATCH_CONNECTION_UP;
                outstanding = 0;
            }
            if (event == DM_WATCH_RECEIVE_DWA)
                outstanding = 0;
            unsigned actions = dm_watchdog_step(&watchdog, event);
            if (actions & DM_WATCH_SEND_DWR)
                cr_assert(is_connected && ++outstanding == 1, "%u DWRs in %s", outstanding,
                          dm_watch_state_name(watchdog.state));
            if (actions & DM_WATCH_CLOSE) {
                is_connected = false;
                outstanding = 0;
            }
            if (event == DM_WATCH_TIMER)
                cr_assert(actions & DM_WATCH_SET_TIMER, "%s: the timer ran out and stays so",
                          dm_watch_state_name(watchdog.state));
        }
    }
}
