/* assoc_notes.c — what the stack notifies us of, in our words. RFC 6458 §6.1. */
#include <errno.h>
#include <string.h>

#include <usrsctp.h>

#include "agent/sctp/assoc_private.h"

/* Not SENDER_DRY: it comes when assoc_await_dry asks. */
static const uint16_t wanted[] = {SCTP_ASSOC_CHANGE,          SCTP_PEER_ADDR_CHANGE,
                                  SCTP_SHUTDOWN_EVENT,        SCTP_SEND_FAILED_EVENT,
                                  SCTP_REMOTE_ERROR,          SCTP_AUTHENTICATION_EVENT,
                                  SCTP_PARTIAL_DELIVERY_EVENT};

bool assoc_switch_event(struct socket *socket, uint16_t type, bool on)
{
    struct sctp_event event = {.se_assoc_id = SCTP_FUTURE_ASSOC, .se_type = type, .se_on = on};
    return usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_EVENT, &event, sizeof event) == 0;
}

bool assoc_subscribe(struct socket *socket)
{
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!assoc_switch_event(socket, wanted[i], true))
            return false;
    return true;
}

void assoc_await_dry(struct assoc *assoc)
{
    (void)assoc_switch_event(assoc->socket, SCTP_SENDER_DRY_EVENT, true);
}

/* Why it was lost, as the socket remembers it; the notification knows only the cause in an ABORT.
 */
static int lost(const struct assoc *assoc, int otherwise)
{
    int error = assoc_error(assoc);
    return error ? error : otherwise;
}

/* RFC 9260 §8.2: an association that outlives its last path is neither alive nor dead. */
static void fit_retransmissions(struct assoc *assoc)
{
    struct sockaddr *paths;
    int count = usrsctp_getpaddrs(assoc->socket, 0, &paths);
    if (count < 1)
        return;
    usrsctp_freepaddrs(paths);
    uint32_t most = (uint32_t)count * usrsctp_sysctl_get_sctp_path_rtx_max_default();
    if (usrsctp_sysctl_get_sctp_assoc_rtx_max_default() <= most)
        return;
    struct sctp_assocparams parameters = {.sasoc_asocmaxrxt = (uint16_t)most}; /* and no other */
    (void)usrsctp_setsockopt(assoc->socket, IPPROTO_SCTP, SCTP_ASSOCINFO, &parameters,
                             sizeof parameters);
}

static enum assoc_news read_change(struct assoc *assoc, const struct sctp_assoc_change *change,
                                   struct assoc_event *event)
{
    switch (change->sac_state) {
    case SCTP_COMM_UP:
        event->streams_out = change->sac_outbound_streams;
        event->streams_in = change->sac_inbound_streams;
        fit_retransmissions(assoc);
        return ASSOC_UP;
    case SCTP_RESTART:
        return ASSOC_RESTARTED;
    case SCTP_SHUTDOWN_COMP:
        assoc->is_over = true;
        return ASSOC_ENDED;
    case SCTP_COMM_LOST:
        assoc->is_over = true;
        event->error = lost(assoc, -ECONNRESET);
        return ASSOC_LOST;
    case SCTP_CANT_STR_ASSOC:
        assoc->is_over = true;
        event->error = lost(assoc, -ECONNREFUSED);
        return ASSOC_LOST;
    default:
        return ASSOC_NOTHING;
    }
}

static enum assoc_news read_path(const struct sctp_paddr_change *change, struct assoc_event *event)
{
    memcpy(&event->address, &change->spc_aaddr, sizeof event->address);
    event->path = change->spc_state == SCTP_ADDR_AVAILABLE     ? ASSOC_PATH_UP
                  : change->spc_state == SCTP_ADDR_UNREACHABLE ? ASSOC_PATH_DOWN
                                                               : ASSOC_PATH_OTHER;
    return ASSOC_PATH;
}

/* A key that was deactivated can be deleted once nothing that it signed is under way. */
static enum assoc_news read_key(struct assoc *assoc, const struct sctp_authkey_event *key,
                                struct assoc_event *event)
{
    if (key->auth_indication == SCTP_AUTH_FREE_KEY)
        (void)assoc_key_option(assoc, SCTP_AUTH_DELETE_KEY, key->auth_keynumber);
    event->key = key->auth_keynumber;
    event->key_news = key->auth_indication == SCTP_AUTH_NEW_KEY    ? ASSOC_KEY_NEW
                      : key->auth_indication == SCTP_AUTH_FREE_KEY ? ASSOC_KEY_FREE
                                                                   : ASSOC_KEY_NO_AUTH;
    return ASSOC_KEY;
}

static enum assoc_news read_note(struct assoc *assoc, const union sctp_notification *note,
                                 struct assoc_event *event)
{
    switch (note->sn_header.sn_type) {
    case SCTP_ASSOC_CHANGE:
        return read_change(assoc, &note->sn_assoc_change, event);
    case SCTP_PEER_ADDR_CHANGE:
        return read_path(&note->sn_paddr_change, event);
    case SCTP_SHUTDOWN_EVENT:
        return ASSOC_SHUT;
    case SCTP_SEND_FAILED_EVENT:
        event->error = (int)note->sn_send_failed_event.ssfe_error;
        return ASSOC_SEND_FAILED;
    case SCTP_REMOTE_ERROR:
        event->error = ntohs(note->sn_remote_error.sre_error);
        return ASSOC_REMOTE_ERROR;
    case SCTP_AUTHENTICATION_EVENT:
        return read_key(assoc, &note->sn_auth_event, event);
    case SCTP_SENDER_DRY_EVENT:
        (void)assoc_switch_event(assoc->socket, SCTP_SENDER_DRY_EVENT, false);
        return ASSOC_DRY;
    case SCTP_PARTIAL_DELIVERY_EVENT: /* the rest of the message will not come */
        assoc_forget_partial(assoc);
        return ASSOC_NOTHING;
    default:
        return ASSOC_NOTHING;
    }
}

/* Copied: the buffer may lie anywhere, and may hold less than the longest of them. */
enum assoc_news assoc_read_notification(struct assoc *assoc, const uint8_t *octets, size_t size,
                                        struct assoc_event *event)
{
    union sctp_notification note = {0};
    if (size < sizeof note.sn_header)
        return ASSOC_NOTHING;
    memcpy(&note, octets, size < sizeof note ? size : sizeof note);
    event->what = read_note(assoc, &note, event);
    return event->what;
}
