/* pipe.h — ciphertext on its way through a session: a BIO between two queues. Of the folder.
 *
 *     in    lent: the caller's buffer, for the time of a call ─┐
 *           kept: what it left undigested, older ─────────────┴→ OpenSSL
 *     out   unsent ← OpenSSL
 *
 * Like a pair of memory BIOs, but what comes in is copied once less. */
#pragma once

#include <openssl/bio.h>

#include "tls/octets.h"

struct tls_pipe {
    const uint8_t *lent;
    size_t lent_size;
    struct tls_octets kept;
    struct tls_octets unsent;
};

/* The pipe must outlive it. NULL: no memory. */
BIO *tls_pipe_bio(struct tls_pipe *pipe);
void tls_pipe_fini(struct tls_pipe *pipe);

void tls_pipe_lend(struct tls_pipe *pipe, const void *octets, size_t size);
/* The lent buffer is its owner's again: keeps what is left in it. False: no memory. */
bool tls_pipe_keep(struct tls_pipe *pipe);
/* Likewise, without keeping it. */
void tls_pipe_forget(struct tls_pipe *pipe);
