/* identity.h — does the certificate of the other side speak for this DiameterIdentity? SEC-05,
 * CEX-19.
 *
 * RFC 6733 asks that it be checked and not how. Ours: a dNSName of the subjectAltName is the
 * identity, letter for letter but for their case. No wildcard, no suffix, no common name, no
 * address: each of them would let one host speak for another. */
#pragma once

#include <stddef.h>

struct tls_dtls;
struct tls_session;

enum tls_proof {
    TLS_PROVES, /* it does, and we have examined it */
    TLS_DENIES, /* it speaks for others */
    TLS_SILENT, /* none is shown where none is demanded, or we do not examine (TLS_VERIFY_NONE) */
};

/* Once it is open. `identity` need not end in NUL. */
enum tls_proof tls_session_speaks_for(const struct tls_session *session, const char *identity,
                                      size_t size);
enum tls_proof tls_dtls_speaks_for(const struct tls_dtls *dtls, const char *identity, size_t size);
