/* peer_conn.c — what the connections of a peer say, and which event that is.
 *
 * A peer has at most two connections while they cross (ours and its), one once it is open. */
#include <stdlib.h>

#include "agent/conf/endpoint.h"
#include "agent/log.h"
#include "agent/peer_actions.h"
#include "agent/peer_trust.h"
#include "agent/relay.h"

static void on_connected(struct conn *conn, int error)
{
    struct peer *peer = conn->owner;
    if (!error) {
        peer_event(peer, DM_EVENT_I_RCV_CONN_ACK);
        return;
    }
    if (conn->wire->why && conf_is_secure(wire_transport(conn->wire)))
        stats_add(&peer->worker->stats.refused[STATS_REFUSED_tls], 1);
    log_info(peer_name(peer), "dial", log_words("{error}"),
             log_text("error", conn->wire->why ? conn->wire->why : uv_strerror(error)));
    peer->i_conn = NULL;
    peer_event(peer, DM_EVENT_I_RCV_CONN_NACK);
}

/* --- before Open
 * ---------------------------------------------------------------------------------- */

static bool is_our_cea(const struct peer *peer, const struct dm_header *header)
{
    return header->command == DM_CAPABILITIES_EXCHANGE && !dm_header_is_request(header) &&
           header->hop_by_hop == peer->cer_hop_by_hop && header->end_to_end == peer->cer_end_to_end;
}

static enum dm_event receive_cea(struct peer *peer, dm_bytes message,
                                 const struct dm_header *header)
{
    if (!is_our_cea(peer, header))
        return DM_EVENT_I_RCV_NON_CEA;
    struct dm_fault fault = {0};
    stats_add(&peer_stats(peer)->received_base, 1);
    enum dm_result wrong = peer_read_capabilities(peer, message, &fault);
    if (!wrong && !peer_trust_allows(peer, peer->i_conn))
        wrong = DM_UNKNOWN_PEER; /* SEC-05: the name is right, the certificate is another's */
    if (!wrong)
        return DM_EVENT_I_RCV_CEA;
    const char *name = dm_result_name(wrong);
    log_warn(peer_name(peer), "refused", log_words("CEA: {result}"),
             log_text("result", name ? name : "unknown Result-Code"));
    if (wrong == DM_UNKNOWN_PEER)
        stats_add(&peer->worker->stats.refused[STATS_REFUSED_wrong_identity], 1);
    return DM_EVENT_I_RCV_NON_CEA;
}

/* --- Open and Closing
 * ----------------------------------------------------------------------------- */

/* Base requests are checked by their grammar; what is wrong is answered, and they were heard all
 * the same. */
static bool check_base(struct peer *peer, dm_bytes message, const struct dm_header *header)
{
    struct dm_fault fault = {0};
    enum dm_result wrong = dm_check(message, peer->conf->compatibility.strictness, &fault);
    if (!wrong)
        return true;
    if (dm_header_is_request(header))
        peer_answer_base(peer, peer->open, header, wrong, &fault);
    return false;
}

static void receive_dwr(struct peer *peer, const struct dm_header *header)
{
    peer->dwr = *header;
    peer_event(peer, DM_EVENT_RCV_DWR);
}

static void receive_dpr(struct peer *peer, dm_bytes message, const struct dm_header *header)
{
    struct dm_avp avp;
    uint32_t cause = DM_REBOOTING;
    if (dm_avp_find(message, 0, DM_AVP_DISCONNECT_CAUSE, &avp))
        dm_avp_get32(&avp, &cause);
    peer->is_banned = cause != DM_REBOOTING;
    peer->dpr = *header;
    log_info(peer_name(peer), "DPR", log_words("cause {cause}"), log_number("cause", cause));
    peer_event(peer, DM_EVENT_RCV_DPR);
}

static void receive_dpa(struct peer *peer, const struct dm_header *header)
{
    (void)header;
    if (!peer->dpr_sent)
        return;
    peer->dpa_received = true;
    peer_await_overtaken(peer);
    peer_settle(peer);
}

static void receive_cer_again(struct peer *peer, dm_bytes message, const struct dm_header *header)
{
    struct dm_fault fault = {0};
    free(peer->candidates);
    peer->candidates = NULL;
    peer->r_cer = *header;
    if (peer_read_capabilities(peer, message, &fault)) {
        free(peer->candidates);
        peer->candidates = NULL;
    }
    peer_event(peer, DM_EVENT_RCV_CER);
}

static void receive_base(struct peer *peer, dm_bytes message, const struct dm_header *header)
{
    stats_add(&peer_stats(peer)->received_base, 1);
    bool is_request = dm_header_is_request(header);
    if (header->command == DM_CAPABILITIES_EXCHANGE) {
        if (is_request)
            receive_cer_again(peer, message, header);
        else
            peer_event(peer, DM_EVENT_RCV_CEA);
        return;
    }
    if (!check_base(peer, message, header))
        return;
    if (header->command == DM_DEVICE_WATCHDOG && is_request)
        receive_dwr(peer, header);
    else if (header->command == DM_DEVICE_WATCHDOG)
        peer_event(peer, DM_EVENT_RCV_DWA);
    else if (is_request)
        receive_dpr(peer, message, header);
    else
        receive_dpa(peer, header);
}

