/* link_sctp.c — links over SCTP: one Diameter message is one user message. RFC 6733 §2.1.1; SCT-02.
 */
#include "bench/link_assoc.h"

#include <errno.h>

static void sctp_up(struct link *link)
{
    if (link->state == LINK_CONNECTING)
        link_connected(link);
}

static void sctp_message(struct link *link, const struct assoc_event *event)
{
    link_assoc_take(link, dm_bytes_of(event->octets, event->size));
}

static void sctp_nothing(struct link *link)
{
    (void)link;
}

static const struct link_assoc_kind kind = {
    .ppid = ASSOC_PPID_DIAMETER,
    .message_limit = LINK_MESSAGE_MAX,
    .up = sctp_up,
    .message = sctp_message,
    .woken = sctp_nothing,
    .dry = sctp_nothing,
};

/* Whole messages, as many as the association takes. */
static ssize_t sctp_write(struct link *link, dm_bytes queued)
{
    const struct assoc_manner manner = link_assoc_manner(link);
    size_t taken = 0;
    while (taken < queued.size) {
        const uint8_t *message = queued.at + taken;
        size_t size = dm_get24(message + 1);
        int failed = link_assoc_send(link, message, size, manner);
        if (failed == -EAGAIN)
            break;
        if (failed)
            return failed;
        taken += size;
    }
    return (ssize_t)taken;
}

static int sctp_dial(struct link *link, const struct link_address *to)
{
    return link_assoc_dial(link, to, &kind);
}

static int sctp_adopt(struct link *link, struct link_arrival arrival)
{
    return link_assoc_adopt(link, arrival, &kind);
}

static int sctp_listen(struct link_listener *listener, struct link_net *net,
                       const struct link_address *address)
{
    return link_assoc_listen(listener, net, address, &kind);
}

const struct link_kind link_sctp = {
    .dial = sctp_dial,
    .adopt = sctp_adopt,
    .write = sctp_write,
    .wish = link_assoc_wish,
    .bury = link_assoc_bury,
    .local = link_assoc_local,
    .listen = sctp_listen,
    .unlisten = link_assoc_unlisten,
};
