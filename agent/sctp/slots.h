/* slots.h — whom a packet wakes: the table that the stack's upcalls look into.
 *
 * It is never freed, for an upcall may come after its socket was closed: it names its slot by index
 * and generation, never by a pointer. Any thread marks; only the owner's unmarks. */
#pragma once

#include "agent/sctp/stack.h"

struct sctp_slot {
    _Atomic(uint32_t) generation;
    _Atomic(bool) is_marked; /* in some owner's list */
    _Atomic(struct sctp_owner *) owner;
    struct sctp_slot *next_woken;
    struct sctp_slot *next_free;
    struct assoc *assoc; /* the owner's */
    uint32_t index;
};

/* A slot for the association, owned by nobody yet. NULL: all are taken. */
struct sctp_slot *slot_take(struct assoc *assoc);
void slot_give(struct sctp_slot *slot);
/* NULL: nobody's, between two owners. */
void slot_set_owner(struct sctp_slot *slot, struct sctp_owner *owner);

/* What an upcall is given, and what it calls with that. */
void *slot_name(const struct sctp_slot *slot);
void slot_wake(void *name);