/* The data path: after Open nothing of it passes through the state machine. */
static void receive(struct peer *peer, dm_bytes message, const struct dm_header *header)
{
    peer->last_heard = peer->worker->now;
    bool is_dwa = header->command == DM_DEVICE_WATCHDOG && !dm_header_is_request(header);
    if (peer->watchdog.state != DM_WATCH_OKAY && !is_dwa)
        peer_watch(peer, DM_WATCH_RECEIVE_OTHER);
    if (dm_command_is_base(header->command))
        receive_base(peer, message, header);
    else if (!dm_header_is_request(header))
        relay_answer(peer, message, header);
    else if (peer->dpa_sent)
        stats_add(&peer->worker->stats.dropped[STATS_DROP_not_open], 1);
    else
        relay_request(peer, message, header);
}

static void on_message(struct conn *conn, dm_bytes message, const struct dm_header *header)
{
    struct peer *peer = conn->owner;
    if (conn == peer->open)
        receive(peer, message, header);
    else if (conn == peer->i_conn)
        peer_event(peer, receive_cea(peer, message, header));
}

/* --- the end of a connection
 * ---------------------------------------------------------------------- */

static enum dm_event end_of(struct peer *peer, const struct conn *conn)
{
    /* cppcheck-suppress nullPointerRedundantCheck ; on_fault asks while there is an owner */
    if (conn == peer->open)
        return DM_EVENT_PEER_DISC;
    return conn == peer->i_conn ? DM_EVENT_I_PEER_DISC : DM_EVENT_R_PEER_DISC;
}

static void on_closed(struct conn *conn, int error)
{
    struct peer *peer = conn->owner;
    if (conn == peer->arriving) {
        peer->arriving = NULL;
        return;
    }
    if (error && error != UV_EBADF)
        log_info(peer_name(peer), "connection", log_words("{error}"),
                 log_text("error", conn->wire->why ? conn->wire->why : uv_strerror(error)));
    conn->owner = NULL;
    peer_event(peer, end_of(peer, conn));
}

static void note_fault(const struct conn *conn, enum dm_frame fault, const struct dm_header *header)
{
    const struct peer *peer = conn->owner;
    log_warn(peer_name(peer), "unparsable", log_words("{what}"),
             log_text("what", fault == DM_FRAME_BAD_VERSION  ? "another version"
                              : fault == DM_FRAME_BAD_LENGTH ? "a bad message length"
                                                             : "no Diameter"));
    bool is_oversized = fault == DM_FRAME_BAD_LENGTH && header->length > conn->message_limit;
    enum stats_drop drop = is_oversized ? STATS_DROP_oversized : STATS_DROP_unparsable;
    stats_add(&peer->worker->stats.dropped[drop], 1);
}

/* Where boundaries are known, a bad length spoils one message; were it an answer, nobody is to be
 * told. SCT-02. */
static bool spoils_one(const struct peer *peer, const struct conn *conn, enum dm_frame fault)
{
    return conn == peer->open && fault == DM_FRAME_BAD_LENGTH && conn->wire->kind->has_messages;
}

/* A stream that has lost its frame. A request that can be told from noise is answered first:
 * HDR-03, HDR-05, HDR-06. */
static void on_fault(struct conn *conn, enum dm_frame fault, const struct dm_header *header)
{
    struct peer *peer = conn->owner;
    enum dm_event end = end_of(peer, conn);
    bool goes_on = spoils_one(peer, conn, fault);
    bool is_answerable = conn == peer->open && fault != DM_FRAME_LOST;
    note_fault(conn, fault, header);
    if (is_answerable && !(goes_on && !dm_header_is_request(header)))
        relay_refuse(peer, header,
                     fault == DM_FRAME_BAD_VERSION ? DM_UNSUPPORTED_VERSION
                                                   : DM_INVALID_MESSAGE_LENGTH);
    if (goes_on)
        return;
    if (!is_answerable)
        conn_abort(conn);
    else if (conn->owner) /* the answer may have found it too slow a reader */
        conn_close(conn);
    if (peer->open == conn || peer->i_conn == conn || peer->r_conn == conn)
        peer_event(peer, end);
}

static void on_drained(struct conn *conn)
{
    struct peer *peer = conn->owner;
    if (conn == peer->open)
        peer_mind_pressure(peer);
}

static void on_starved(struct conn *conn)
{
    worker_attend(conn->owner);
}

const struct conn_events peer_conn_events = {on_connected, on_message, on_fault,
                                             on_closed,    on_drained, on_starved};
