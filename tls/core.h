/* core.h — what a stream and a message channel have in common: the SSL, its state, why it failed.
 * Of the folder; embedded in struct tls_session and struct tls_dtls. */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "tls/context.h"
#include "tls/identity.h"
#include "tls/reason.h"

struct tls_core {
    struct tls_context *context;
    SSL *ssl;
    enum tls_state state;
    enum tls_reason reason;
    char *peer;       /* whom a client dials, or NULL */
    int64_t expires;  /* of the other side's certificate, 0: it has shown none */
    bool is_shut;     /* close_notify is said */
    char subject[96]; /* of a certificate that was refused */
    char why[192];
};

/* Holds `context`, makes the SSL of `ctx`, one of the context's, over `bio` (taken in any case).
 * False: no memory. */
bool tls_core_init(struct tls_core *core, struct tls_context *context, SSL_CTX *ctx,
                   enum tls_side side, const char *peer, BIO *bio);
void tls_core_fini(struct tls_core *core);

/* Goes on with the handshake. False: it has failed. */
bool tls_core_shake(struct tls_core *core);

/* An operation of OpenSSL returned `result`, no success: finds out whether it waits for input, the
 * other side has closed, or it has failed. */
void tls_core_stopped(struct tls_core *core, int result);

/* Fails with this reason, unless it has failed. */
void tls_core_fail(struct tls_core *core, enum tls_reason reason);
/* Likewise; `detail` is added to the text: "it refuses us: certificate required". */
void tls_core_fail_with(struct tls_core *core, enum tls_reason reason, const char *detail);

/* enum tls_proof of identity.h. */
enum tls_proof tls_core_speaks_for(const struct tls_core *core, const char *identity, size_t size);

/* May plaintext still be sent? */
static inline bool tls_core_may_write(const struct tls_core *core)
{
    return (core->state == TLS_OPEN || core->state == TLS_CLOSED) && !core->is_shut;
}

static inline bool tls_core_is_over_handshake(const struct tls_core *core)
{
    return core->state != TLS_HANDSHAKING && core->state != TLS_FAILED;
}
