/* assoc_end.c — associations go: at once where that is safe, else by way of those that linger. */
#include <errno.h>
#include <stdlib.h>

#include <usrsctp.h>

#include "agent/sctp/assoc_private.h"
#include "agent/sctp/gate.h"
#include "agent/sctp/linger.h"

/* --- sockets ------------------------------------------------------------------------------------
 */

/* Where it succeeds, there is no association any more when it returns. */
static void break_off(struct socket *socket)
{
    struct sctp_sndinfo info = {.snd_flags = SCTP_ABORT};
    (void)usrsctp_sendv(socket, "", 0, NULL, 0, &info, sizeof info, SCTP_SENDV_SNDINFO, 0);
}

static void close_socket(struct socket *socket)
{
    gate_shut();
    usrsctp_close(socket);
    gate_open();
}

void assoc_abandon(struct socket *socket)
{
    break_off(socket);
    close_socket(socket);
}

/* --- steps --------------------------------------------------------------------------------------
 */

void assoc_free(struct assoc *assoc)
{
    close_socket(assoc->socket);
    free(assoc->partial);
    free(assoc);
}

bool assoc_hears(struct assoc *assoc)
{
    uint8_t buffer[ASSOC_BUFFER_MIN];
    struct assoc_event event;
    bool hears = false;
    enum assoc_news news;
    do {
        news = assoc_receive(assoc, buffer, sizeof buffer, &event);
        hears = hears || news == ASSOC_MESSAGE || news == ASSOC_OVERSIZED;
    } while (news != ASSOC_NOTHING);
    return hears || assoc_held(assoc) > 0 || assoc->is_discarding;
}

bool assoc_try_end(struct assoc *assoc, bool is_aborted)
{
    enum assoc_stage stage = assoc->is_over ? ASSOC_GONE : assoc_stage(assoc);
    if (stage == ASSOC_STANDING && is_aborted) {
        break_off(assoc->socket);
        stage = assoc_stage(assoc) == ASSOC_STANDING ? ASSOC_STANDING : ASSOC_GONE;
    }
    if (stage == ASSOC_GONE)
        assoc_free(assoc);
    return stage == ASSOC_GONE;
}

/* --- ends ---------------------------------------------------------------------------------------
 */

/* Whoever has arrived and was not accepted goes with it. */
static void end_listener(struct assoc *listener)
{
    struct socket *arrived;
    gate_shut();
    while ((arrived = usrsctp_accept(listener->socket, NULL, NULL))) {
        break_off(arrived);
        usrsctp_close(arrived);
    }
    usrsctp_close(listener->socket);
    gate_open();
    free(listener);
}

/* What can be neither shut nor aborted yet is aborted as soon as it stands. */
static void end_association(struct assoc *assoc, bool is_aborted)
{
    is_aborted = is_aborted || assoc_hears(assoc);
    if (assoc_try_end(assoc, is_aborted))
        return;
    is_aborted = is_aborted || assoc_stage(assoc) == ASSOC_PASSING;
    if (!is_aborted)
        assoc_shut(assoc);
    linger_take(assoc, is_aborted);
}

/* Its upcall stays, for a thread of the stack may be about to call it: it finds the slot's next
 * generation. */
static void end(struct assoc *assoc, bool is_aborted)
{
    slot_give(assoc->slot);
    if (assoc->is_listener)
        end_listener(assoc);
    else
        end_association(assoc, is_aborted);
}

void assoc_shut(struct assoc *assoc)
{
    if (!assoc->is_shut && !assoc->is_over)
        (void)usrsctp_shutdown(assoc->socket, SHUT_WR); /* one that is over needs none */
    assoc->is_shut = true;
}

void assoc_close(struct assoc *assoc)
{
    end(assoc, false);
}

void assoc_abort(struct assoc *assoc)
{
    end(assoc, true);
}
