/* assoc_private.h — what an association is, for the files that make it up. */
#pragma once

#include "agent/sctp/assoc.h"
#include "agent/sctp/slots.h"

struct socket;

struct assoc {
    struct socket *socket;
    struct sctp_slot *slot;
    struct sctp_owner *owner; /* of a listener: of those it accepts, too */
    void *user;
    uint32_t limit;
    bool is_over;        /* ENDED or LOST was told */
    bool is_shut;        /* by us */
    bool has_been_taken; /* the whole message in `partial` was given out */
    bool is_discarding;  /* the rest of a message past the limit */
    bool is_note_cut;    /* the rest of a notification that is longer than the buffer */
    uint8_t *partial;    /* a message that has not come whole, or has come whole in pieces */
    size_t have;         /* octets in it; of one being discarded, all that came */
    size_t room;
    uint8_t prefix[ASSOC_PREFIX]; /* of a message being discarded */
    bool is_listener;
    uint64_t deadline;  /* of one that lingers: when it is aborted, linger.c's clock */
    struct assoc *next; /* of those that linger */
};

/* How far its socket's association is. One that is being set up, or freed, passes into another
 * stage by itself. */
enum assoc_stage { ASSOC_PASSING, ASSOC_STANDING, ASSOC_GONE };
enum assoc_stage assoc_stage(const struct assoc *assoc);

/* Closes and frees it if it does not stand any more, or not yet; with an ABORT if `is_aborted`, or
 * if something has come that nobody will read. False: nothing was done. */
bool assoc_try_end(struct assoc *assoc, bool is_aborted);
/* A socket that was accepted for nobody. */
void assoc_abandon(struct socket *socket);
/* While no thread of the stack looks at it. */
void assoc_close_socket(struct socket *socket);

/* The notifications we want; on a listener, for those it accepts. */
bool assoc_subscribe(struct socket *socket);
bool assoc_switch_event(struct socket *socket, uint16_t type, bool on);

/* An option that names a key of authentication. */
bool assoc_key_option(struct assoc *assoc, int option, uint16_t key);

/* What a notification says. */
enum assoc_news assoc_read_notification(struct assoc *assoc, const uint8_t *octets, size_t size,
                                        struct assoc_event *event);
/* Throws away what has come of an unfinished message. */
void assoc_forget_partial(struct assoc *assoc);
