/* peer_actions.c — what the rows of fsm.def do. RFC 6733 §5.6.3. */
#include "agent/peer_actions.h"

#include <assert.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/log.h"
#include "agent/peer_dial.h"

enum { BASE_ROOM = 4096 };

static uint32_t next_hop_by_hop(struct peer *peer)
{
    return rt_pending_draw(&peer->pending);
}

static uint32_t next_end_to_end(struct peer *peer)
{
    return agent_next_end_to_end(peer->worker->agent);
}

/* --- writing messages of our own ----------------------------------------------------------------
 */

static void send_base(struct peer *peer, struct conn *conn, bool urgent, const uint8_t *octets,
                      size_t size)
{
    if (!size || !conn || !conn->wire)
        return;
    memcpy(conn_reserve(conn, urgent, size), octets, size);
    conn_commit(conn, urgent, size, 0, -1);
    stats_add(&peer_stats(peer)->sent_base, 1);
}

static const struct dm_self *self_of(const struct peer *peer)
{
    return agent_self(peer->worker->agent);
}

static struct wire_addresses local_of(const struct conn *conn)
{
    return conn->wire ? wire_local(conn->wire) : (struct wire_addresses){0};
}

void peer_send_dwr(struct peer *peer)
{
    uint8_t octets[BASE_ROOM];
    size_t size = dm_dwr_write(octets, sizeof octets, self_of(peer), next_hop_by_hop(peer),
                               next_end_to_end(peer));
    send_base(peer, peer->open, true, octets, size);
}

void peer_answer_base(struct peer *peer, struct conn *conn, const struct dm_header *request,
                      enum dm_result result, const struct dm_fault *fault)
{
    uint8_t octets[BASE_ROOM];
    bool urgent = request->command == DM_DEVICE_WATCHDOG;
    size_t size =
        dm_base_answer_write(octets, sizeof octets, self_of(peer), request, result, fault);
    if (!size) /* the offending AVP is too long to be shown */
        size = dm_base_answer_write(octets, sizeof octets, self_of(peer), request, result, NULL);
    send_base(peer, conn, urgent, octets, size);
}

static void send_cer(struct peer *peer)
{
    uint8_t octets[BASE_ROOM];
    struct wire_addresses local = local_of(peer->i_conn);
    struct dm_addresses addresses = wire_advertised(&local);
    peer->cer_hop_by_hop = next_hop_by_hop(peer);
    peer->cer_end_to_end = next_end_to_end(peer);
    size_t size = dm_cer_write(octets, sizeof octets, self_of(peer), &peer->conf->advertise,
                               &addresses, peer->cer_hop_by_hop, peer->cer_end_to_end);
    send_base(peer, peer->i_conn, true, octets, size);
}

/* CER and CEA go in the urgent lane, too: the watchdog's first DWR must not overtake them. */
static void send_cea(struct peer *peer, struct conn *conn, enum dm_result result,
                     const struct dm_fault *fault)
{
    uint8_t octets[BASE_ROOM];
    struct wire_addresses local = local_of(conn);
    struct dm_addresses addresses = wire_advertised(&local);
    size_t size = dm_cea_write(octets, sizeof octets, self_of(peer), &peer->conf->advertise,
                               &addresses, &peer->r_cer, result, fault);
    send_base(peer, conn, true, octets, size);
}

void peer_send_dpa(struct peer *peer)
{
    peer->owes_dpa = false;
    peer->dpa_sent = true;
    peer_answer_base(peer, peer->open, &peer->dpr, DM_SUCCESS, NULL);
    worker_arm(peer, TIMER_MACHINE, peer->conf->timers.disconnect);
}

/* --- capabilities
 * --------------------------------------------------------------------------------- */

/* CEX-18; and the realm, where its row names one. */
static bool is_who_we_expect(const struct peer *peer, const struct dm_caps *caps)
{
    const char *realm = peer->conf->realm;
    return dm_identity_equal(caps->origin_host, name_bytes(peer->name)) &&
           (!realm || dm_identity_equal(caps->origin_realm, dm_text(realm)));
}

