/* context.h — what all channels of one configuration have in common: our certificate, whom we
 * trust, versions, ciphers. RFC 6733 §13.1, §13.2; SEC-04, SEC-07, SEC-08; RFC 6083 for DTLS.
 *
 * A context is made of files once and does not change. A reload makes another; channels hold the
 * one they began with, so it lives as long as the last of them. Session tickets are encrypted with
 * keys that belong to the context, and sessions to be resumed are kept in it: both end with a
 * reload, so whom the new CRL names cannot resume (resuming examines no certificate again).
 *
 * TLS 1.2 and 1.3 with AEAD ciphers and forward secrecy, no compression, no renegotiation, no early
 * data; DTLS 1.2 likewise. The certificates of the system are not trusted. May be used by all
 * threads. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TLS_VERSION_1_2 = 0x0303, TLS_VERSION_1_3 = 0x0304, TLS_WHY_SIZE = 512, TLS_FILES_MAX = 4 };

/* Whether the other side must show a certificate. One that is shown is examined unless NONE. A
 * server always shows one: to a client OPTIONAL is REQUIRED. */
enum tls_verify {
    TLS_VERIFY_REQUIRED,
    TLS_VERIFY_OPTIONAL, /* a client may show none */
    TLS_VERIFY_NONE,     /* none is asked for, and a server's is not examined */
};

/* Paths of PEM files. */
struct tls_options {
    const char
        *certificate; /* ours, then those between it and the CA; NULL: a client that shows none */
    const char *private_key; /* NULL with `certificate` */
    const char *ca;          /* whom we trust; may be NULL where nothing is verified */
    const char *crl;         /* NULL: no revocation is known */
    uint16_t
        minimum_version; /* TLS_VERSION_1_2 or _1_3. DTLS is 1.2 always: RFC 6083 knows no other */
    enum tls_verify verify;
};

/* A file that was read, and when what it says is over: seconds since the epoch. Of several
 * certificates or lists in a file the first that ends. */
struct tls_file {
    const char *path;
    int64_t expires; /* notAfter, or nextUpdate of a CRL; 0: never */
};

struct tls_context;

/* Reads the files; the strings of `options` are copied. NULL where one of them is wrong, and why,
 * beginning with its path: "/etc/antipode/tls/agent.key: does not belong to the certificate in …".
 */
struct tls_context *tls_context_new(const struct tls_options *options, char why[TLS_WHY_SIZE]);

/* Another holder; and one less. unref(NULL) is nothing. */
struct tls_context *tls_context_ref(struct tls_context *context);
void tls_context_unref(struct tls_context *context);

/* The certificate, the CA and the CRL, those that there are, for tls_certificate_expiry_…{file}.
 * Returns how many; they live as long as the context. */
size_t tls_context_files(const struct tls_context *context, const struct tls_file **files);

enum tls_verify tls_context_verify(const struct tls_context *context);

/* The library that is loaded: "3.0.17". */
const char *tls_library_version(void);
