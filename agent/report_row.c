/* report_row.c — what a worker says of its peers. Some in a turn: nobody waits for a long list. */
#include "agent/report_row.h"

#include "agent/agent.h"
#include "agent/guest.h"
#include "agent/whereabouts.h"

/* Rows in a turn, and slots of pending tables that are looked at for the oldest request. */
enum { ROWS_PER_TURN = 256, SLOTS_PER_TURN = 65536 };

static uint32_t flags_of(const struct peer *peer)
{
    unsigned flags = 0;
    flags |= peer_is_row(peer->conf) ? ROW_STATIC : 0;
    flags |= peer->conf->dials ? ROW_DIALS : 0;
    flags |= peer->open && peer->open == peer->i_conn ? ROW_BY_US : 0;
    flags |= peer->applications ? ROW_KNOWN : 0;
    flags |= peer->applications && peer->applications->relay ? ROW_RELAY : 0;
    flags |= peer->is_agent ? ROW_AGENT : 0;
    flags |= peer->is_client ? ROW_CLIENT : 0;
    flags |= peer->is_drained ? ROW_DRAINED : 0;
    flags |= peer->is_disabled ? ROW_DISABLED : 0;
    flags |= peer_is_busy(peer) ? ROW_BUSY : 0;
    flags |= peer->is_failing ? ROW_FAILING : 0;
    flags |= peer->is_banned ? ROW_BANNED : 0;
    flags |= peer_is_open(peer) ? ROW_OPEN : 0;
    return flags;
}

static const struct wire *wire_of(const struct peer *peer)
{
    const struct conn *conn = peer->open ? peer->open : peer->r_conn ? peer->r_conn : peer->i_conn;
    return conn ? conn->wire : NULL;
}

static void find_transport(const struct peer *peer, struct report_row *row)
{
    const struct wire *wire = wire_of(peer);
    row->transport = (uint16_t)(wire ? wire_transport(wire) : peer->conf->connect.transport);
    row->certificate = wire && peer->open ? wire_expiry(wire) : 0;
    snprintf(row->security, sizeof row->security, "none");
    if (wire)
        wire_security(wire, row->security, sizeof row->security);
}

/* Of the connection that is there, else where we would connect to. */
static void find_address(const struct peer *peer, struct report_row *row)
{
    const struct wire *wire = wire_of(peer);
    bool is_known = wire && wire_remote(wire, &row->remote);
    if (!is_known && peer->conf->dials && peer_endpoint(peer)->addresses.count) {
        row->remote = peer_endpoint(peer)->addresses.at[0];
        is_known = true;
    }
    if (is_known)
        row->flags |= ROW_ADDRESS;
}

static uint64_t age_of(const struct peer *peer, uint64_t since)
{
    uint64_t now = peer->worker->now;
    return now > since ? now - since : 0;
}

static void fill(const struct peer *peer, struct report_row *row)
{
    uint64_t oldest = rt_pending_oldest(&peer->pending);
    row->flags = flags_of(peer);
    row->peer = peer->self;
    row->home = (uint16_t)peer->worker->index;
    row->state = (uint8_t)peer->state;
    row->watchdog = (uint8_t)peer->watchdog.state;
    row->link = peer->link;
    row->pending = peer->pending.used;
    row->in_flight = peer->in_flight;
    row->queued = peer->open ? queue_octets(&peer->open->queue) : 0;
    row->age = age_of(peer, peer->changed);
    row->silence = peer->open ? age_of(peer, peer->last_heard) : 0;
    row->oldest = oldest ? age_of(peer, oldest) : 0;
    row->expires_in = guest_expires_in(peer);
    find_transport(peer, row);
    find_address(peer, row);
}

static uint8_t *put_text(uint8_t *to, dm_bytes text)
{
    if (text.size)
        memcpy(to, text.at, text.size);
    return to + text.size;
}

static void post_row(struct peer *peer, uint32_t ticket)
{
    struct worker *worker = peer->worker;
    dm_bytes identity = name_bytes(peer->name);
    dm_bytes admitted = dm_text(peer->conf->identity);
    dm_bytes realm = peer->conf->realm ? dm_text(peer->conf->realm) : (dm_bytes){0};
    uint16_t applications = peer->applications ? peer->applications->count : 0;
    size_t size = applications * sizeof(uint32_t) + identity.size + admitted.size + realm.size;
    struct report_letter *letter = post_letter(&worker->post, worker->agent->worker_count,
                                               MAIL_REPORT, sizeof *letter + size, true);
    struct report_row *row = &letter->row;
    memset(&letter->ticket, 0, sizeof *letter - sizeof letter->letter);
    letter->ticket = ticket;
    fill(peer, row);
    row->size = (uint32_t)((sizeof *row + size + 7) & ~(size_t)7);
    row->identity_size = (uint16_t)identity.size;
    row->admitted_size = (uint16_t)admitted.size;
    row->realm_size = (uint16_t)realm.size;
    row->application_count = applications;
    uint8_t *to = (uint8_t *)(row + 1);
    if (applications)
        memcpy(to, peer->applications->id, applications * sizeof(uint32_t));
    to = put_text(to + applications * sizeof(uint32_t), identity);
    put_text(put_text(to, admitted), realm);
}

static void post_end(struct worker *worker, uint32_t ticket, uint32_t next)
{
    struct report_letter *letter =
        post_letter(&worker->post, worker->agent->worker_count, MAIL_REPORT, sizeof *letter, true);
    memset(&letter->ticket, 0, sizeof *letter - sizeof letter->letter);
    letter->ticket = ticket;
    letter->next = next;
    letter->worker = worker->index;
}

void report_peers_at(struct worker *worker, const struct letter *opened)
{
    const struct ask_letter *ask = (const struct ask_letter *)(const void *)opened;
    uint32_t slot = ask->slot;
    uint32_t rows = 0;
    uint64_t looked = 0;
    for (; slot < worker->board->size && rows < ROWS_PER_TURN && looked < SLOTS_PER_TURN; slot++) {
        struct peer *peer = worker->by_slot[slot];
        if (!peer)
            continue;
        post_row(peer, ask->ticket);
        looked += peer->pending.size;
        rows++;
    }
    post_end(worker, ask->ticket, slot < worker->board->size ? slot : REPORT_END);
}

void report_order(struct worker *worker, const struct letter *opened)
{
    const struct order_letter *order = (const struct order_letter *)(const void *)opened;
    struct peer *peer = worker->by_slot[order->peer.slot];
    if (peer && peer->self.generation == order->peer.generation) {
        peer_obey(peer, (enum peer_order)order->order, (enum dm_disconnect_cause)order->cause);
        post_row(peer, order->ticket);
    }
    post_end(worker, order->ticket, REPORT_END);
}
