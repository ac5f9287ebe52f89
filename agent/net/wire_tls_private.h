/* wire_tls_private.h — what the parts of a wire over TLS say to each other. */
#pragma once

#include "agent/net/wire_tcp.h"
#include "tls/session.h"

enum { TLS_PEER_ROOM = 256, TLS_WIRE_WHY_ROOM = 256 };

struct tls_wire {
    struct tcp_wire tcp;         /* first */
    struct tls_session *session; /* NULL: nothing has been said yet */
    int wanted;                  /* by the holder, once it is open */
    bool is_shut;                /* our FIN follows what is unsent */
    bool is_working;             /* a step is being computed: the session is not ours */
    bool is_over;                /* the handshake has failed: nothing is waited for */
    bool is_gone;                /* its poll is closed */
    enum tls_side side;
    uv_work_t work;
    uint8_t *flight; /* what the step is given */
    size_t flight_size;
    char peer[TLS_PEER_ROOM]; /* of one that we dial */
    char why[TLS_WIRE_WHY_ROOM];
};

static inline struct tls_wire *tls_of(struct wire *wire)
{
    return (struct tls_wire *)wire;
}

/* How much ciphertext waits to be sent. */
size_t tls_wire_unsent(const struct tls_wire *tls);
/* Sends it, as far as the descriptor takes it: 0, or -errno. */
int tls_wire_flush(struct tls_wire *tls);
/* Polls for what is waited for now. */
void tls_wire_arm(struct tls_wire *tls);
/* Frees it: nothing of it can be woken any more. */
void tls_wire_leave(struct tls_wire *tls);

/* --- wire_tls_handshake.c -----------------------------------------------------------------------
 */

/* The dial has ended. */
void tls_wire_connected(struct tls_wire *tls);
/* Its poll says something while it shakes hands. */
void tls_wire_shake(struct tls_wire *tls, int status, int events);
/* It closes before it was open. */
void tls_wire_give_up(struct tls_wire *tls);

/* --- wire_tls_octets.c --------------------------------------------------------------------------
 */

int tls_wire_read(struct wire *wire, uint8_t *room, size_t size, dm_bytes *input);
ssize_t tls_wire_write(struct wire *wire, const struct iovec *pieces, int count);
void tls_wire_shut(struct wire *wire);
