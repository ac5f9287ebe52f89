/* lab_assoc.c — the SCTP stack of a lab, and the associations of its peers. */
#include "tests/lab/lab_assoc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { READ_AT_ONCE = 65536, MESSAGE_LIMIT = 1 << 20, PORT_TRIES = 50, END_MS = 300 };

/* --- the stack --- */

static struct lab_stack the_stack; /* each test is a process of its own */

static void on_wake(void *context)
{
    const struct lab_stack *stack = context;
    const uint64_t one = 1;
    if (write(stack->wake, &one, sizeof(one)) != sizeof(one))
        abort(); /* it is never full */
}

/* Quick: a lost packet of loopback is one that a full buffer has dropped. */
static bool try_port(struct lab_stack *stack, char *why, size_t size)
{
    struct sctp_settings settings = sctp_settings_usual();
    stack->udp_port = settings.udp_port = lab_free_udp_port();
    settings.rto_minimum = 50;
    return sctp_stack_open(&settings, why, size);
}

void lab_stack_open(struct lab *lab)
{
    char why[200];
    lab->stack = &the_stack;
    the_stack.owner = (struct sctp_owner){.wake = on_wake, .context = &the_stack};
    the_stack.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    for (int tries = 0; tries < PORT_TRIES; tries++)
        if (try_port(&the_stack, why, sizeof(why)))
            return;
    lab_fail("no SCTP: %s", why);
}

/* Associations whose other side has died may stay a while: they end with the process. */
void lab_stack_close(struct lab *lab)
{
    if (!lab->stack)
        return;
    for (int ms = 0; ms < END_MS && !sctp_stack_close(); ms += 5)
        poll(NULL, 0, 5);
    lab->stack = NULL;
}

int lab_stack_descriptor(const struct lab *lab)
{
    return lab->stack ? lab->stack->wake : -1;
}

static void on_woken(void *context, struct assoc *assoc)
{
    struct lab_peer *peer = assoc_user(assoc);
    (void)context;
    if (peer) /* else it is a listener, which is asked anyway */
        lab_assoc_of(peer)->is_woken = true;
}

void lab_stack_look(struct lab *lab)
{
    uint64_t count;
    if (read(lab->stack->wake, &count, sizeof(count)) == sizeof(count))
        sctp_owner_look(&lab->stack->owner, on_woken, NULL);
}

/* --- beginnings --- */

static struct assoc_setup setup_of(struct lab *lab, const struct lab_assoc_kind *kind)
{
    return (struct assoc_setup){.is_authenticated = kind->is_authenticated,
                                .message_limit = MESSAGE_LIMIT,
                                .owner = &lab->stack->owner};
}

static struct assoc_addresses loopback(const struct lab *lab, uint16_t port)
{
    struct sockaddr_storage at;
    struct assoc_addresses one = {.count = 1};
    lab_loopback(&at, lab->plan.ipv6, port);
    memcpy(&one.at[0], &at, sizeof(one.at[0]));
    return one;
}

int lab_assoc_listen(struct lab *lab, struct lab_server *server, const struct lab_assoc_kind *kind)
{
    int error = 0;
    struct assoc_addresses bound;
    struct assoc_setup setup = setup_of(lab, kind);
    setup.local = loopback(lab, server->port);
    server->assoc = assoc_listen(&setup, &error);
    if (!server->assoc)
        return error;
    assoc_local(server->assoc, &bound);
    server->port = ntohs(bound.at[0].v4.sin_port); /* at the same place in both */
    return 0;
}

void lab_assoc_unlisten(struct lab_server *server)
{
    if (server->assoc)
        assoc_close(server->assoc);
    server->assoc = NULL;
}

static struct lab_assoc *begin(struct lab_peer *peer)
{
    struct lab_assoc *mine = calloc(1, sizeof(*mine));
    if (!mine)
        abort();
    mine->is_woken = true;
    peer->carried = mine;
    return mine;
}

static void forget(struct lab_peer *peer)
{
    free(peer->carried);
    peer->carried = NULL;
}

bool lab_assoc_dial(struct lab_peer *peer, const struct lab_assoc_kind *kind)
{
    struct lab *lab = peer->lab;
    struct lab_assoc *mine = begin(peer);
    struct assoc_setup setup = setup_of(lab, kind);
    setup.remote = loopback(lab, lab->port);
    setup.udp_port = lab->udp_port;
    setup.user = peer;
    mine->assoc = assoc_dial(&setup, &mine->error);
    while (mine->assoc && !mine->is_up && !peer->ended) {
        lab_serve(lab, 5);
        lab_assoc_look(peer, kind);
    }
    if (mine->is_up)
        return true;
    errno = -mine->error;
    if (mine->assoc)
        assoc_abort(mine->assoc);
    forget(peer);
    peer->ended = peer->was_reset = false;
    return false;
}

bool lab_assoc_accept(struct lab_peer *peer, struct lab_server *server)
{
    struct assoc *assoc = server->assoc ? assoc_accept(server->assoc, peer) : NULL;
    if (assoc)
        begin(peer)->assoc = assoc;
    return assoc;
}

/* --- messages --- */

static void take_event(struct lab_peer *peer, const struct assoc_event *event,
                       const struct lab_assoc_kind *kind)
{
    switch (event->what) {
    case ASSOC_MESSAGE:
        kind->message(peer, event);
        return;
    case ASSOC_UP:
        lab_assoc_of(peer)->is_up = true;
        kind->up(peer);
        return;
    case ASSOC_DRY:
        kind->dry(peer);
        return;
    case ASSOC_SHUT:
    case ASSOC_ENDED:
        lab_peer_ended(peer, false);
        return;
    case ASSOC_LOST:
    case ASSOC_RESTARTED:
        lab_assoc_of(peer)->error = event->error;
        lab_peer_ended(peer, true);
        return;
    case ASSOC_OVERSIZED:
        lab_fail("%s: got a message of %zu octets", peer->identity, event->size);
    case ASSOC_NOTHING:
    case ASSOC_PATH:
    case ASSOC_SEND_FAILED: /* the end follows */
    case ASSOC_REMOTE_ERROR:
    case ASSOC_KEY:
        return;
    }
}

short lab_assoc_wants(const struct lab_peer *peer)
{
    return lab_assoc_of(peer)->is_woken && lab_is_read(peer) ? POLLIN : 0;
}

void lab_assoc_look(struct lab_peer *peer, const struct lab_assoc_kind *kind)
{
    static uint8_t room[READ_AT_ONCE];
    struct lab_assoc *mine = lab_assoc_of(peer);
    struct assoc_event event;
    while (mine->is_woken && lab_is_read(peer)) {
        mine->is_woken = assoc_receive(mine->assoc, room, sizeof(room), &event) != ASSOC_NOTHING;
        take_event(peer, &event, kind);
    }
}

size_t lab_assoc_write(struct lab_peer *peer, const void *octets, size_t size, uint32_t ppid)
{
    const struct assoc_manner manner = {.ppid = ppid};
    int error = assoc_send(lab_assoc_of(peer)->assoc, octets, size, manner);
    return error == -EAGAIN ? 0 : size; /* of one that is over, receiving says how */
}

/* --- ends --- */

void lab_assoc_finish(struct lab_peer *peer)
{
    assoc_shut(lab_assoc_of(peer)->assoc);
}

void lab_assoc_close(struct lab_peer *peer, bool reset)
{
    if (reset)
        assoc_abort(lab_assoc_of(peer)->assoc);
    else
        assoc_close(lab_assoc_of(peer)->assoc);
    forget(peer);
}
