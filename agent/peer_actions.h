/* peer_actions.h — one function per action named in fsm.def.
 *
 * An action does, and never sets the state; what it causes comes back as the follow-up event. */
#pragma once

#include "agent/peer.h"

#define PEER_NO_EVENT DM_EVENTS

/* Carries out `action`. Returns the event that follows from it, or PEER_NO_EVENT. */
enum dm_event peer_act(struct peer *peer, enum dm_action action);

/* Sends a DWR: the watchdog's. */
void peer_send_dwr(struct peer *peer);

/* Writes the DPA that was held back until the peer's answers were in. */
void peer_send_dpa(struct peer *peer);

/* Writes an answer to a base request that dm_check refused or passed. */
void peer_answer_base(struct peer *peer, struct conn *conn, const struct dm_header *request,
                      enum dm_result result, const struct dm_fault *fault);

/* Reads a CER or CEA into peer->candidates and candidate_record; DM_OK or what to answer. */
enum dm_result peer_read_capabilities(struct peer *peer, dm_bytes message, struct dm_fault *fault);
