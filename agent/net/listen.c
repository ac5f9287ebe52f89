/* listen.c — listening at a descriptor, for tcp and tls; and the table of all kinds. */
#include "agent/net/listen.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/net/tcp.h"
#include "agent/net/wire_tcp.h"
#include "agent/net/wire_tls.h"

const struct listen_kind *const listen_kinds[CONF_TRANSPORTS] = {
    [CONF_TCP] = &tcp_listen_kind,
    [CONF_TLS] = &tls_listen_kind,
    [CONF_SCTP] = &sctp_listen_kind,
    [CONF_DTLS] = &dtls_listen_kind,
};

struct stream_listener {
    struct listener listener; /* first */
    uv_poll_t poll;
    int descriptor;
};

static struct stream_listener *stream_of(struct listener *listener)
{
    return (struct stream_listener *)listener;
}

static struct listener *stream_open(const struct listen_kind *kind, struct wire_loop *loop,
                                    const struct conf_endpoint *at, char *why)
{
    int descriptor = tcp_listen(&at->addresses.at[0]);
    if (descriptor < 0) {
        snprintf(why, LISTEN_WHY, "%s", uv_strerror(descriptor));
        return NULL;
    }
    struct stream_listener *stream = calloc(1, sizeof *stream);
    if (!stream || uv_poll_init(loop->uv, &stream->poll, descriptor))
        abort();
    stream->listener = (struct listener){.kind = kind, .loop = loop, .at = *at};
    stream->poll.data = stream;
    stream->descriptor = descriptor;
    return &stream->listener;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct stream_listener *stream = poll->data;
    (void)status;
    (void)events;
    stream->listener.on_acceptable(&stream->listener);
}

static void stream_wait(struct listener *listener, bool waits)
{
    uv_poll_t *poll = &stream_of(listener)->poll;
    if (waits)
        uv_poll_start(poll, UV_READABLE, on_readable);
    else
        uv_poll_stop(poll);
}

static void stream_bound(const struct listener *listener, struct conf_addresses *addresses)
{
    const struct stream_listener *stream = (const struct stream_listener *)listener;
    addresses->count = 1;
    addresses->at[0] = tcp_bound_address(stream->descriptor);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void stream_close(struct listener *listener)
{
    struct stream_listener *stream = stream_of(listener);
    uv_close((uv_handle_t *)&stream->poll, on_closed);
    close(stream->descriptor);
}

/* A descriptor that was accepted; *error where there is none. */
static int take(struct listener *listener, int *error)
{
    union conf_socket source;
    int descriptor = tcp_accept(stream_of(listener)->descriptor, &source);
    if (descriptor < 0)
        *error = descriptor;
    return descriptor;
}

static struct wire *given(struct wire *wire, int *error)
{
    if (!wire)
        *error = -ENOMEM;
    return wire;
}

/* --- tcp ----------------------------------------------------------------------------------------
 */

static struct listener *open_tcp(struct wire_loop *loop, const struct conf_endpoint *at, char *why)
{
    return stream_open(&tcp_listen_kind, loop, at, why);
}

static struct wire *accept_tcp(struct listener *listener, int *error)
{
    int descriptor = take(listener, error);
    if (descriptor < 0)
        return NULL;
    return given(tcp_wire_new(listener->loop, descriptor, false), error);
}

const struct listen_kind tcp_listen_kind = {CONF_TCP,    open_tcp,     accept_tcp,
                                            stream_wait, stream_bound, stream_close};

/* --- tls ----------------------------------------------------------------------------------------
 */

static struct listener *open_tls(struct wire_loop *loop, const struct conf_endpoint *at, char *why)
{
    return stream_open(&tls_listen_kind, loop, at, why);
}

static struct wire *accept_tls(struct listener *listener, int *error)
{
    int descriptor = take(listener, error);
    if (descriptor < 0)
        return NULL;
    return given(tls_wire_accept(listener->loop, descriptor), error);
}

const struct listen_kind tls_listen_kind = {CONF_TLS,    open_tls,     accept_tls,
                                            stream_wait, stream_bound, stream_close};
