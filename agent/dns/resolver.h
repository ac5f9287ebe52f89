/* resolver.h — questions to the name servers, and what came of them. Main thread; never waits.
 *
 * c-ares sends, retries and asks other servers; its sockets are polled by the front desk's loop.
 * Every question ends by its own deadline, whatever c-ares still hopes for. What is not there is
 * remembered for a while, so that nobody asks for it again and again. */
#pragma once

#include <uv.h>

#include "agent/conf/conf.h"
#include "agent/dns/records.h"

struct resolver;
struct stats;

enum { RESOLVER_QUERIES_MAX = 256 };

/* `reply` is good until it returns, or asks for something itself. */
typedef void (*dns_done)(void *context, struct dns_reply *reply);

/* `stats` are the front desk's. */
struct resolver *resolver_new(uv_loop_t *loop, const struct conf_dns *conf, struct stats *stats);
/* Other servers, or another time-out, perhaps: for questions from now on. */
void resolver_fit(struct resolver *resolver, const struct conf_dns *conf);
/* Ends it: all questions that are open fail. The loop has to run once more to close its handles;
 * what is left is freed then. */
void resolver_free(struct resolver *resolver);

/* Real time, ns: when a question that is asked now has to be answered. */
uint64_t resolver_deadline(const struct resolver *resolver);

/* Asks for the records of this type of `name`. `done` is called once, perhaps before this returns:
 * FAILED at `until` at the latest. */
void resolver_ask(struct resolver *resolver, const char *name, enum dns_type type, uint64_t until,
                  dns_done done, void *context);

/* The addresses that the system's file of hosts has for a name: of A or AAAA. */
unsigned resolver_read_file(struct resolver *resolver, const char *name, enum dns_type type,
                            union conf_socket *addresses, unsigned most);
