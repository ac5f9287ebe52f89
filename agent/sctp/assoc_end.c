/* assoc_end.c — associations go: with an ABORT at once, in good order by way of those that linger.
 */
#include <errno.h>
#include <stdlib.h>

#include <usrsctp.h>

#include "agent/sctp/assoc_private.h"
#include "agent/sctp/gate.h"
#include "agent/sctp/linger.h"

/* --- sockets ------------------------------------------------------------------------------------
 */

/* An ABORT goes out, and there is no association any more; one that is being set up is left to the
 * close. It never waits: blocking, for else a full queue would refuse it. */
static void break_off(struct socket *socket)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct sctp_sndinfo info = {.snd_flags = SCTP_ABORT};
    (void)usrsctp_set_non_blocking(socket, 0);
    (void)usrsctp_sendv(socket, "", 0, NULL, 0, &info, sizeof info, SCTP_SENDV_SNDINFO, 0);
    (void)usrsctp_setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void assoc_close_socket(struct socket *socket)
{
    gate_shut();
    usrsctp_close(socket);
    gate_open();
}

void assoc_abandon(struct socket *socket)
{
    break_off(socket);
    assoc_close_socket(socket);
}

/* --- ends ---------------------------------------------------------------------------------------
 */

static void close_assoc(struct assoc *assoc)
{
    assoc_close_socket(assoc->socket);
    free(assoc->partial);
    free(assoc);
}

static void abort_assoc(struct assoc *assoc)
{
    break_off(assoc->socket);
    close_assoc(assoc);
}

/* Has anything come, or come in part, that nobody will read? Reads what else has come. */
static bool hears(struct assoc *assoc)
{
    uint8_t buffer[ASSOC_BUFFER_MIN];
    struct assoc_event event;
    enum assoc_news news;
    do {
        news = assoc_receive(assoc, buffer, sizeof buffer, &event);
        if (news == ASSOC_MESSAGE || news == ASSOC_OVERSIZED)
            return true;
    } while (news != ASSOC_NOTHING);
    return assoc_held(assoc) > 0 || assoc->is_discarding;
}

bool assoc_try_end(struct assoc *assoc, bool is_aborted)
{
    if (is_aborted || hears(assoc)) {
        abort_assoc(assoc);
        return true;
    }
    enum assoc_stage stage = assoc->is_over ? ASSOC_GONE : assoc_stage(assoc);
    if (stage != ASSOC_STANDING)
        close_assoc(assoc);
    return stage != ASSOC_STANDING;
}

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

/* Its upcall stays, for a thread of the stack may be about to call it: it finds the slot's next
 * generation. */
static void end(struct assoc *assoc, bool is_aborted)
{
    slot_give(assoc->slot);
    if (assoc->is_listener) {
        end_listener(assoc);
    } else if (!assoc_try_end(assoc, is_aborted)) {
        assoc_shut(assoc);
        linger_take(assoc);
    }
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
