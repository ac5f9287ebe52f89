/* linger.h — associations that their owner has done with, until they are over in good order.
 *
 * Once closed it would be out of our hands: what the other side still says would not be heard, and
 * one that acknowledges a little now and then would keep it for ever. So what ends in good order is
 * closed when it is over, by a thread that the stack has from its opening to its close. */
#pragma once

#include "agent/sctp/assoc.h"

/* False: no thread could be had. */
bool linger_start(void);
/* When nothing lingers. */
void linger_stop(void);

/* Takes it, once it is shut. It is aborted when the other side still says something, and after
 * the time that linger_set_patience gave to those that come after it. Any thread. */
void linger_take(struct assoc *assoc);
void linger_set_patience(uint32_t milliseconds);
/* Whatever lingers, and what still comes, is aborted now. Any thread. */
void linger_give_up(void);

/* How many there are. */
unsigned linger_count(void);
