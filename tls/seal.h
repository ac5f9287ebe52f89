/* seal.h — the protection of DTLS 1.2 records after the handshake, AES-GCM or ChaCha20-Poly1305. Of
 * the folder.
 *
 * Why not OpenSSL's: it drops records whose number is 64 behind the highest one, and those are not
 * replayed but late, sent unordered over other streams (RFC 6083 §3.3: replay detection MUST NOT be
 * used). The keys come from the master secret of its handshake. RFC 5246 §6.2.3.3, §6.3; RFC 5288;
 * RFC 7905; RFC 6347 §4.1. */
#pragma once

#include <openssl/ssl.h>
#include <sys/uio.h>

#include "tls/reason.h"
#include "tls/record.h"

enum { TLS_SEAL_NONCE = 8, TLS_SEAL_TAG = 16, TLS_SEAL_IV = 12, TLS_SEAL_EPOCH = 1 };

/* How far the handshake has numbered its own records of our epoch: sealing goes on behind. */
struct tls_seal_count {
    uint64_t sequence;
    uint64_t nonce; /* the part of AES-GCM's nonce that records carry: no two may be the same */
};

struct tls_seal {
    EVP_CIPHER_CTX *out;
    EVP_CIPHER_CTX *in;
    uint8_t out_iv[TLS_SEAL_IV];
    uint8_t in_iv[TLS_SEAL_IV];
    bool has_nonce; /* AES-GCM; ChaCha20-Poly1305 makes it of the number */
    struct tls_seal_count next;
};

/* `ssl` has done its handshake; `next` is for the first record. False: no memory, or a cipher that
 * is none of ours. fini in any case. */
bool tls_seal_init(struct tls_seal *seal, SSL *ssl, enum tls_side side, struct tls_seal_count next);
void tls_seal_fini(struct tls_seal *seal);

/* Makes a record of the octets of the pieces, `size` in all. Returns its size, 0: OpenSSL has
 * failed or the numbers have come to an end. */
size_t tls_seal_close(struct tls_seal *seal, uint8_t type, const struct iovec *pieces, int count,
                      size_t size, uint8_t *to);

/* Opens a record of our epoch. False: it was not made by the other side, was changed, or there is
 * not `room` enough. */
bool tls_seal_open(struct tls_seal *seal, const struct tls_record *record, uint8_t *plaintext,
                   size_t room, size_t *size);
