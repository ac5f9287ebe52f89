/* stack.h — the SCTP stack: one for the whole program, as usrsctp has it, with threads of its own.
 *
 * They call us for nearly every packet. That only marks the association and wakes the loop that
 * owns it; the owner then looks at what it has been woken for. So each thread that has associations
 * is an `sctp_owner`, and an association is touched by its owner's thread only. RFC 9260, RFC 6951
 * (encapsulation in UDP). */
#pragma once

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

union sctp_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Times in milliseconds. */
struct sctp_settings {
    uint16_t udp_port; /* our end of the encapsulation; 0: none, that is raw IP */
    uint32_t rto_minimum;
    uint32_t rto_maximum;
    uint32_t heartbeat;
    uint32_t path_retransmissions;
    uint32_t association_retransmissions;
    uint16_t streams;
    uint32_t blackhole;    /* 2: packets of unknown associations meet silence */
    uint32_t message_size; /* the longest that is to be sent or received */
};

struct assoc;
struct sctp_slot;

/* A thread that has associations. All zero but for `wake` and `context`; it outlives the stack. */
struct sctp_owner {
    void (*wake)(void *context); /* on any thread: sctp_owner_look is to be called, soon */
    void *context;
    _Atomic(struct sctp_slot *) woken;
};

/* What a program has that changes nothing: 150 ms to 1 s, 5 s, 3, 6, 16 streams, raw IP, 64 KiB. */
struct sctp_settings sctp_settings_usual(void);

/* Starts the stack; settings hold for all associations. False: `why` says what it needs. Once at a
 * time, on one thread. */
bool sctp_stack_open(const struct sctp_settings *settings, char *why, size_t size);

/* Other settings for the associations to come. `udp_port` stays. */
void sctp_stack_tune(const struct sctp_settings *settings);

bool sctp_stack_is_open(void);
/* Where the open stack takes SCTP in UDP; 0: nowhere. */
uint16_t sctp_stack_udp_port(void);

/* Ends the stack and its threads. False: some association is not yet over; call it again a little
 * later. The owners' `wake` is called until it was true. */
bool sctp_stack_close(void);
/* Those that keep it from closing are aborted soon. */
void sctp_stack_give_up(void);

/* Calls `on_woken` with each association of this owner that something has happened to: it takes
 * what assoc_receive gives, and writes what waited. It may close the association. */
void sctp_owner_look(struct sctp_owner *owner, void (*on_woken)(void *context, struct assoc *assoc),
                     void *context);

/* Our address towards `remote`, as the system routes; the port is 0. False: it knows no way. */
bool sctp_source_for(const union sctp_address *remote, union sctp_address *source);

/* All addresses of the system's interfaces of that family, up to `room`. Returns how many. */
size_t sctp_interface_addresses(int family, union sctp_address *addresses, size_t room);
