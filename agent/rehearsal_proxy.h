/* rehearsal_proxy.h — what a proxy's route would make of a request. Private to rehearsal.c. */
#pragma once

#include "agent/rehearsal.h"

/* Applies what the route of `outcome`, which forwards `message`, does to it: it may be refused
 * after all. `reasons` may be NULL. */
void rehearsal_proxy(const struct rehearsal *rehearsal, dm_bytes message, bool names_host,
                     struct rehearsal_outcome *outcome, struct rt_reasons *reasons);
