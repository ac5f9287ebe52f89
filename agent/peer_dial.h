/* peer_dial.h — opening the connection to a peer. Worker thread. */
#pragma once

#include "agent/peer.h"

/* Carries out I-Snd-Conn-Req. The event that follows, or PEER_NO_EVENT: the connection says how it
 * went. */
enum dm_event peer_dial(struct peer *peer);
