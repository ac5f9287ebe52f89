/* wire_sctp.c — plain SCTP: a message of the transport is a message of Diameter. RFC 6733 §2.1.1.
 */
#include "agent/net/wire_sctp.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/header.h"

enum { OVERSIZED_SHOWN = DM_HEADER_SIZE + 1 };
static_assert((int)OVERSIZED_SHOWN <= (int)ASSOC_PREFIX, "so much is kept of it");

/* --- in -----------------------------------------------------------------------------------------
 */

/* Of a message past every limit only the beginning is there: its header and one octet, so that no
 * length that it can claim is what came, be it ever so short. SCT-02. */
static int sctp_read(struct wire *head, uint8_t *room, size_t size, dm_bytes *input)
{
    struct assoc_wire *wire = assoc_wire_of(head);
    struct assoc_event event;
    int result;
    do {
        if (!assoc_wire_next(wire, room, size, &event, &result)) {
            head->is_ahead = false;
            return result;
        }
    } while (event.what != ASSOC_MESSAGE && event.what != ASSOC_OVERSIZED);
    wire->heard++;
    head->is_ahead = true;
    *input = dm_bytes_of(event.octets, event.what == ASSOC_MESSAGE ? event.size : OVERSIZED_SHOWN);
    return WIRE_MORE;
}

/* While it connects nothing else can come. */
static void proceed(struct assoc_wire *wire)
{
    uint8_t room[ASSOC_BUFFER_MIN];
    struct assoc_event event;
    int result = WIRE_NOTHING;
    if (assoc_wire_next(wire, room, sizeof room, &event, &result))
        assoc_wire_opened(wire, 0);
    else if (result < 0)
        assoc_wire_opened(wire, result == UV_EOF ? UV_ECONNRESET : result);
}

/* --- out ----------------------------------------------------------------------------------------
 */

/* Stream 0, unordered as soon as that is safe: no answer waits for another that was lost. Returns
 * how many octets of the piece were taken, or -errno. SCT-04, SCT-05. */
static ssize_t send_piece(struct assoc_wire *wire, const struct iovec *piece)
{
    struct assoc_manner manner = {ASSOC_PPID_DIAMETER, 0, assoc_wire_is_unordered(wire)};
    const uint8_t *at = piece->iov_base;
    const uint8_t *end = at + piece->iov_len;
    while (at < end) {
        size_t size = dm_get24(at + 1);
        int error = assoc_send(wire->assoc, at, size, manner);
        if (error == -EAGAIN)
            wire->may_write = false;
        if (error == -EAGAIN)
            break;
        if (error)
            return error;
        at += size;
    }
    return at - (const uint8_t *)piece->iov_base;
}

static ssize_t sctp_write(struct wire *head, const struct iovec *pieces, int count)
{
    struct assoc_wire *wire = assoc_wire_of(head);
    ssize_t taken = 0;
    for (int i = 0; i < count; i++) {
        ssize_t sent = send_piece(wire, &pieces[i]);
        if (sent < 0)
            return sent;
        taken += sent;
        if ((size_t)sent < pieces[i].iov_len)
            break;
    }
    return taken;
}

static void sctp_shut(struct wire *head)
{
    assoc_shut(assoc_wire_of(head)->assoc);
}

/* --- making one ---------------------------------------------------------------------------------
 */

static const struct wire_kind sctp_kind = {
    .transport = CONF_SCTP,
    .has_messages = true,
    .read = sctp_read,
    .write = sctp_write,
    .wait = assoc_wire_wait,
    .has_ended = assoc_wire_has_ended,
    .shut = sctp_shut,
    .close = assoc_wire_close,
    .detach = assoc_wire_detach,
    .attach = assoc_wire_attach,
    .bury = assoc_wire_bury,
    .local = assoc_wire_local,
    .remote = assoc_wire_remote,
};

static struct assoc_wire *new_wire(struct wire_loop *loop, bool is_dialled)
{
    struct assoc_wire *wire = calloc(1, sizeof *wire);
    if (!wire)
        return NULL;
    assoc_wire_init(wire, &sctp_kind, loop, is_dialled);
    wire->proceed = proceed;
    return wire;
}

struct assoc_wire *sctp_wire_accept(struct wire_loop *loop)
{
    return new_wire(loop, false);
}

struct wire *sctp_wire_dial(struct wire_loop *loop, const struct conf_endpoint *to,
                            const char *peer, int *error)
{
    struct assoc_wire *wire = new_wire(loop, true);
    (void)peer;
    *error = UV_ENOMEM;
    if (wire && assoc_wire_connect(wire, to, error))
        return &wire->wire;
    free(wire);
    return NULL;
}
