/* crowds.h — how many strangers each address has at the front desk. Main thread.
 *
 * `limits.half_open` is for all of them together, so one address could fill it and nobody else
 * would get in. An address whose strangers idle while it is full is greedy: for a while, as long as
 * it has more than its share, each newcomer of it takes the place of its oldest, and so it loses
 * what others gain. Who comes by the hundred and says at once who he is never is greedy. SEC-15.
 *
 * An address is an IPv4 address or the /64 of an IPv6 address, and a bucket of a table that is
 * hashed with a secret: one in a thousand honest addresses shares the fate of a greedy one, and
 * nobody can choose which. Each operation takes the same time whatever stands there. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/conf/conf.h"

enum { CROWDS = 1024 };

struct crowd;

/* Stands in what belongs to a crowd. */
struct crowd_member {
    struct crowd *crowd;
    struct crowd_member *older;
    struct crowd_member *younger;
    uint64_t since;
};

struct crowd {
    unsigned count;
    struct crowd_member *oldest;
    struct crowd_member *youngest;
    uint64_t greedy_until; /* clock_now */
};

struct crowds {
    uint64_t seed;
    struct crowd at[CROWDS];
};

/* The `member` is the youngest of the crowd of its address. */
void crowds_enter(struct crowds *crowds, struct crowd_member *member,
                  const union conf_socket *source, uint64_t now);
void crowds_leave(struct crowd_member *member);

/* With how many of `half_open` an address is not greedy, whatever they do. */
unsigned crowds_share(uint32_t half_open);

/* The oldest of the crowd that `member` has come to, if that crowd is greedy and has more than its
 * `share`; else NULL. */
struct crowd_member *crowds_excess(const struct crowd_member *member, unsigned share, uint64_t now);

/* `half_open` is full: the oldest of a crowd that has more than its `share`, if he has been here
 * for `patience`. That crowd is greedy from now on. NULL: there is none, or no other one. */
struct crowd_member *crowds_idle(struct crowds *crowds, unsigned share, uint64_t patience,
                                 uint64_t now);
