/* linger.h — associations that their owner has done with, until the stack has done with them, too.
 *
 * usrsctp (0.9.5.0) frees a socket under the hands of its timers' thread when it is closed while
 * one of its association's timers goes off: that counts itself among the users after the last one
 * has gone. So a socket is closed only once it has no association any more: an ABORT that we send
 * is the end at once, and all that ends otherwise is awaited here, by a thread that the stack has
 * from its opening to its close. Receiving threads are kept out by gate.h. */
#pragma once

#include "agent/sctp/assoc.h"

/* False: no thread could be had. */
bool linger_start(void);
/* When nothing lingers. */
void linger_stop(void);

/* Takes it: it is closed as soon as it is over. It is aborted as soon as it stands if it is
 * `is_aborted`, and when the other side still says something. Any thread. */
void linger_take(struct assoc *assoc, bool is_aborted);

/* How many there are. The program ends: dials that nobody has answered are given up from now on. */
unsigned linger_hurry(void);
