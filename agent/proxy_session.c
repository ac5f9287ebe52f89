/* proxy_session.c — Session-Terminations of our own.
 *
 * A server that said yes keeps state for a client to which a policy says no: the agent tells it.
 * The request waits in the peer's table as others do, but it has no image, for it is never sent
 * again, and nobody is told what comes of it. It is no part of the ledger: that counts what was
 * received. RFC 6733 §6.2.2, §8.4. */
#include "agent/proxy_session.h"

#include "agent/agent.h"
#include "agent/proxy.h"
#include "agent/worker.h"

enum { SESSION_TERMINATION = 275, ACCOUNTING = 271, RE_AUTH = 258, ABORT_SESSION = 274 };
enum { TERMINATION_CAUSE = 295, ADMINISTRATIVE = 4, NO_STATE_MAINTAINED = 1 };

/* Of the answer, else of the request, else it is maintained. RFC 6733 §8.11. */
static bool keeps_state(dm_bytes request, dm_bytes answer)
{
    struct dm_avp avp;
    uint32_t state = 0;
    if (dm_avp_find(answer, 0, DM_AVP_AUTH_SESSION_STATE, &avp) ||
        dm_avp_find(request, 0, DM_AVP_AUTH_SESSION_STATE, &avp))
        (void)dm_avp_get32(&avp, &state); /* what is no number says nothing */
    return state != NO_STATE_MAINTAINED;
}

/* Commands that begin or go on with a session that the server keeps for authorisation. */
static bool has_session(uint32_t command)
{
    return command != SESSION_TERMINATION && command != ACCOUNTING && command != RE_AUTH &&
           command != ABORT_SESSION;
}

static void repeat(struct dm_writer *writer, dm_bytes from, uint32_t code, uint32_t as)
{
    struct dm_avp avp;
    if (dm_avp_find(from, 0, code, &avp))
        dm_write_avp(writer, 0, as, DM_AVP_MANDATORY, avp.data);
}

static size_t write_request(struct worker *worker, dm_bytes request, dm_bytes answer,
                            const struct dm_header *header)
{
    const struct dm_self *self = agent_self(worker->agent);
    struct dm_writer writer;
    dm_writer_init(&writer, worker->policy_room, worker->policy_limit);
    dm_write_header(&writer, header);
    repeat(&writer, answer, DM_AVP_SESSION_ID, DM_AVP_SESSION_ID);
    dm_write_avp(&writer, 0, DM_AVP_ORIGIN_HOST, DM_AVP_MANDATORY, self->origin_host);
    dm_write_avp(&writer, 0, DM_AVP_ORIGIN_REALM, DM_AVP_MANDATORY, self->origin_realm);
    repeat(&writer, answer, DM_AVP_ORIGIN_REALM, DM_AVP_DESTINATION_REALM);
    repeat(&writer, answer, DM_AVP_ORIGIN_HOST, DM_AVP_DESTINATION_HOST);
    dm_write32(&writer, 0, DM_AVP_AUTH_APPLICATION_ID, DM_AVP_MANDATORY, header->application);
    dm_write32(&writer, 0, TERMINATION_CAUSE, DM_AVP_MANDATORY, ADMINISTRATIVE);
    repeat(&writer, request, DM_AVP_USER_NAME, DM_AVP_USER_NAME);
    return dm_writer_finish(&writer);
}

static bool wait_for(struct peer *peer, struct dm_header *header)
{
    struct worker *worker = peer->worker;
    uint64_t due = worker->now + peer->conf->timers.request;
    struct rt_waiting *slot = rt_pending_put(&peer->pending, (uint32_t)(due / RT_TICK_NS));
    if (!slot)
        return false;
    *slot = (struct rt_waiting){.hop_by_hop = slot->hop_by_hop,
                                .end_to_end = header->end_to_end,
                                .command = header->command,
                                .application = header->application,
                                .received = worker->now,
                                .sent = worker->now,
                                .deadline = due,
                                .is_fixed = true,
                                .route = -1,
                                .pool = -1};
    header->hop_by_hop = slot->hop_by_hop;
    return true;
}

static void queue(struct peer *peer, dm_bytes message)
{
    memcpy(conn_reserve(peer->open, false, message.size), message.at, message.size);
    conn_commit(peer->open, false, message.size, peer->worker->now, -1);
    stats_add(&peer_stats(peer)->sent_request, 1);
    stats_add(&peer_stats(peer)->pending, 1);
    worker_attend(peer);
    peer_publish_load(peer);
}

static void count(struct worker *worker, enum stats_termination how)
{
    stats_add(&worker->stats.terminations[how], 1);
}

void proxy_end_session(struct peer *from, dm_bytes request, dm_bytes answer)
{
    struct worker *worker = from->worker;
    struct dm_avp session;
    struct dm_header header;
    dm_header_read(&header, answer.at);
    if (from->is_client || !has_session(header.command) || !keeps_state(request, answer) ||
        !dm_avp_find(answer, 0, DM_AVP_SESSION_ID, &session))
        return;
    header = (struct dm_header){.version = DM_VERSION,
                                .flags = DM_FLAG_REQUEST | DM_FLAG_PROXIABLE,
                                .command = SESSION_TERMINATION,
                                .application = header.application,
                                .end_to_end = agent_next_end_to_end(worker->agent)};
    size_t size = write_request(worker, request, answer, &header);
    if (size == 0 || !peer_is_open(from) || !wait_for(from, &header)) {
        count(worker, STATS_TERMINATION_lost);
        return;
    }
    dm_put32(worker->policy_room + 12, header.hop_by_hop);
    queue(from, dm_bytes_of(worker->policy_room, size));
}

void proxy_own_ended(struct peer *peer, enum stats_termination how)
{
    stats_sub(&peer_stats(peer)->pending, 1);
    count(peer->worker, how);
}
