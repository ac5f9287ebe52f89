/* linger.h — associations that their owner has done with, until they are over in good order.
 *
 * usrsctp (0.9.5.0) frees a socket under the hands of its timers' thread when it is closed while
 * one of its association's timers goes off: that counts itself among the users after the last one
 * has gone. So what ends in good order is closed when it is over and its timers are stopped, by a
 * thread that the stack has from its opening to its close. Receiving threads are kept out by
 * gate.h. */
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

/* How many there are. */
unsigned linger_count(void);
