/* sctp_loop.h — what a loop has to do with the SCTP stack: it is woken, and sees to what woke it.
 *
 * The stack's threads call nobody here: they mark and ring one bell. What a wire has to tell
 * its holder later comes the same way: it is posted, and the loop comes round to it. */
#pragma once

#include "agent/net/wire.h"
#include "agent/sctp/assoc.h"

/* Of a wire or a listener; its association's user. */
struct sctp_woken {
    /* By the stack, or because it was posted. It may free itself when it was posted. */
    void (*on_woken)(struct sctp_woken *woken, bool by_stack);
    struct sctp_woken *next;
    bool is_posted;
};

struct sctp_loop;

void sctp_loop_open(struct wire_loop *loop);
/* What is posted is still seen to. */
void sctp_loop_close(struct wire_loop *loop);
/* After the stack has ended, which wakes it till then. */
void sctp_loop_fini(struct wire_loop *loop);

struct sctp_owner *sctp_loop_owner(struct wire_loop *loop);
void sctp_loop_post(struct wire_loop *loop, struct sctp_woken *woken);
