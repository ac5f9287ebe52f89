/* explain.h — a message, step by step: where it would go and why. */
#pragma once

#include "agent/rehearsal.h"
#include "proto/framer.h"

/* One that a framer gave. */
struct explain_message {
    enum dm_frame frame;
    struct dm_header header;
    dm_bytes octets; /* of DM_FRAME_MESSAGE only */
};

enum explain_kind { EXPLAIN_REQUEST, EXPLAIN_ANSWER, EXPLAIN_NEIGHBOURS };

/* What is it to routing? Only a request is explained: an answer goes back the way its request came;
 * CER, DWR, DPR and their answers are between two neighbours. */
enum explain_kind explain_kind_of(const struct explain_message *message);

/* Writes what would become of a request to `to`. `from`: the peer it comes from; all zero: its
 * Origin-Host, if that is a peer and it was not relayed before, else nobody in particular. */
void explain_request(struct rehearsal *rehearsal, const struct explain_message *message,
                     rt_peer from, FILE *to);
