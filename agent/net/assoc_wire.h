/* assoc_wire.h — a wire over an association: what sctp is, and what dtls stands on. */
#pragma once

#include "agent/net/sctp_loop.h"

enum assoc_leaving { ASSOC_STAYS, ASSOC_DETACHES, ASSOC_CLOSES };

struct assoc_wire {
    struct wire wire; /* first */
    struct sctp_woken woken;
    struct assoc *assoc;                            /* NULL once closed */
    void (*proceed)(struct assoc_wire *wire);       /* while it is not open: what was woken? */
    void (*release)(struct assoc_wire *wire);       /* frees what stands on it; NULL: nothing */
    bool (*is_busy)(const struct assoc_wire *wire); /* in a thread of the pool; NULL: never */
    enum assoc_leaving leaving;
    int wanted;
    bool is_dialled;
    bool has_input; /* as far as we know: until a read finds nothing */
    bool may_write; /* likewise: until a write is refused */
    size_t held;    /* octets of an unfinished message, as they were counted last */
    uint32_t heard; /* messages */
};

static inline struct assoc_wire *assoc_wire_of(struct wire *wire)
{
    return (struct assoc_wire *)wire;
}

/* --- making one ---------------------------------------------------------------------------------
 */

/* Fills in an all-zero wire. `assoc` is taken later: its user is &wire->woken. */
void assoc_wire_init(struct assoc_wire *wire, const struct wire_kind *kind, struct wire_loop *loop,
                     bool is_dialled);
/* An association to `to` for the wire. False: *error is -errno; the wire is still the caller's. */
bool assoc_wire_connect(struct assoc_wire *wire, const struct conf_endpoint *to, int *error);

/* --- in and out ---------------------------------------------------------------------------------
 */

/* What has come next that concerns a reader: ASSOC_MESSAGE, _OVERSIZED, _UP, _KEY, _DRY: true.
 * False: `result` is what its read returns: WIRE_NOTHING, UV_EOF or -errno. */
bool assoc_wire_next(struct assoc_wire *wire, uint8_t *room, size_t size, struct assoc_event *event,
                     int *result);

/* May messages overtake each other? Not before it is sure that the other side has the exchange of
 * capabilities behind it. RFC 6733 §2.1.1, PSM-08. */
static inline bool assoc_wire_is_unordered(const struct assoc_wire *wire)
{
    return wire->heard >= (wire->is_dialled ? 1 : 2);
}

/* Looks at it again from the loop, as if it were woken: input lies ready, or it was closed while it
 * was busy, and is busy no more. */
void assoc_wire_post(struct assoc_wire *wire);

/* The wire has become open, or the dial has failed: tells its holder. */
void assoc_wire_opened(struct assoc_wire *wire, int error);

/* --- for wire_kind ------------------------------------------------------------------------------
 */

void assoc_wire_wait(struct wire *wire, int wanted);
bool assoc_wire_has_ended(struct wire *wire);
void assoc_wire_close(struct wire *wire, bool reset);
void assoc_wire_detach(struct wire *wire);
int assoc_wire_attach(struct wire *wire);
void assoc_wire_bury(struct wire *wire);
void assoc_wire_local(const struct wire *wire, struct wire_addresses *addresses);
bool assoc_wire_remote(const struct wire *wire, union conf_socket *address);