/* What a proxy tells the members of its pools. PXY-07. */
static void keep_realm(struct peer *peer, dm_bytes realm)
{
    free(peer->candidate_realm);
    peer->candidate_realm = NULL;
    if (!peer->conf->in_pool || !dm_identity_is_valid(realm))
        return;
    peer->candidate_realm = strndup((const char *)realm.at, realm.size);
    if (!peer->candidate_realm)
        abort();
}

enum dm_result peer_read_capabilities(struct peer *peer, dm_bytes message, struct dm_fault *fault)
{
    struct dm_caps caps;
    enum dm_result wrong = dm_check(message, peer->conf->compatibility.strictness, fault);
    if (!wrong)
        wrong = dm_caps_read(&caps, message, fault);
    if (wrong)
        return wrong;
    if (caps.result_code && caps.result_code / 1000 != 2)
        return (enum dm_result)caps.result_code;
    if (!is_who_we_expect(peer, &caps))
        return dm_fault_show(fault, DM_UNKNOWN_PEER, dm_bytes_of(NULL, 0));
    if (!dm_applications_common(&caps.applications, &peer->conf->advertise))
        return dm_fault_show(fault, DM_NO_COMMON_APPLICATION, dm_bytes_of(NULL, 0));
    if (!peer->candidates)
        peer->candidates = malloc(sizeof *peer->candidates);
    if (!peer->candidates)
        abort();
    *peer->candidates = caps.applications;
    keep_realm(peer, caps.origin_realm);
    board_set_realm(peer->worker->board, peer->self.slot,
                    (uint32_t)dm_identity_hash(caps.origin_realm));
    peer->candidate_record_size =
        (uint16_t)dm_route_record_make(peer->candidate_record, caps.origin_host);
    return DM_OK;
}

/* --- the actions
 * ---------------------------------------------------------------------------------- */

static void drop(struct conn **conn, bool abort)
{
    if (!*conn)
        return;
    if (abort)
        conn_abort(*conn);
    else
        conn_close(*conn);
    *conn = NULL;
}

/* We win with the greater Origin-Host, and then keep the connection that the other side opened. RFC
 * 6733 §5.6.4. */
static enum dm_event elect(struct peer *peer)
{
    bool wins = dm_identity_compare(self_of(peer)->origin_host, name_bytes(peer->name)) > 0;
    log_debug(peer_name(peer), "election", log_words("{outcome}"),
              log_text("outcome", wins ? "won" : "lost"));
    return wins ? DM_EVENT_WIN_ELECTION : PEER_NO_EVENT;
}

static void accept_arrival(struct peer *peer)
{
    peer->r_conn = peer->arriving;
    peer->arriving = NULL;
}

/* An open connection stands: the new one goes, and the old one must show that it lives. PSM-01,
 * PSM-02. */
static void reject_arrival(struct peer *peer)
{
    log_info(peer_name(peer), "refused", log_words("a second connection"));
    stats_add(&peer->worker->stats.refused[STATS_REFUSED_duplicate], 1);
    drop(&peer->arriving, false);
    if (peer_is_open(peer))
        peer_watch_challenge(peer);
}

/* The connection that is open ends; which variable holds it does not matter any more. */
static void disconnect(struct peer *peer)
{
    if (peer->open && peer->open->owner)
        conn_close(peer->open);
    peer->i_conn = peer->r_conn = NULL;
}

static void drop_all(struct peer *peer)
{
    drop(&peer->i_conn, true);
    drop(&peer->r_conn, true);
}

static void send_dpr(struct peer *peer)
{
    uint8_t octets[BASE_ROOM];
    size_t size = dm_dpr_write(octets, sizeof octets, self_of(peer),
                               (enum dm_disconnect_cause)peer->disconnect_cause,
                               next_hop_by_hop(peer), next_end_to_end(peer));
    peer->dpr_sent = true;
    send_base(peer, peer->open, false, octets, size);
}

/* In Open and in Closing. Answers that are still expected are waited for: DPR-04. */
static void answer_dpr(struct peer *peer)
{
    if (peer->dpr_sent) { /* crossing DPRs: nothing is held back */
        peer_answer_base(peer, peer->open, &peer->dpr, DM_SUCCESS, NULL);
        return;
    }
    peer->owes_dpa = true;
    peer_await_overtaken(peer);
    peer_settle(peer);
}

