/* sctp_net.h — the SCTP stack as the agent runs it: by its configuration. Main thread. */
#pragma once

#include "agent/conf/conf.h"
#include "agent/sctp/assoc.h"

/* Starts the stack if this configuration needs it and it is not running, else tunes it. False:
 * `why` says what it needs. */
bool sctp_net_prepare(const struct conf *conf, char *why, size_t size);

/* Tunes the stack, if there is one, as it was: the configuration that it was prepared for is
 * refused, and this one stays. */
void sctp_net_restore(const struct conf *conf);

/* Does it need another encapsulation than the stack that runs has? Any thread while nothing is
 * prepared. */
bool sctp_net_needs_restart(const struct conf *conf);

/* Ends it, when all loops have let go of their associations. Waits a second for the last goodbyes
 * at most, and another one after those that are left were aborted. */
void sctp_net_end(void);

/* The longest message of any peer: what an association lets through. Any thread. */
uint32_t sctp_net_message_size(const struct conf *conf);

/* Addresses of the configuration, and of the stack. */
struct assoc_addresses sctp_net_addresses(const struct conf_addresses *addresses);
union conf_socket sctp_net_socket(const union sctp_address *address);

/* Those of ours that an association to `remote` may use: what the system would send from, with all
 * that we listen at where that is one of them. CEX-04. */
struct assoc_addresses sctp_net_sources(const struct conf *conf, enum conf_transport transport,
                                        const struct assoc_addresses *remote);
