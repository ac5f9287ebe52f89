/* assoc_receive.c — messages put together, notifications translated. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <usrsctp.h>

#include "agent/sctp/assoc_private.h"

/* One call of the stack: a message or notification, or as much of it as was there. */
struct piece {
    const uint8_t *octets;
    size_t size;
    struct sctp_rcvinfo info;
    bool is_last;
    bool is_note;
};

size_t assoc_held(const struct assoc *assoc)
{
    return assoc->room;
}

void assoc_forget_partial(struct assoc *assoc)
{
    free(assoc->partial);
    assoc->partial = NULL;
    assoc->have = assoc->room = 0;
    assoc->is_discarding = assoc->has_been_taken = false;
}

/* --- messages -----------------------------------------------------------------------------------
 */

static enum assoc_news tell(struct assoc_event *event, enum assoc_news what, const uint8_t *octets,
                            size_t size, const struct piece *piece)
{
    event->what = what;
    event->octets = octets;
    event->size = size;
    event->ppid = ntohl(piece->info.rcv_ppid);
    event->stream = piece->info.rcv_sid;
    event->is_unordered = piece->info.rcv_flags & SCTP_UNORDERED;
    return what;
}

/* Its first octets are kept: they are the header that the refusal answers. */
static void begin_discarding(struct assoc *assoc, const struct piece *piece)
{
    size_t have = assoc->have < ASSOC_PREFIX ? assoc->have : ASSOC_PREFIX;
    size_t more = ASSOC_PREFIX - have < piece->size ? ASSOC_PREFIX - have : piece->size;
    size_t came = assoc->have;
    if (have)
        memcpy(assoc->prefix, assoc->partial, have);
    memcpy(assoc->prefix + have, piece->octets, more);
    assoc_forget_partial(assoc);
    assoc->is_discarding = true;
    assoc->have = came;
}

static enum assoc_news discard(struct assoc *assoc, const struct piece *piece,
                               struct assoc_event *event)
{
    assoc->have += piece->size;
    if (!piece->is_last)
        return ASSOC_NOTHING;
    size_t size = assoc->have;
    assoc_forget_partial(assoc);
    return tell(event, ASSOC_OVERSIZED, assoc->prefix, size, piece);
}

/* Room for `more` octets of the unfinished message: doubled, but no more than the limit. */
static bool make_room(struct assoc *assoc, size_t more)
{
    size_t room = assoc->room ? assoc->room : ASSOC_BUFFER_MIN;
    while (room < assoc->have + more)
        room *= 2;
    if (room > assoc->limit)
        room = assoc->limit;
    if (room == assoc->room)
        return true;
    uint8_t *bigger = realloc(assoc->partial, room);
    if (!bigger)
        return false;
    assoc->partial = bigger;
    assoc->room = room;
    return true;
}

static enum assoc_news keep(struct assoc *assoc, const struct piece *piece,
                            struct assoc_event *event)
{
    memcpy(assoc->partial + assoc->have, piece->octets, piece->size);
    assoc->have += piece->size;
    if (!piece->is_last)
        return ASSOC_NOTHING;
    assoc->has_been_taken = true;
    return tell(event, ASSOC_MESSAGE, assoc->partial, assoc->have, piece);
}

static enum assoc_news take(struct assoc *assoc, const struct piece *piece,
                            struct assoc_event *event)
{
    if (assoc->is_discarding)
        return discard(assoc, piece, event);
    bool fits = assoc->have + piece->size <= assoc->limit;
    if (fits && !assoc->have && piece->is_last)
        return tell(event, ASSOC_MESSAGE, piece->octets, piece->size, piece);
    if (!fits || !make_room(assoc, piece->size)) {
        begin_discarding(assoc, piece);
        return discard(assoc, piece, event);
    }
    return keep(assoc, piece, event);
}

/* --- the end ------------------------------------------------------------------------------------
 */

static enum assoc_news end(struct assoc *assoc, int error, struct assoc_event *event)
{
    assoc->is_over = true;
    event->error = error;
    event->what = error ? ASSOC_LOST : ASSOC_ENDED;
    return event->what;
}

/* What the stack says by the result of the call, where no notification has said it. */
static enum assoc_news no_piece(struct assoc *assoc, ssize_t got, struct assoc_event *event)
{
    if (!got)
        return end(assoc, 0, event);
    if (errno == EAGAIN || errno == EINTR || errno == ENOTCONN) /* ENOTCONN: not yet */
        return ASSOC_NOTHING;
    return end(assoc, -errno, event);
}

/* --- the call -----------------------------------------------------------------------------------
 */

static ssize_t receive(struct assoc *assoc, uint8_t *buffer, size_t room, struct piece *piece)
{
    socklen_t size = sizeof piece->info;
    unsigned type = SCTP_RECVV_NOINFO;
    int flags = 0;
    *piece = (struct piece){.octets = buffer};
    ssize_t got =
        usrsctp_recvv(assoc->socket, buffer, room, NULL, NULL, &piece->info, &size, &type, &flags);
    if (got <= 0)
        return got;
    piece->size = (size_t)got;
    piece->is_last = flags & MSG_EOR;
    piece->is_note = flags & MSG_NOTIFICATION;
    return got;
}

/* A notification that does not fit (it quotes a message) says all that matters at its beginning. */
static enum assoc_news note(struct assoc *assoc, const struct piece *piece,
                            struct assoc_event *event)
{
    bool is_rest = assoc->is_note_cut;
    assoc->is_note_cut = !piece->is_last;
    return is_rest ? ASSOC_NOTHING
                   : assoc_read_notification(assoc, piece->octets, piece->size, event);
}

enum assoc_news assoc_receive(struct assoc *assoc, uint8_t *buffer, size_t room,
                              struct assoc_event *event)
{
    enum assoc_news news = ASSOC_NOTHING;
    *event = (struct assoc_event){0};
    if (assoc->has_been_taken)
        assoc_forget_partial(assoc);
    while (!news && !assoc->is_over) {
        struct piece piece;
        ssize_t got = receive(assoc, buffer, room, &piece);
        if (got <= 0)
            return no_piece(assoc, got, event);
        news = piece.is_note ? note(assoc, &piece, event) : take(assoc, &piece, event);
    }
    return news;
}
