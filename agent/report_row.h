/* report_row.h — what a worker says of a peer, as a letter to the front desk. Worker thread, but
 * for the readers of rows, which are any thread's.
 *
 * A row is octets without a pointer: it outlives the peer, the worker's turn and the snapshot. */
#pragma once

#include "agent/mailbox.h"
#include "agent/peer_orders.h"

enum report_flag {
    ROW_STATIC = 1 << 0,  /* it has a row of `peers` of its own; else a pattern lets it in */
    ROW_DIALS = 1 << 1,   /* we open the connection */
    ROW_BY_US = 1 << 2,   /* we opened the one that is open */
    ROW_ADDRESS = 1 << 3, /* `remote` is known */
    ROW_KNOWN = 1 << 4,   /* it has said what it is: role and applications */
    ROW_AGENT = 1 << 5,
    ROW_CLIENT = 1 << 6,
    ROW_RELAY = 1 << 7, /* it advertises relay */
    ROW_DRAINED = 1 << 8,
    ROW_DISABLED = 1 << 9,
    ROW_BUSY = 1 << 10,
    ROW_FAILING = 1 << 11, /* its pending requests are on their way elsewhere */
    ROW_BANNED = 1 << 12,  /* it asked us not to connect again */
    ROW_OPEN = 1 << 13,
};

enum { ROW_SECURITY = 62 };

/* Ages are nanoseconds. Behind it: application ids, then identity, the name of its row and its
 * realm. */
struct report_row {
    uint32_t size; /* of the whole, a multiple of 8 */
    uint32_t flags;
    rt_peer peer;
    uint16_t home;
    uint8_t state;
    uint8_t watchdog;
    uint32_t link;
    uint32_t pending;
    uint32_t in_flight;
    uint64_t queued;     /* octets not yet written */
    uint64_t age;        /* of the state */
    uint64_t silence;    /* since it was heard; 0: no connection */
    uint64_t oldest;     /* of its pending requests; 0: none */
    uint64_t expires_in; /* until it expires, or is forgotten; 0: it is not */
    int64_t certificate; /* of the connection that is open: its end, of the wall clock; 0: none */
    union conf_socket remote;
    char security[ROW_SECURITY]; /* "none", or version and cipher */
    uint16_t transport;          /* enum conf_transport: of the connection, or that we would use */
    uint16_t identity_size;
    uint16_t admitted_size; /* the identity or pattern of the row that lets it in */
    uint16_t realm_size;    /* 0: any */
    uint16_t application_count;
};

static inline const uint32_t *report_applications(const struct report_row *row)
{
    return (const uint32_t *)(const void *)(row + 1);
}

static inline dm_bytes report_identity(const struct report_row *row)
{
    return dm_bytes_of(report_applications(row) + row->application_count, row->identity_size);
}

static inline dm_bytes report_admitted(const struct report_row *row)
{
    return dm_bytes_of(report_identity(row).at + row->identity_size, row->admitted_size);
}

static inline dm_bytes report_realm(const struct report_row *row)
{
    return dm_bytes_of(report_admitted(row).at + row->admitted_size, row->realm_size);
}

/* Those of your peers whose slots are `slot` and above: some now, and where to go on. */
struct ask_letter {
    struct letter letter;
    uint32_t ticket;
    uint32_t slot;
};

struct order_letter {
    struct letter letter;
    uint32_t ticket;
    rt_peer peer;
    uint32_t order; /* enum peer_order */
    uint32_t cause; /* of the DPR */
};

/* A row, or (row.size 0) the end of those that were asked for: `next` is the slot to go on from, or
 * REPORT_END. */
struct report_letter {
    struct letter letter;
    uint32_t ticket;
    uint32_t next;
    uint32_t worker;
    struct report_row row;
};

#define REPORT_END UINT32_MAX

/* Answer a MAIL_ASK and a MAIL_ORDER. The latter's answer has the row of the peer as it is then, if
 * it is there. */
void report_peers_at(struct worker *worker, const struct letter *letter);
void report_order(struct worker *worker, const struct letter *letter);
