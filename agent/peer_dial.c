/* peer_dial.c — where is it, and by which transport? */
#include "agent/peer_dial.h"

#include "agent/log.h"
#include "agent/net/tcp.h"
#include "agent/peer_actions.h"
#include "agent/whereabouts.h"

/* One of tcp or tls, or all addresses of a multi-homed peer. */
static enum dm_event dial_at(struct peer *peer, const struct conf_endpoint *where)
{
    char address[64];
    int error = 0;
    const char *transport = conf_transport_name(where->transport);
    tcp_address_text(&where->addresses.at[0], address, sizeof address);
    struct wire *wire = wire_dial(&peer->worker->wires, where, peer_name(peer), &error);
    if (wire)
        peer->i_conn = conn_new(peer->worker, wire, false, peer->conf->limits.message_size,
                                &peer_conn_events, peer);
    if (peer->i_conn) {
        log_debug(peer_name(peer), "dial", log_words("{transport} {where}"),
                  log_text("transport", transport), log_text("where", address));
        return PEER_NO_EVENT;
    }
    log_warn(peer_name(peer), "dial", log_words("{transport} {where}: {error}"),
             log_text("transport", transport), log_text("where", address),
             log_text("error", uv_strerror(error ? error : UV_ENOMEM)));
    return DM_EVENT_I_RCV_CONN_NACK;
}

enum dm_event peer_dial(struct peer *peer)
{
    return dial_at(peer, peer_endpoint(peer));
}
