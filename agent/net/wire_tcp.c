/* wire_tcp.c — plain TCP: a descriptor and its poll. */
#include "agent/net/wire_tcp.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/net/tcp.h"

/* --- events -------------------------------------------------------------------------------------
 */

static void on_poll(uv_poll_t *poll, int status, int events);

void tcp_wire_arm(struct tcp_wire *tcp, int wanted, uv_poll_cb callback)
{
    if (wanted == tcp->armed)
        return;
    tcp->armed = wanted;
    uv_poll_start(&tcp->poll, wanted, callback);
}

static void connected(struct tcp_wire *tcp)
{
    struct wire *wire = &tcp->wire;
    int error = tcp_connect_result(tcp->descriptor);
    if (!error)
        wire->state = WIRE_OPEN;
    wire->events->on_open(wire, error);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct tcp_wire *tcp = poll->data;
    struct wire *wire = &tcp->wire;
    if (wire->state == WIRE_CONNECTING)
        connected(tcp);
    else if (status < 0)
        wire->events->on_broken(wire, status);
    else
        wire->events->on_ready(wire, events);
}

static void tcp_wait(struct wire *wire, int wanted)
{
    bool is_connecting = wire->state == WIRE_CONNECTING;
    tcp_wire_arm(tcp_wire_of(wire), is_connecting ? WIRE_WRITABLE | WIRE_ENDED : wanted, on_poll);
}

/* --- in and out ---------------------------------------------------------------------------------
 */

static int tcp_read(struct wire *wire, uint8_t *room, size_t size, dm_bytes *input)
{
    ssize_t got = read(tcp_wire_of(wire)->descriptor, room, size);
    if (got > 0) {
        *input = dm_bytes_of(room, (size_t)got);
        return (size_t)got == size ? WIRE_MORE : WIRE_SOME;
    }
    if (got == 0)
        return UV_EOF;
    return errno == EAGAIN || errno == EINTR ? WIRE_NOTHING : -errno;
}

static ssize_t send_pieces(int descriptor, const struct iovec *pieces, int count)
{
    enum { FLAGS = MSG_NOSIGNAL | MSG_DONTWAIT };
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)pieces,
                             .msg_iovlen = (size_t)count};
    if (count == 1) /* mostly: the system need not copy a list */
        return send(descriptor, pieces->iov_base, pieces->iov_len, FLAGS);
    return sendmsg(descriptor, &message, FLAGS);
}

static ssize_t tcp_write(struct wire *wire, const struct iovec *pieces, int count)
{
    ssize_t sent = send_pieces(tcp_wire_of(wire)->descriptor, pieces, count);
    if (sent < 0)
        return tcp_is_busy(errno) ? 0 : -errno;
    return sent;
}

bool tcp_wire_has_ended(struct wire *wire)
{
    struct pollfd end = {.fd = tcp_wire_of(wire)->descriptor, .events = POLLRDHUP};
    return poll(&end, 1, 0) > 0;
}

static void tcp_shut(struct wire *wire)
{
    shutdown(tcp_wire_of(wire)->descriptor, SHUT_WR);
}

/* --- moving and ending --------------------------------------------------------------------------
 */

void tcp_wire_end(struct tcp_wire *tcp, bool reset, uv_close_cb on_closed)
{
    uv_close((uv_handle_t *)&tcp->poll, on_closed); /* first: libuv forgets the descriptor */
    if (reset)
        tcp_abort(tcp->descriptor);
    else
        close(tcp->descriptor);
    tcp->descriptor = -1;
}

static void on_closed(uv_handle_t *handle)
{
    struct tcp_wire *tcp = handle->data;
    wire_is_gone(&tcp->wire);
    free(tcp);
}

static void tcp_close(struct wire *wire, bool reset)
{
    tcp_wire_end(tcp_wire_of(wire), reset, on_closed);
}

static void on_detached(uv_handle_t *handle)
{
    struct tcp_wire *tcp = handle->data;
    wire_is_loose(&tcp->wire);
}

static void tcp_detach(struct wire *wire)
{
    uv_close((uv_handle_t *)&tcp_wire_of(wire)->poll, on_detached);
}

int tcp_wire_attach(struct wire *wire)
{
    struct tcp_wire *tcp = tcp_wire_of(wire);
    tcp->armed = 0;
    int error = uv_poll_init(wire->loop->uv, &tcp->poll, tcp->descriptor);
    tcp->poll.data = tcp;
    return error;
}

static void tcp_bury(struct wire *wire)
{
    close(tcp_wire_of(wire)->descriptor);
    free(wire);
}

/* --- what it knows ------------------------------------------------------------------------------
 */

void tcp_wire_local(const struct wire *wire, struct wire_addresses *addresses)
{
    const struct tcp_wire *tcp = (const struct tcp_wire *)wire;
    size_t size = tcp_local_address(tcp->descriptor, addresses->at[0]);
    addresses->size[0] = (uint8_t)size;
    addresses->count = size > 0;
}

bool tcp_wire_remote(const struct wire *wire, union conf_socket *address)
{
    return tcp_remote_address(((const struct tcp_wire *)wire)->descriptor, address);
}

/* --- making one ---------------------------------------------------------------------------------
 */

static const struct wire_kind tcp_kind = {
    .transport = CONF_TCP,
    .read = tcp_read,
    .write = tcp_write,
    .wait = tcp_wait,
    .has_ended = tcp_wire_has_ended,
    .shut = tcp_shut,
    .close = tcp_close,
    .detach = tcp_detach,
    .attach = tcp_wire_attach,
    .bury = tcp_bury,
    .local = tcp_wire_local,
    .remote = tcp_wire_remote,
};

struct wire *tcp_wire_new(struct wire_loop *loop, int descriptor, bool is_connecting)
{
    struct tcp_wire *tcp = calloc(1, sizeof *tcp);
    if (!tcp) {
        close(descriptor);
        return NULL;
    }
    tcp->wire.kind = &tcp_kind;
    tcp->wire.state = is_connecting ? WIRE_CONNECTING : WIRE_OPEN;
    tcp->descriptor = descriptor;
    if (wire_attach(&tcp->wire, loop)) {
        wire_bury(&tcp->wire);
        return NULL;
    }
    return &tcp->wire;
}

struct wire *tcp_wire_dial(struct wire_loop *loop, const struct conf_endpoint *to, const char *peer,
                           int *error)
{
    (void)peer;
    int descriptor = tcp_dial(&to->addresses.at[0]);
    struct wire *wire = descriptor < 0 ? NULL : tcp_wire_new(loop, descriptor, true);
    *error = wire ? 0 : descriptor < 0 ? descriptor : UV_ENOMEM;
    return wire;
}