/* CEX-25: answered with what was said before, or closed if another speaks. */
static enum dm_event repeat_cea(struct peer *peer)
{
    if (peer->candidates) {
        free(peer->candidates);
        peer->candidates = NULL;
        send_cea(peer, peer->open, DM_SUCCESS, NULL);
        return PEER_NO_EVENT;
    }
    conn_abort(peer->open);
    return DM_EVENT_PEER_DISC;
}

enum dm_event peer_act(struct peer *peer, enum dm_action action)
{
    switch (action) {
    case DM_ACTION_I_SND_CONN_REQ:
        return peer_dial(peer);
    case DM_ACTION_I_SND_CER:
        send_cer(peer);
        break;
    case DM_ACTION_I_DISC:
        drop(&peer->i_conn, false);
        break;
    case DM_ACTION_R_ACCEPT:
        accept_arrival(peer);
        break;
    case DM_ACTION_R_SND_CEA:
        send_cea(peer, peer->r_conn, DM_SUCCESS, NULL);
        break;
    case DM_ACTION_R_DISC:
        drop(&peer->r_conn, false);
        break;
    case DM_ACTION_R_REJECT:
        reject_arrival(peer);
        break;
    case DM_ACTION_ELECT:
        return elect(peer);
    case DM_ACTION_CLEANUP:
    case DM_ACTION_ERROR:
        drop_all(peer);
        break;
    case DM_ACTION_PROCESS_DWR:
        peer_answer_base(peer, peer->open, &peer->dwr, DM_SUCCESS, NULL);
        break;
    case DM_ACTION_PROCESS_DWA:
        peer_watch(peer, DM_WATCH_RECEIVE_DWA);
        break;
    case DM_ACTION_SND_DPR:
        send_dpr(peer);
        break;
    case DM_ACTION_SND_DPA:
        answer_dpr(peer);
        break;
    case DM_ACTION_DISC:
        disconnect(peer);
        break;
    case DM_ACTION_REPEAT_CEA:
        return repeat_cea(peer);
    default: /* nothing to do here: the CEA was read before the event, messages go by the relay */
        break;
    }
    return PEER_NO_EVENT;
}

/* --- arrivals
 * ------------------------------------------------------------------------------------- */

static enum stats_refusal refusal_of(enum dm_result wrong)
{
    if (wrong == DM_NO_COMMON_APPLICATION)
        return STATS_REFUSED_no_common_application;
    return wrong == DM_UNKNOWN_PEER ? STATS_REFUSED_wrong_identity : STATS_REFUSED_malformed;
}

void peer_arrive(struct peer *peer, struct wire *wire, dm_bytes cer, dm_bytes rest)
{
    struct worker *worker = peer->worker;
    peer->arrivals++;
    peer->is_idle_told = false;
    worker_attend(peer); /* if nothing comes of it, the slot may go */
    if (peer->open)
        conn_hear_out(peer->open);
    peer->arriving =
        conn_new(worker, wire, true, peer->conf->limits.message_size, &peer_conn_events, peer);
    if (!peer->arriving)
        return;
    conn_give(peer->arriving, rest);
    struct dm_header before = peer->r_cer;
    dm_header_read(&peer->r_cer, cer.at);
    struct dm_fault fault = {0};
    stats_add(&peer_stats(peer)->received_base, 1);
    enum dm_result wrong = peer_read_capabilities(peer, cer, &fault);
    if (wrong) {
        log_warn(peer_name(peer), "refused", log_words("CER: {result}"),
                 log_text("result", dm_result_name(wrong)));
        stats_add(&worker->stats.refused[refusal_of(wrong)], 1);
        send_cea(peer, peer->arriving, wrong, &fault);
        drop(&peer->arriving, false);
        peer->r_cer = before;
        return;
    }
    if (peer_is_open(peer) || peer->state == DM_CLOSING || peer->r_conn)
        peer->r_cer = before; /* it will be rejected: the CER that counts is the first one's */
    if (peer->is_stopping || peer->is_disabled) {
        drop(&peer->arriving, false);
        return;
    }
    peer->is_banned = false;
    peer_event(peer, DM_EVENT_R_CONN_CER);
}
