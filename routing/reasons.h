/* reasons.h — what routing says of its decisions, line by line, for `explain` and traces. */
#pragma once

#include "routing/decide.h"

/* Adds a line. `reasons` is not NULL: the data path asks first, so that silence costs nothing. */
__attribute__((format(printf, 2, 3))) void rt_say(struct rt_reasons *reasons, const char *format,
                                                  ...);

/* A name as it may be shown: what does not print, and what a peer made too long, does not reach the
 * terminal. */
struct rt_shown {
    char text[132];
};
struct rt_shown rt_show(dm_bytes name);

/* "route sip-home: realm example.net exact, application sip named". */
void rt_say_route(struct rt_reasons *reasons, const struct rt_route *route);
/* "not route sip-from-partner: the command is not listed", for routes of the request's realm that
 * do not take it; `taken` is the one that does, or NULL. reasons_routes.c. */
void rt_say_passed_over(struct rt_reasons *reasons, const struct rt_tables *tables,
                        const struct rt_query *query, const struct rt_route *taken);
/* "public", "private", "number"; the key's octets as they may be shown. `key` is not empty. */
const char *rt_kind_name(uint8_t kind);
struct rt_shown rt_show_key(const struct rt_key *key);

/* "user: public sip:alice@example.net, slot 40123"; without a user it is the session, or nobody. */
void rt_say_key(struct rt_reasons *reasons, const struct rt_key *key, uint16_t slot);
