/* lab_sctp.c — scripted peers over SCTP: one message is one of Diameter. */
#include "tests/lab/lab_assoc.h"

static void nothing(struct lab_peer *peer)
{
    (void)peer;
}

static void message(struct lab_peer *peer, const struct assoc_event *event)
{
    if (event->ppid != ASSOC_PPID_DIAMETER)
        lab_fail("%s: SCT-06: got a message with PPID %u", peer->identity, event->ppid);
    lab_peer_take(peer, event->octets, event->size);
}

static const struct lab_assoc_kind kind = {.up = nothing, .message = message, .dry = nothing};

static int open_listener(struct lab *lab, struct lab_server *server)
{
    return lab_assoc_listen(lab, server, &kind);
}

static bool dial(struct lab_peer *peer)
{
    return lab_assoc_dial(peer, &kind);
}

static void look(struct lab_peer *peer, int events)
{
    (void)events;
    lab_assoc_look(peer, &kind);
}

static size_t put(struct lab_peer *peer, const void *octets, size_t size)
{
    return lab_assoc_write(peer, octets, size, ASSOC_PPID_DIAMETER);
}

const struct lab_kind lab_sctp = {
    .name = "sctp",
    .has_messages = true,
    .is_sctp = true,
    .listen = open_listener,
    .unlisten = lab_assoc_unlisten,
    .dial = dial,
    .accept = lab_assoc_accept,
    .wants = lab_assoc_wants,
    .look = look,
    .write = put,
    .finish = lab_assoc_finish,
    .close = lab_assoc_close,
};
